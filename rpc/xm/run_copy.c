/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_copy.c – copies of domains: clones, templates to begin with, snapshots to come back to. */
#include "rpc/xm/follow.h"
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"

#include <time.h>

static const char *const names[] = {"name_label", "uuid", NULL};

/* "web 2026-11-23 12:28:14" */
static char *default_name(struct xm *xm)
{
	AUTO_TEXT name = vm_name(xm);
	time_t now = time(NULL);
	char date[32];
	struct tm parts;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &parts));
	return text_format("%s %s", name, date);
}

/* Calls what makes a VM of the subject, and says its uuid. */
static enum status make_copy(struct xm *xm, const char *method, const char *name,
			     struct value **ret_ref)
{
	enum status status =
		follow_call_result(xm, method,
				   parameters_of(value_reference(xm->subject.ref),
						 value_string(name), (struct value *)NULL),
				   ret_ref);
	AUTO(value) uuid = NULL;

	if (status != STATUS_DONE)
		return status;
	uuid = xm_ask(xm, "VM.get_uuid", (*ret_ref)->text);
	if (!uuid)
		return xm_report(xm);
	terminal_print(stdout, uuid->text, 0);
	putchar('\n');
	return STATUS_DONE;
}

enum status run_snapshot(struct xm *xm)
{
	AUTO(value) ref = NULL;
	AUTO_TEXT name = NULL;
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	name = xm->count > 1 ? text_copy(xm->arguments[1]) : default_name(xm);
	xm_begin(xm, "snapshot of", xm->arguments[0]);
	return make_copy(xm, xm->options.memory ? "VM.checkpoint" : "VM.snapshot", name, &ref);
}

/* *ret_snapshots is a map by ref, oldest first. */
static enum status read_snapshots(struct xm *xm, struct value **ret_snapshots)
{
	AUTO(value) refs = NULL;
	AUTO(value) snapshots = value_map();
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	refs = xm_ask(xm, "VM.get_snapshots", xm->subject.ref->text);
	for (uint32_t i = 0; refs && refs->kind == VALUE_SET && i < refs->length; i++) {
		struct value *record = xm_ask(xm, "VM.get_record", refs->items[i]->text);

		if (!record)
			return xm_report(xm);
		value_put_member(snapshots, value_reference(refs->items[i]), record);
	}
	if (!refs)
		return xm_report(xm);
	*ret_snapshots = TAKE(snapshots);
	return STATUS_DONE;
}

static int compare_times(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int64_t first = date_seconds(a->value, "snapshot_time");
	int64_t second = date_seconds(b->value, "snapshot_time");

	return first < second ? -1 : first > second;
}

static void print_snapshot(const struct value *snapshot)
{
	time_t taken = (time_t)date_seconds(snapshot, "snapshot_time");
	char date[32];
	struct tm parts;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", localtime_r(&taken, &parts));
	terminal_print(stdout, object_text(snapshot, "uuid"), 36);
	printf(" %s %-6s ", date,
	       strcmp(object_text(snapshot, "power_state"), "Suspended") == 0 ? "yes" : "no");
	terminal_print(stdout, object_text(snapshot, "name_label"), 0);
	putchar('\n');
}

enum status run_snapshot_list(struct xm *xm)
{
	AUTO(value) snapshots = NULL;
	enum status status = read_snapshots(xm, &snapshots);

	if (status != STATUS_DONE)
		return status;
	if (snapshots->length)
		qsort(snapshots->members, snapshots->length, sizeof(*snapshots->members),
		      compare_times);
	printf("%-36s %-19s %-6s %s\n", "UUID", "Taken", "Memory", "Name");
	for (uint32_t i = 0; i < snapshots->length; i++)
		print_snapshot(snapshots->members[i].value);
	return STATUS_DONE;
}

static enum status find_snapshot(struct xm *xm, struct object *ret_snapshot)
{
	AUTO(value) snapshots = NULL;
	enum status status = read_snapshots(xm, &snapshots);

	if (status != STATUS_DONE)
		return status;
	return object_choose(snapshots, "snapshot", names, xm->arguments[1], ret_snapshot);
}

enum status run_revert(struct xm *xm)
{
	AUTO_OBJECT snapshot = {0};
	enum status status = find_snapshot(xm, &snapshot);

	if (status != STATUS_DONE)
		return status;
	xm_begin(xm, "reverting", xm->arguments[0]);
	return follow_call(xm, "VM.revert",
			   parameters_of(value_reference(snapshot.ref), (struct value *)NULL));
}

enum status run_snapshot_delete(struct xm *xm)
{
	AUTO_OBJECT snapshot = {0};
	enum status status = find_snapshot(xm, &snapshot);

	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, "VM.destroy",
		     parameters_of(value_reference(snapshot.ref), (struct value *)NULL), NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

enum status run_template_list(struct xm *xm)
{
	AUTO(value) vms = NULL;
	enum status status = object_read_all(xm, "VM", &vms);

	if (status != STATUS_DONE)
		return status;
	printf("%-36s %7s %5s %s\n", "UUID", "Memory", "VCPUs", "Name");
	for (uint32_t i = 0; i < vms->length; i++) {
		const struct value *vm = vms->members[i].value;

		if (!object_flag(vm, "is_a_template") || object_flag(vm, "is_a_snapshot"))
			continue;
		terminal_print(stdout, object_text(vm, "uuid"), 36);
		printf(" %7lld %5lld ", (long long)(amount_of(vm, "memory_static_max") / MIB),
		       (long long)amount_of(vm, "VCPUs_max"));
		terminal_print(stdout, object_text(vm, "name_label"), 0);
		putchar('\n');
	}
	return STATUS_DONE;
}

static enum status set_template(struct xm *xm, const struct value *vm, bool is_template)
{
	if (!xm_call(xm, "VM.set_is_a_template",
		     parameters_of(value_reference(vm), value_bool(is_template),
				   (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

enum status run_template_make(struct xm *xm)
{
	enum status status = vm_find(xm, xm->arguments[0]);

	return status == STATUS_DONE ? set_template(xm, xm->subject.ref, true) : status;
}

/* A copy of a template is one first. */
static enum status make_domain(struct xm *xm, const struct value *copy)
{
	AUTO(value) is_template = xm_ask(xm, "VM.get_is_a_template", copy->text);

	if (!is_template)
		return xm_report(xm);
	if (is_template->kind != VALUE_BOOL || !is_template->boolean)
		return STATUS_DONE;
	return set_template(xm, copy, false);
}

enum status run_clone(struct xm *xm)
{
	AUTO(value) copy = NULL;
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	if (!*xm->arguments[1])
		return xm_misuse(xm, "a name cannot be empty");
	xm_begin(xm, "copying", xm->arguments[0]);
	status = make_copy(xm, "VM.clone", xm->arguments[1], &copy);
	return status == STATUS_DONE ? make_domain(xm, copy) : status;
}
