/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_fault.c – the way into every op: counts it, and fails or delays it when told to */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"

#include <stdio.h>

#define FAULTS_MAX 256

enum { ANY = HYPERVISOR_OPS, CHANGE };

struct fault {
	int op;	    /* enum hypervisor_op, ANY or CHANGE */
	bool every; /* call, otherwise the one that counts nth down to 0 */
	int64_t nth;
	int64_t delay_ms; /* negative: the call fails instead */
	enum hypervisor_error_kind kind;
	char text[256];
};

static const bool changes[] = {
#define OP(name, changes_it, ...) changes_it,
#include "server/hypervisor/ops.def"
};

static int find_op(const char *name)
{
	static const char *const names[] = {
#define OP(op, ...) #op,
#include "server/hypervisor/ops.def"
		"any", "change"};

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

int simulator_add_fault(struct simulator *simulator, const char *op, int64_t nth, int64_t delay_ms,
			enum hypervisor_error_kind kind, const char *text,
			struct hypervisor_error *err)
{
	int number = find_op(op);
	struct fault *fault;

	if (number < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no op \"%.64s\"", op);
	if (simulator->fault_count >= FAULTS_MAX)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there are %d faults already",
				       FAULTS_MAX);
	simulator->faults = reallocate(simulator->faults,
				       (simulator->fault_count + 1) * sizeof(*simulator->faults));
	fault = &simulator->faults[simulator->fault_count++];
	*fault = (struct fault){
		.op = number, .every = nth == 0, .nth = nth, .delay_ms = delay_ms, .kind = kind};
	snprintf(fault->text, sizeof(fault->text), "%s", text);
	return 0;
}

void simulator_clear_faults(struct simulator *simulator)
{
	simulator->fault_count = 0;
	simulator->clears++;
	pthread_cond_broadcast(&simulator->changed);
}

static bool matches(const struct fault *fault, enum hypervisor_op op)
{
	return fault->op == (int)op || fault->op == ANY || (fault->op == CHANGE && changes[op]);
}

/* Takes the faults that this call is the n-th of; the first failure counts, delays add up. */
static void take_faults(struct simulator *simulator, enum hypervisor_op op, int64_t *ret_delay_ms,
			struct fault *ret_failure)
{
	size_t kept = 0;

	for (size_t i = 0; i < simulator->fault_count; i++) {
		struct fault *fault = &simulator->faults[i];
		bool matched = matches(fault, op);
		bool spent = matched && !fault->every && --fault->nth == 0;

		if (matched && (fault->every || spent)) {
			if (fault->delay_ms >= 0)
				*ret_delay_ms += fault->delay_ms;
			else if (ret_failure->kind == HYPERVISOR_OK)
				*ret_failure = *fault;
		}
		if (!spent)
			simulator->faults[kept++] = *fault;
	}
	simulator->fault_count = kept;
}

static void fail_as_told(const struct simulator *simulator, const struct fault *failure,
			 struct hypervisor_error *err)
{
	hypervisor_fail(err, failure->kind, "%s", failure->text);
	if (failure->kind != HYPERVISOR_NO_MEMORY)
		return;
	err->available = simulator_memory_free(simulator);
	err->needed = err->available + MIB;
}

struct simulator *simulator_enter(void *adapter, enum hypervisor_op op,
				  struct hypervisor_error *err)
{
	struct simulator *simulator = adapter;
	struct fault failure = {.kind = HYPERVISOR_OK};
	int64_t delay_ms = 0;
	uint64_t clears;

	pthread_mutex_lock(&simulator->lock);
	simulator->calls[op]++;
	clears = simulator->clears;
	take_faults(simulator, op, &delay_ms, &failure);
	if (delay_ms > 0) {
		int64_t due_ns = simulator_now(simulator) + delay_ms * 1000000;

		while (clears == simulator->clears && simulator_wait(simulator, due_ns))
			;
	}
	simulator_advance(simulator);
	if (failure.kind == HYPERVISOR_OK)
		return simulator;
	fail_as_told(simulator, &failure, err);
	pthread_mutex_unlock(&simulator->lock);
	return NULL;
}

void simulator_leave(struct simulator **simulator)
{
	if (*simulator)
		pthread_mutex_unlock(&(*simulator)->lock);
}
