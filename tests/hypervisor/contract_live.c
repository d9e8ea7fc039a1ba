/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* contract_live.c – the contract test of what changes a domain that runs */
#include "schema/base.h"
#include "tests/hypervisor/contract.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>

#define THREADS 4

static void set_target(int64_t bytes)
{
	contract_done(fixture_set_target(contract.hypervisor, contract.a, bytes),
		      "a target of %jd MiB", (intmax_t)(bytes / MIB));
	is_int(fixture_get(contract.hypervisor, contract.a).memory_target, bytes & ~(int64_t)1023,
	       "it is set at once, in whole KiB");
}

static void refuse_target(int64_t bytes, enum hypervisor_error_kind kind, const char *what)
{
	contract_refused(fixture_set_target(contract.hypervisor, contract.a, bytes), kind, what);
	is_int(fixture_get(contract.hypervisor, contract.a).memory_target, MEMORY,
	       "%s: the target is as it was", what);
}

/* Free memory is what nobody is going to have: a growing guest's is not free any more. */
void contract_test_memory(void)
{
	struct hypervisor *h = contract.hypervisor;
	int64_t free_before = fixture_memory_free(h);

	set_target(MEMORY_LESS);
	contract_await(contract.a, contract_has_memory, MEMORY_LESS, "the balloon gets there");
	contract_await_free(free_before + MEMORY - MEMORY_LESS, "the host has what it gave");
	set_target(MEMORY_MOST);
	ok(fixture_memory_free(h) <= free_before + MEMORY - MEMORY_MOST + HOST_TOLERANCE,
	   "what a guest is to have is not free");
	contract_await(contract.a, contract_has_memory, MEMORY_MOST, "the balloon gets there");
	set_target(MEMORY + 1023);
	contract_await(contract.a, contract_has_memory, MEMORY, "the balloon gets there");
	contract_await_free(free_before, "the host has as much as before");
	refuse_target(MEMORY_MOST + 1024, HYPERVISOR_FAILED, "a target above the maximum");
	refuse_target(0, HYPERVISOR_FAILED, "a target of nothing");
	refuse_target(-MIB, HYPERVISOR_FAILED, "a target of less");
}

static void set_maximum(int64_t bytes)
{
	contract_done(hypervisor_set_memory_maximum(contract.hypervisor, contract.a, bytes,
						    &fixture_error),
		      "a maximum of %jd MiB", (intmax_t)(bytes / MIB));
	is_int(fixture_get(contract.hypervisor, contract.a).memory_maximum, bytes & ~(int64_t)1023,
	       "it is set");
}

void contract_test_maximum(void)
{
	contract_refused(hypervisor_set_memory_maximum(contract.hypervisor, contract.a,
						       MEMORY - MIB, &fixture_error),
			 HYPERVISOR_FAILED, "a maximum below the target");
	is_int(fixture_get(contract.hypervisor, contract.a).memory_maximum, MEMORY_MOST,
	       "it is as it was");
	set_maximum(MEMORY);
	refuse_target(MEMORY + MIB, HYPERVISOR_FAILED, "a target above the new maximum");
	set_maximum(2 * MEMORY_MOST);
	set_maximum(MEMORY_MOST);
	is_int(fixture_get(contract.hypervisor, contract.a).memory_target, MEMORY,
	       "the target is as it was");
}

/* A maximum is no promise. */
void contract_test_memory_runs_out(void)
{
	int64_t available = fixture_memory_free(contract.hypervisor);

	set_maximum(available + 2 * MEMORY);
	refuse_target(available + 2 * MEMORY, HYPERVISOR_NO_MEMORY, "more than there is");
	ok(fixture_error.needed > fixture_error.available && fixture_error.available > 0,
	   "what it needs, and what there is");
	contract_await_free(available, "nothing was taken");
	set_maximum(MEMORY_MOST);
}

static void set_vcpus(int count)
{
	contract_done(hypervisor_set_vcpus(contract.hypervisor, contract.a, count, &fixture_error),
		      "%d vCPUs", count);
	is_int(fixture_get(contract.hypervisor, contract.a).vcpus_target, count,
	       "the guest is told at once");
	contract_await(contract.a, contract_has_vcpus, count, "they come to be online");
}

/* The guest takes them up and gives them back. */
void contract_test_vcpus(void)
{
	struct hypervisor *h = contract.hypervisor;
	struct vcpu_info vcpus[VCPUS_MOST] = {{0}};
	size_t count = 0;

	contract_refused(hypervisor_set_vcpus(h, contract.a, 0, &fixture_error), HYPERVISOR_FAILED,
			 "no vCPUs");
	contract_refused(hypervisor_set_vcpus(h, contract.a, VCPUS_MOST + 1, &fixture_error),
			 HYPERVISOR_FAILED, "more vCPUs than it may have");
	set_vcpus(VCPUS_MOST);
	contract_done(hypervisor_get_vcpus(h, contract.a, vcpus, VCPUS_MOST, &count,
					   &fixture_error),
		      "its vCPUs");
	is_int((int64_t)count, VCPUS_MOST, "as many as it may have");
	ok(vcpus[0].online && vcpus[1].online, "all are online");
	ok(vcpus[0].cpu_time_ns > 0, "the first has done something");
	ok(vcpus[0].pcpu >= 0 && vcpus[0].pcpu < hypervisor_host(h)->pcpus, "on a pCPU");
	set_vcpus(1);
	contract_done(hypervisor_get_vcpus(h, contract.a, vcpus, 1, &count, &fixture_error), "one");
	is_int((int64_t)count, VCPUS_MOST, "how many there are");
	contract_done(hypervisor_get_vcpus(h, contract.a, vcpus, VCPUS_MOST, &count,
					   &fixture_error),
		      "its vCPUs");
	ok(vcpus[0].online && !vcpus[1].online, "the second is gone");
}

void contract_test_scheduling(void)
{
	struct hypervisor *h = contract.hypervisor;
	AUTO_TEXT beyond = text_format("0;%d", hypervisor_host(h)->pcpus);
	const struct scheduling good[] = {
		{.weight = 512, .cap = 50, .mask = "0"},
		{.weight = 0, .cap = -1, .mask = "0;0"},
		{.weight = 256, .cap = 0, .mask = NULL},
	};
	const struct scheduling bad[] = {
		{.weight = 70000}, {.weight = -1},  {.cap = -2},
		{.cap = 70000},	   {.mask = "a-b"}, {.mask = beyond},
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		contract_done(hypervisor_set_scheduling(h, contract.a, &good[i], &fixture_error),
			      "scheduling %zu", i);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		contract_refused(hypervisor_set_scheduling(h, contract.a, &bad[i], &fixture_error),
				 HYPERVISOR_FAILED, "bad scheduling");
}

/* A PV guest has none. */
void contract_test_shadow(void)
{
	struct hypervisor *h = contract.hypervisor;
	int64_t free_before = fixture_memory_free(h);

	if (contract.type == GUEST_PV) {
		contract_done(hypervisor_set_shadow_memory(h, contract.a, 16 * MIB, &fixture_error),
			      "shadow memory");
		contract_await_free(free_before, "nothing was taken");
		return;
	}
	contract_refused(hypervisor_set_shadow_memory(h, contract.a, -1, &fixture_error),
			 HYPERVISOR_FAILED, "shadow memory below nothing");
	contract_done(hypervisor_set_shadow_memory(h, contract.a, 32 * MIB, &fixture_error),
		      "shadow memory");
	ok(fixture_memory_free(h) < free_before - 16 * MIB, "it is the host's");
	contract_done(hypervisor_set_shadow_memory(h, contract.a, 6 * MIB, &fixture_error),
		      "less of it");
}

/* How many of a round's calls were refused. */
static int run_round(const char *uuid, int round)
{
	struct hypervisor *h = contract.hypervisor;
	int64_t bytes = round % 2 ? MEMORY : MEMORY_LESS;
	const struct memory_range range = {bytes, bytes, bytes};
	const struct scheduling scheduling = {.weight = 256 + round, .cap = -1};
	struct hypervisor_error err = {0};
	struct domain_info *domains = NULL, info;
	struct host_usage usage;
	size_t count;
	int failures = 0;

#define COUNT(call)                              \
	if ((call) < 0) {                        \
		diag("%s: %s", #call, err.text); \
		failures++;                      \
	}
	COUNT(hypervisor_get_domain(h, uuid, &info, &err))
	COUNT(hypervisor_set_memory_target(h, uuid, &range, &err))
	COUNT(hypervisor_pause(h, uuid, &err))
	COUNT(hypervisor_set_vcpus(h, uuid, 1 + round % VCPUS_MOST, &err))
	COUNT(hypervisor_set_scheduling(h, uuid, &scheduling, &err))
	COUNT(hypervisor_list_domains(h, &domains, &count, &err))
	COUNT(hypervisor_get_host_usage(h, &usage, &err))
	COUNT(hypervisor_unpause(h, uuid, &err))
#undef COUNT
	free(domains);
	return failures;
}

static void *work(void *uuid)
{
	int *failures = allocate(sizeof(*failures));
	int rounds = contract.simulated ? 20 : 3;

	for (int i = 0; i < rounds; i++)
		*failures += run_round(uuid, i);
	return failures;
}

/* Two threads on each domain. */
void contract_test_threads(void)
{
	pthread_t threads[THREADS];
	int failures = 0;
	void *its;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, i % 2 ? contract.a : contract.b);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &its);
		failures += *(int *)its;
		free(its);
	}
	is_int(failures, 0, "%d threads: no call failed", THREADS);
	ok(!fixture_get(contract.hypervisor, contract.a).paused &&
		   !fixture_get(contract.hypervisor, contract.b).paused,
	   "both guests run");
	set_vcpus(1);
	set_target(MEMORY);
	contract_await(contract.a, contract_has_memory, MEMORY, "the balloon gets there");
}
