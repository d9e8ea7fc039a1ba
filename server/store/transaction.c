/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* transaction.c – one mutation against the newest records: what it changed, what follows from that,
 * whether it may be. */
#include "server/store/private.h"

#include "schema/uuid.h"

#include <assert.h>
#include <stdio.h>

static const struct relation {
	enum class_id cls;
	int field;
	enum class_id other;
	int mirror;
} relations[] = {
#define RELATION(cls, field, other, mirror) \
	{CLASS_##cls, cls##_##field, CLASS_##other, other##_##mirror},
#include "schema/relations.def"
};

static struct change *find_change(const struct transaction *transaction, enum class_id cls,
				  const char *ref)
{
	for (struct change *change = transaction->changes; change; change = change->next) {
		const struct record *record = change->old ? change->old : change->new;

		if (record->cls->id == cls && strcmp(record_ref(record), ref) == 0)
			return change;
	}
	return NULL;
}

/* The newest record before this mutation; borrowed. */
static const struct record *find_accepted(const struct store *store, enum class_id cls,
					  const char *ref)
{
	const struct overlay_entry *entry =
		overlay_find(&store->accepted, schema_classes[cls], ref);

	return entry ? entry->record : table_find(&store->tables[cls], ref);
}

static const struct record *read_by_ref(const struct transaction *transaction, enum class_id cls,
					const char *ref)
{
	const struct change *change = find_change(transaction, cls, ref);

	return change ? change->new : find_accepted(transaction->store, cls, ref);
}

static const struct record *read_by_uuid(const struct transaction *transaction, enum class_id cls,
					 const char *uuid)
{
	const struct store *store = transaction->store;
	const struct overlay_entry *entry;
	const struct record *found;

	for (const struct change *change = transaction->changes; change; change = change->next)
		if (change->new && change->new->cls->id == cls &&
		    strcmp(record_uuid(change->new), uuid) == 0)
			return change->new;
	entry = overlay_find_by_uuid(&store->accepted, schema_classes[cls], uuid);
	found = entry ? entry->record : table_find_by_uuid(&store->tables[cls], uuid);
	/* what was found may have been deleted, or got another uuid, since */
	return found ? read_by_ref(transaction, cls, record_ref(found)) : NULL;
}

const struct record *transaction_read(struct transaction *transaction, enum class_id cls,
				      const char *name)
{
	const struct record *record = read_by_ref(transaction, cls, name);

	return record || !*name || schema_classes[cls]->uuid < 0 ?
		       record :
		       read_by_uuid(transaction, cls, name);
}

static struct change *add_change(struct transaction *transaction, const struct record *old,
				 struct record *new)
{
	struct change *change = allocate(sizeof(*change));

	change->old = old ? record_reference(old) : NULL;
	change->new = new;
	*transaction->end = change;
	transaction->end = &change->next;
	return change;
}

struct record *transaction_edit(struct transaction *transaction, enum class_id cls,
				const char *name)
{
	const struct record *record = transaction_read(transaction, cls, name);
	struct change *change;

	if (!record)
		return NULL;
	change = find_change(transaction, cls, record_ref(record));
	return change ? change->new : add_change(transaction, record, record_copy(record))->new;
}

uint64_t transaction_touch(struct transaction *transaction, enum class_id cls, const char *name)
{
	const struct record *record = transaction_edit(transaction, cls, name);

	if (!record)
		return 0;
	find_change(transaction, cls, record_ref(record))->touched = true;
	return transaction->store->next_revision;
}

struct record *transaction_create(struct transaction *transaction, enum class_id cls,
				  const char *ref)
{
	char drawn[REF_SIZE];

	if (!ref) {
		draw_ref(drawn);
		ref = drawn;
	}
	assert(!read_by_ref(transaction, cls, ref));
	return add_change(transaction, NULL, record_new(schema_classes[cls], ref))->new;
}

uint64_t transaction_revision(const struct transaction *transaction)
{
	return transaction->store->next_revision + 1;
}

static void set_mirror(struct transaction *transaction, const struct relation *relation,
		       const char *other, const char *ref, bool there)
{
	struct record *record =
		ref_is_null(other) ? NULL : transaction_edit(transaction, relation->other, other);
	const struct value *set;

	if (!record)
		return;
	set = record_get(record, relation->mirror);
	record_set(record, relation->mirror,
		   there ? value_set_with(set, ref) : value_set_without(set, ref));
}

/* As if it had never been made. */
static void take_back_new(struct transaction *transaction, struct change *change)
{
	struct change **link = &transaction->changes;

	for (size_t i = 0; i < ARRAY_SIZE(relations); i++)
		if (relations[i].cls == change->new->cls->id)
			set_mirror(transaction, &relations[i],
				   record_text(change->new, relations[i].field),
				   record_ref(change->new), false);
	while (*link != change)
		link = &(*link)->next;
	*link = change->next;
	if (!change->next)
		transaction->end = link;
	change->next = NULL;
	changes_free(change);
}

void transaction_delete(struct transaction *transaction, enum class_id cls, const char *name)
{
	const struct record *record = transaction_read(transaction, cls, name);
	struct change *change;

	if (!record)
		return;
	change = find_change(transaction, cls, record_ref(record));
	if (!change)
		change = add_change(transaction, record, NULL);
	assert(change->old || transaction->continues); /* nobody deletes what he has just made */
	if (!change->old) {
		take_back_new(transaction, change);
		return;
	}
	record_release(change->new);
	change->new = NULL;
}

void transaction_each(struct transaction *transaction, enum class_id cls,
		      void (*each)(struct transaction *transaction, const struct record *record,
				   void *argument),
		      void *argument)
{
	const struct table *table = &transaction->store->tables[cls];
	const struct record *record;

	for (const struct slot *slot = table->first; slot; slot = slot->next) {
		record = read_by_ref(transaction, cls, record_ref(slot->record));
		if (record)
			each(transaction, record, argument);
	}
	for (const struct overlay_entry *entry = transaction->store->accepted.first; entry;
	     entry = entry->next) {
		if (entry->cls->id != cls || table_find(table, entry->ref->text))
			continue;
		record = read_by_ref(transaction, cls, entry->ref->text);
		if (record)
			each(transaction, record, argument);
	}
	for (const struct change *change = transaction->changes; change; change = change->next)
		if (!change->old && change->new->cls->id == cls)
			each(transaction, change->new, argument);
}

void transaction_set_setting(struct transaction *transaction, const char *name, const char *value)
{
	struct setting *setting = transaction->settings;

	while (setting && strcmp(setting->name, name) != 0)
		setting = setting->next;
	if (!setting) {
		setting = allocate(sizeof(*setting));
		setting->name = text_copy(name);
		setting->next = transaction->settings;
		transaction->settings = setting;
	}
	free(setting->value);
	setting->value = text_copy(value);
}

/* Nothing points at an object that is gone: what it mirrored and still does is set to null. */
static void forget_deleted(struct transaction *transaction, const struct record *old)
{
	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		const struct relation *relation = &relations[i];
		const struct value *pointing;

		if (relation->other != old->cls->id)
			continue;
		pointing = record_get(old, relation->mirror);
		for (uint32_t k = 0; k < pointing->length; k++) {
			struct record *record = transaction_edit(transaction, relation->cls,
								 pointing->items[k]->text);

			if (record && record_is(record, relation->field, record_ref(old)))
				record_set_text(record, relation->field, NULL_REF);
		}
	}
}

static void mirror(struct transaction *transaction, const struct change *change)
{
	const struct record *record = change->old ? change->old : change->new;

	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		const struct relation *relation = &relations[i];
		const char *before;
		const char *after;

		if (relation->cls != record->cls->id)
			continue;
		before = change->old ? record_text(change->old, relation->field) : NULL_REF;
		after = change->new ? record_text(change->new, relation->field) : NULL_REF;
		if (strcmp(before, after) == 0)
			continue;
		set_mirror(transaction, relation, before, record_ref(record), false);
		set_mirror(transaction, relation, after, record_ref(record), true);
	}
	if (!change->new)
		forget_deleted(transaction, change->old);
}

static void draw_missing_uuid(struct record *record)
{
	char uuid[UUID_SIZE];

	if (record->cls->uuid < 0 || *record_uuid(record))
		return;
	uuid_draw(uuid);
	record_set_text(record, record->cls->uuid, uuid);
}

static bool same(const struct record *a, const struct record *b)
{
	for (int i = 0; i < a->cls->field_count; i++)
		if (!value_equal(a->fields[i], b->fields[i]))
			return false;
	return true;
}

static void drop_what_did_not_change(struct transaction *transaction)
{
	struct change **link = &transaction->changes;

	while (*link) {
		struct change *change = *link;

		if (change->old && change->new &&
		    !change->touched &&same(change->old, change->new)) {
			*link = change->next;
			change->next = NULL;
			changes_free(change);
		} else {
			link = &change->next;
		}
	}
}

static bool settings_differ(const struct record *a, const struct record *b)
{
	for (int i = 0; i < a->cls->field_count; i++)
		if (a->cls->fields[i].is_setting && !value_equal(a->fields[i], b->fields[i]))
			return true;
	return false;
}

static bool is_creation(const struct change *change)
{
	return change->new && !change->old;
}

/* One number for all changes, the last; what is created gets ascending ones up to it, so that its
 * order is the same after a restart. */
static void number(struct store *store, struct change *changes)
{
	uint64_t created = store->next_revision;
	uint64_t creations = 0;

	if (!changes)
		return;
	for (struct change *change = changes; change; change = change->next)
		creations += is_creation(change);
	store->next_revision += creations ? creations : 1;
	for (struct change *change = changes; change; change = change->next) {
		if (!change->new)
			continue;
		change->new->modified = store->next_revision;
		if (is_creation(change))
			change->new->created = ++created;
		if (is_creation(change) || settings_differ(change->old, change->new))
			change->new->settled = store->next_revision;
	}
}

static int judge(struct store *store, struct transaction *transaction, struct change *change,
		 struct error *err)
{
	const struct store_rules *rules = &store->rules;

	if (!change->new || !rules->check)
		return 0;
	if (rules->check(rules->context, transaction, change->old, change->new, err) < 0)
		return -1;
	rules->derive(rules->context, change->old, change->new);
	return 0;
}

static void finish_dry_run(const struct mutation *mutation, struct transaction *transaction)
{
	for (const struct change *change = transaction->changes; change && mutation->report;
	     change = change->next)
		mutation->report(mutation->report_to, change->old, change->new);
	if (mutation->rehearsal)
		rehearsal_keep(mutation->rehearsal, transaction->changes);
	else
		changes_free(transaction->changes);
	settings_free(transaction->settings);
}

int transaction_run(struct store *store, struct mutation *mutation)
{
	struct transaction transaction = {.store = store, .end = &transaction.changes};
	int rc;

	if (mutation->rehearsal)
		rehearsal_begin(mutation->rehearsal, &transaction);
	error_clear(&mutation->error);
	rc = mutation->run(&transaction, mutation->argument, &mutation->error);
	/* both loops see what they append */
	for (struct change *change = transaction.changes; rc == 0 && change;
	     change = change->next) {
		if (is_creation(change))
			draw_missing_uuid(change->new);
		mirror(&transaction, change);
	}
	for (struct change *change = transaction.changes; rc == 0 && change; change = change->next)
		rc = judge(store, &transaction, change, &mutation->error);
	if (rc < 0) {
		changes_free(transaction.changes);
		settings_free(transaction.settings);
		return -1;
	}
	drop_what_did_not_change(&transaction);
	if (mutation->dry_run) {
		finish_dry_run(mutation, &transaction);
		return 0;
	}
	number(store, transaction.changes);
	mutation->changes = transaction.changes;
	mutation->settings = transaction.settings;
	mutation->revision = store->next_revision;
	return 0;
}

void changes_free(struct change *changes)
{
	while (changes) {
		struct change *next = changes->next;

		record_release(changes->old);
		record_release(changes->new);
		free(changes);
		changes = next;
	}
}

void settings_free(struct setting *settings)
{
	while (settings) {
		struct setting *next = settings->next;

		free(settings->name);
		free(settings->value);
		free(settings);
		settings = next;
	}
}

void draw_ref(char ref[REF_SIZE])
{
	char uuid[UUID_SIZE];

	uuid_draw(uuid);
	snprintf(ref, REF_SIZE, "OpaqueRef:%s", uuid);
}
