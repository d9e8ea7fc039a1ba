/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_import.c – VMs made of other systems' configurations. */
#include "server/api/option.h"
#include "server/api/plan.h"
#include "server/api/vbd_import.h"
#include "server/api/vif.h"
#include "server/api/vm.h"
#include "server/import/import.h"

struct creation {
	struct call *call;
	const struct value *fields;
	struct vbd_import *disks;
	struct value *ref;
};

struct name_search {
	const char *name;
	const struct record *found;
};

static void compare_name(struct transaction *transaction, const struct record *vm, void *argument)
{
	struct name_search *search = argument;

	(void)transaction;
	if (!record_bool(vm, VM_is_a_template) && record_is(vm, VM_name_label, search->name))
		search->found = vm;
}

static int check_name(struct transaction *transaction, const struct value *fields,
		      struct error *err)
{
	const char *name = value_find_text(fields, "name_label");
	struct name_search search = {.name = name ? name : ""};
	AUTO_TEXT field = NULL;

	transaction_each(transaction, CLASS_VM, compare_name, &search);
	if (!search.found)
		return 0;
	field = text_format("name: another VM has it already, %s", record_uuid(search.found));
	return fail(err, ERROR_INVALID_VALUE, field, search.name);
}

static int create_named(struct transaction *transaction, void *argument, struct error *err)
{
	struct creation *creation = argument;
	struct record *vm;

	plan_begin(creation->call);
	if (check_name(transaction, creation->fields, err) < 0)
		return -1;
	vm = vm_make(transaction, creation->fields, true, err);
	if (!vm || vif_make_all(transaction, vm, value_find(creation->fields, "VIFs"), err) < 0 ||
	    vbd_import_make(transaction, vm, creation->disks, err) < 0)
		return -1;
	value_release(creation->ref);
	creation->ref = value_string(record_ref(vm));
	return 0;
}

struct value *vm_creation_result(const char *ref, struct value *report)
{
	struct value *result = value_map();

	value_put(result, "ref", value_string(ref));
	value_put(result, "report", report);
	return result;
}

#define OPTIONS "options are format and dry_run"

/* What the options say. */
struct reading {
	struct call *call;
	struct value *format; /* NULL: not said */
};

static int set_format(void *argument, struct value *value, struct error *err)
{
	struct reading *reading = argument;

	if (value->kind != VALUE_STRING)
		return fail(err, ERROR_INVALID_VALUE, OPTIONS, "format");
	value_release(reading->format);
	reading->format = value_reference(value);
	return 0;
}

static int set_dry_run(void *argument, struct value *value, struct error *err)
{
	const struct reading *reading = argument;

	(void)err;
	reading->call->dry_run = reading->call->dry_run || value->boolean;
	return 0;
}

static const struct option known[] = {
	{"format", TYPE_ANY, 0, set_format}, {"dry_run", TYPE_BOOL, 0, set_dry_run}, {0}};

/* The VM, or, in a dry run, the changes that would make it; a plan rehearses anyway. */
static int create(struct creation *creation, struct value *report, const char *format,
		  struct error *err)
{
	struct call *call = creation->call;
	struct store *store = call->api->store;
	int rc = call->dry_run && !call->plan ?
			 store_try(store, create_named, creation, plan_add, call, err) :
			 store_mutate(store, create_named, creation, err);
	AUTO(value) ref = creation->ref;

	if (rc < 0)
		return -1;
	call->result =
		vm_creation_result(call->dry_run ? NULL_REF : ref->text, value_reference(report));
	if (value_find(call->arguments[1], "format"))
		value_put(call->result, "format", value_string(format));
	if (call->dry_run)
		value_put(call->result, "changes", value_reference(call->planned));
	return 0;
}

int run_VM_create_from_config(struct call *call, struct error *err)
{
	const char *config = argument_text(call, 0), *format;
	struct reading reading = {.call = call};
	AUTO(value) fields = NULL;
	AUTO(value) report = NULL;
	AUTO(value) said = NULL;
	struct creation creation = {.call = call};
	int rc = option_read_all(known, call->arguments[1], OPTIONS, false, &reading, err);

	said = reading.format;
	if (rc < 0)
		return -1;
	format = said ? said->text : "xl";
	if (strcmp(format, "auto") == 0)
		format = import_recognise(config);
	if (import_config(config, format, &fields, &report, err) < 0)
		return -1;
	creation.disks = vbd_import_look(call->api, &fields, report);
	creation.fields = fields;
	rc = create(&creation, report, format, err);
	vbd_import_free(creation.disks);
	return rc;
}
