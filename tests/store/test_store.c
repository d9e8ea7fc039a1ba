/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_store.c – objects: made, changed, deleted, found; refused mutations; relations; threads. */
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>

static struct scratch scratch;

/* The text of a field, to be freed; NULL: there is no such object. */
static char *text_of(enum class_id cls, const char *name, int field)
{
	AUTO(record) record = store_read(scratch.store, cls, name);

	return record ? text_copy(record_text(record, field)) : NULL;
}

static void is_text(enum class_id cls, const char *name, int field, const char *want,
		    const char *what)
{
	AUTO_TEXT text = text_of(cls, name, field);

	is_str(text, want, "%s", what);
}

static size_t count_vms(void)
{
	size_t count;
	struct record **records = store_list(scratch.store, CLASS_VM, &count);

	store_free_list(records, count);
	return count;
}

static void test_life_of_an_object(void)
{
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	AUTO_TEXT uuid = NULL;
	AUTO(record) before = NULL;

	is_int(scratch_add_vm(&scratch, "one", ref, &err), 0, "an object is made");
	ok(strncmp(ref, "OpaqueRef:", 10) == 0 && strlen(ref) == 46, "its ref is drawn");
	uuid = text_of(CLASS_VM, ref, VM_uuid);
	is_int((int64_t)strlen(uuid), 36, "its uuid too");
	is_text(CLASS_VM, uuid, VM_name_label, "one", "it is found by its uuid");
	before = store_read_by_uuid(scratch.store, CLASS_VM, uuid);
	ok(before && before->created == before->modified && before->created > 0,
	   "its first revision");
	scratch_set_text(&scratch, CLASS_VM, uuid, VM_name_label, "two", &err);
	is_str(record_text(before, VM_name_label), "one", "a reader keeps what it has read");
	scratch_open(&scratch);
	is_text(CLASS_VM, ref, VM_name_label, "two", "a change is there after a new start");
	is_text(CLASS_VM, ref, VM_uuid, uuid, "with the same uuid");
	is_int(scratch_delete(&scratch, CLASS_VM, ref, &err), 0, "it is deleted");
	is_text(CLASS_VM, ref, VM_uuid, NULL, "and gone");
	is_text(CLASS_VM, uuid, VM_uuid, NULL, "by its uuid as well");
	scratch_open(&scratch);
	is_text(CLASS_VM, ref, VM_uuid, NULL, "after a new start too");
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "x", &err), -1,
	       "it cannot be changed any more");
	is_int(err.code, ERROR_HANDLE_INVALID, "and the mutation's own error says so");
}

static int add_many(struct transaction *transaction, void *argument, struct error *err)
{
	(void)argument;
	(void)err;
	for (int i = 0; i < 8; i++)
		record_set_int(transaction_create(transaction, CLASS_VM, NULL), VM_order, i);
	return 0;
}

static void test_order_of_one_change(void)
{
	AUTO_ERROR err = {0};
	uint64_t before = store_revision(scratch.store);
	struct record **vms;
	int misplaced = 0;
	size_t count;

	store_mutate(scratch.store, add_many, NULL, &err);
	scratch_open(&scratch);
	vms = store_list(scratch.store, CLASS_VM, &count);
	for (size_t i = 0; i < count; i++) {
		misplaced += record_int(vms[i], VM_order) != (int64_t)i;
		misplaced += vms[i]->created <= before;
		scratch_delete(&scratch, CLASS_VM, record_ref(vms[i]), &err);
	}
	store_free_list(vms, count);
	is_int((int64_t)count, 8, "one change makes several objects");
	is_int(misplaced, 0, "which are in order as well");
}

static void test_order(void)
{
	static const char *const names[] = {"c", "a", "b", "d"};
	AUTO_ERROR err = {0};
	struct record **vms;
	char refs[4][REF_SIZE];
	char order[8] = "";
	size_t count;

	for (int i = 0; i < 4; i++)
		scratch_add_vm(&scratch, names[i], refs[i], &err);
	scratch_set_text(&scratch, CLASS_VM, refs[0], VM_name_description, "changed", &err);
	scratch_open(&scratch);
	vms = store_list(scratch.store, CLASS_VM, &count);
	for (size_t i = 0; i < count; i++)
		strncat(order, record_text(vms[i], VM_name_label), 1);
	store_free_list(vms, count);
	is_str(order, "cabd", "objects are listed in order of their creation");
	for (int i = 0; i < 4; i++)
		scratch_delete(&scratch, CLASS_VM, refs[i], &err);
	is_int((int64_t)count_vms(), 0, "all are deleted");
}

static int do_much_and_fail(struct transaction *transaction, void *argument, struct error *err)
{
	const char *ref = argument;
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);
	struct record *made = transaction_create(transaction, CLASS_VM, "OpaqueRef:made");

	record_set_text(vm, VM_name_label, "half");
	record_set_text(made, VM_uuid, "11111111-1111-4111-8111-111111111111");
	if (transaction_read(transaction, CLASS_VM, record_uuid(made)) != made)
		return fail(err, ERROR_INTERNAL_ERROR, "not found by its uuid");
	if (strcmp(record_text(transaction_read(transaction, CLASS_VM, ref), VM_name_label),
		   "half") != 0)
		return fail(err, ERROR_INTERNAL_ERROR, "the change is not seen");
	transaction_delete(transaction, CLASS_VM, ref);
	if (transaction_read(transaction, CLASS_VM, ref) ||
	    transaction_edit(transaction, CLASS_VM, ref))
		return fail(err, ERROR_INTERNAL_ERROR, "the deletion is not seen");
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, "on purpose");
}

static void test_refusal(void)
{
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	uint64_t revision;

	scratch_add_vm(&scratch, "whole", ref, &err);
	revision = store_revision(scratch.store);
	is_int(store_mutate(scratch.store, do_much_and_fail, ref, &err), -1, "refused");
	is_str(err.parameters[0], "on purpose", "within the transaction all was as it should be");
	is_text(CLASS_VM, ref, VM_name_label, "whole", "nothing has changed");
	is_text(CLASS_VM, "OpaqueRef:made", VM_uuid, NULL, "nothing was made");
	ok(store_revision(scratch.store) == revision, "no revision was drawn");
	scratch_open(&scratch);
	is_text(CLASS_VM, ref, VM_name_label, "whole", "nor is there anything on the disk");
	scratch_delete(&scratch, CLASS_VM, ref, &err);
}

static int check(void *context, struct transaction *transaction, const struct record *old,
		 struct record *record, struct error *err)
{
	(void)context;
	(void)transaction;
	if (record->cls->id != CLASS_VM)
		return 0;
	if (record_is(record, VM_name_label, "forbidden"))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, "that name");
	record_set_text(record, VM_reference_label, old ? "changed" : "new");
	return 0;
}

static void derive(void *context, const struct record *old, struct record *record)
{
	(void)context;
	(void)old;
	if (record->cls->id == CLASS_VM)
		record_set_text(record, VM_domarch, record_text(record, VM_name_label));
}

static void test_rules(void)
{
	static const struct store_rules rules = {.check = check, .derive = derive};
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	char other[REF_SIZE];

	store_set_rules(scratch.store, &rules);
	scratch_add_vm(&scratch, "finished", ref, &err);
	is_text(CLASS_VM, ref, VM_reference_label, "new", "fields that follow are set");
	is_text(CLASS_VM, ref, VM_domarch, "finished", "and derived");
	scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "again", &err);
	is_text(CLASS_VM, ref, VM_reference_label, "changed", "at each change");
	is_text(CLASS_VM, ref, VM_domarch, "again", "and derived again");
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "forbidden", &err), -1,
	       "the final state is judged");
	is_text(CLASS_VM, ref, VM_name_label, "again", "and nothing of it stays");
	is_int(scratch_add_vm(&scratch, "forbidden", other, &err), -1, "a new object too");
	scratch_open(&scratch);
	is_text(CLASS_VM, ref, VM_domarch, "", "volatile fields are gone after a new start");
	store_set_rules(scratch.store, &rules);
	is_text(CLASS_VM, ref, VM_domarch, "again", "until they are derived");
	scratch_delete(&scratch, CLASS_VM, ref, &err);
	scratch_open(&scratch);
}

static int add_console(struct transaction *transaction, void *argument, struct error *err)
{
	struct record *console =
		transaction_create(transaction, CLASS_console, "OpaqueRef:console");

	(void)err;
	record_set_text(console, console_VM, argument);
	return 0;
}

static void is_mirrored(const char *vm, int count, const char *what)
{
	AUTO(record) record = store_read(scratch.store, CLASS_VM, vm);
	const struct value *consoles = record_get(record, VM_consoles);

	ok(consoles->length == (uint32_t)count &&
		   (!count || strcmp(consoles->items[0]->text, "OpaqueRef:console") == 0),
	   "%s", what);
}

static void test_relations(void)
{
	AUTO_ERROR err = {0};
	char one[REF_SIZE];
	char two[REF_SIZE];

	scratch_add_vm(&scratch, "one", one, &err);
	scratch_add_vm(&scratch, "two", two, &err);
	store_mutate(scratch.store, add_console, one, &err);
	is_mirrored(one, 1, "the other side of a reference follows");
	scratch_open(&scratch);
	is_mirrored(one, 1, "after a new start too");
	scratch_set_text(&scratch, CLASS_console, "OpaqueRef:console", console_VM, two, &err);
	is_mirrored(one, 0, "and when it moves: gone here");
	is_mirrored(two, 1, "come there");
	scratch_delete(&scratch, CLASS_VM, two, &err);
	is_text(CLASS_console, "OpaqueRef:console", console_VM, NULL_REF,
		"nothing points at what is deleted");
	scratch_set_text(&scratch, CLASS_console, "OpaqueRef:console", console_VM, one, &err);
	scratch_delete(&scratch, CLASS_console, "OpaqueRef:console", &err);
	is_mirrored(one, 0, "what pointed is deleted");
	scratch_set_text(&scratch, CLASS_VM, one, VM_parent, one, &err);
	is_int(scratch_delete(&scratch, CLASS_VM, one, &err), 0, "one that points at itself goes");
	is_int((int64_t)count_vms(), 0, "none is left");
}

static int set_domid(struct transaction *transaction, void *argument, struct error *err)
{
	struct record *vm = transaction_edit(transaction, CLASS_VM, argument);

	(void)err;
	record_set_int(vm, VM_domid, 7);
	return 0;
}

static int edit_without_change(struct transaction *transaction, void *argument, struct error *err)
{
	struct record *vm = transaction_edit(transaction, CLASS_VM, argument);

	(void)err;
	record_set_text(vm, VM_name_label, "v");
	return 0;
}

static void test_revisions(void)
{
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	uint64_t revision;
	AUTO(record) vm = NULL;

	scratch_add_vm(&scratch, "v", ref, &err);
	revision = store_revision(scratch.store);
	store_mutate(scratch.store, edit_without_change, ref, &err);
	ok(store_revision(scratch.store) == revision, "what changes nothing draws no revision");
	store_mutate(scratch.store, set_domid, ref, &err);
	ok(store_revision(scratch.store) == revision + 1, "a volatile field draws the next");
	scratch_open(&scratch);
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_int(record_int(vm, VM_domid), -1, "and is unknown after a new start");
	ok(store_revision(scratch.store) > revision + 1, "revisions go on above");
	ok(vm->modified > revision + 1 && vm->created == revision,
	   "objects with volatile fields count as modified then");
	scratch_delete(&scratch, CLASS_VM, ref, &err);
}

static int count_up(struct transaction *transaction, void *argument, struct error *err)
{
	struct record *vm = transaction_edit(transaction, CLASS_VM, argument);

	if (record_int(vm, VM_order) % 10 == 9) {
		record_set_int(vm, VM_order, record_int(vm, VM_order) + 1);
		record_set_int(vm, VM_version, record_int(vm, VM_version) + 1);
		return 0;
	}
	record_set_int(vm, VM_order, record_int(vm, VM_order) + 1);
	(void)err;
	return 0;
}

static void *count_much(void *argument)
{
	intptr_t failures = 0;

	for (int i = 0; i < 100; i++) {
		AUTO_ERROR err = {0};
		AUTO(record) vm = NULL;

		failures += store_mutate(scratch.store, count_up, argument, &err) < 0;
		vm = store_read(scratch.store, CLASS_VM, argument);
		failures += record_int(vm, VM_order) / 10 != record_int(vm, VM_version);
	}
	return (void *)failures;
}

static void test_threads(void)
{
	AUTO_ERROR err = {0};
	pthread_t threads[16];
	intptr_t failures = 0;
	char ref[REF_SIZE];
	AUTO(record) vm = NULL;

	scratch_add_vm(&scratch, "shared", ref, &err);
	for (int i = 0; i < 16; i++)
		pthread_create(&threads[i], NULL, count_much, ref);
	for (int i = 0; i < 16; i++) {
		void *result;

		pthread_join(threads[i], &result);
		failures += (intptr_t)result;
	}
	scratch_open(&scratch);
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_int(failures, 0, "no reader sees half a change");
	is_int(record_int(vm, VM_order), 1600, "no change of 16 threads is lost");
	is_int(record_int(vm, VM_version), 160, "and all of each is stored");
	scratch_delete(&scratch, CLASS_VM, ref, &err);
}

static int add_setting(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	transaction_set_setting(transaction, "name", argument);
	return 0;
}

static int set_and_fail(struct transaction *transaction, void *argument, struct error *err)
{
	transaction_set_setting(transaction, "name", argument);
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, "on purpose");
}

static void test_settings(void)
{
	AUTO_ERROR err = {0};
	AUTO_TEXT none = store_get_setting(scratch.store, "name");
	AUTO_TEXT value = NULL;

	is_str(none, NULL, "a setting that is not there");
	store_mutate(scratch.store, add_setting, "one", &err);
	store_mutate(scratch.store, add_setting, "two", &err);
	store_mutate(scratch.store, set_and_fail, "three", &err);
	scratch_open(&scratch);
	value = store_get_setting(scratch.store, "name");
	is_str(value, "two", "one that was set, not one that was refused");
}

static struct mutation mutations[3000];
static atomic_int done_in_order;

static void note_done(struct mutation *mutation, struct error *err)
{
	if (done_in_order == mutation - mutations && err->code == ERROR_NONE)
		done_in_order++;
}

static void test_batches(void)
{
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];

	scratch_add_vm(&scratch, "batch", ref, &err);
	for (size_t i = 0; i < ARRAY_SIZE(mutations); i++) {
		mutations[i] =
			(struct mutation){.run = count_up, .done = note_done, .argument = ref};
		store_submit(scratch.store, &mutations[i]);
	}
	scratch_open(&scratch);
	is_int(done_in_order, ARRAY_SIZE(mutations),
	       "what was submitted is done, in order, before the end");
	scratch_delete(&scratch, CLASS_VM, ref, &err);
}

int main(void)
{
	schema_init();
	scratch_make(&scratch);
	scratch_open(&scratch);
	test_life_of_an_object();
	test_order();
	test_order_of_one_change();
	test_refusal();
	test_rules();
	test_relations();
	test_revisions();
	test_threads();
	test_settings();
	test_batches();
	scratch_remove(&scratch);
	return done_testing();
}
