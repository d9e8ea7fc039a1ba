/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_storage.c – SRs, and the VDIs in them. */
#include "rpc/xm/image.h"
#include "rpc/xm/run.h"

static int compare_names(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int order =
		strcmp(object_text(a->value, "name_label"), object_text(b->value, "name_label"));

	return order ? order : strcmp(a->key->text, b->key->text);
}

/* By name. */
static enum status read_sorted(struct xm *xm, const char *cls, struct value **ret_records)
{
	enum status status = object_read_all(xm, cls, ret_records);

	if (status == STATUS_DONE && (*ret_records)->length)
		qsort((*ret_records)->members, (*ret_records)->length,
		      sizeof(*(*ret_records)->members), compare_names);
	return status;
}

static void print_size(const struct value *record, const char *field)
{
	AUTO_TEXT size = text_format("%lld", (long long)(amount_of(record, field) / MIB));

	printf(" %9s", size);
}

enum status run_sr_list(struct xm *xm)
{
	AUTO(value) srs = NULL;
	enum status status = read_sorted(xm, "SR", &srs);

	if (status != STATUS_DONE)
		return status;
	printf("%-36s %-8s %9s %9s %s\n", "UUID", "Type", "Size", "Used", "Name");
	for (uint32_t i = 0; i < srs->length; i++) {
		const struct value *sr = srs->members[i].value;

		terminal_print(stdout, object_text(sr, "uuid"), 36);
		putchar(' ');
		terminal_print(stdout, object_text(sr, "type"), 8);
		print_size(sr, "physical_size");
		print_size(sr, "physical_utilisation");
		putchar(' ');
		terminal_print(stdout, object_text(sr, "name_label"), 0);
		putchar('\n');
	}
	return STATUS_DONE;
}

static void print_vdi(const struct value *vdi, const struct value *srs)
{
	const struct value *sr = value_find(srs, object_text(vdi, "SR"));

	terminal_print(stdout, object_text(vdi, "uuid"), 36);
	print_size(vdi, "virtual_size");
	print_size(vdi, "physical_utilisation");
	putchar(' ');
	terminal_print(stdout, object_text(sr, "name_label"), 16);
	putchar(' ');
	terminal_print(stdout, object_text(vdi, "name_label"), 0);
	fputs(object_flag(vdi, "missing") ? " (missing)\n" : "\n", stdout);
}

enum status run_vdi_list(struct xm *xm)
{
	AUTO(value) vdis = NULL;
	AUTO(value) srs = NULL;
	AUTO_OBJECT wanted = {0};
	enum status status = read_sorted(xm, "VDI", &vdis);

	if (status == STATUS_DONE)
		status = object_read_all(xm, "SR", &srs);
	if (status == STATUS_DONE && xm->count)
		status = image_find_sr(xm, xm->arguments[0], &wanted);
	if (status != STATUS_DONE)
		return status;
	printf("%-36s %9s %9s %-16s %s\n", "UUID", "Size", "Used", "SR", "Name");
	for (uint32_t i = 0; i < vdis->length; i++) {
		const struct value *vdi = vdis->members[i].value;

		if (!wanted.ref || strcmp(object_text(vdi, "SR"), wanted.ref->text) == 0)
			print_vdi(vdi, srs);
	}
	return STATUS_DONE;
}

enum status run_vdi_create(struct xm *xm)
{
	AUTO(value) fields = value_map();
	AUTO(value) ref = NULL;
	AUTO(value) uuid = NULL;
	AUTO_OBJECT sr = {0};
	int64_t bytes;
	enum status status;

	if (!amount_read_memory(xm->arguments[1], &bytes) || bytes < 1) {
		AUTO_TEXT shown = terminal_quoted(xm->arguments[1]);

		return xm_misuse(xm, "%s is no size; it must be " AMOUNT_MEMORY_FORMS, shown);
	}
	status = image_find_sr(xm, xm->count > 2 ? xm->arguments[2] : NULL, &sr);
	if (status != STATUS_DONE)
		return status;
	value_put(fields, "name_label", value_string(xm->arguments[0]));
	value_put(fields, "SR", value_reference(sr.ref));
	value_put(fields, "virtual_size", value_int(bytes));
	value_put(fields, "type", value_string("user"));
	if (!xm_call(xm, "VDI.create", parameters_of(value_reference(fields), (struct value *)NULL),
		     &ref))
		return xm_report(xm);
	uuid = xm_ask(xm, "VDI.get_uuid", ref->text);
	if (!uuid)
		return xm_report(xm);
	terminal_print(stdout, uuid->text, 0);
	putchar('\n');
	return STATUS_DONE;
}

enum status run_vdi_delete(struct xm *xm)
{
	AUTO_OBJECT vdi = {0};
	enum status status = image_find(xm, xm->arguments[0], &vdi);

	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, "VDI.destroy",
		     parameters_of(value_reference(vdi.ref), (struct value *)NULL), NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

/* Without it nobody could make one with xm; the type file is a folder. */
enum status run_sr_create(struct xm *xm)
{
	AUTO(value) hosts = NULL;
	struct value *config;

	if (!xm_call(xm, "host.get_all", value_set(), &hosts))
		return xm_report(xm);
	if (hosts->kind != VALUE_SET || !hosts->length)
		return xm_fail("the server's lists are no lists");
	config = value_map();
	value_put(config, "location", value_string(xm->arguments[1]));
	if (!xm_call(xm, "SR.create",
		     parameters_of(value_reference(hosts->items[0]), config, value_int(0),
				   value_string(xm->arguments[0]), value_string(""),
				   value_string("file"), value_string("user"), value_bool(false),
				   value_map(), (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}
