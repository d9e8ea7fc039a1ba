/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* subject.c – accounts that are no administrators, their roles, and their sessions, which follow.
 */
#include "server/api/role.h"

#define IDENTIFIER_LENGTH_MAX 256

struct search {
	const char *identifier;
	const struct record *found;
};

static void compare(struct transaction *transaction, const struct record *subject, void *argument)
{
	struct search *search = argument;

	(void)transaction;
	if (record_is(subject, subject_subject_identifier, search->identifier))
		search->found = subject;
}

static const struct record *find(struct transaction *transaction, const char *identifier)
{
	struct search search = {.identifier = identifier};

	transaction_each(transaction, CLASS_subject, compare, &search);
	return search.found;
}

static enum role highest(struct transaction *transaction, const struct record *subject)
{
	const struct value *refs = record_get(subject, subject_roles);
	enum role role = ROLE_nobody;

	for (uint32_t i = 0; i < refs->length; i++) {
		enum role other =
			role_of(transaction_read(transaction, CLASS_role, refs->items[i]->text));

		role = other > role ? other : role;
	}
	return role;
}

enum role subject_role_of(struct transaction *transaction, const char *identifier,
			  const struct record **ret_subject)
{
	*ret_subject = find(transaction, identifier);
	return *ret_subject ? highest(transaction, *ret_subject) : ROLE_nobody;
}

int run_subject_create(struct call *call, struct error *err)
{
	const char *identifier = value_find_text(call->arguments[0], "subject_identifier");
	struct record *subject;

	if (!identifier || !*identifier || strlen(identifier) > IDENTIFIER_LENGTH_MAX)
		return fail(err, ERROR_INVALID_VALUE,
			    "subject_identifier: the name of an account, 1 to 256 bytes",
			    identifier ? identifier : "");
	if (find(call->transaction, identifier))
		return fail(err, ERROR_INVALID_VALUE, "subject_identifier: another subject has it",
			    identifier);
	subject = transaction_create(call->transaction, CLASS_subject, NULL);
	if (record_fill(call->transaction, subject, call->arguments[0], err) < 0)
		return -1;
	call->result = value_reference(subject->ref);
	return 0;
}

struct sessions {
	const char *subject;
	enum role role; /* the subject's */
	bool is_gone;	/* the subject */
	struct value *permissions;
	struct value *refs; /* a set */
};

static void note_session(struct transaction *transaction, const struct record *session,
			 void *argument)
{
	struct sessions *sessions = argument;

	(void)transaction;
	if (record_is(session, session_subject, sessions->subject))
		value_append(sessions->refs, value_reference(session->ref));
}

/* A subject's sessions have its roles, or what the configuration gives if that is more; without
 * any they end. */
static void follow_subject(struct transaction *transaction, const struct sessions *sessions,
			   const struct record *old)
{
	enum role granted = (enum role)record_int(old, session_granted);
	enum role role = sessions->role > granted ? sessions->role : granted;
	struct record *session;

	if (role == ROLE_nobody) {
		transaction_delete(transaction, CLASS_session, record_ref(old));
		return;
	}
	session = transaction_edit(transaction, CLASS_session, record_ref(old));
	record_set_int(session, session_role, role);
	record_set(session, session_rbac_permissions,
		   role == sessions->role ? value_reference(sessions->permissions) :
					    role_permissions(role));
	if (sessions->is_gone)
		record_set_text(session, session_subject, NULL_REF);
}

static void set_sessions(struct transaction *transaction, struct sessions *sessions)
{
	AUTO(value) refs = value_set();
	AUTO(value) permissions = role_permissions(sessions->role);

	sessions->refs = refs;
	sessions->permissions = permissions;
	transaction_each(transaction, CLASS_session, note_session, sessions);
	for (uint32_t i = 0; i < refs->length; i++)
		follow_subject(transaction, sessions,
			       transaction_read(transaction, CLASS_session, refs->items[i]->text));
}

int run_subject_destroy(struct call *call, struct error *err)
{
	const char *ref = argument_text(call, 0);

	if (!call_edit(call, CLASS_subject, 0, err))
		return -1;
	set_sessions(call->transaction, &(struct sessions){.subject = ref, .is_gone = true});
	transaction_delete(call->transaction, CLASS_subject, ref);
	return 0;
}

static int set_roles(struct call *call,
		     struct value *(*changed)(const struct value *, const char *),
		     struct error *err)
{
	struct record *subject = call_edit(call, CLASS_subject, 0, err);

	if (!subject)
		return -1;
	record_set(subject, subject_roles,
		   changed(record_get(subject, subject_roles), argument_text(call, 1)));
	set_sessions(call->transaction,
		     &(struct sessions){.subject = record_ref(subject),
					.role = highest(call->transaction, subject)});
	return 0;
}

int run_subject_add_to_roles(struct call *call, struct error *err)
{
	return set_roles(call, value_set_with, err);
}

int run_subject_remove_from_roles(struct call *call, struct error *err)
{
	return set_roles(call, value_set_without, err);
}

int run_subject_get_permissions_name_label(struct call *call, struct error *err)
{
	const struct value *refs = record_get(call->self, subject_roles);
	enum role role = ROLE_nobody;

	(void)err;
	for (uint32_t i = 0; i < refs->length; i++) {
		AUTO(record) other = store_read(call->api->store, CLASS_role, refs->items[i]->text);

		role = role_of(other) > role ? role_of(other) : role;
	}
	call->result = role_permissions(role);
	return 0;
}

int run_session_get_all_subject_identifiers(struct call *call, struct error *err)
{
	size_t count;
	struct record **sessions = store_list(call->api->store, CLASS_session, &count);

	(void)err;
	call->result = value_set();
	for (size_t i = 0; i < count; i++) {
		const struct value *name = record_get(sessions[i], session_auth_user_sid);

		if (!ref_is_null(record_text(sessions[i], session_subject)) &&
		    !value_set_has(call->result, name->text))
			value_append(call->result, value_reference(name));
	}
	store_free_list(sessions, count);
	return 0;
}

int run_session_logout_subject_identifier(struct call *call, struct error *err)
{
	const struct record *subject = find(call->transaction, argument_text(call, 0));

	(void)err;
	if (subject)
		session_end_all(call->transaction, session_subject, record_ref(subject),
				record_ref(call->session));
	return 0;
}
