/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* requests.c – how many calls there were, how they ended and how long they took. Of the process. */
#include "server/api/requests.h"

#include "schema/clock.h"
#include "schema/meter.h"

#define MESSAGES_MAX 4096
#define RUNS (RUNS_WAIT + 1)

/* The last place is that of names that no message has: clients do not make new labels. */
static struct count {
	atomic_ullong done;
	atomic_ullong failed;
} counts[MESSAGES_MAX + 1];
static atomic_ullong errors[ERROR_COUNT];
static struct histogram seconds[RUNS];

static const char *const runs_names[RUNS] = {[RUNS_READ] = "read",
					     [RUNS_CHANGE] = "change",
					     [RUNS_OPERATION] = "operation",
					     [RUNS_WORK] = "work",
					     [RUNS_WAIT] = "wait"};

static struct count *count_of(const struct message_info *message)
{
	size_t index = message ? schema_message_index(message) : MESSAGES_MAX;

	return &counts[lesser_of((int64_t)index, MESSAGES_MAX)];
}

void requests_note(const struct call *call)
{
	struct count *count = count_of(call->message);
	bool failed = call->error.code != ERROR_NONE;

	atomic_fetch_add_explicit(failed ? &count->failed : &count->done, 1, memory_order_relaxed);
	if (failed)
		atomic_fetch_add_explicit(&errors[call->error.code], 1, memory_order_relaxed);
	if (call->message)
		histogram_observe(&seconds[call->message->runs], METER_KIND_SECONDS,
				  clock_ns() - call->begun_ns);
}

static void write_outcome(struct buffer *out, const char *method, const char *outcome,
			  const atomic_ullong *count)
{
	unsigned long long so_far = atomic_load_explicit(count, memory_order_relaxed);
	AUTO_BUFFER labels = {0};

	if (!so_far)
		return;
	meter_add_label(&labels, "method", method);
	meter_add_label(&labels, "outcome", outcome);
	meter_write_sample(out, "requests_total", labels.data, (int64_t)so_far);
}

static void write_counts(struct buffer *out)
{
	size_t messages = schema_message_count();

	meter_write_head(out, METER_KIND_COUNTER, "requests", "Calls that were answered.");
	for (size_t i = 0; i < messages && i < MESSAGES_MAX; i++) {
		const char *method = schema_message_at(i)->name;

		write_outcome(out, method, "done", &counts[i].done);
		write_outcome(out, method, "failed", &counts[i].failed);
	}
	write_outcome(out, "", "failed", &counts[MESSAGES_MAX].failed);
}

static void write_errors(struct buffer *out)
{
	meter_write_head(out, METER_KIND_COUNTER, "request_errors", "Errors that were answered.");
	for (int code = ERROR_NONE + 1; code < ERROR_COUNT; code++) {
		unsigned long long so_far =
			atomic_load_explicit(&errors[code], memory_order_relaxed);
		AUTO_BUFFER labels = {0};

		if (!so_far)
			continue;
		meter_add_label(&labels, "code", error_info((enum error_code)code)->name);
		meter_write_sample(out, "request_errors_total", labels.data, (int64_t)so_far);
	}
}

void requests_write(struct buffer *out)
{
	write_counts(out);
	write_errors(out);
	meter_write_head(out, METER_KIND_SECONDS, "request_seconds",
			 "From a call's arrival to its answer, by what it does.");
	for (int i = 0; i < RUNS; i++) {
		AUTO_BUFFER labels = {0};

		meter_add_label(&labels, "kind", runs_names[i]);
		histogram_write(out, METER_KIND_SECONDS, "request_seconds", labels.data,
				&seconds[i]);
	}
}
