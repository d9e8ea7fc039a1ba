/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_guests.c – guests that start with the host, and all of them shut down when it does. */
#include "schema/clock.h"
#include "schema/log.h"
#include "server/api/dry_run.h"
#include "server/api/message.h"
#include "server/api/ordered_run.h"
#include "server/api/vm.h"

#include <errno.h>
#include <stdio.h>

/* One run: those that are started or stopped, and what became of them and of others. */
struct guests {
	struct ordered_run ordered;
	struct value *results; /* a set of maps, the answer */
	const char *boot; /* what is noted in the end: when they were started; "": they are not */
	const char *done; /* "started" */
};

static void add_result(struct value *results, const struct record *vm, const char *result,
		       const char *reason)
{
	struct value *map = value_map();

	value_put(map, "VM", value_reference(vm->ref));
	value_put(map, "name_label", value_string(record_text(vm, VM_name_label)));
	value_put(map, "result", value_string(result));
	value_put(map, "reason", value_string(reason));
	value_append(results, map);
}

/* Those that the server may start and stop. */
static bool is_guest(const struct record *vm)
{
	return record_bool(vm, VM_is_managed) && !record_bool(vm, VM_is_a_template) &&
	       !record_bool(vm, VM_is_a_snapshot) && !record_bool(vm, VM_is_control_domain);
}

static void collect_start(struct transaction *transaction, const struct record *vm, void *argument)
{
	struct guests *guests = argument;

	(void)transaction;
	if (!is_guest(vm) || !vm_starts_with_host(vm))
		return;
	if (vm_is_live(vm))
		add_result(guests->results, vm, "running", "");
	else if (record_is(vm, VM_power_state, "Suspended"))
		add_result(guests->results, vm, "suspended", "it is resumed, not started");
	else
		ordered_run_add(&guests->ordered, vm);
}

static void collect_stop(struct transaction *transaction, const struct record *vm, void *argument)
{
	struct guests *guests = argument;

	(void)transaction;
	if (is_guest(vm) && vm_is_live(vm))
		ordered_run_add(&guests->ordered, vm);
}

static int begin(struct transaction *transaction, void *argument, struct error *err)
{
	struct guests *guests = argument;

	(void)err;
	value_release(guests->results);
	guests->results = value_set();
	ordered_run_begin(&guests->ordered, transaction);
	transaction_each(transaction, CLASS_VM,
			 guests->ordered.is_start ? collect_start : collect_stop, guests);
	return 0;
}

/* Noted last: after a crash in the middle the rest is still to be done. */
static int end(struct transaction *transaction, void *argument, struct error *err)
{
	struct guests *guests = argument;
	struct record *host =
		transaction_edit(transaction, CLASS_host, guests->ordered.call->api->host_ref);

	(void)err;
	ordered_run_end(&guests->ordered, transaction);
	record_set_text(host, host_guests_started, guests->boot);
	if (guests->ordered.is_start)
		record_set(host, host_guests_results, value_reference(guests->results));
	return 0;
}

/* One that failed does not hold up the others; it is in the answer, in the log, and a message
 * object. */
static void tell(struct guests *guests, const struct ordered_part *part)
{
	struct api *api = guests->ordered.call->api;
	bool failed = ordered_part_has_failed(part);
	AUTO(record) vm = store_read(api->store, CLASS_VM, part->vm->text);
	AUTO_TEXT reason = failed ? ordered_part_reason(part) : text_copy("");

	/* nobody is interested in one that is gone */
	if (!vm)
		return;
	add_result(guests->results, vm, failed ? "failed" : guests->done, reason);
	if (dry_run_is_on())
		return;
	if (!failed) {
		log_info("%s was %s with the host", record_text(vm, VM_name_label), guests->done);
		return;
	}
	log_warning("%s was not %s with the host: %s", record_text(vm, VM_name_label), guests->done,
		    reason);
	message_note_text(api, vm,
			  guests->ordered.is_start ? "VM_AUTOSTART_FAILED" : "VM_SHUTDOWN_FAILED",
			  reason);
}

static int run_guests(struct guests *guests, struct error *err)
{
	struct ordered_run *run = &guests->ordered;
	struct store *store = run->call->api->store;
	bool closing;
	int rc = store_mutate(store, begin, guests, err);

	if (rc == 0) {
		ordered_run_go(run);
		for (size_t i = 0; i < run->count; i++)
			tell(guests, &run->parts[i]);
		closing = atomic_load(&run->call->api->closing);
		/* what the server's end has cut short is done by the next call */
		if (closing && !ordered_run_is_whole(run))
			guests->boot = "";
		rc = store_mutate(store, end, guests, err);
		if (rc == 0 && !closing && !ordered_run_is_whole(run))
			rc = fail(err, ERROR_TASK_CANCELLED, run->task);
	}
	if (rc == 0)
		run->call->result = value_reference(guests->results);
	ordered_run_free(run);
	value_release(guests->results);
	return rc;
}

/* One at a time: what one starts the other would stop. */
static int run_alone(struct guests *guests, struct error *err)
{
	struct api *api = guests->ordered.call->api;
	int rc;

	if (atomic_flag_test_and_set(&api->moving_guests))
		return fail(err, ERROR_OTHER_OPERATION_IN_PROGRESS, "host", api->host_ref,
			    "autostart or shutdown_guests", "");
	rc = run_guests(guests, err);
	atomic_flag_clear(&api->moving_guests);
	return rc;
}

/* What the kernel says of this boot of the host, to be freed. */
static char *read_boot(const struct api *api, struct error *err)
{
	char text[64] = "";
	FILE *file = fopen(api->options.boot_id, "re");
	bool good = file && fgets(text, sizeof(text), file) && *text != '\n';
	AUTO_TEXT problem = NULL;

	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
	if (good)
		return text_copy(text);
	problem = text_format("%s: it does not say which boot of the host this is",
			      api->options.boot_id);
	fail(err, ERROR_INTERNAL_ERROR, problem);
	return NULL;
}

int run_host_autostart(struct call *call, struct error *err)
{
	AUTO_TEXT boot = read_boot(call->api, err);
	AUTO(record) host = store_read(call->api->store, CLASS_host, call->api->host_ref);
	struct guests guests = {{.call = call,
				 .message = "VM.start",
				 .handler = run_VM_start,
				 .wanted = "Running",
				 .is_start = true},
				.boot = boot,
				.done = "started"};

	if (!boot)
		return -1;
	if (argument_bool(call, 1) || !record_is(host, host_guests_started, boot))
		return run_alone(&guests, err);
	call->result = value_reference(record_get(host, host_guests_results));
	return 0;
}

int run_host_shutdown_guests(struct call *call, struct error *err)
{
	struct guests guests = {{.call = call,
				 .message = "VM.shutdown",
				 .handler = run_VM_shutdown,
				 .wanted = "Halted",
				 .deadline_ms = clock_ms() + call->api->options.guests_timeout_ms},
				.boot = "",
				.done = "shut down"};

	return run_alone(&guests, err);
}
