/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * audit.c – a line in the log for each call that changes something, or that is refused: who, from
 * where, what, of which object, and how it ended. Values are never in it: the history has them,
 * without what is secret.
 */
#include "server/api/audit.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "schema/text.h"
#include "server/api/private.h"
#include "server/api/update.h"

/* Names are clients' texts. */
#define SHOWN_MOST 64
#define FIELDS_MOST 20
/* Whoever has no session can make no more lines than these a second. */
#define STRANGERS_MOST 10

enum audited { AUDIT_NONE, AUDIT_REFUSED, AUDIT_ALL };

void audit_set(struct api *api, const char *what)
{
	atomic_store(&api->audited, !what || strcmp(what, "none") == 0 ? AUDIT_NONE :
				    strcmp(what, "refused") == 0       ? AUDIT_REFUSED :
									 AUDIT_ALL);
}

static bool is_refused(const struct call *call)
{
	return call->error.code == ERROR_RBAC_PERMISSION_DENIED ||
	       call->error.code == ERROR_SESSION_AUTHENTICATION_FAILED ||
	       call->error.code == ERROR_SESSION_INVALID;
}

static bool is_login(const struct call *call)
{
	return call->message->role == ROLE_nobody;
}

/* What a worker does for a reader is to look something up. */
static bool changes(const struct call *call)
{
	const struct message_info *message = call->message;

	if (call->dry_run)
		return false;
	return message->runs == RUNS_CHANGE || message->runs == RUNS_OPERATION ||
	       (message->runs == RUNS_WORK && message->role != ROLE_read_only);
}

/* xm on the host signs in and out for every command. */
static bool is_routine(const struct call *call)
{
	return call->message->cls->id == CLASS_session && call->error.code == ERROR_NONE &&
	       strcmp(call->address, "unix") == 0;
}

static bool is_wanted(const struct call *call)
{
	int audited = atomic_load_explicit(&call->api->audited, memory_order_relaxed);

	if (!call->message || !*call->address || audited == AUDIT_NONE)
		return false;
	return is_refused(call) || (audited == AUDIT_ALL && changes(call) && !is_routine(call));
}

/* Quoted, as JSON; never half of a character. */
static void add_name(struct buffer *line, const char *word, const char *text)
{
	size_t length = strlen(text);
	AUTO_TEXT shown = NULL;

	if (length > SHOWN_MOST)
		for (length = SHOWN_MOST; length && ((unsigned char)text[length] & 0xc0) == 0x80;)
			length--;
	shown = text_format("%.*s", (int)length, text);
	buffer_add_format(line, " %s=", word);
	text_add_json(line, shown);
}

static void add_who(struct buffer *line, const struct call *call)
{
	const char *user = call->session  ? call->actor.user :
			   is_login(call) ? argument_text(call, 0) :
					    "";

	add_name(line, "user", user);
	if (call->session)
		buffer_add_format(line, " role=%s",
				  role_name((enum role)record_int(call->session, session_role)));
	buffer_add_format(line, " address=%s call=%s", call->address, call->message->name);
}

/* A session's reference is a secret. */
static void add_object(struct buffer *line, const struct call *call)
{
	const struct record *self = call->self;
	const struct type *result = call->message->result;

	if (self && self->cls->id != CLASS_session) {
		buffer_add_format(line, " object=%s", record_ref(self));
		if (self->cls->name_label >= 0)
			add_name(line, "name", record_text(self, self->cls->name_label));
	} else if (!self && call->result && result->kind == TYPE_REF && !is_login(call)) {
		buffer_add_format(line, " object=%s", call->result->text);
	}
}

/* Names of what an update sets. */
static void add_fields(struct buffer *line, const struct call *call)
{
	const struct update *update = call->update;
	AUTO_BUFFER fields = {0};

	for (size_t i = 0; update && i < update->count && i < FIELDS_MOST; i++) {
		const struct update_item *item = &update->items[i];

		if (!item->setter)
			break;
		buffer_add_format(&fields, "%s%s", i ? " " : "",
				  call->message->cls->fields[item->field].name);
		if (item->key)
			buffer_add_format(&fields, ":%s", item->key->text);
	}
	if (fields.length)
		add_name(line, "fields", fields.data);
}

static void add_outcome(struct buffer *line, const struct call *call)
{
	enum error_code code = call->error.code;

	if (*call->task)
		buffer_add_format(line, " task=%s", call->task);
	if (code == ERROR_RBAC_PERMISSION_DENIED)
		add_name(line, "wanted", call->error.parameters[0]);
	buffer_add_format(line, " outcome=%s", code ? error_info(code)->name : "done");
}

/* False: there are too many lines of strangers already. */
static bool has_room(const struct call *call, struct buffer *line)
{
	struct api *api = call->api;
	int64_t second = clock_ms() / 1000;
	int left_out = 0;

	if (call->session || is_login(call))
		return true;
	pthread_mutex_lock(&api->audit_lock);
	if (api->strangers_second != second) {
		left_out = api->strangers > STRANGERS_MOST ? api->strangers - STRANGERS_MOST : 0;
		api->strangers_second = second;
		api->strangers = 0;
	}
	api->strangers++;
	second = api->strangers;
	pthread_mutex_unlock(&api->audit_lock);
	if (left_out)
		buffer_add_format(line, " left-out=%d", left_out);
	return second <= STRANGERS_MOST;
}

void audit_call(const struct call *call)
{
	AUTO_BUFFER line = {0};

	if (!is_wanted(call) || !has_room(call, &line))
		return;
	add_who(&line, call);
	add_object(&line, call);
	add_fields(&line, call);
	add_outcome(&line, call);
	log_audit("%s", line.data + 1);
}
