/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_set.c – set: fields of a domain in one change, and pending: what waits for its next start. */
#include "rpc/xm/run.h"
#include "rpc/xm/change.h"
#include "rpc/xm/field.h"

#include <string.h>

/* NULL: the user was told what is wrong. */
static struct value *read_fields(struct xm *xm)
{
	struct value *fields = value_map();

	for (int i = 1; i < xm->count; i++) {
		char *name = NULL;
		struct value *value = NULL;
		AUTO_TEXT shown = terminal_quoted(xm->arguments[i]);
		const char *problem = field_read(xm->arguments[i], &name, &value);

		if (!problem && value_find(fields, name)) {
			problem = "it is there twice";
			value_release(value);
			free(name);
		}
		if (problem) {
			xm_misuse(xm, "%s: %s", shown, problem);
			value_release(fields);
			return NULL;
		}
		value_put(fields, name, value);
		free(name);
	}
	return fields;
}

enum status run_set(struct xm *xm)
{
	AUTO(value) fields = read_fields(xm);
	AUTO(value) result = NULL;
	AUTO_TEXT name = NULL;
	AUTO_TEXT before = NULL;
	struct value *options = value_map();
	enum status status;

	value_put(options, "when",
		  value_string(xm->options.next_boot ? "next_boot" :
			       xm->options.now	     ? "now" :
						       "auto"));
	value_put(options, "dry_run", value_bool(xm->options.dry_run || xm->plans));
	xm->plans = false; /* an update says it better itself */
	status = fields ? vm_find(xm, xm->arguments[0]) : STATUS_USAGE;
	if (status != STATUS_DONE) {
		value_release(options);
		return status;
	}
	xm_begin(xm, "changing", xm->arguments[0]);
	if (!xm_call(xm, "VM.update",
		     parameters_of(value_reference(xm->subject.ref), value_reference(fields),
				   options, (struct value *)NULL),
		     &result))
		return xm_report(xm);
	name = vm_name(xm);
	before = text_format("%s: ", name);
	change_print_all(before, result);
	return STATUS_DONE;
}

static void print_entry(const struct vm *vm, const char *field, const struct value *entry)
{
	const struct value *running = value_find(entry, "running");
	const struct value *next = value_find(entry, "next");
	const char *by = value_find_text(entry, "by");
	AUTO_TEXT was = running ? field_text(field, running) : text_copy("");
	AUTO_TEXT will_be = next ? field_text(field, next) : text_copy("");

	terminal_print(stdout, vm_text(vm, "name_label"), 24);
	putchar(' ');
	terminal_print(stdout, field, 22);
	putchar(' ');
	terminal_print(stdout, was, 14);
	putchar(' ');
	terminal_print(stdout, will_be, 14);
	putchar(' ');
	terminal_print(stdout, by ? by : "", 0);
	putchar('\n');
}

/* Those that nothing waits for are not asked. */
static bool print_pending(struct xm *xm, const struct vm *vm)
{
	AUTO(value) pending = NULL;

	if (!vm_flag(vm, "requires_reboot"))
		return true;
	pending = xm_ask(xm, "VM.get_pending", vm_text(vm, "uuid"));
	for (uint32_t i = 0; pending && pending->kind == VALUE_MAP && i < pending->length; i++)
		print_entry(vm, pending->members[i].key->text, pending->members[i].value);
	return pending;
}

static enum status drop(struct xm *xm)
{
	struct value *names;
	enum status status;

	if (!xm->count)
		return xm_misuse(xm, "--drop needs a domain");
	status = vm_find(xm, xm->arguments[0]);
	if (status != STATUS_DONE)
		return status;
	names = value_set();
	for (int i = 1; i < xm->count; i++)
		value_append(names, value_string(xm->arguments[i]));
	if (!xm_call(xm, "VM.drop_pending",
		     parameters_of(value_reference(xm->subject.ref), names, (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

enum status run_pending(struct xm *xm)
{
	AUTO_VMS vms = {0};
	enum status status;

	if (xm->options.drop)
		return drop(xm);
	status = vms_read(xm, &vms);
	if (status != STATUS_DONE && !vms.count)
		return status;
	printf("%-24s %-22s %-14s %-14s %s\n", "Name", "Field", "Running", "Next start", "By");
	for (size_t i = 0; i < vms.count; i++)
		if (!print_pending(xm, &vms.items[i]))
			return xm_report(xm);
	return status;
}
