/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_rehearsal.c – several mutations that see each other, of which nothing happens. */
#include "schema/buffer.h"
#include "server/store/rehearsal.h"
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <pthread.h>

static struct scratch scratch;

#define CONSOLE "OpaqueRef:console"

static int add_console(struct transaction *transaction, void *argument, struct error *err)
{
	struct record *console = transaction_create(transaction, CLASS_console, CONSOLE);

	(void)err;
	record_set_text(console, console_VM, argument);
	return 0;
}

static int rename_and_refuse(struct transaction *transaction, void *argument, struct error *err)
{
	record_set_text(transaction_edit(transaction, CLASS_VM, argument), VM_name_label, "no");
	return fail(err, ERROR_INTERNAL_ERROR, "refused");
}

static void note(void *argument, const struct record *old, const struct record *new)
{
	struct buffer *out = argument;
	const struct record *record = old ? old : new;

	buffer_add_format(out, "%s%s%s", out->length ? "; " : "",
			  !old ? "+" :
			  !new ? "-" :
				 "",
			  record->cls->name);
	if (record->cls->id == CLASS_VM && new)
		buffer_add_format(out, " %s", record_text(new, VM_name_label));
}

/* Ends the rehearsal. */
static void is_report(const char *want, const char *what)
{
	AUTO_BUFFER out = {0};

	store_end_rehearsal(note, &out);
	buffer_add_char(&out, '\0');
	is_str(out.data, want, "%s", what);
}

static uint32_t consoles_of(const char *vm)
{
	AUTO(record) record = store_read(scratch.store, CLASS_VM, vm);

	return record_get(record, VM_consoles)->length;
}

static size_t count(enum class_id cls)
{
	size_t found;
	struct record **records = store_list(scratch.store, cls, &found);

	store_free_list(records, found);
	return found;
}

static void *look_elsewhere(void *vm)
{
	scratch_is_name(&scratch, vm, "a", "another thread sees nothing of it");
	return NULL;
}

static void test_chain(void)
{
	char a[REF_SIZE];
	char b[REF_SIZE];
	AUTO_ERROR err = {0};
	pthread_t other;
	uint64_t revision;

	scratch_start(&scratch, "a", a);
	revision = store_revision(scratch.store);
	store_begin_rehearsal();
	scratch_set_text(&scratch, CLASS_VM, a, VM_name_label, "one", &err);
	scratch_is_name(&scratch, a, "one", "what is read has the change");
	is_int(store_mutate(scratch.store, rename_and_refuse, a, &err), -1, "one that is refused");
	scratch_is_name(&scratch, a, "one", "leaves nothing");
	store_mutate(scratch.store, add_console, a, &err);
	scratch_add_vm(&scratch, "b", b, &err);
	is_int(consoles_of(a), 1, "a later one sees an earlier one, and the other side follows");
	is_int((int64_t)count(CLASS_VM), 2, "so does a list");
	pthread_create(&other, NULL, look_elsewhere, a);
	pthread_join(other, NULL);
	is_report("VM one; +console; +VM b", "all of it is told at the end");
	scratch_is_name(&scratch, a, "a", "nothing has happened");
	is_int((int64_t)(count(CLASS_VM) + count(CLASS_console)), 1, "and nothing is there");
	is_int((int64_t)store_revision(scratch.store), (int64_t)revision, "in no revision");
	scratch_open(&scratch);
	scratch_is_name(&scratch, a, "a", "nor on the disk");
	scratch_remove(&scratch);
}

static void test_taken_back(void)
{
	char a[REF_SIZE];
	char b[REF_SIZE];
	AUTO_ERROR err = {0};

	scratch_start(&scratch, "a", a);
	store_begin_rehearsal();
	store_mutate(scratch.store, add_console, a, &err);
	scratch_delete(&scratch, CLASS_console, CONSOLE, &err);
	is_int(consoles_of(a), 0, "what was made and deleted leaves no trace on the other side");
	scratch_add_vm(&scratch, "b", b, &err);
	scratch_set_text(&scratch, CLASS_VM, a, VM_name_label, "one", &err);
	scratch_set_text(&scratch, CLASS_VM, a, VM_name_label, "a", &err);
	is_report("+VM b", "nor in what is told, and what is as it was is not told either");
	store_begin_rehearsal();
	scratch_delete(&scratch, CLASS_VM, a, &err);
	is_int((int64_t)count(CLASS_VM), 0, "one that is deleted is gone from lists");
	ok(!store_read(scratch.store, CLASS_VM, a), "and cannot be read");
	is_report("-VM", "that is told");
	scratch_set_text(&scratch, CLASS_VM, a, VM_name_label, "two", &err);
	scratch_is_name(&scratch, a, "two", "after it changes are meant again");
	scratch_remove(&scratch);
}

int main(void)
{
	schema_init();
	test_chain();
	test_taken_back();
	return done_testing();
}
