/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_copy.c – copies of domains, and templates to begin with. */
#include "rpc/xm/follow.h"
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"

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
