/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rehearsal.c – what a thread would change: a list of changes that its next mutation begins with.
 */
#include "server/store/rehearsal.h"

#include "server/store/private.h"

static _Thread_local struct rehearsal *current;

void store_begin_rehearsal(void)
{
	current = allocate(sizeof(*current));
}

void store_end_rehearsal(void (*report)(void *report_to, const struct record *old,
					const struct record *new),
			 void *report_to)
{
	struct rehearsal *rehearsal = TAKE(current);

	for (const struct change *change = rehearsal->changes; change && report;
	     change = change->next)
		report(report_to, change->old, change->new);
	changes_free(rehearsal->changes);
	changes_free(rehearsal->next);
	free(rehearsal);
}

struct rehearsal *rehearsal_current(void)
{
	return current;
}

void rehearsal_accept(struct rehearsal *rehearsal)
{
	changes_free(rehearsal->changes);
	rehearsal->changes = TAKE(rehearsal->next);
}

void rehearsal_begin(const struct rehearsal *rehearsal, struct transaction *transaction)
{
	transaction->continues = true;
	for (const struct change *change = rehearsal->changes; change; change = change->next) {
		struct change *copy = allocate(sizeof(*copy));

		*copy = (struct change){
			.old = change->old ? record_reference(change->old) : NULL,
			.new = change->new ? record_copy(change->new) : NULL,
			.touched = change->touched,
		};
		*transaction->end = copy;
		transaction->end = &copy->next;
	}
}

void rehearsal_keep(struct rehearsal *rehearsal, struct change *changes)
{
	/* of an earlier run of the same mutation */
	changes_free(rehearsal->next);
	rehearsal->next = changes;
}

static bool is_named(const struct record *record, enum class_id cls, const char *name)
{
	if (!record || record->cls->id != cls)
		return false;
	return strcmp(record_ref(record), name) == 0 ||
	       (*name && record->cls->uuid >= 0 && strcmp(record_uuid(record), name) == 0);
}

static const struct change *find(enum class_id cls, const char *name)
{
	const struct change *change = current ? current->changes : NULL;

	while (change && !is_named(change->old, cls, name) && !is_named(change->new, cls, name))
		change = change->next;
	return change;
}

bool rehearsal_read(enum class_id cls, const char *name, struct record **ret_record)
{
	const struct change *change = find(cls, name);

	if (change)
		*ret_record = change->new ? record_reference(change->new) : NULL;
	return change;
}

/* What of the list is deleted in the rehearsal goes, what is changed is replaced. */
static size_t replace(struct record **records, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct change *change = find(records[i]->cls->id, record_ref(records[i]));

		if (change && change->new) {
			record_reference(change->new);
			record_release(records[i]);
			records[i] = change->new;
		}
		if (change && !change->new)
			record_release(records[i]);
		else
			records[kept++] = records[i];
	}
	return kept;
}

struct record **rehearsal_list(enum class_id cls, struct record **records, size_t *count)
{
	if (!current)
		return records;
	*count = replace(records, *count);
	for (const struct change *change = current->changes; change; change = change->next) {
		if (change->old || change->new->cls->id != cls)
			continue;
		records = reallocate(records, (*count + 1) * sizeof(*records));
		records[(*count)++] = record_reference(change->new);
	}
	return records;
}
