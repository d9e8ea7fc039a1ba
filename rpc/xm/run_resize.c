/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_resize.c – mem-set, mem-max and vcpu-set: one call each, whatever the VM's state. */
#include "rpc/xm/run.h"

/* Fields that a user means when naming the command; what else changed is said. */
struct resize {
	const char *method;
	const char *named[3];
	bool memory; /* bytes, shown as MiB */
};

static void print_number(FILE *file, const char *text, bool memory)
{
	int64_t number = strtoll(text, NULL, 10);

	if (!memory)
		fprintf(file, "%lld", (long long)number);
	else if (number % MIB)
		fprintf(file, "%.2f MiB", (double)number / (double)MIB);
	else
		fprintf(file, "%lld MiB", (long long)(number / MIB));
}

/* The second of two named fields is worth a word where it did not agree with the first before. */
static bool is_expected(const struct resize *resize, const struct value *changes,
			const struct member *change)
{
	const struct value *first = value_find(changes, resize->named[0]);
	const char *first_old = first ? value_find_text(first, "old") : NULL;
	const char *old = value_find_text(change->value, "old");

	if (strcmp(change->key->text, resize->named[0]) == 0)
		return true;
	if (!resize->named[1] || strcmp(change->key->text, resize->named[1]) != 0)
		return resize->named[2] && strcmp(change->key->text, resize->named[2]) == 0;
	return !first_old || !old || strcmp(first_old, old) == 0;
}

static void tell_changes(struct xm *xm, const struct resize *resize, const struct value *changes)
{
	for (uint32_t i = 0; changes->kind == VALUE_MAP && i < changes->length; i++) {
		const struct member *change = &changes->members[i];
		const char *old, *new;

		if (change->value->kind != VALUE_MAP || is_expected(resize, changes, change))
			continue;
		old = value_find_text(change->value, "old");
		new = value_find_text(change->value, "new");
		if (!old || !new || strcmp(old, new) == 0)
			continue;
		AUTO_TEXT name = vm_name(xm);

		fprintf(stderr, "%s: %s changed too, from ", name, change->key->text);
		print_number(stderr, old, resize->memory);
		fputs(" to ", stderr);
		print_number(stderr, new, resize->memory);
		fputc('\n', stderr);
	}
}

static enum status run_resize(struct xm *xm, const struct resize *resize, int64_t number)
{
	AUTO(value) changes = NULL;
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	xm_begin(xm, "changing", xm->arguments[0]);
	if (!xm_call(xm, resize->method,
		     parameters_of(value_reference(xm->subject.ref), value_int(number),
				   (struct value *)NULL),
		     &changes))
		return xm_report(xm);
	tell_changes(xm, resize, changes);
	return STATUS_DONE;
}

static enum status run_memory(struct xm *xm, const struct resize *resize)
{
	int64_t bytes;

	if (!amount_read_memory(xm->arguments[1], &bytes)) {
		AUTO_TEXT shown = terminal_quoted(xm->arguments[1]);

		return xm_misuse(xm, "%s is no amount of memory; it must be " AMOUNT_MEMORY_FORMS,
				 shown);
	}
	return run_resize(xm, resize, bytes);
}

enum status run_mem_set(struct xm *xm)
{
	static const struct resize resize = {
		"VM.set_memory_target", {"memory_target", "", "memory_dynamic_min"}, true};

	return run_memory(xm, &resize);
}

enum status run_mem_max(struct xm *xm)
{
	static const struct resize resize = {
		"VM.set_memory_maximum", {"memory_static_max", "memory_dynamic_max", NULL}, true};

	return run_memory(xm, &resize);
}

enum status run_vcpu_set(struct xm *xm)
{
	static const struct resize resize = {
		"VM.set_VCPUs_number", {"VCPUs_at_startup", NULL, NULL}, false};
	int64_t number;

	if (!amount_read_count(xm->arguments[1], 1, INT32_MAX, &number)) {
		AUTO_TEXT shown = terminal_quoted(xm->arguments[1]);

		return xm_misuse(xm, "%s is no number of vCPUs; it must be a whole number from 1",
				 shown);
	}
	return run_resize(xm, &resize, number);
}
