/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm.c – the VMs that arguments name, and their records. */
#include "rpc/xm/vm.h"

#include "rpc/xm/amount.h"
#include "rpc/xm/object.h"
#include "rpc/xm/terminal.h"
#include "schema/error.h"
#include "schema/uuid.h"

#include <time.h>

static const struct value no_metrics = {.kind = VALUE_MAP};

const char *vm_text(const struct vm *vm, const char *field)
{
	const char *text = value_find_text(vm->record, field);

	return text ? text : "";
}

static bool flag_of(const struct value *record, const char *field)
{
	const struct value *flag = value_find(record, field);

	return flag && flag->kind == VALUE_BOOL && flag->boolean;
}

bool vm_flag(const struct vm *vm, const char *field)
{
	return flag_of(vm->record, field);
}

static bool is_pattern(const struct value *record)
{
	return flag_of(record, "is_a_template") || flag_of(record, "is_a_snapshot");
}

bool vm_has_domain(const struct vm *vm)
{
	const char *state = vm_text(vm, "power_state");

	return strcmp(state, "Running") == 0 || strcmp(state, "Paused") == 0;
}

double vm_seconds(const struct vm *vm, const char *key)
{
	const struct value *other = value_find(vm->metrics, "VCPUs_params");
	const char *text = other && other->kind == VALUE_MAP ? value_find_text(other, key) : NULL;

	return text ? strtod(text, NULL) : 0;
}

int64_t date_seconds(const struct value *record, const char *field)
{
	const struct value *date = value_find(record, field);
	struct tm parts = {0};

	if (!date || (date->kind != VALUE_DATETIME && date->kind != VALUE_STRING) ||
	    !strptime(date->text, "%Y%m%dT%H:%M:%S", &parts))
		return 0;
	return timegm(&parts);
}

/* *ret_ref is NULL when there is none; false: the call failed for another reason. */
static bool find_by_uuid(struct xm *xm, const char *argument, struct value **ret_ref)
{
	const char *code;

	if (xm_call(xm, "VM.get_by_uuid",
		    parameters_of(value_string(argument), (struct value *)NULL), ret_ref))
		return true;
	code = failure_part(&xm->failure, 0);
	return code && strcmp(code, error_info(ERROR_UUID_INVALID)->name) == 0;
}

/* A candidate is {"ref", "record"}. */
static struct value *candidate_of(const struct value *ref, const struct value *record)
{
	struct value *candidate = value_map();

	value_put(candidate, "ref", value_reference(ref));
	value_put(candidate, "record", value_reference(record));
	return candidate;
}

static bool add_refs(struct xm *xm, const struct value *refs, struct value *candidates)
{
	for (uint32_t i = 0; i < refs->length; i++) {
		AUTO(value) record = NULL;

		if (!xm_call(xm, "VM.get_record",
			     parameters_of(value_reference(refs->items[i]), (struct value *)NULL),
			     &record))
			return false;
		value_append(candidates, candidate_of(refs->items[i], record));
	}
	return true;
}

/* Only records know the ids of domains, and a number may be a name as well. */
static bool find_by_number(struct xm *xm, const char *argument, struct value *candidates)
{
	static const char *const fields[] = {"name_label",  "uuid",	     "domid",
					     "power_state", "is_a_template", "is_a_snapshot",
					     NULL};
	AUTO(value) all = NULL;
	int64_t domid = -1;

	amount_read_count(argument, 0, INT32_MAX, &domid);
	if (object_read_fields(xm, "VM", fields, &all) != STATUS_DONE)
		return false;
	for (uint32_t i = 0; i < all->length; i++) {
		const struct member *member = &all->members[i];
		struct vm vm = {member->value, NULL};

		if ((domid >= 0 && vm_has_domain(&vm) &&
		     amount_of(member->value, "domid") == domid) ||
		    strcmp(vm_text(&vm, "name_label"), argument) == 0)
			value_append(candidates, candidate_of(member->key, member->value));
	}
	return true;
}

static const struct value *choose_candidate(const struct value *candidates)
{
	const struct value *chosen = NULL;

	if (candidates->length == 1)
		return candidates->items[0];
	for (uint32_t i = 0; i < candidates->length; i++) {
		if (is_pattern(value_find(candidates->items[i], "record")))
			continue;
		if (chosen)
			return NULL;
		chosen = candidates->items[i];
	}
	return chosen;
}

static enum status fail_ambiguous(const char *argument, const struct value *candidates)
{
	AUTO_TEXT shown = terminal_quoted(argument);

	xm_fail("%s is %u domains; say which by its uuid:", shown, candidates->length);
	for (uint32_t i = 0; i < candidates->length; i++) {
		const struct vm vm = {(struct value *)(uintptr_t)value_find(candidates->items[i],
									    "record"),
				      NULL};
		int64_t domid = amount_of(vm.record, "domid");

		fprintf(stderr, "  ");
		terminal_print(stderr, vm_text(&vm, "uuid"), 36);
		fputs("  ", stderr);
		terminal_print(stderr,
			       is_pattern(vm.record) ? "template" : vm_text(&vm, "power_state"), 9);
		fputs("  ", stderr);
		if (vm_has_domain(&vm))
			fprintf(stderr, "id %lld  ", (long long)domid);
		terminal_print(stderr, vm_text(&vm, "name_label"), 0);
		fputc('\n', stderr);
	}
	return STATUS_FAILED;
}

static void set_subject(struct xm *xm, const struct value *ref, const char *name)
{
	value_release(xm->subject.ref);
	value_release(xm->subject.name);
	xm->subject.ref = value_reference(ref);
	xm->subject.name = name ? value_string(name) : NULL;
}

/* By number or by name. */
static enum status find_candidate(struct xm *xm, const char *argument)
{
	AUTO(value) candidates = value_set();
	AUTO(value) refs = NULL;
	const struct value *chosen;
	const char *name;

	if (argument[0] && strspn(argument, "0123456789") == strlen(argument)) {
		if (!find_by_number(xm, argument, candidates))
			return STATUS_FAILED;
	} else {
		if (!xm_call(xm, "VM.get_by_name_label",
			     parameters_of(value_string(argument), (struct value *)NULL), &refs))
			return xm_report(xm);
		if (refs->kind == VALUE_SET && refs->length == 1) {
			set_subject(xm, refs->items[0], argument);
			return STATUS_DONE;
		}
		if (refs->kind == VALUE_SET && !add_refs(xm, refs, candidates))
			return xm_report(xm);
	}
	chosen = choose_candidate(candidates);
	if (!chosen && candidates->length)
		return fail_ambiguous(argument, candidates);
	if (!chosen) {
		AUTO_TEXT shown = terminal_quoted(argument);

		return xm_fail("no domain %s", shown);
	}
	name = value_find_text(value_find(chosen, "record"), "name_label");
	set_subject(xm, value_find(chosen, "ref"), name);
	return STATUS_DONE;
}

enum status vm_find(struct xm *xm, const char *argument)
{
	AUTO(value) ref = NULL;

	if (uuid_is_valid(argument)) {
		if (!find_by_uuid(xm, argument, &ref))
			return xm_report(xm);
		if (ref) {
			set_subject(xm, ref, NULL);
			return STATUS_DONE;
		}
	}
	return find_candidate(xm, argument);
}

char *vm_name(struct xm *xm)
{
	if (!xm->subject.name)
		xm_call(xm, "VM.get_name_label",
			parameters_of(value_reference(xm->subject.ref), (struct value *)NULL),
			&xm->subject.name);
	if (!xm->subject.name || xm->subject.name->kind != VALUE_STRING)
		return terminal_text(xm->subject.ref->text);
	return terminal_text(xm->subject.name->text);
}

void vms_cleanup(struct vms *vms)
{
	for (size_t i = 0; i < vms->count; i++) {
		value_release(vms->items[i].record);
		value_release(vms->items[i].metrics);
	}
	free(vms->items);
	*vms = (struct vms){0};
}

static bool read_one(struct xm *xm, const char *argument, struct vm *ret_vm)
{
	AUTO(value) record = NULL;
	AUTO(value) metrics = NULL;
	const char *ref;

	if (vm_find(xm, argument) != STATUS_DONE)
		return false;
	if (!xm_call(xm, "VM.get_record",
		     parameters_of(value_reference(xm->subject.ref), (struct value *)NULL),
		     &record)) {
		xm_report(xm);
		return false;
	}
	ref = value_find_text(record, "metrics");
	/* one without metrics is shown without */
	if (ref)
		xm_call(xm, "VM_metrics.get_record",
			parameters_of(value_string(ref), (struct value *)NULL), &metrics);
	*ret_vm = (struct vm){TAKE(record), metrics ? TAKE(metrics) : value_reference(&no_metrics)};
	return true;
}

/* 0 Domain-0, 1 the others that run, 2 the rest */
static int rank_of(const struct vm *vm)
{
	return vm_flag(vm, "is_control_domain") ? 0 : vm_has_domain(vm) ? 1 : 2;
}

static int compare(const void *left, const void *right)
{
	const struct vm *a = left, *b = right;
	int rank = rank_of(a) - rank_of(b), order;

	if (rank)
		return rank;
	if (rank_of(a) == 1) {
		int64_t difference = amount_of(a->record, "domid") - amount_of(b->record, "domid");

		return difference < 0 ? -1 : difference > 0;
	}
	order = strcmp(vm_text(a, "name_label"), vm_text(b, "name_label"));
	return order ? order : strcmp(vm_text(a, "uuid"), vm_text(b, "uuid"));
}

static enum status read_records(struct xm *xm, const char *cls, const char *const *fields,
				struct value **ret_records)
{
	return fields ? object_read_fields(xm, cls, fields, ret_records) :
			object_read_all(xm, cls, ret_records);
}

static enum status read_all(struct xm *xm, const struct vm_fields *fields, struct vms *vms)
{
	AUTO(value) records = NULL;
	AUTO(value) metrics = NULL;

	if (read_records(xm, "VM", fields ? fields->vm : NULL, &records) != STATUS_DONE ||
	    read_records(xm, "VM_metrics", fields ? fields->metrics : NULL, &metrics) !=
		    STATUS_DONE)
		return STATUS_FAILED;
	vms->items = allocate(records->length * sizeof(*vms->items) + 1);
	for (uint32_t i = 0; i < records->length; i++) {
		const struct value *record = records->members[i].value;
		const char *ref = value_find_text(record, "metrics");
		const struct value *found = ref ? value_find(metrics, ref) : NULL;

		if (record->kind != VALUE_MAP || (is_pattern(record) && !xm->options.templates))
			continue;
		if (!found || found->kind != VALUE_MAP)
			found = &no_metrics;
		vms->items[vms->count++] =
			(struct vm){value_reference(record), value_reference(found)};
	}
	qsort(vms->items, vms->count, sizeof(*vms->items), compare);
	return STATUS_DONE;
}

enum status vms_read_fields(struct xm *xm, const struct vm_fields *fields, struct vms *ret_vms)
{
	enum status status = STATUS_DONE;

	if (!xm->count)
		return read_all(xm, fields, ret_vms);
	ret_vms->items = allocate((size_t)xm->count * sizeof(*ret_vms->items));
	/* those that can be shown are, whatever is wrong with the others */
	for (int i = 0; i < xm->count; i++) {
		if (read_one(xm, xm->arguments[i], &ret_vms->items[ret_vms->count]))
			ret_vms->count++;
		else
			status = STATUS_FAILED;
	}
	return status;
}

enum status vms_read(struct xm *xm, struct vms *ret_vms)
{
	return vms_read_fields(xm, NULL, ret_vms);
}
