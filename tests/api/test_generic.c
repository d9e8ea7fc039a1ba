/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_generic.c – the messages that follow from fields and classes, beyond what every field's test
 * asks. */
#include "tests/api/caller.h"

#include "schema/record.h"
#include "tests/tap.h"

#include <stdio.h>

static struct caller caller;
static char pool[REF_SIZE];

/* The error as text, or "" when it worked. To be freed. */
static char *outcome(const char *method, const char *a, const char *b, const char *c)
{
	AUTO_ERROR err = {0};
	AUTO(value) result = caller_ask(&caller, &err, method, a, b, c);

	return result ? text_copy("") : error_text(&err);
}

static void is_outcome(const char *method, const char *a, const char *b, const char *c,
		       const char *want)
{
	AUTO_TEXT got = outcome(method, a, b, c);

	is_str(got, want, "%s %s %s", method, b ? b : "", c ? c : "");
}

static uint64_t revision_of_pool(void)
{
	AUTO(record) record = store_read(caller.store, CLASS_pool, pool);

	return record->modified;
}

static void test_maps(void)
{
	AUTO_TEXT duplicate = text_format("MAP_DUPLICATE_KEY [pool, other_config, %s, k]", pool);
	AUTO(record) record = NULL;
	uint64_t before;

	is_outcome("pool.add_to_other_config", pool, "k", "v", "");
	is_outcome("pool.add_to_other_config", pool, "k", "other", duplicate);
	is_outcome("pool.add_to_other_config", pool, "k", "v", duplicate);
	is_outcome("pool.add_to_other_config", pool, "", "v",
		   "INVALID_VALUE [other_config: keys that are not empty, ]");
	before = revision_of_pool();
	is_outcome("pool.remove_from_other_config", pool, "missing", NULL, "");
	ok(revision_of_pool() == before, "which changes nothing");
	record = store_read(caller.store, CLASS_pool, pool);
	is_str(value_find_text(record_get(record, pool_other_config), "k"), "v",
	       "the first value stays");
	is_outcome("pool.remove_from_other_config", pool, "k", NULL, "");
	is_outcome("pool.add_to_other_config", pool, "k", "other", "");
	is_outcome("pool.add_to_other_config", "OpaqueRef:x", "k", "v",
		   "HANDLE_INVALID [pool, OpaqueRef:x]");
}

static void test_sets(void)
{
	uint64_t before;

	is_outcome("pool.add_tags", pool, "a", NULL, "");
	before = revision_of_pool();
	is_outcome("pool.add_tags", pool, "a", NULL, "");
	is_outcome("pool.remove_tags", pool, "missing", NULL, "");
	ok(revision_of_pool() == before, "neither changes anything");
	is_outcome("pool.remove_tags", pool, "a", NULL, "");
	ok(revision_of_pool() > before, "this does");
}

static void test_found(void)
{
	AUTO_ERROR err = {0};
	AUTO(record) record = store_read(caller.store, CLASS_pool, pool);
	AUTO(value) found = caller_ask(&caller, &err, "pool.get_by_uuid", record_uuid(record));
	AUTO(value) whole = caller_ask(&caller, &err, "pool.get_record", record_uuid(record));
	AUTO(value) none = caller_ask(&caller, &err, "VM.get_by_name_label", "nobody");

	is_str(found ? found->text : NULL, pool, "by its uuid");
	ok(whole && whole->kind == VALUE_RECORD && whole->record == record,
	   "a uuid serves as a ref");
	ok(none && none->kind == VALUE_SET && none->length == 0, "nobody has that name");
	is_outcome("pool.get_by_uuid", "x", NULL, NULL, "UUID_INVALID [pool, x]");
	is_outcome("pool.get_by_uuid", "", NULL, NULL, "UUID_INVALID [pool, ]");
}

static int add_vms(struct transaction *transaction, void *argument, struct error *err)
{
	static const char *const names[] = {"b", "a", "b"};

	(void)err;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct record *vm = transaction_create(transaction, CLASS_VM, NULL);

		record_set_text(vm, VM_name_label, names[i]);
		snprintf(((char(*)[REF_SIZE])argument)[i], REF_SIZE, "%s", record_ref(vm));
	}
	return 0;
}

static void test_lists(void)
{
	char refs[3][REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO(value) all = NULL;
	AUTO(value) named = NULL;
	AUTO(value) records = NULL;
	AUTO(value) where = NULL;

	store_mutate(caller.store, add_vms, refs, &err);
	all = caller_ask(&caller, &err, "VM.get_all");
	named = caller_ask(&caller, &err, "VM.get_by_name_label", "b");
	records = caller_ask(&caller, &err, "VM.get_all_records");
	where = caller_ask(
		&caller, &err, "VM.get_all_records_where",
		"field \"name__label\" = \"a\" or field \"is_control_domain\" = \"true\"");
	is_int(all->length, 4, "all VMs, Domain-0 too");
	is_str(all->items[1]->text, refs[0], "in order of their creation");
	is_int(named->length, 2, "two of one name");
	ok(strcmp(named->items[0]->text, refs[0]) == 0 &&
		   strcmp(named->items[1]->text, refs[2]) == 0,
	   "in that order too");
	is_int(records->length, 4, "all records");
	ok(records->members[3].value->kind == VALUE_RECORD &&
		   strcmp(records->members[3].key->text, refs[2]) == 0,
	   "ref to record");
	is_int(where->length, 2, "those that are asked for");
	ok(value_find(where, refs[1]), "a is among them");
	is_outcome("VM.get_all_where", "x", NULL, NULL,
		   "INVALID_VALUE [expr: field, not, true, false, ( or a text is expected at "
		   "character 1, x]");
	is_outcome("VM.get_all_where", "true", NULL, NULL, "");
}

int main(void)
{
	AUTO(value) pools = NULL;
	AUTO_ERROR err = {0};

	schema_init();
	caller_make(&caller);
	caller_open(&caller, "simulator");
	pools = caller_ask(&caller, &err, "pool.get_all");
	snprintf(pool, sizeof(pool), "%s", pools->items[0]->text);
	test_maps();
	test_sets();
	test_found();
	test_lists();
	caller_remove(&caller);
	return done_testing();
}
