/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* contract.c – what the parts of the contract test share */
#include "tests/hypervisor/contract.h"

#include "schema/base.h"
#include "tests/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MS 120000

struct contract contract;

struct domain_config contract_config(const char *uuid)
{
	struct domain_config config = fixture_config(uuid, MEMORY / MIB);

	config.name = uuid == contract.b ? "xenapid-test-b" : "xenapid-test-a";
	config.type = contract.type;
	config.memory_maximum = MEMORY_MOST;
	config.memory_overhead = OVERHEAD;
	config.vcpus_max = VCPUS_MOST;
	config.kernel = contract.kernel;
	config.ramdisk = contract.ramdisk;
	config.arguments = contract.arguments;
	return config;
}

char *contract_image(const char *what)
{
	AUTO_TEXT name = text_format("%s.%s", contract.a, what);

	return fixture_path(name);
}

void contract_clean_up(void)
{
	struct hypervisor_error ignored;

	if (!contract.hypervisor)
		return;
	hypervisor_destroy(contract.hypervisor, contract.a, &ignored);
	hypervisor_destroy(contract.hypervisor, contract.b, &ignored);
}

bool contract_done(int rc, const char *format, ...)
{
	AUTO_TEXT what = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		abort();
	va_end(arguments);
	if (is_int(rc, 0, "%s", what))
		return true;
	diag("%s", fixture_error.text);
	return false;
}

void contract_need(bool condition, const char *what)
{
	if (ok(condition, "%s", what))
		return;
	contract_clean_up();
	exit(done_testing());
}

int contract_start(const char *uuid, bool paused)
{
	struct domain_config config = contract_config(uuid);
	int domid = -1;

	contract_need(contract_done(hypervisor_start(contract.hypervisor, &config, paused, &domid,
						     &fixture_error),
				    "start%s", paused ? ", paused" : ""),
		      "it is built");
	return domid;
}

void contract_refused(int rc, enum hypervisor_error_kind kind, const char *what)
{
	is_int(rc, -1, "%s: refused", what);
	if (rc == 0)
		return;
	is_int(fixture_error.kind, kind, "%s: its kind", what);
	ok(*fixture_error.text, "%s: %s", what, fixture_error.text);
}

void contract_nobody(const char *uuid, const char *what)
{
	struct hypervisor *h = contract.hypervisor;
	const struct scheduling scheduling = {.cap = -1};
	const struct nic_config nic = {.mac = "00:16:3e:00:00:02"};
	const struct disk_config disk = {.path = "", .format = "raw", .is_cd = true};
	struct device_traffic traffic = {0};
	struct guest_key key;
	AUTO_TEXT text = text_format("there is no domain %s", uuid);
	AUTO_TEXT path = contract_image("nobody");
	struct domain_description description;
	struct domain_info info;
	struct vcpu_info vcpu;
	size_t count;
	int device;

	contract_need(hypervisor_get_domain(h, uuid, &info, &fixture_error) < 0, what);
#define NOBODY(call) fixture_refused(call, HYPERVISOR_NO_DOMAIN, text)
	NOBODY(hypervisor_get_domain(h, uuid, &info, &fixture_error));
	NOBODY(hypervisor_get_vcpus(h, uuid, &vcpu, 1, &count, &fixture_error));
	NOBODY(hypervisor_describe_domain(h, uuid, &description, &fixture_error));
	NOBODY(hypervisor_pause(h, uuid, &fixture_error));
	NOBODY(hypervisor_unpause(h, uuid, &fixture_error));
	NOBODY(hypervisor_shutdown(h, uuid, SHUTDOWN_REBOOT, 1, &fixture_error));
	NOBODY(hypervisor_destroy(h, uuid, &fixture_error));
	NOBODY(hypervisor_suspend(h, uuid, path, &fixture_error));
	NOBODY(hypervisor_go_on(h, uuid, &fixture_error));
	NOBODY(hypervisor_send_sysrq(h, uuid, 'h', &fixture_error));
	NOBODY(hypervisor_send_trigger(h, uuid, TRIGGER_NMI, &fixture_error));
	NOBODY(fixture_set_target(h, uuid, MEMORY));
	NOBODY(hypervisor_set_memory_maximum(h, uuid, MEMORY, &fixture_error));
	NOBODY(hypervisor_set_vcpus(h, uuid, 1, &fixture_error));
	NOBODY(hypervisor_set_scheduling(h, uuid, &scheduling, &fixture_error));
	NOBODY(hypervisor_set_shadow_memory(h, uuid, MIB, &fixture_error));
	NOBODY(hypervisor_get_nics(h, uuid, &device, 1, &count, &fixture_error));
	NOBODY(hypervisor_read_guest(h, uuid, &key, 1, &count, &fixture_error));
	NOBODY(hypervisor_set_nic_filter(h, uuid, &nic, &fixture_error));
	NOBODY(hypervisor_move_nic(h, uuid, 0, "nowhere", &fixture_error));
	NOBODY(hypervisor_get_nic_traffic(h, uuid, &traffic, 1, &fixture_error));
	NOBODY(hypervisor_get_disk_traffic(h, uuid, &traffic, 1, &fixture_error));
	NOBODY(hypervisor_attach_nic(h, uuid, &nic, &fixture_error));
	NOBODY(hypervisor_detach_nic(h, uuid, 0, true, &fixture_error));
	NOBODY(hypervisor_get_disks(h, uuid, &device, 1, &count, &fixture_error));
	NOBODY(hypervisor_attach_disk(h, uuid, &disk, &fixture_error));
	NOBODY(hypervisor_detach_disk(h, uuid, 0, true, &fixture_error));
	NOBODY(hypervisor_change_cd(h, uuid, &disk, &fixture_error));
#undef NOBODY
	is_int(access(path, F_OK), -1, "no image was written");
}

/* tests/xen/guest.c does what is written to data/ask, and says so in data/obeyed. */
static void tell_guest(int domid, const char *what)
{
	AUTO_TEXT command = text_format("at=/local/domain/%d/data && "
					"xenstore-write $at/ask %s && "
					"until [ \"$(xenstore-read $at/obeyed 2>&1)\" = %s ]; do "
					"sleep 0.1; done",
					domid, what, what);

	is_int(system(command), 0, "the guest is told: %s", what);
}

void contract_guest_ignores(const char *uuid, bool ignores)
{
	if (contract.simulated)
		is_str(fixture_ask("guest %s %s", uuid, ignores ? "ignore-shutdown" : "normal"),
		       "ok", "the guest is told");
	else
		tell_guest(fixture_get(contract.hypervisor, uuid).domid,
			   ignores ? "ignore-shutdown" : "obey-shutdown");
}

/* Looking costs a real host something. */
static void wait_a_little(void)
{
	usleep(contract.simulated ? 2000 : 250000);
}

void contract_await(const char *uuid,
		    bool (*reached)(const struct domain_info *info, int64_t value), int64_t value,
		    const char *what)
{
	int64_t until_ms = fixture_now_ms() + PATIENCE_MS;
	struct domain_info info = fixture_get(contract.hypervisor, uuid);

	while (!reached(&info, value) && fixture_now_ms() < until_ms) {
		wait_a_little();
		info = fixture_get(contract.hypervisor, uuid);
	}
	if (!reached(&info, value))
		diag("%s has %jd bytes and %d vCPUs", info.name, (intmax_t)info.memory_actual,
		     info.vcpus_online);
	contract_need(reached(&info, value), what);
}

bool contract_has_memory(const struct domain_info *info, int64_t bytes)
{
	return info->memory_actual >= bytes - GUEST_TOLERANCE &&
	       info->memory_actual <= bytes + GUEST_TOLERANCE;
}

bool contract_has_vcpus(const struct domain_info *info, int64_t count)
{
	return info->vcpus_online == count;
}

bool contract_is_up(const struct domain_info *info, int64_t unused)
{
	(void)unused;
	return info->balloons;
}

void contract_await_free(int64_t bytes, const char *what)
{
	int64_t until_ms = fixture_now_ms() + PATIENCE_MS;
	int64_t got = fixture_memory_free(contract.hypervisor);

	while (got < bytes - HOST_TOLERANCE && fixture_now_ms() < until_ms) {
		wait_a_little();
		got = fixture_memory_free(contract.hypervisor);
	}
	if (got < bytes - HOST_TOLERANCE)
		diag("%jd bytes are free, not %jd", (intmax_t)got, (intmax_t)bytes);
	contract_need(got >= bytes - HOST_TOLERANCE, what);
}

void contract_expect_event(enum hypervisor_event_kind kind, const char *uuid,
			   enum shutdown_reason reason)
{
	static const char *const kinds[] = {[EVENT_DOMAIN_SHUTDOWN] = "an event: it has shut down",
					    [EVENT_DOMAIN_GONE] = "an event: it is gone",
					    [EVENT_DOMAIN_APPEARED] = "an event: it has appeared"};
	struct hypervisor_event event = {0};
	bool found = false;
	int rc;

	do {
		rc = hypervisor_wait_event(contract.hypervisor, PATIENCE_MS, &event,
					   &fixture_error);
		found = rc == 1 && event.kind == kind && strcmp(event.uuid, uuid) == 0;
	} while (rc == 1 && !found);
	contract_need(found, kinds[kind]);
	if (kind == EVENT_DOMAIN_SHUTDOWN)
		is_int(event.reason, reason, "its reason");
}
