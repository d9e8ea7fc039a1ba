/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_history.c – history, diff and undo: who changed what of a domain, and taking it back. */
#include "rpc/xm/change.h"
#include "rpc/xm/field.h"
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"

#include "schema/schema.h"
#include "schema/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define NOW INT64_MAX
#define IS_REF(argument) (strncmp(argument, "OpaqueRef:", strlen("OpaqueRef:")) == 0)

/* One that is gone has its reference only. */
static enum status find(struct xm *xm)
{
	if (!IS_REF(xm->arguments[0]))
		return vm_find(xm, xm->arguments[0]);
	xm->subject.ref = value_string(xm->arguments[0]);
	return STATUS_DONE;
}

static bool read_revision(const struct xm *xm, int index, int64_t *ret_revision)
{
	return amount_read_count(xm->arguments[index], 1, NOW, ret_revision);
}

static enum status refuse_revision(const struct xm *xm, int index)
{
	AUTO_TEXT shown = terminal_quoted(xm->arguments[index]);

	return xm_misuse(xm, "%s is no revision; xm history shows them", shown);
}

static void print_field(void *argument, int field, const struct value *values)
{
	const struct value *entry = argument;
	const char *name = schema_class("VM")->fields[field].name;

	if (strcmp(object_text(entry, "kind"), "created") != 0 && values->length > 1) {
		change_print("    ", name, values->items[0], values->items[1], "");
	} else if (values->length) {
		AUTO_TEXT text = field_text(name, values->items[0]);

		printf("    %s ", name);
		terminal_print(stdout, text, 0);
		putchar('\n');
	}
}

static void print_when(const struct value *entry)
{
	time_t seconds = (time_t)date_seconds(entry, "time");
	struct tm parts;
	char text[32];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%F %T", &parts);
	printf("%-8s %s  ", object_text(entry, "revision"), text);
}

static void print_who(const struct value *entry)
{
	const char *address = object_text(entry, "address");
	AUTO_TEXT who = *object_text(entry, "user") ?
				text_format("%s%s%s", object_text(entry, "user"),
					    *address ? "@" : "", address) :
				text_copy("xenapid");

	terminal_print(stdout, who, 20);
	printf("  ");
}

/* The name that it has now, or its reference; nothing where all are of one (`records` NULL). */
static void print_whose(const struct value *records, const struct value *entry)
{
	const struct value *record;

	if (!records)
		return;
	record = value_find(records, object_text(entry, "ref"));
	terminal_print(stdout,
		       record ? object_text(record, "name_label") : object_text(entry, "ref"), 0);
	fputs("  ", stdout);
}

static void print_entry(const struct value *records, struct value *entry)
{
	const char *kind = object_text(entry, "kind");

	print_when(entry);
	print_who(entry);
	print_whose(records, entry);
	terminal_print(stdout, object_text(entry, "call"), 0);
	if (strcmp(kind, "deleted") != 0) {
		putchar('\n');
		text_each_field(schema_class("VM"), object_text(entry, "fields"), print_field,
				entry);
		return;
	}
	printf("\n    deleted; xm undo %s %s makes it again\n", object_text(entry, "ref"),
	       object_text(entry, "revision"));
}

enum status run_history(struct xm *xm)
{
	AUTO(value) entries = NULL;
	AUTO(value) records = NULL;
	enum status status = xm->count ? find(xm) : STATUS_DONE;

	if (status != STATUS_DONE)
		return status;
	if (!xm->count && !xm_call(xm, "VM.get_all_records", value_set(), &records))
		return xm_report(xm);
	entries = xm_ask(xm, "VM.history", xm->count ? xm->subject.ref->text : "");
	if (!entries)
		return xm_report(xm);
	/* the newest last, where people look */
	for (uint32_t i = entries->length; entries->kind == VALUE_SET && i > 0; i--)
		print_entry(records, entries->items[i - 1]);
	return STATUS_DONE;
}

static struct value *record_at(struct xm *xm, int64_t revision)
{
	struct value *record = NULL;

	xm_call(xm, "VM.record_at",
		parameters_of(value_reference(xm->subject.ref), value_int(revision),
			      (struct value *)NULL),
		&record);
	return record;
}

/* Before its last change; 0: the call failed. */
static int64_t revision_before_last(struct xm *xm)
{
	AUTO(value) entries = xm_ask(xm, "VM.history", xm->subject.ref->text);

	if (!entries || entries->kind != VALUE_SET || !entries->length)
		return 0;
	return strtoll(object_text(entries->items[0], "revision"), NULL, 10) - 1;
}

static enum status print_differences(struct xm *xm, int64_t from, int64_t to)
{
	AUTO(value) old = record_at(xm, from);
	AUTO(value) new = old ? record_at(xm, to) : NULL;

	if (!old || !new)
		return xm_report(xm);
	for (uint32_t i = 0; i < old->length; i++) {
		const char *field = old->members[i].key->text;
		const struct value *after = value_find(new, field);

		if (!after || !value_equal(old->members[i].value, after))
			change_print("", field, old->members[i].value, after, "");
	}
	return STATUS_DONE;
}

enum status run_diff(struct xm *xm)
{
	int64_t from = 0, to = NOW;
	enum status status;

	if (xm->count > 1 && !read_revision(xm, 1, &from))
		return refuse_revision(xm, 1);
	if (xm->count > 2 && !read_revision(xm, 2, &to))
		return refuse_revision(xm, 2);
	status = find(xm);
	if (status != STATUS_DONE)
		return status;
	if (!from)
		from = revision_before_last(xm);
	return from ? print_differences(xm, from, to) : xm_report(xm);
}

enum status run_undo(struct xm *xm)
{
	AUTO(value) result = NULL;
	struct value *options;
	int64_t revision;
	enum status status;

	if (!read_revision(xm, 1, &revision))
		return refuse_revision(xm, 1);
	status = find(xm);
	if (status != STATUS_DONE)
		return status;
	options = value_map();
	if (xm->options.dry_run)
		value_put(options, "dry_run", value_bool(true));
	if (!xm_call(xm, "VM.undo",
		     parameters_of(value_reference(xm->subject.ref), value_int(revision), options,
				   (struct value *)NULL),
		     &result))
		return xm_report(xm);
	change_print_all("", result);
	return STATUS_DONE;
}
