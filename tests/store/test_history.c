/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_history.c – who changed what: entries, chains, what is left out, what is pruned. */
#include "schema/buffer.h"
#include "server/store/history.h"
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <stdio.h>

static struct scratch scratch;
static const struct store_actor ann = {"ann", "192.0.2.1", "VM.set_name_label", "OpaqueRef:t"};

static void add_value(struct buffer *out, const struct value *value)
{
	if (value)
		buffer_add_text(out, value->text);
	else
		buffer_add_char(out, '-');
}

static void note_field(void *argument, int field, const struct value *old, const struct value *new)
{
	struct buffer *out = argument;

	if (field != VM_name_label)
		return;
	buffer_add_char(out, ' ');
	add_value(out, old);
	buffer_add_char(out, '>');
	add_value(out, new);
}

static bool note(void *argument, const struct history_entry *entry)
{
	struct buffer *out = argument;

	buffer_add_format(out, "%s%s by %s", out->length ? "; " : "", entry->kind,
			  entry->actor.user);
	history_each_field(entry, note_field, out);
	return true;
}

static void is_history(const struct history_query *query, const char *want, const char *what)
{
	AUTO_BUFFER out = {0};
	AUTO_ERROR err = {0};

	is_int(history_each(scratch.store, query, note, &out, &err), 0, "%s: it is read", what);
	buffer_add_char(&out, '\0');
	is_str(out.data, want, "%s", what);
}

static struct history_query of(const char *ref)
{
	return (struct history_query){.cls = schema_classes[CLASS_VM], .ref = ref, .limit = 100};
}

static void rename_vm(const char *ref, const char *name, const struct store_actor *actor)
{
	AUTO_ERROR err = {0};

	store_act_as(actor);
	scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, name, &err);
	store_act_as(NULL);
}

#define ALL "deleted by ann two>-; changed by  one>two; changed by ann a>one; created by  ->a"

static void test_chain(void)
{
	char a[REF_SIZE];
	char b[REF_SIZE];
	AUTO_ERROR err = {0};
	struct history_query query;

	scratch_start(&scratch, "a", a);
	scratch_add_vm(&scratch, "b", b, &err);
	query = of(a);
	rename_vm(a, "one", &ann);
	rename_vm(b, "other", &ann);
	rename_vm(a, "one", &ann);
	is_history(&query, "changed by ann a>one; created by  ->a",
		   "what changes nothing has none");
	scratch_open(&scratch);
	rename_vm(a, "two", NULL);
	store_act_as(&ann);
	scratch_delete(&scratch, CLASS_VM, a, &err);
	store_act_as(NULL);
	is_history(&query, ALL, "over a restart, and of one that is gone");
	query.user = "ann";
	is_history(&query, "deleted by ann two>-; changed by ann a>one", "one user's");
	query.limit = 1;
	is_history(&query, "deleted by ann two>-", "no more than are wanted");
	query = of(NULL);
	query.limit = 3;
	is_history(&query, "deleted by ann two>-; changed by  one>two; changed by ann b>other",
		   "of the whole class");
	query = of("OpaqueRef:never");
	is_history(&query, "", "of one that never was");
	scratch_remove(&scratch);
}

static bool take(void *argument, const struct history_entry *entry)
{
	struct history_entry *taken = argument;

	*taken = *entry;
	taken->fields = text_copy(entry->fields);
	return false;
}

static int set_secret(struct transaction *transaction, void *argument, struct error *err)
{
	struct record *vm = transaction_edit(transaction, CLASS_VM, argument);
	struct value *map = value_map();

	(void)err;
	value_put(map, "colour", value_string("\"red\""));
	value_put(map, "vncPasswd", value_string("hidden"));
	value_sort(map);
	record_set(vm, VM_other_config, map);
	return 0;
}

static void test_secret(void)
{
	char a[REF_SIZE];
	AUTO_ERROR err = {0};
	struct history_entry entry = {0};
	AUTO_TEXT count = NULL;
	struct history_query query;

	scratch_start(&scratch, "a", a);
	store_mutate(scratch.store, set_secret, a, &err);
	query = of(a);
	history_each(scratch.store, &query, take, &entry, &err);
	is_str(entry.fields,
	       "{\"other_config\":[{},{\"colour\":\"\\\"red\\\"\",\"vncPasswd\":\"(secret)\"}]}",
	       "a password does not enter it");
	free((char *)entry.fields);
	query.of_revision = entry.revision;
	query.ref = NULL;
	is_history(&query, "changed by ", "an entry by its revision");
	count = scratch_sql(&scratch,
			    "SELECT count(*) FROM xenapid_history WHERE fields LIKE '%hidden%'");
	is_str(count, "0", "nowhere");
	scratch_remove(&scratch);
}

static void test_pruned(void)
{
	struct store_options options = {.path = scratch.path, .history_kept = 300};
	char a[REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO_TEXT count = NULL;
	AUTO_TEXT first = NULL;
	char *problem;
	struct history_query query;

	scratch_make(&scratch);
	scratch.store = store_open(&options, &problem);
	scratch_add_vm(&scratch, "a", a, &err);
	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		rename_vm(a, name, NULL);
	}
	scratch_close(&scratch);
	count = scratch_sql(&scratch, "SELECT count(*) BETWEEN 300 AND 600 FROM xenapid_history");
	is_str(count, "1", "so many are kept, or a few more");
	first = scratch_sql(&scratch,
			    "SELECT count(*) FROM xenapid_history WHERE kind = 'created'");
	is_str(first, "0", "the newest ones");
	scratch.store = store_open(&options, &problem);
	query = of(a);
	query.limit = 1;
	is_history(&query, "changed by  998>999", "the chain starts at the newest");
	scratch_remove(&scratch);
}

int main(void)
{
	schema_init();
	test_chain();
	test_secret();
	test_pruned();
	return done_testing();
}
