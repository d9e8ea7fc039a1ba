/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_changes.c – what has changed since a revision: objects, deletions, what was forgotten. */
#include "schema/buffer.h"
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <stdio.h>

static struct scratch scratch;

static void note(void *argument, const struct store_change *change)
{
	struct buffer *out = argument;

	if (change->record)
		buffer_add_format(out, " %s", record_text(change->record, VM_name_label));
	else
		buffer_add_literal(out, " -");
}

/* The names of what has changed, in that order; "-" for one that is gone. To be freed. */
static char *changes(uint64_t since)
{
	struct buffer out = {0};

	store_hold(scratch.store);
	store_each_change(scratch.store, CLASS_VM, since, note, &out);
	store_let_go(scratch.store);
	return buffer_take(&out);
}

static void is_changed(uint64_t since, const char *want, const char *what)
{
	AUTO_TEXT got = changes(since);

	is_str(got, want, "%s", what);
}

static void rename_vm(const char *ref, const char *name)
{
	AUTO_ERROR err = {0};

	scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, name, &err);
}

static void test_order(void)
{
	char a[REF_SIZE];
	char b[REF_SIZE];
	char c[REF_SIZE];
	AUTO_ERROR err = {0};
	uint64_t before;

	scratch_start(&scratch, "a", a);
	before = store_revision(scratch.store);
	scratch_add_vm(&scratch, "b", b, &err);
	scratch_add_vm(&scratch, "c", c, &err);
	is_changed(0, " a b c", "from the beginning");
	is_changed(before, " b c", "since a revision");
	rename_vm(a, "a2");
	rename_vm(b, "b2");
	is_changed(before, " c a2 b2", "in the order of the last change, each once");
	before = store_revision(scratch.store);
	is_changed(before, "", "nothing since now");
	rename_vm(c, "c");
	is_changed(before, "", "nor when nothing was changed by it");
	scratch_delete(&scratch, CLASS_VM, a, &err);
	is_changed(before, " -", "a deletion");
	scratch_remove(&scratch);
}

static void take_revisions(void *argument, const struct store_change *change)
{
	uint64_t *revisions = argument;

	if (change->record)
		return;
	revisions[0] = change->created;
	revisions[1] = change->modified;
}

static void test_restart(void)
{
	char a[REF_SIZE];
	char b[REF_SIZE];
	AUTO_ERROR err = {0};
	uint64_t made, deleted;
	uint64_t revisions[2] = {1, 1};

	scratch_start(&scratch, "a", a);
	scratch_add_vm(&scratch, "b", b, &err);
	made = store_revision(scratch.store);
	scratch_delete(&scratch, CLASS_VM, a, &err);
	deleted = store_revision(scratch.store);
	store_hold(scratch.store);
	store_each_change(scratch.store, CLASS_VM, made, take_revisions, revisions);
	ok(revisions[0] && revisions[0] < made, "a tombstone knows when it was made");
	store_let_go(scratch.store);
	scratch_open(&scratch);
	is_changed(made, " b -", "tombstones outlive the daemon");
	is_changed(deleted, " b", "an object with volatile fields counts as changed at its start");
	is_changed(store_revision(scratch.store), "", "and then no more");
	store_hold(scratch.store);
	store_each_change(scratch.store, CLASS_VM, made, take_revisions, revisions);
	is_int((int64_t)revisions[1], (int64_t)deleted, "with the revision of the deletion");
	ok(store_knows_deletions(scratch.store, CLASS_VM, made), "nothing is forgotten");
	is_int((int64_t)store_count(scratch.store, CLASS_VM), 1, "one is left");
	store_let_go(scratch.store);
	scratch_remove(&scratch);
}

static void delete_some(int count)
{
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];

	for (int i = 0; i < count; i++) {
		scratch_add_vm(&scratch, "x", ref, &err);
		scratch_delete(&scratch, CLASS_VM, ref, &err);
	}
}

static void is_known(uint64_t since, bool want, const char *what)
{
	store_hold(scratch.store);
	ok(store_knows_deletions(scratch.store, CLASS_VM, since) == want, "%s", what);
	store_let_go(scratch.store);
}

/* As scratch_open, but only so many are kept. */
static void reopen(size_t kept)
{
	const struct store_options options = {.path = scratch.path, .tombstones_kept = kept};
	char *problem;

	scratch_close(&scratch);
	scratch.store = store_open(&options, &problem);
}

static void test_forgotten(void)
{
	char ref[REF_SIZE];
	uint64_t first, last;
	AUTO_TEXT count = NULL;
	AUTO_TEXT on_disk = NULL;

	scratch_start(&scratch, "a", ref);
	reopen(3);
	first = store_revision(scratch.store);
	delete_some(3);
	is_known(first, true, "as many deletions as are kept");
	delete_some(40);
	is_known(first, false, "more are forgotten, and that is known");
	last = store_revision(scratch.store);
	is_changed(first, " - - -", "the newest are kept");
	is_known(last, true, "of what comes now nothing is");
	delete_some(1);
	scratch_close(&scratch);
	on_disk = scratch_sql(&scratch, "SELECT count(*) FROM xenapid_tombstone");
	is_str(on_disk, "3", "nor does the table grow without end");
	reopen(2);
	is_known(first, false, "after a start too");
	is_known(last, true, "and what is new enough");
	reopen(100);
	is_known(first, false, "also when more are kept from now on");
	count = scratch_sql(&scratch, "SELECT count(*) FROM xenapid_tombstone");
	is_str(count, "2", "what was dropped stays so");
	scratch_remove(&scratch);
}

static int touch(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	return transaction_touch(transaction, CLASS_VM, argument) ? 0 : -1;
}

static void test_touch(void)
{
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};
	uint64_t before;

	scratch_start(&scratch, "a", ref);
	before = store_revision(scratch.store);
	is_int(store_mutate(scratch.store, touch, ref, &err), 0, "an object is touched");
	is_changed(before, " a", "it counts as changed");
	is_int((int64_t)store_revision(scratch.store), (int64_t)before + 1, "with one revision");
	scratch_open(&scratch);
	scratch_is_name(&scratch, ref, "a", "and is as it was");
	scratch_remove(&scratch);
}

static void hear(void *context, uint64_t classes)
{
	atomic_fetch_or((_Atomic uint64_t *)context, classes);
}

static void test_listener(void)
{
	char ref[REF_SIZE];
	_Atomic uint64_t heard = 0;

	scratch_start(&scratch, "a", ref);
	store_set_listener(scratch.store, hear, &heard);
	rename_vm(ref, "b");
	/* answered means heard */
	ok(atomic_load(&heard) == UINT64_C(1) << CLASS_VM, "the listener hears of the class");
	atomic_store(&heard, 0);
	rename_vm(ref, "b");
	ok(!atomic_load(&heard), "not of what changed nothing");
	scratch_remove(&scratch);
}

int main(void)
{
	schema_init();
	test_order();
	test_restart();
	test_forgotten();
	test_touch();
	test_listener();
	return done_testing();
}
