/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_contract.c – what hypervisor.h promises, of any adapter
 *
 *   test_contract [ADAPTER [KERNEL RAMDISK ARGUMENTS [pv|pvh]]]
 *
 * The simulator unless told; "privileged" is the simulator in a process of its own. On Xen the
 * guest is the rig's (tests/xen/guest.c). Two domains are shared by everything, since a real guest
 * takes long to boot.
 */
#include "schema/base.h"
#include "schema/uuid.h"
#include "server/hypervisor/description.h"
#include "tests/hypervisor/contract.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void *wait_for_ever(void *argument)
{
	struct hypervisor_event event;
	struct hypervisor_error err = {0};
	int rc;

	do { /* what came before the wake is said before it */
		rc = hypervisor_wait_event(argument, -1, &event, &err);
	} while (rc == 1);
	is_int(rc, 0, "wake ends a wait");
	return NULL;
}

static void test_wake(struct hypervisor *h)
{
	struct hypervisor_event event;
	pthread_t thread;

	is_int(hypervisor_wait_event(h, 1, &event, &fixture_error), 0, "no event in time");
	pthread_create(&thread, NULL, wait_for_ever, h);
	hypervisor_wake(h);
	pthread_join(thread, NULL);
	hypervisor_wake(h);
	wait_for_ever(h);
	is_int(hypervisor_wait_event(h, 0, &event, &fixture_error), 0, "it counts once");
}

/* Xen writes a line when it gets a key. */
static void test_console(struct hypervisor *h)
{
	AUTO_TEXT before = NULL;
	AUTO_TEXT after = NULL;
	AUTO_TEXT emptied = NULL;

	contract_done(hypervisor_read_console_ring(h, true, &before, &fixture_error), "its log");
	ok(before && *before, "something is in it");
	contract_done(hypervisor_send_debug_keys(h, "h", &fixture_error), "a debug key");
	contract_done(hypervisor_read_console_ring(h, true, &after, &fixture_error), "its log");
	ok(after && strstr(after, "'h' pressed"), "the key is in it");
	contract_done(hypervisor_read_console_ring(h, false, &emptied, &fixture_error), "again");
	ok(emptied && !strstr(emptied, "'h' pressed"), "it was emptied");
}

static const struct domain_info *find_domain(const struct domain_info *domains, size_t count,
					     const char *uuid)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(domains[i].uuid, uuid) == 0)
			return &domains[i];
	return NULL;
}

static void test_pci(struct hypervisor *h)
{
	struct host_pci *devices = NULL;
	size_t count = 0;

	contract_done(hypervisor_list_pci(h, &devices, &count, &fixture_error), "PCI devices");
	ok(count > 0 && strlen(devices[0].id) == strlen("0000:00:00.0") && devices[0].class_code,
	   "there are some");
	free(devices);
}

static void test_host(struct hypervisor *h)
{
	const struct host_facts *host = hypervisor_host(h);
	struct host_usage before = {0}, after = {0};
	struct domain_info info = fixture_get(h, DOMAIN_0_UUID);

	ok(host->pcpus > 0 && host->cpu_sockets > 0 && host->cpu_threads_per_core > 0, "pCPUs");
	ok(host->vcpus_max > 0 && host->cpu_mhz > 0, "what a domain may have");
	ok(*host->cpu_vendor && *host->cpu_modelname && *host->cpu_flags && *host->cpu_features,
	   "what the pCPUs are");
	ok(*host->xen_version && *host->capabilities && *host->scheduler, "what runs on them");
	contract_done(hypervisor_get_host_usage(h, &before, &fixture_error), "usage");
	ok(before.memory_free > 0 && before.memory_free < host->memory_total, "free memory");
	is_int(info.domid, 0, "Domain-0");
	is_str(info.name, "Domain-0", "its name");
	ok(!info.paused && !info.shutdown && !info.dying && info.vcpus_online > 0 &&
		   info.memory_actual > 0,
	   "it runs");
	contract_refused(hypervisor_pause(h, DOMAIN_0_UUID, &fixture_error), HYPERVISOR_FAILED,
			 "pausing it");
	contract_refused(hypervisor_destroy(h, DOMAIN_0_UUID, &fixture_error), HYPERVISOR_FAILED,
			 "destroying it");
	contract_done(hypervisor_get_host_usage(h, &after, &fixture_error), "usage again");
	ok(after.cpu_time_ns >= before.cpu_time_ns, "CPU time does not shrink");
}

static void refuse_start(struct hypervisor *h, const struct domain_config *config, const char *text)
{
	int domid = 77;

	fixture_refused(hypervisor_start(h, config, false, &domid, &fixture_error),
			HYPERVISOR_FAILED, text);
	is_int(domid, 77, "the domid is untouched");
}

static void test_start_refusals(struct hypervisor *h)
{
	const struct domain_config good = contract_config(contract.a);
	struct domain_config config;

#define REFUSE(member, value, text) \
	config = good;              \
	config.member = (value);    \
	refuse_start(h, &config, text)
	REFUSE(uuid, "not-a-uuid", "\"not-a-uuid\" is not a uuid");
	REFUSE(uuid, DOMAIN_0_UUID, "there is a domain " DOMAIN_0_UUID " already");
	REFUSE(vcpus_max, 129, "a domain may have 1 to 128 vCPUs, not 129");
	REFUSE(vcpus_max, 0, "a domain may have 1 to 128 vCPUs, not 0");
	REFUSE(vcpus, 3, "3 vCPUs cannot be online, only 1 to 2");
	REFUSE(vcpus, 0, "0 vCPUs cannot be online, only 1 to 2");
	REFUSE(memory.target, 0, "a domain cannot be built with 0 bytes of memory");
	REFUSE(memory.target, -5, "a domain cannot be built with -5 bytes of memory");
	REFUSE(memory_maximum, MEMORY - MIB,
	       "134217728 bytes of memory are more than the domain's maximum of 133169152");
	REFUSE(scheduling.weight, 65536, "a weight is 1 to 65535, not 65536");
	REFUSE(scheduling.cap, -2, "a cap is 0 to 65535, not -2");
	REFUSE(scheduling.mask, "0-3", "a mask is like \"0,1;2\", not \"0-3\"");
#undef REFUSE
}

/* The simulator opens no file, so it has to be told. */
static void test_missing_kernel(struct hypervisor *h)
{
	struct domain_config config = contract_config(contract.a);
	int domid = 77;

	config.kernel = "/nowhere/vmlinux";
	if (contract.simulated)
		fixture_ask("fail start 1 /nowhere/vmlinux: No such file or directory");
	contract_refused(hypervisor_start(h, &config, false, &domid, &fixture_error),
			 HYPERVISOR_FAILED, "a kernel that is not there");
	ok(strstr(fixture_error.text, "/nowhere/vmlinux"), "it is named");
	is_int(domid, 77, "the domid is untouched");
}

static void test_no_memory(struct hypervisor *h, int64_t free_before)
{
	struct domain_config config = contract_config(contract.a);
	int64_t huge = free_before + MEMORY;
	int domid = 77;

	config.memory = (struct memory_range){huge, huge, huge};
	config.memory_maximum = huge;
	contract_refused(hypervisor_start(h, &config, false, &domid, &fixture_error),
			 HYPERVISOR_NO_MEMORY, "more memory than there is");
	is_int(fixture_error.needed, huge + OVERHEAD, "what it needs");
	ok(fixture_error.available > 0 && fixture_error.available <= free_before + HOST_TOLERANCE,
	   "what there is");
	is_int(domid, 77, "the domid is untouched");
}

/* What is refused leaves nothing behind. */
static void test_refusals(struct hypervisor *h)
{
	int64_t free_before = fixture_memory_free(h);

	contract_nobody(contract.a, "before it was ever started");
	test_start_refusals(h);
	test_missing_kernel(h);
	test_no_memory(h, free_before);
	contract_nobody(contract.a, "after all those refusals");
	contract_await_free(free_before, "no memory was kept");
}

static void check_built(struct hypervisor *h, int domid, int64_t now)
{
	struct domain_info info = fixture_get(h, contract.a);

	is_int(info.domid, domid, "its domid");
	is_str(info.name, contract_config(contract.a).name, "its name");
	is_int(info.type, contract.type, "its type");
	ok(info.paused && !info.running && !info.shutdown && !info.dying, "it is paused");
	ok(contract_has_memory(&info, MEMORY), "its memory is the target at once");
	is_int(info.memory_target, MEMORY, "its target");
	is_int(info.memory_maximum, MEMORY_MOST, "its maximum");
	is_int(info.vcpus_max, VCPUS_MOST, "its most vCPUs");
	ok(info.vcpus_online >= 1 && info.vcpus_online <= VCPUS_MOST, "its vCPUs: %d",
	   info.vcpus_online);
	ok(info.start_time >= now - 1 && info.start_time <= time(NULL) + 1, "its start time");
	ok(!info.balloons, "its guest has not said anything yet");
}

static void test_description(struct hypervisor *h)
{
	struct domain_description description = {0};

	contract_done(hypervisor_describe_domain(h, contract.a, &description, &fixture_error),
		      "what it was built from");
	ok(description.config && strstr(description.config, contract.kernel),
	   "its kernel is in it");
	domain_description_clear(&description);
}

static void test_build(struct hypervisor *h)
{
	int64_t free_before = fixture_memory_free(h), free_now, now = time(NULL);
	struct domain_config config = contract_config(contract.a);
	struct domain_info *domains = NULL;
	int domid = contract_start(contract.a, true), other = 77;
	size_t count = 0;

	ok(domid > 0, "it has a domid");
	free_now = fixture_memory_free(h);
	ok(free_now <= free_before - MEMORY && free_now >= free_before - MEMORY - OVERHEAD,
	   "memory and at most the overhead are gone from the host: %jd KiB",
	   (intmax_t)(free_before - free_now) / 1024);
	check_built(h, domid, now);
	contract_done(hypervisor_list_domains(h, &domains, &count, &fixture_error), "list");
	ok(find_domain(domains, count, contract.a), "it is there");
	ok(find_domain(domains, count, DOMAIN_0_UUID), "and so is Domain-0");
	free(domains);
	contract_refused(hypervisor_start(h, &config, false, &other, &fixture_error),
			 HYPERVISOR_FAILED, "starting it again");
	is_int(other, 77, "the domid is untouched");
	contract_expect_event(EVENT_DOMAIN_APPEARED, contract.a, SHUTDOWN_POWEROFF);
	test_description(h);
}

static void test_pause(struct hypervisor *h)
{
	AUTO_TEXT path = contract_image("paused");
	uint64_t time_ns;

	for (int i = 0; i < 2; i++)
		contract_done(hypervisor_pause(h, contract.a, &fixture_error), "pause");
	ok(fixture_get(h, contract.a).paused, "it is paused");
	time_ns = fixture_get(h, contract.a).cpu_time_ns;
	ok(fixture_get(h, contract.a).cpu_time_ns == time_ns, "it uses no CPU time");
	contract_refused(hypervisor_suspend(h, contract.a, path, &fixture_error), HYPERVISOR_FAILED,
			 "suspending it then");
	is_int(access(path, F_OK), -1, "no image was written");
	for (int i = 0; i < 2; i++)
		contract_done(hypervisor_unpause(h, contract.a, &fixture_error), "unpause");
	ok(!fixture_get(h, contract.a).paused, "it runs");
}

static void test_end(struct hypervisor *h, const char *uuid)
{
	contract_done(hypervisor_destroy(h, uuid, &fixture_error), "destroy");
	contract_nobody(uuid, "after it was destroyed");
	contract_expect_event(EVENT_DOMAIN_GONE, uuid, SHUTDOWN_POWEROFF);
}

static void test_guests(struct hypervisor *h)
{
	int64_t free_before = fixture_memory_free(h);

	test_build(h);
	contract_done(hypervisor_unpause(h, contract.a, &fixture_error), "unpause");
	contract_start(contract.b, false);
	ok(!fixture_get(h, contract.b).paused, "it runs at once");
	contract_await(contract.a, contract_is_up, 0, "the first guest is up");
	test_pause(h);
	contract_test_memory();
	contract_test_maximum();
	contract_test_memory_runs_out();
	contract_test_vcpus();
	contract_test_scheduling();
	contract_test_shadow();
	contract_test_disks();
	contract_await(contract.b, contract_is_up, 0, "the second guest is up");
	contract_test_threads();
	contract_test_suspend();
	contract_test_resume();
	contract_test_shutdown();
	test_end(h, contract.a);
	contract_test_shutdown_late();
	test_end(h, contract.b);
	contract_await_free(free_before, "all memory is back");
}

static void run(enum guest_type type)
{
	diag("guests: %s", type == GUEST_PV ? "PV" : "PVH");
	contract.type = type;
	uuid_draw(contract.a);
	uuid_draw(contract.b);
	test_refusals(contract.hypervisor);
	test_guests(contract.hypervisor);
	contract_clean_up();
}

static struct hypervisor *open_adapter(const char *adapter)
{
	if (strcmp(adapter, "privileged") == 0)
		return fixture_open_privileged();
	return contract.simulated ? fixture_open("state", 0) :
				    hypervisor_open(adapter, NULL, &fixture_error);
}

int main(int argc, char **argv)
{
	const char *adapter = argc > 1 ? argv[1] : "simulator";
	const char *type = argc > 5 ? argv[5] : NULL;

	contract.simulated = strcmp(adapter, "xen") != 0;
	contract.kernel = argc > 2 ? argv[2] : "/boot/there-is-none";
	contract.ramdisk = argc > 3 ? argv[3] : "";
	contract.arguments = argc > 4 ? argv[4] : "";
	contract.hypervisor = open_adapter(adapter);
	if (!ok(contract.hypervisor, "open %s", adapter)) {
		diag("%s", fixture_error.text);
		return done_testing();
	}
	test_wake(contract.hypervisor);
	test_host(contract.hypervisor);
	test_pci(contract.hypervisor);
	test_console(contract.hypervisor);
	if (!type || strcmp(type, "pv") == 0)
		run(GUEST_PV);
	if (!type || strcmp(type, "pvh") == 0)
		run(GUEST_PVH);
	hypervisor_close(contract.hypervisor);
	return done_testing();
}
