/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_simulator.c – what the simulator says of itself, memory that runs out, balloons, faults */
#include "schema/base.h"
#include "tests/hypervisor/fixture.h"
#include "tests/tap.h"

#include <stdio.h>
#include <unistd.h>

static void test_host(struct hypervisor *hypervisor)
{
	const struct host_facts *host = hypervisor_host(hypervisor);
	struct domain_info info = fixture_get(hypervisor, DOMAIN_0_UUID);

	is_int(host->pcpus, 16, "16 pCPUs");
	is_int(host->memory_total, 64 * GIB, "64 GiB");
	is_int(host->vcpus_max, 128, "at most 128 vCPUs");
	ok(host->hvm, "HVM");
	is_str(host->scheduler, "credit2", "the scheduler");
	is_str(host->supported_bootloaders, "pygrub", "the boot loaders");
	is_int(fixture_memory_free(hypervisor), 60 * GIB, "Domain-0 has its part");
	is_str(info.name, "Domain-0", "Domain-0's name");
	is_int(info.domid, 0, "Domain-0's number");
	is_int(info.memory_actual, 4 * GIB, "Domain-0's memory");
	is_int(info.vcpus_online, 4, "Domain-0's vCPUs");
	ok(info.running && !info.paused, "Domain-0 runs");
}

static void test_small_host(void)
{
	const struct hypervisor_options options = {.simulator_memory_bytes = 2 * GIB,
						   .simulator_pcpus = 2};
	struct hypervisor *hypervisor = hypervisor_open("simulator", &options, &fixture_error);

	is_int(hypervisor_host(hypervisor)->pcpus, 2, "2 pCPUs");
	is_int(fixture_memory_free(hypervisor), 1 * GIB, "Domain-0 takes half of a small host");
	is_int(fixture_get(hypervisor, DOMAIN_0_UUID).vcpus_max, 2, "and no more vCPUs than pCPUs");
	hypervisor_close(hypervisor);
}

static void test_start(struct hypervisor *hypervisor)
{
	struct domain_config config = fixture_config(UUID_A, 500);
	struct domain_info info, *domains = NULL;
	size_t count = 0;
	int domid = -1;

	config.type = GUEST_HVM;
	is_int(hypervisor_start(hypervisor, &config, true, &domid, &fixture_error), 0,
	       "start, paused");
	is_int(domid, 1, "the first domid");
	info = fixture_get(hypervisor, UUID_A);
	is_int(info.type, GUEST_HVM, "its type");
	is_int(info.memory_actual, 500 * MIB, "its memory is exactly the target");
	is_int((int64_t)info.cpu_time_ns, 0, "it has not booted");
	hypervisor_unpause(hypervisor, UUID_A, &fixture_error);
	is_int((int64_t)fixture_get(hypervisor, UUID_A).cpu_time_ns / 100000000, 7,
	       "0.7 s were spent on booting");
	is_int(fixture_start(hypervisor, UUID_B, 100), 2, "the second domid");
	is_int(hypervisor_list_domains(hypervisor, &domains, &count, &fixture_error), 0, "list");
	is_int((int64_t)count, 3, "Domain-0 and both");
	is_str(domains[2].uuid, UUID_B, "by domid");
	free(domains);
	is_int(fixture_memory_free(hypervisor), 60 * GIB - 600 * MIB - 16 * MIB,
	       "memory and overhead are gone from the host");
	is_int(hypervisor_destroy(hypervisor, UUID_A, &fixture_error), 0, "destroy");
	fixture_refused(hypervisor_get_domain(hypervisor, UUID_A, &info, &fixture_error),
			HYPERVISOR_NO_DOMAIN, "there is no domain " UUID_A);
	is_int(fixture_start(hypervisor, UUID_A, 100), 3, "a domid is not used again");
	is_int(hypervisor_destroy(hypervisor, UUID_A, &fixture_error), 0, "destroy");
	is_int(hypervisor_destroy(hypervisor, UUID_B, &fixture_error), 0, "destroy");
	is_int(fixture_memory_free(hypervisor), 60 * GIB, "all memory is back");
}

static void refuse_start(struct hypervisor *hypervisor, const struct domain_config *config,
			 const char *text)
{
	int domid = 77;

	fixture_refused(hypervisor_start(hypervisor, config, false, &domid, &fixture_error),
			HYPERVISOR_FAILED, text);
	is_int(domid, 77, "the domid is untouched");
}

static void test_start_refusals(struct hypervisor *hypervisor)
{
	const struct domain_config good = fixture_config(UUID_A, 100);
	struct domain_config config;

#define REFUSE(member, value, text) \
	config = good;              \
	config.member = (value);    \
	refuse_start(hypervisor, &config, text)
	REFUSE(name, "\xff", "a text of the domain is not UTF-8");
	REFUSE(kernel, "\xff", "a text of the domain is not UTF-8");
	REFUSE(scheduling.mask, "0;16", "there is no pCPU 16, only 0 to 15");
#undef REFUSE
	is_int(fixture_memory_free(hypervisor), 60 * GIB, "nothing was taken");
}

static void test_long_name(struct hypervisor *hypervisor)
{
	struct domain_config config = fixture_config(UUID_A, 100);
	char name[301];
	int domid;

	memset(name, 'x', 254);
	strcpy(name + 254, "ää");
	config.name = name;
	is_int(hypervisor_start(hypervisor, &config, false, &domid, &fixture_error), 0,
	       "a long name");
	is_int((int64_t)strlen(fixture_get(hypervisor, UUID_A).name), 254,
	       "cut between characters");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
}

static void test_memory_runs_out(void)
{
	struct hypervisor *hypervisor = fixture_open(NULL, 8 * GIB);
	int64_t free_now;

	is_int(fixture_start(hypervisor, UUID_A, 3000), 1, "3000 of 4096 MiB");
	fixture_refused(fixture_start(hypervisor, UUID_B, 2000), HYPERVISOR_NO_MEMORY,
			"the host has not enough free memory");
	is_int(fixture_error.needed, 2008 * MIB, "needed, with the overhead");
	is_int(fixture_error.available, 1088 * MIB, "available");
	is_int(fixture_start(hypervisor, UUID_B, 1080), 2, "all of it");
	is_int(fixture_memory_free(hypervisor), 0, "nothing is left");
	fixture_refused(fixture_set_target(hypervisor, UUID_A, 3001 * MIB), HYPERVISOR_NO_MEMORY,
			"the host has not enough free memory");
	is_int(fixture_error.needed, 1 * MIB, "needed");
	is_int(fixture_error.available, 0, "available");
	is_int(fixture_get(hypervisor, UUID_A).memory_target, 3000 * MIB,
	       "the target is as it was");
	fixture_ask("speed 1");
	is_int(fixture_set_target(hypervisor, UUID_A, 2000 * MIB), 0, "a balloon that shrinks");
	ok(fixture_memory_free(hypervisor) < 900 * MIB, "frees memory only as it moves");
	fixture_ask("speed 100000");
	ok(fixture_await_memory(hypervisor, UUID_A, 2000 * MIB), "it has moved");
	is_int(fixture_memory_free(hypervisor), 1000 * MIB, "its memory is free");
	fixture_ask("speed 0.001");
	is_int(fixture_set_target(hypervisor, UUID_B, 1580 * MIB), 0, "one that grows");
	free_now = fixture_memory_free(hypervisor);
	is_int(free_now, 500 * MIB, "holds what it is going to have");
	fixture_refused(fixture_set_target(hypervisor, UUID_A, 2501 * MIB), HYPERVISOR_NO_MEMORY,
			"the host has not enough free memory");
	is_int(fixture_set_target(hypervisor, UUID_B, 1080 * MIB), 0, "and gives it back");
	fixture_refused(hypervisor_set_shadow_memory(hypervisor, UUID_A, 2 * GIB, &fixture_error),
			HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
	hypervisor_close(hypervisor);
}

static void test_balloon(void)
{
	struct hypervisor *hypervisor = fixture_open(NULL, 0);
	int64_t begun_ms, set_ms, actual, least, most, between_ms;

	fixture_start(hypervisor, UUID_A, 1024);
	begun_ms = fixture_now_ms();
	is_int(fixture_set_target(hypervisor, UUID_A, 2048 * MIB), 0, "double it");
	set_ms = fixture_now_ms();
	usleep(100000);
	least = (fixture_now_ms() - set_ms - 2) * 256 * MIB / 1000;
	actual = fixture_get(hypervisor, UUID_A).memory_actual - 1024 * MIB;
	between_ms = fixture_now_ms() - begun_ms + 2;
	most = between_ms * 256 * MIB / 1000;
	ok(actual >= least && actual <= most, "256 MiB/s: %jd KiB in %jd ms",
	   (intmax_t)actual / 1024, (intmax_t)between_ms);
	fixture_ask("speed 1000");
	ok(fixture_await_memory(hypervisor, UUID_A, 2048 * MIB), "faster when told to");
	is_int(fixture_set_target(hypervisor, UUID_A, 10 * MIB), 0, "a target below the floor");
	ok(fixture_await_memory(hypervisor, UUID_A, 64 * MIB), "it stays at the floor");
	is_int(fixture_get(hypervisor, UUID_A).memory_target, 10 * MIB, "the target is kept");
	fixture_refused(
		fixture_set_target(hypervisor, UUID_A, 2049 * MIB), HYPERVISOR_FAILED,
		"a target of 2148532224 bytes is not within the domain's maximum of 2147483648");
	is_int(fixture_set_target(hypervisor, UUID_A, 100 * MIB + 1023), 0, "not whole KiB");
	is_int(fixture_get(hypervisor, UUID_A).memory_target, 100 * MIB, "is rounded down");
	hypervisor_pause(hypervisor, UUID_A, &fixture_error);
	fixture_set_target(hypervisor, UUID_A, 64 * MIB);
	usleep(2000);
	ok(fixture_get(hypervisor, UUID_A).memory_actual > 64 * MIB, "a paused guest stays");
	hypervisor_unpause(hypervisor, UUID_A, &fixture_error);
	ok(fixture_await_memory(hypervisor, UUID_A, 64 * MIB), "until it runs");
	fixture_start(hypervisor, UUID_B, 32);
	fixture_set_target(hypervisor, UUID_B, 1 * MIB);
	ok(fixture_await_memory(hypervisor, UUID_B, 32 * MIB), "a smaller one's floor is its size");
	is_int(fixture_set_target(hypervisor, DOMAIN_0_UUID, 128 * MIB), 0, "Domain-0 balloons");
	ok(fixture_await_memory(hypervisor, DOMAIN_0_UUID, 512 * MIB), "down to 512 MiB");
	hypervisor_close(hypervisor);
}

static void test_shadow(struct hypervisor *hypervisor)
{
	fixture_start(hypervisor, UUID_A, 500);
	is_int(hypervisor_set_shadow_memory(hypervisor, UUID_A, 100 * MIB, &fixture_error), 0,
	       "shadow");
	ok(fixture_memory_free(hypervisor) < 60 * GIB - 590 * MIB, "shadow memory is the host's");
	fixture_refused(hypervisor_set_shadow_memory(hypervisor, UUID_A, -1, &fixture_error),
			HYPERVISOR_FAILED, "shadow memory cannot be -1 bytes");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
}

static void test_vcpus(struct hypervisor *hypervisor)
{
	struct vcpu_info vcpus[8];
	struct host_usage before, after;
	uint64_t time_ns;
	size_t count = 0;

	fixture_start(hypervisor, UUID_A, 100);
	hypervisor_set_vcpus(hypervisor, UUID_A, 2, &fixture_error);
	hypervisor_get_vcpus(hypervisor, UUID_A, vcpus, 8, &count, &fixture_error);
	ok(vcpus[1].online && vcpus[1].blocked && !vcpus[1].running, "the second idles");
	ok(!vcpus[2].online && !vcpus[2].blocked, "the third is not there");
	is_int(hypervisor_get_vcpus(hypervisor, UUID_A, NULL, 0, &count, &fixture_error), 0,
	       "the number only");
	time_ns = fixture_get(hypervisor, UUID_A).cpu_time_ns;
	hypervisor_get_host_usage(hypervisor, &before, &fixture_error);
	usleep(10000);
	ok(fixture_get(hypervisor, UUID_A).cpu_time_ns > time_ns, "CPU time grows");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
	hypervisor_get_host_usage(hypervisor, &after, &fixture_error);
	ok(after.cpu_time_ns > before.cpu_time_ns, "the host's never shrinks");
	hypervisor_get_vcpus(hypervisor, DOMAIN_0_UUID, vcpus, 8, &count, &fixture_error);
	ok(count == 4 && vcpus[0].running, "Domain-0's first vCPU runs");
}

/* Every op fails when it is told to, and does nothing. */
static void test_faults(struct hypervisor *h)
{
	const struct key_value platform = {"pae", "true"};
	struct domain_config config = fixture_config(UUID_A, 100);
	struct domain_info info, *domains = NULL;
	struct host_usage usage;
	struct hypervisor_event event;
	struct scheduling scheduling = {.cap = 5};
	size_t count;
	int domid;

	config.platform = &platform;
	config.platform_count = 1;
	is_int(hypervisor_start(h, &config, false, &domid, &fixture_error), 0, "a PVH guest");
	ok(strstr(fixture_ask("state"), "\"platform\":{\"pae\":\"true\"}"), "with its platform");
#define FAULT(call)                        \
	fixture_ask("fail any 1 as told"); \
	fixture_refused(call, HYPERVISOR_FAILED, "as told")
	FAULT(hypervisor_get_host_usage(h, &usage, &fixture_error));
	FAULT(hypervisor_list_domains(h, &domains, &count, &fixture_error));
	FAULT(hypervisor_get_domain(h, UUID_A, &info, &fixture_error));
	FAULT(hypervisor_get_vcpus(h, UUID_A, NULL, 0, &count, &fixture_error));
	FAULT(hypervisor_wait_event(h, 0, &event, &fixture_error));
	FAULT(hypervisor_pause(h, UUID_A, &fixture_error));
	FAULT(hypervisor_shutdown(h, UUID_A, SHUTDOWN_POWEROFF, 10000, &fixture_error));
	FAULT(hypervisor_suspend(h, UUID_A, "/nowhere", &fixture_error));
	FAULT(hypervisor_go_on(h, UUID_A, &fixture_error));
	FAULT(hypervisor_send_sysrq(h, UUID_A, 'h', &fixture_error));
	FAULT(hypervisor_send_trigger(h, UUID_A, TRIGGER_NMI, &fixture_error));
	FAULT(fixture_set_target(h, UUID_A, 64 * MIB));
	FAULT(hypervisor_set_memory_maximum(h, UUID_A, 100 * MIB, &fixture_error));
	FAULT(hypervisor_set_vcpus(h, UUID_A, 5, &fixture_error));
	FAULT(hypervisor_set_scheduling(h, UUID_A, &scheduling, &fixture_error));
	FAULT(hypervisor_set_shadow_memory(h, UUID_A, 0, &fixture_error));
	FAULT(hypervisor_destroy(h, UUID_A, &fixture_error));
	info = fixture_get(h, UUID_A);
	ok(!info.paused && !info.shutdown && info.vcpus_online == 1, "the guest runs as it did");
	is_int(info.memory_target, 100 * MIB, "its target");
	is_int(info.memory_maximum, 200 * MIB, "its maximum");
	hypervisor_destroy(h, UUID_A, &fixture_error);
	FAULT(hypervisor_start(h, &config, false, &domid, &fixture_error));
	FAULT(hypervisor_resume(h, &config, "/nowhere", false, &domid, &fixture_error));
	config.type = GUEST_PV;
	is_int(hypervisor_start(h, &config, true, &domid, &fixture_error), 0, "a PV guest");
	FAULT(hypervisor_unpause(h, UUID_A, &fixture_error));
#undef FAULT
	is_int(hypervisor_set_shadow_memory(h, UUID_A, 100 * MIB, &fixture_error), 0,
	       "has no shadow memory");
	is_int(fixture_memory_free(h), 60 * GIB - 108 * MIB, "none is taken");
	hypervisor_destroy(h, UUID_A, &fixture_error);
}

int main(void)
{
	struct hypervisor *hypervisor = fixture_open(NULL, 0);

	test_host(hypervisor);
	test_start(hypervisor);
	test_start_refusals(hypervisor);
	test_long_name(hypervisor);
	test_shadow(hypervisor);
	test_vcpus(hypervisor);
	test_faults(hypervisor);
	hypervisor_close(hypervisor);
	test_small_host();
	test_memory_runs_out();
	test_balloon();
	return done_testing();
}
