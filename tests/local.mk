# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/local.mk – the tests; a new test is one line: check_PROGRAMS (C) or python_tests
#
# tests/schema/test_value.c is a program of its own, linked with every library:
#	check_PROGRAMS += %D%/schema/test_value
# What every folder's tests may share is a line of libtests_a_SOURCES, what one folder's share is
# named with each program; what Python tests import is a line of python_modules. A fuzzer (tests/fuzz/fuzz_*.c, LLVMFuzzerTestOneInput) is one line in fuzz_targets
# and one for its flags; its corpus is the folder tests/fuzz/corpus/NAME:
#	fuzz_targets += %D%/fuzz/fuzz_xmlrpc
#	%C%_fuzz_fuzz_xmlrpc_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

check_LIBRARIES += libtests.a
libtests_a_SOURCES = %D%/tap.c %D%/tap.h

# What every test is linked with.
LDADD = libtests.a $(server_libraries) libxm.a libschema.a \
	$(server_modules) $(XMLRPC_LIBS) $(CURL_LIBS)

python_tests =
python_modules =
fuzz_targets =

TESTS = $(check_PROGRAMS) $(python_tests)
EXTRA_DIST += $(python_tests) $(python_modules)

# A fuzzer is a test too: without libFuzzer, replay.c gives it a main() that runs it over its corpus.
if FUZZERS
noinst_PROGRAMS = $(fuzz_targets)
EXTRA_DIST += %D%/fuzz/replay.c
else
check_PROGRAMS += $(fuzz_targets)
libtests_a_SOURCES += %D%/fuzz/replay.c
endif

# TAP under automake's parallel harness. No test hangs for ever.
TEST_EXTENSIONS = .py
TEST_TIMEOUT = 300
tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(tap_driver)
LOG_COMPILER = timeout --kill-after=10 $(TEST_TIMEOUT)
PY_LOG_DRIVER = $(tap_driver)
PY_LOG_COMPILER = timeout --kill-after=10 $(TEST_TIMEOUT) $(PYTHON)
AM_TESTS_ENVIRONMENT = \
	: "$${XENAPID:=$(abs_top_builddir)/xenapid}" "$${XM:=$(abs_top_builddir)/xm}"; \
	TOP_SRCDIR='$(abs_top_srcdir)'; \
	PYTHONPATH='$(abs_top_srcdir)/tests'; \
	PYTHONDONTWRITEBYTECODE=1; \
	PYTHONUNBUFFERED=1; \
	LC_ALL=C.UTF-8; \
	export XENAPID XM TOP_SRCDIR PYTHONPATH PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED LC_ALL; \
	unset XM_SERVER XM_USER XM_PASSWORD_FILE XM_CACERT XM_CERT http_proxy https_proxy all_proxy \
		HTTP_PROXY HTTPS_PROXY ALL_PROXY;

# What they share.
libtests_a_SOURCES += %D%/rpc/values.c
libtests_a_SOURCES += %D%/rpc/values.h

# Of the store's tests that let the disk fail.
disk_sources = %D%/store/disk.c %D%/store/disk.h %D%/store/disk_private.h %D%/store/disk_vfs.c %D%/store/image.c %D%/store/image.h %D%/store/run.c %D%/store/run.h %D%/store/scratch.c %D%/store/scratch.h
disk_wraps = -Wl,--wrap=fsync,--wrap=renameat2,--wrap=unlink
disk_ldflags = $(AM_LDFLAGS) $(disk_wraps)

# C tests.
check_PROGRAMS += %D%/rpc/test_jsonrpc_read
check_PROGRAMS += %D%/rpc/test_jsonrpc_write
check_PROGRAMS += %D%/rpc/test_record_cache
check_PROGRAMS += %D%/rpc/test_xmlrpc_hostile
check_PROGRAMS += %D%/rpc/test_xmlrpc_read
check_PROGRAMS += %D%/rpc/test_xmlrpc_trees
check_PROGRAMS += %D%/rpc/test_xmlrpc_write
check_PROGRAMS += %D%/hypervisor/test_contract
%C%_hypervisor_test_contract_SOURCES = %D%/hypervisor/test_contract.c %D%/hypervisor/contract.c %D%/hypervisor/contract_disk.c %D%/hypervisor/contract_end.c %D%/hypervisor/contract_live.c %D%/hypervisor/contract.h %D%/hypervisor/fixture.c %D%/hypervisor/fixture.h
check_PROGRAMS += %D%/privileged/test_request
check_PROGRAMS += %D%/privileged/test_sandbox
check_PROGRAMS += %D%/hypervisor/test_filter
check_PROGRAMS += %D%/hypervisor/test_hypervisor
%C%_hypervisor_test_hypervisor_SOURCES = %D%/hypervisor/test_hypervisor.c %D%/hypervisor/fixture.c %D%/hypervisor/fixture.h
check_PROGRAMS += %D%/hypervisor/test_pci
%C%_hypervisor_test_pci_SOURCES = %D%/hypervisor/test_pci.c %D%/hypervisor/fixture.c %D%/hypervisor/fixture.h
check_PROGRAMS += %D%/hypervisor/test_simulator
%C%_hypervisor_test_simulator_SOURCES = %D%/hypervisor/test_simulator.c %D%/hypervisor/fixture.c %D%/hypervisor/fixture.h
check_PROGRAMS += %D%/import/test_export
check_PROGRAMS += %D%/import/test_xl_config
check_PROGRAMS += %D%/xm/test_escape
check_PROGRAMS += %D%/hypervisor/test_simulator_control
%C%_hypervisor_test_simulator_control_SOURCES = %D%/hypervisor/test_simulator_control.c %D%/hypervisor/fixture.c %D%/hypervisor/fixture.h
check_PROGRAMS += %D%/hypervisor/test_simulator_lifecycle
%C%_hypervisor_test_simulator_lifecycle_SOURCES = %D%/hypervisor/test_simulator_lifecycle.c %D%/hypervisor/fixture.c %D%/hypervisor/fixture.h
check_PROGRAMS += %D%/host/test_child
check_PROGRAMS += %D%/host/test_tool
check_PROGRAMS += %D%/api/test_generic
%C%_api_test_generic_SOURCES = %D%/api/test_generic.c %D%/api/caller.c %D%/api/caller.h
check_PROGRAMS += %D%/api/test_host
%C%_api_test_host_SOURCES = %D%/api/test_host.c %D%/api/caller.c %D%/api/caller.h
check_PROGRAMS += %D%/api/test_operation
%C%_api_test_operation_SOURCES = %D%/api/test_operation.c %D%/api/caller.c %D%/api/caller.h
check_PROGRAMS += %D%/api/test_samples
check_PROGRAMS += %D%/api/test_session
%C%_api_test_session_SOURCES = %D%/api/test_session.c %D%/api/caller.c %D%/api/caller.h
check_PROGRAMS += %D%/api/test_where
check_PROGRAMS += %D%/api/test_workers
check_PROGRAMS += %D%/schema/test_clock
check_PROGRAMS += %D%/schema/test_convert
check_PROGRAMS += %D%/schema/test_log
check_PROGRAMS += %D%/server/test_journal
check_PROGRAMS += %D%/server/test_options
check_PROGRAMS += %D%/schema/test_schema
check_PROGRAMS += %D%/schema/test_rate
check_PROGRAMS += %D%/schema/test_text
check_PROGRAMS += %D%/schema/test_uuid
check_PROGRAMS += %D%/schema/test_value
check_PROGRAMS += %D%/store/test_store
%C%_store_test_store_SOURCES = %D%/store/test_store.c %D%/store/scratch.c %D%/store/scratch.h
check_PROGRAMS += %D%/store/test_changes
%C%_store_test_changes_SOURCES = %D%/store/test_changes.c %D%/store/scratch.c %D%/store/scratch.h
check_PROGRAMS += %D%/store/test_checkpoint
%C%_store_test_checkpoint_SOURCES = %D%/store/test_checkpoint.c %D%/store/scratch.c %D%/store/scratch.h
check_PROGRAMS += %D%/store/test_database
%C%_store_test_database_SOURCES = %D%/store/test_database.c %D%/store/scratch.c %D%/store/scratch.h
check_PROGRAMS += %D%/store/test_history
%C%_store_test_history_SOURCES = %D%/store/test_history.c %D%/store/scratch.c %D%/store/scratch.h
check_PROGRAMS += %D%/store/test_rehearsal
%C%_store_test_rehearsal_SOURCES = %D%/store/test_rehearsal.c %D%/store/scratch.c %D%/store/scratch.h
check_PROGRAMS += %D%/store/test_disk
%C%_store_test_disk_SOURCES = %D%/store/test_disk.c %D%/store/scratch.c %D%/store/scratch.h

check_PROGRAMS += %D%/store/power_cut
%C%_store_power_cut_SOURCES = %D%/store/power_cut.c $(disk_sources)
%C%_store_power_cut_LDFLAGS = $(disk_ldflags)
check_PROGRAMS += %D%/store/test_damage
%C%_store_test_damage_SOURCES = %D%/store/test_damage.c $(disk_sources)
%C%_store_test_damage_LDFLAGS = $(disk_ldflags)
check_PROGRAMS += %D%/store/test_faults
%C%_store_test_faults_SOURCES = %D%/store/test_faults.c $(disk_sources)
%C%_store_test_faults_LDFLAGS = $(disk_ldflags)

# Programs that tests start; no tests of their own.
test_helpers = %D%/rpc/echo_call
test_helpers += %D%/server/standin
%C%_server_standin_SOURCES = %D%/server/standin.c server/main.c
check_DATA = $(test_helpers) $(bench_programs)

# Programs that tests/bench/run.py runs: the load generator, and what the server is compared with.
bench_programs = %D%/bench/bench_xmlrpc
bench_programs += %D%/bench/load
%C%_bench_load_SOURCES = %D%/bench/load.c %D%/bench/watch.c %D%/bench/watch.h %D%/bench/client.c %D%/bench/client.h %D%/bench/measure.c %D%/bench/measure.h
bench_programs += %D%/bench/peer_http
%C%_bench_peer_http_SOURCES = %D%/bench/peer_http.c %D%/bench/measure.c %D%/bench/measure.h
bench_programs += %D%/bench/peer_libvirt
%C%_bench_peer_libvirt_SOURCES = %D%/bench/peer_libvirt.c %D%/bench/threads.c %D%/bench/threads.h %D%/bench/measure.c %D%/bench/measure.h
bench_programs += %D%/bench/peer_memcpy
%C%_bench_peer_memcpy_SOURCES = %D%/bench/peer_memcpy.c %D%/bench/measure.c %D%/bench/measure.h
bench_programs += %D%/bench/peer_sqlite
%C%_bench_peer_sqlite_SOURCES = %D%/bench/peer_sqlite.c %D%/bench/threads.c %D%/bench/threads.h %D%/bench/measure.c %D%/bench/measure.h
EXTRA_PROGRAMS = $(test_helpers) $(bench_programs)
CLEANFILES += $(EXTRA_PROGRAMS)

# What e2e/faults.py has the daemon load.
check_DATA += %D%/e2e/clock.so
EXTRA_DIST += %D%/e2e/clock.c
CLEANFILES += %D%/e2e/clock.so
%D%/e2e/clock.so: %D%/e2e/clock.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(CFLAGS) -shared -fPIC -o $@ $(srcdir)/%D%/e2e/clock.c

# With what breaks/run.py builds one source file, and what it puts it into.
python_tests += %D%/breaks/run.py
check_DATA += %D%/breaks/flags
CLEANFILES += %D%/breaks/flags
%D%/breaks/flags: Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
		echo 'COMPILE=$(COMPILE)'; \
		echo 'LINK=$(CCLD) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS)'; \
		echo 'xenapid=$(xenapid_OBJECTS) - $(xenapid_LDADD) $(LIBS)'; \
		echo 'power_cut=$(disk_wraps) $(%C%_store_power_cut_OBJECTS) - $(LDADD) $(LIBS)'; \
		echo 'test_damage=$(disk_wraps) $(%C%_store_test_damage_OBJECTS) - $(LDADD) $(LIBS)'; \
		echo 'test_faults=$(disk_wraps) $(%C%_store_test_faults_OBJECTS) - $(LDADD) $(LIBS)'; } >$@

# Python tests, and what they import.
python_tests += %D%/import/examples.py
python_tests += %D%/import/export.py
python_tests += %D%/rpc/oracle.py
python_modules += %D%/lib/jsonrpc.py
python_modules += %D%/lib/rpc.py
python_modules += %D%/lib/random_calls.py
python_modules += %D%/lib/settable.py
python_modules += %D%/lib/server.py
python_modules += %D%/lib/tap.py
python_modules += %D%/lib/simulator.py
python_modules += %D%/lib/storage.py
python_modules += %D%/lib/tls.py
python_modules += %D%/lib/wire.py
python_modules += %D%/lib/xm.py
python_tests += %D%/xm/test_commands.py
python_tests += %D%/xm/test_devices.py
python_tests += %D%/xm/test_errors.py
python_tests += %D%/xm/test_list.py
python_tests += %D%/xm/test_snapshots.py
python_tests += %D%/xm/test_plan.py
python_tests += %D%/xm/test_history.py
python_tests += %D%/xm/test_set.py
python_tests += %D%/xm/test_storage.py
python_tests += %D%/xm/test_copies.py
python_tests += %D%/xm/test_completion.py
python_tests += %D%/package/manual.py
python_tests += %D%/package/install.py
python_tests += %D%/e2e/event_storm.py
python_tests += %D%/e2e/faults.py
python_tests += %D%/e2e/kills.py
python_tests += %D%/e2e/progress.py
python_tests += %D%/e2e/soak.py
python_tests += %D%/e2e/test_xm.py
python_tests += %D%/e2e/walk.py
python_tests += %D%/server/test_http.py
python_tests += %D%/server/test_metrics.py
python_tests += %D%/server/test_jsonrpc.py
python_tests += %D%/server/test_limits.py
python_tests += %D%/server/hostile.py
python_tests += %D%/server/test_maintenance.py
python_tests += %D%/server/test_activation.py
python_tests += %D%/page/web_page.py
python_modules += %D%/lib/browser.py
python_tests += %D%/server/test_page.py
python_tests += %D%/server/test_privileged.py
python_tests += %D%/privileged/contract.py
python_tests += %D%/server/test_process.py
python_tests += %D%/server/test_record_cache.py
python_tests += %D%/server/test_signin.py
python_tests += %D%/server/test_roles.py
python_tests += %D%/server/test_tls.py
python_tests += %D%/server/test_wire_rules.py
python_modules += %D%/lib/host.py
python_tests += %D%/api/events.py
python_tests += %D%/api/error_sites.py
python_tests += %D%/api/explanations.py
python_tests += %D%/api/plans.py
python_tests += %D%/api/staged.py
python_tests += %D%/api/updates.py
python_tests += %D%/api/tasks.py
python_modules += %D%/lib/events.py
python_tests += %D%/api/power_states.py
python_tests += %D%/api/adapter_calls.py
python_tests += %D%/api/live_changes.py
python_tests += %D%/api/lifecycle.py
python_tests += %D%/api/crashes.py
python_tests += %D%/api/drives.py
python_tests += %D%/api/drift.py
python_tests += %D%/api/foreign.py
python_tests += %D%/api/guests.py
python_tests += %D%/api/outside.py
python_tests += %D%/api/races.py
python_tests += %D%/api/audit.py
python_tests += %D%/api/rights.py
python_tests += %D%/api/roles.py
python_tests += %D%/e2e/eleven.py
python_modules += %D%/lib/api.py
python_modules += %D%/lib/lvm.py
python_modules += %D%/lib/operations.py
python_modules += %D%/lib/world.py
python_tests += %D%/schema/api_reference.py
python_tests += %D%/api/data_sources.py
python_tests += %D%/api/domain0.py
python_tests += %D%/api/fields.py
python_tests += %D%/api/message_objects.py
python_tests += %D%/api/messages.py
python_tests += %D%/api/appliances.py
python_tests += %D%/api/network.py
python_tests += %D%/api/pass_through.py
python_tests += %D%/api/tokens.py
python_tests += %D%/api/traffic.py
python_tests += %D%/api/signals.py
python_tests += %D%/api/snapshot_disks.py
python_tests += %D%/api/snapshots.py
python_tests += %D%/api/vif_changes.py
python_tests += %D%/api/guest_report.py
python_tests += %D%/api/templates.py
python_tests += %D%/api/network_config.py
python_tests += %D%/api/create.py
python_tests += %D%/api/compatibility.py
python_tests += %D%/api/history.py
python_tests += %D%/api/hosts.py
python_tests += %D%/api/host_guests.py
EXTRA_DIST += %D%/api/xen-api.names
python_tests += %D%/api/input.py
python_tests += %D%/api/selections.py
python_tests += %D%/api/sessions.py
python_tests += %D%/api/storage.py
python_tests += %D%/api/storage_config.py
python_tests += %D%/api/storage_lvm.py
python_tests += %D%/api/storage_qcow2.py

# What make bench runs; its short form is a test.
python_tests += %D%/bench/test_bench.py
python_modules += %D%/bench/calls.py
python_modules += %D%/bench/goals.py
python_modules += %D%/bench/peer_xmlrpc.py
python_modules += %D%/bench/profile.py
python_modules += %D%/bench/rows.py
python_modules += %D%/bench/run.py
python_modules += %D%/bench/scrape.py
python_modules += %D%/bench/sides.py
python_modules += %D%/bench/table.py

# What make check-xen runs: no tests of make check.
EXTRA_DIST += %D%/xen/rig %D%/xen/images %D%/xen/dom0-init %D%/xen/guest.c %D%/xen/look.c
python_modules += %D%/xen/run.py
python_modules += %D%/xen/dom0.py
python_modules += %D%/xen/host.py
python_modules += %D%/xen/beside_xl.py
python_modules += %D%/xen/domain0.py
python_modules += %D%/xen/devices.py
python_modules += %D%/xen/pass_through.py
python_modules += %D%/xen/staged.py
python_modules += %D%/xen/contract.py
python_modules += %D%/xen/endings.py
python_modules += %D%/xen/kills.py
python_modules += %D%/xen/live_changes.py
python_modules += %D%/xen/many_guests.py
python_modules += %D%/xen/measure.py
python_modules += %D%/xen/refusals.py
python_modules += %D%/xen/suspend.py
python_modules += %D%/xen/walk.py

# What make check-package runs: no test of make check.
python_modules += %D%/package/run.py

# What make check-clients runs: no tests of make check.
EXTRA_DIST += %D%/clients/npm_xen_api.mjs %D%/clients/package.json %D%/clients/package-lock.json
python_modules += %D%/clients/daemon.py
python_modules += %D%/clients/follow.py
python_modules += %D%/clients/life.py
python_modules += %D%/clients/ansible_xenserver.py
python_modules += %D%/clients/debian_xenapi.py
python_modules += %D%/clients/fence_xenapi.py
python_modules += %D%/clients/npm_xen_api.py
python_modules += %D%/clients/python_xmlrpc.py

EXTRA_DIST += %D%/import/examples

# Fuzzers.
fuzz_targets += %D%/fuzz/fuzz_jsonrpc_read
%C%_fuzz_fuzz_jsonrpc_read_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += %D%/fuzz/fuzz_xmlrpc_read
%C%_fuzz_fuzz_xmlrpc_read_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += %D%/fuzz/fuzz_xl_config
%C%_fuzz_fuzz_xl_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += %D%/fuzz/fuzz_import
%C%_fuzz_fuzz_import_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += %D%/fuzz/fuzz_where
%C%_fuzz_fuzz_where_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += %D%/fuzz/fuzz_calls
%C%_fuzz_fuzz_calls_SOURCES = %D%/fuzz/fuzz_calls.c %D%/fuzz/calls.c %D%/fuzz/calls.h %D%/api/caller.c %D%/api/caller.h
%C%_fuzz_fuzz_calls_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += %D%/fuzz/fuzz_database
%C%_fuzz_fuzz_database_SOURCES = %D%/fuzz/fuzz_database.c %D%/store/scratch.c %D%/store/scratch.h
%C%_fuzz_fuzz_database_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
