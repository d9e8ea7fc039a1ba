/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update_conflict.c – an update that expected another revision: who has changed what since then. */
#include "server/api/update.h"

#include "schema/text.h"

#include <inttypes.h>

#define ENTRIES_MOST 20

struct conflict {
	uint64_t expected;
	const struct history_entry *entry;
	struct buffer text;
};

static void add_field(void *argument, int field, const struct value *old, const struct value *new)
{
	struct conflict *conflict = argument;
	const struct history_entry *entry = conflict->entry;
	AUTO(value) time = value_datetime_of((time_t)entry->time);

	if (!entry->cls->fields[field].is_setting)
		return;
	buffer_add_format(&conflict->text, "%s%s ", conflict->text.length ? "; " : "",
			  entry->cls->fields[field].name);
	if (old)
		value_add_json(&conflict->text, old);
	buffer_add_literal(&conflict->text, " -> ");
	if (new)
		value_add_json(&conflict->text, new);
	buffer_add_format(&conflict->text, " by %s in revision %" PRIu64 ", %s",
			  *entry->actor.user ? entry->actor.user : "xenapid", entry->revision,
			  time->text);
}

static bool add_entry(void *argument, const struct history_entry *entry)
{
	struct conflict *conflict = argument;

	if (entry->revision <= conflict->expected)
		return false;
	conflict->entry = entry;
	history_each_field(entry, add_field, conflict);
	return true;
}

void update_explain(struct call *call)
{
	struct conflict conflict = {.expected = (uint64_t)call->update->expected};
	struct history_query query = {
		.cls = call->message->cls, .ref = argument_text(call, 0), .limit = ENTRIES_MOST};
	AUTO_ERROR ignored = {0};

	history_each(call->api->store, &query, add_entry, &conflict, &ignored);
	free(call->error.parameters[RECORD_CHANGED_CHANGES]);
	call->error.parameters[RECORD_CHANGED_CHANGES] =
		conflict.text.data ? buffer_take(&conflict.text) : text_copy("");
}
