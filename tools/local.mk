# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/local.mk – the make targets beside automake's own, and the scripts they run

EXTRA_DIST += %D%/lint %D%/lint_tables.py %D%/lint-sizes.allow %D%/cppcheck.suppressions %D%/sources
EXTRA_DIST += %D%/demo %D%/demo_client.py
EXTRA_DIST += %D%/manual %D%/fetch-ansible-modules %D%/test-summary %D%/xenapid-valgrind

.PHONY: help lint format docs run bench fuzz coverage check-valgrind check-xen check-clients power-cut kill-9 faults breaks

help:
	@echo 'make                 xenapid and xm'
	@echo 'make check           every test (TESTS="tests/…" for some of them)'
	@echo 'make check-valgrind  every test under valgrind'
	@echo 'make check-xen       the points of docs/xen-rig.md on a real Xen, in QEMU (XEN_HOST=local: on this host)'
	@echo 'make check-clients   other people'\''s clients, unmodified (./bootstrap check-clients installs them)'
	@echo 'make check-package   Debian'\''s packages in a bare bookworm: docs/install.md (root, debootstrap, systemd-container)'
	@echo 'make hostile         clients that mean harm, in full numbers: docs/durability.md'
	@echo 'make soak            everything at once for ten minutes (SOAK_SECONDS=600)'
	@echo 'make power-cut       the power fails at every instant of a run of changes: docs/durability.md'
	@echo 'make kill-9          1,000 times under concurrent writers (XENAPID_KILLS=…)'
	@echo 'make faults          every call of the disk fails once'
	@echo 'make breaks          every promise is broken, to see that a test notices'
	@echo 'make coverage        which lines the tests reach (configure --enable-coverage)'
	@echo 'make bench           beside the limits and peers of docs/performance.md, ten minutes on a quiet machine (BENCH="changes events": some rows)'
	@echo 'make bench-short     the same in seconds: shows that it runs, its figures say nothing'
	@echo 'make bench-docs      make bench into docs/performance.md'
	@echo 'make bench-profile   instructions and system calls per call (valgrind, strace)'
	@echo 'make page-screenshots  the pictures of docs/web-page.md, anew; make page-many: the page with 10,000 VMs'
	@echo 'make fuzz            every fuzzer for FUZZ_SECONDS=60 (configure --enable-fuzzers CC=clang)'
	@echo 'make lint            layers, sizes, format, cppcheck, shellcheck, file lists, error table, names in docs'
	@echo 'make format          clang-format -i'
	@echo 'make docs            docs/api-reference.md, live-and-next-boot.md, errors.md, the figures of docs/compatibility.md, the lists of docs/man/'
	@echo 'make run             xenapid on loopback with the simulator'
	@echo 'make distcheck       a tarball that builds, passes its tests, installs and uninstalls (TESTS="tests/…" for some of them)'

lint:
	@cd $(top_srcdir) && LINT_CACHE=$(abs_top_builddir)/cppcheck tools/lint

format:
	cd $(top_srcdir) && tools/sources c h | xargs -r clang-format -i

docs: xenapid xm
	./xenapid --print-api markdown >api-reference.tmp
	$(MKDIR_P) $(top_srcdir)/docs
	mv api-reference.tmp $(top_srcdir)/docs/api-reference.md
	./xenapid --print-api running >api-reference.tmp
	mv api-reference.tmp $(top_srcdir)/docs/live-and-next-boot.md
	./xenapid --print-api errors >api-reference.tmp
	mv api-reference.tmp $(top_srcdir)/docs/errors.md
	XENAPID=$(abs_top_builddir)/xenapid TOP_SRCDIR=$(abs_top_srcdir) PYTHONPATH=$(abs_top_srcdir)/tests \
		PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(top_srcdir)/tests/api/compatibility.py --write
	for page in $(manual_pages); do \
		$(top_srcdir)/tools/manual $(top_srcdir)/$$page >manual.tmp && mv manual.tmp $(top_srcdir)/$$page || exit 1; \
	done
CLEANFILES += api-reference.tmp manual.tmp

manual_pages = docs/man/xm.1 docs/man/xenapid.8 docs/man/xenapid-privileged.8 docs/man/xenapid.conf.5
dist_man_MANS = $(manual_pages)

run: xenapid
	@$(MKDIR_P) run
	./xenapid --hypervisor simulator --auth none --listen http://127.0.0.1:9363 \
		--database run/xenapid.db
clean-local:
	rm -rf run valgrind cppcheck coverage coverage.info
	find . -name "*.gcda" -o -name "*.gcno" | xargs rm -f

# Databases are made in the build folder: BENCH="--folder FOLDER" takes another disk.
bench_python = XENAPID=$(abs_top_builddir)/xenapid TOP_SRCDIR=$(abs_top_srcdir) PYTHONPATH=$(abs_top_srcdir)/tests \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(top_srcdir)/tests/bench
.PHONY: bench-short bench-docs bench-profile
bench: xenapid $(bench_programs)
	@./tests/bench/bench_xmlrpc
	@$(bench_python)/run.py $(BENCH)
bench-short: xenapid $(bench_programs)
	@$(bench_python)/run.py --short $(BENCH)
bench-docs: xenapid $(bench_programs)
	@$(bench_python)/run.py --write $(top_srcdir)/docs/performance.md $(BENCH)
bench-profile: xenapid $(bench_programs)
	@$(bench_python)/profile.py

# The long forms of tests of make check.
.PHONY: hostile soak
SOAK_SECONDS = 600
hostile: xenapid
	XENAPID=$(abs_top_builddir)/xenapid PYTHONPATH=$(abs_top_srcdir)/tests PYTHONDONTWRITEBYTECODE=1 \
		XENAPID_HOSTILE=long $(PYTHON) $(top_srcdir)/tests/server/hostile.py
soak: xenapid
	XENAPID=$(abs_top_builddir)/xenapid PYTHONPATH=$(abs_top_srcdir)/tests PYTHONDONTWRITEBYTECODE=1 \
		XENAPID_SOAK_SECONDS=$(SOAK_SECONDS) $(PYTHON) $(top_srcdir)/tests/e2e/soak.py

power-cut: tests/store/power_cut
	XENAPID_POWER_CUTS=all ./tests/store/power_cut

faults: tests/store/test_faults
	XENAPID_FAULTS=all ./tests/store/test_faults

XENAPID_KILLS = 1000
kill-9: xenapid
	$(AM_TESTS_ENVIRONMENT) XENAPID_KILLS=$(XENAPID_KILLS) $(PYTHON) $(top_srcdir)/tests/e2e/kills.py

breaks: xenapid $(check_PROGRAMS) $(check_DATA)
	$(AM_TESTS_ENVIRONMENT) XENAPID_BREAKS=all $(PYTHON) $(top_srcdir)/tests/breaks/run.py

FUZZ_SECONDS = 60
fuzz: $(fuzz_targets)
if FUZZERS
	@test -n '$(fuzz_targets)' || echo 'There are no fuzzers yet: they come with tests/fuzz/fuzz_*.c.'
	@for target in $(fuzz_targets); do \
		corpus=$(abs_top_srcdir)/tests/fuzz/corpus/$${target##*/}; \
		found=$$target.found; \
		$(MKDIR_P) "$$found"; \
		echo "$$target, $(FUZZ_SECONDS) s; what crashes is left in $$found"; \
		./$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix="$$found/" "$$found" $$(test -d "$$corpus" && echo "$$corpus") || \
			exit 1; \
	done
else
	@echo 'Fuzzing needs: configure --enable-fuzzers --with-sanitizers=address,undefined CC=clang'
	@exit 1
endif

# What the tests start is xenapid under valgrind too; each process leaves its report.
check-valgrind: all
	rm -rf valgrind && $(MKDIR_P) valgrind
	XENAPID='$(abs_top_srcdir)/tools/xenapid-valgrind' \
	XENAPID_UNDER_VALGRIND='$(abs_top_builddir)/xenapid' \
	VALGRIND_REPORTS='$(abs_top_builddir)/valgrind' \
	$(MAKE) $(AM_MAKEFLAGS) check TEST_TIMEOUT=1800 \
		LOG_COMPILER='timeout 1800 $(abs_top_srcdir)/tools/xenapid-valgrind'
	@! grep -l 'ERROR SUMMARY: [1-9]' valgrind/* || { echo 'valgrind: see those reports'; exit 1; }

# One test, tests/xen/run.py, on a machine of its own; automake's harness without the programs of make check.
check-xen: all tests/hypervisor/test_contract$(EXEEXT)
	@test '$(XENAPID_SKIP_XEN)' != 1 || \
		echo '**** XENAPID_SKIP_XEN=1: NOTHING IS TESTED ON XEN ****' >&2
	@XEN_HOST='$(XEN_HOST)' XEN_RIG_FOLDER='$(abs_top_builddir)/xen-rig' \
		XENAPID_CONTRACT='$(abs_top_builddir)/tests/hypervisor/test_contract' \
		$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS=tests/xen/run.py TEST_TIMEOUT=900 \
		check_PROGRAMS= check_LIBRARIES= check_DATA= VERBOSE=1
distclean-local:
	rm -rf xen-rig npm-clients ansible-clients package

# Debian's packages, in chroots that are kept below package/ for the next time.
.PHONY: check-package
check-package: all
	@XENAPID_PACKAGE_FOLDER='$(abs_top_builddir)/package' \
		$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS=tests/package/run.py TEST_TIMEOUT=3600 PYTHON=/usr/bin/python3 \
		check_PROGRAMS= check_LIBRARIES= check_DATA= VERBOSE=1

# Clients as they come from their registries, each against the daemon with the simulator. Debian's Python has
# Debian's modules.
client_tests = tests/clients/python_xmlrpc.py tests/clients/debian_xenapi.py tests/clients/fence_xenapi.py \
	tests/clients/npm_xen_api.py tests/clients/ansible_xenserver.py
check-clients: all
	@$(top_srcdir)/tools/fetch-ansible-modules '$(abs_top_builddir)/ansible-clients'
	@$(MKDIR_P) npm-clients
	@cp $(top_srcdir)/tests/clients/npm_xen_api.mjs $(top_srcdir)/tests/clients/package*.json npm-clients
	@cd npm-clients && npm ci --ignore-scripts --no-audit --no-fund
	@XENAPID_NPM_FOLDER='$(abs_top_builddir)/npm-clients' \
		XENAPID_ANSIBLE_FOLDER='$(abs_top_builddir)/ansible-clients' \
		$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(client_tests)' PYTHON=/usr/bin/python3 \
		check_PROGRAMS= check_LIBRARIES= check_DATA= VERBOSE=1

coverage: all
if COVERAGE
	find . -name '*.gcda' -delete
	-$(MAKE) $(AM_MAKEFLAGS) check
	@if command -v lcov >/dev/null; then \
		lcov --quiet --capture --no-external --base-directory $(abs_top_srcdir) \
			--directory . --output-file coverage.info && \
		lcov --quiet --remove coverage.info '*/tests/*' --output-file coverage.info && \
		genhtml --quiet --output-directory coverage coverage.info && \
		lcov --summary coverage.info && echo 'coverage/index.html'; \
	else \
		$(PYTHON) $(top_srcdir)/tools/coverage.py '$(GCOV)' .; \
	fi
else
	@echo 'Coverage needs: configure --enable-coverage'
	@exit 1
endif
EXTRA_DIST += %D%/coverage.py

# The pictures of docs/web-page.md, and how the page does with 10,000 VMs.
EXTRA_DIST += %D%/vendor-page
.PHONY: page-screenshots page-many
page_test = XENAPID=$(abs_top_builddir)/xenapid TOP_SRCDIR=$(abs_top_srcdir) PYTHONPATH=$(abs_top_srcdir)/tests \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(top_srcdir)/tests/page/web_page.py
page-screenshots: xenapid
	$(MKDIR_P) $(abs_top_srcdir)/docs/images
	XENAPID_SCREENSHOTS=$(abs_top_srcdir)/docs/images $(page_test)
page-many: xenapid
	XENAPID_PAGE_VMS=10000 $(page_test)
