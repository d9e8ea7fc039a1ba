/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session.c – signing in and out, and the sessions of those who have. */
#include "server/api/private.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "server/api/logins.h"
#include "server/api/role.h"
#include "server/api/token.h"

/* What nobody types: no authenticator is bothered with it. */
#define PASSWORD_LENGTH_MAX 1024

#define ACTIVE_NOTED_SECONDS 600
/* So long it is noted each second who is active, when a user's sessions have come half way to the
 * limit. */
#define CROWDED_SECONDS 3600

/* A session to be made. */
struct login {
	struct api *api;
	const char *user;
	const char *address;
	const char *originator;
	const struct api_grant *grant;
	bool by_certificate;
	const char *token; /* its name; NULL: it is another way */
	char digest[API_DIGEST_SIZE];
	int64_t now;
	char ref[REF_SIZE];
};

static bool is_local_root(const struct api_origin *origin, const char *user)
{
	return origin->is_unix && origin->uid == 0 && (!*user || strcmp(user, "root") == 0);
}

/* Where everybody is let in names mean nothing, and whoever invents more shares root's user. */
#define OPEN_USERS_MAX 32

struct user_search {
	const char *short_name;
	const struct record *found;
	int count;
};

static void match_user(struct transaction *transaction, const struct record *record, void *argument)
{
	struct user_search *search = argument;

	(void)transaction;
	search->count++;
	if (record_is(record, user_short_name, search->short_name))
		search->found = record;
}

static const struct record *find_or_add_user(struct transaction *transaction, const char *name,
					     bool open_to_all)
{
	struct user_search search = {.short_name = name};
	struct record *user;

	transaction_each(transaction, CLASS_user, match_user, &search);
	if (search.found)
		return search.found;
	if (open_to_all && search.count >= OPEN_USERS_MAX && strcmp(name, "root") != 0)
		return find_or_add_user(transaction, "root", open_to_all);
	user = transaction_create(transaction, CLASS_user, NULL);
	record_set_text(user, user_short_name, name);
	return user;
}

struct session_search {
	const char *user; /* ref */
	const char *address;
	int count;
	const struct record *least_active;
	const struct record *least_active_there; /* of those from that address */
};

static const struct record *less_active(const struct record *a, const struct record *b)
{
	return !a || record_int(b, session_active_time) < record_int(a, session_active_time) ? b :
											       a;
}

static void match_session(struct transaction *transaction, const struct record *record,
			  void *argument)
{
	struct session_search *search = argument;

	(void)transaction;
	if (!record_is(record, session_this_user, search->user))
		return;
	search->count++;
	search->least_active = less_active(search->least_active, record);
	if (record_is(record, session_address, search->address))
		search->least_active_there = less_active(search->least_active_there, record);
}

/* Clients that never sign out must not lock anybody out, and lose their own sessions first. */
static void make_room(struct transaction *transaction, const char *user, const struct login *login)
{
	int limit = login->api->options.session_limit;

	for (;;) {
		struct session_search search = {.user = user, .address = login->address};
		const struct record *least;

		transaction_each(transaction, CLASS_session, match_session, &search);
		if (search.count >= limit / 2)
			atomic_store(&login->api->crowded_until, login->now + CROWDED_SECONDS);
		if (search.count < limit || !search.count)
			return;
		least = search.least_active_there ? search.least_active_there : search.least_active;
		transaction_delete(transaction, CLASS_session, record_ref(least));
	}
}

/* The highest of what the configuration and the subject of that name give. */
static enum role role_in(struct transaction *transaction, const struct login *login,
			 const struct record **ret_subject)
{
	enum role role;

	if (login->grant->superuser)
		return ROLE_pool_admin;
	role = subject_role_of(transaction, login->user, ret_subject);
	return role > login->grant->role ? role : login->grant->role;
}

static enum role role_of_token(struct transaction *transaction, const struct login *login,
			       const struct record **ret_token)
{
	const struct record *token = token_use(transaction, login->token, login->digest);

	*ret_token = token;
	return token ? role_of(transaction_read(transaction, CLASS_role,
						record_text(token, token_role))) :
		       ROLE_nobody;
}

static int add_session(struct transaction *transaction, void *argument, struct error *err)
{
	const struct login *login = argument;
	const struct record *subject = NULL;
	const struct record *token = NULL;
	enum role role = login->token ? role_of_token(transaction, login, &token) :
					role_in(transaction, login, &subject);
	const struct record *user;
	struct record *session;

	if (role == ROLE_nobody)
		return fail(err, ERROR_SESSION_AUTHENTICATION_FAILED, login->user, "no role");
	user = find_or_add_user(transaction, login->user,
				login->api->options.authenticator.open_to_all);
	make_room(transaction, record_ref(user), login);
	session = transaction_create(transaction, CLASS_session, login->ref);
	record_set_text(session, session_this_host, login->api->host_ref);
	record_set(session, session_this_user, value_reference(user->ref));
	record_set(session, session_last_active, value_datetime_of(now_seconds()));
	record_set(session, session_validation_time, value_datetime_of(now_seconds()));
	record_set_int(session, session_active_time, login->now);
	record_set_text(session, session_auth_user_name, login->user);
	record_set_text(session, session_auth_user_sid, login->user);
	record_set(session, session_is_local_superuser, value_bool(login->grant->superuser));
	record_set_text(session, session_originator, login->originator);
	record_set_text(session, session_address, login->address);
	record_set(session, session_client_certificate, value_bool(login->by_certificate));
	record_set_int(session, session_role, role);
	record_set_int(session, session_granted, login->grant->role);
	if (token) {
		record_set(session, session_token, value_reference(token->ref));
		record_set_text(session, session_expires, record_text(token, token_expires));
	}
	if (subject)
		record_set(session, session_subject, value_reference(subject->ref));
	if (!login->grant->superuser)
		record_set(session, session_rbac_permissions, role_permissions(role));
	return 0;
}

/* By the connection alone. Blocks as long as the authenticator does. */
static bool is_recognized(const struct call *call, struct api_grant *ret_grant)
{
	const struct api_authenticator *authenticator = &call->api->options.authenticator;
	const struct value *user = call->arguments[0];

	return authenticator->recognize && !call->arguments[1]->length &&
	       user->length <= API_USER_MAX &&
	       authenticator->recognize(authenticator->context, &call->outer->origin, user->text,
					ret_grant) == 0;
}

static bool check_password(const struct call *call, struct api_grant *ret_grant)
{
	const struct api_authenticator *authenticator = &call->api->options.authenticator;
	const struct value *user = call->arguments[0];
	const struct value *password = call->arguments[1];

	ret_grant->superuser = authenticator->open_to_all;
	if (authenticator->open_to_all || is_recognized(call, ret_grant))
		return true;
	return authenticator->check && user->length <= API_USER_MAX &&
	       password->length <= PASSWORD_LENGTH_MAX &&
	       authenticator->check(authenticator->context, user->text, password->text,
				    ret_grant) == 0;
}

/* Nobody shares this text but the parameters that it came in, unless it is empty. */
static void wipe_password(struct call *call)
{
	const struct value *password = call->arguments[1];

	if (password->length)
		explicit_bzero(password->text, password->length);
}

/* The name of the token that is to be used; NULL: none. */
static const char *token_of(const struct call *call)
{
	return call->api->options.digest && !call->api->options.authenticator.open_to_all ?
		       token_name_of(argument_text(call, 0)) :
		       NULL;
}

static int sign_in(struct call *call, const struct api_grant *grant, struct error *err)
{
	const struct api_origin *origin = &call->outer->origin;
	struct login login = {.api = call->api,
			      .user = *grant->user ? grant->user : argument_text(call, 0),
			      .address = origin->address,
			      .originator = argument_text(call, 3),
			      .grant = grant,
			      .token = token_of(call),
			      .by_certificate = *grant->user && origin->certificate,
			      .now = session_seconds()};

	if (login.token)
		call->api->options.digest(argument_text(call, 1), login.digest);
	draw_ref(login.ref);
	if (store_mutate(call->api->store, add_session, &login, err) < 0)
		return -1;
	call->session = store_read(call->api->store, CLASS_session, login.ref);
	call->actor.user = record_text(call->session, session_auth_user_name);
	call->result = value_string(login.ref);
	return 0;
}

static int refuse(struct call *call, const char *user, struct error *err)
{
	const char *address = call->outer->origin.address;

	call->answer_delay_ms = logins_note_failure(call->api->logins, user, address);
	return fail(err, ERROR_SESSION_AUTHENTICATION_FAILED, user,
		    "the name or the password is wrong, or the user may not sign in here");
}

static int check_and_sign_in(struct call *call, struct error *err)
{
	const char *user = argument_text(call, 0);
	struct api_grant grant = {0};
	bool right = token_of(call) || check_password(call, &grant);
	int rc = right ? sign_in(call, &grant, err) : -1;

	wipe_password(call);
	if (rc == 0) {
		logins_note_success(call->api->logins, user, call->outer->origin.address);
		return 0;
	}
	if (right && err->code != ERROR_SESSION_AUTHENTICATION_FAILED)
		return -1;
	/* whoever guesses passwords does not learn that one was right */
	error_clear(err);
	return refuse(call, user, err);
}

int session_admit(struct call *call, struct error *err)
{
	const char *user = argument_text(call, 0);

	if (call->admitted || is_local_root(&call->outer->origin, user))
		return 0;
	if (logins_enter(call->api->logins, user, call->outer->origin.address, err) < 0)
		return -1;
	call->admitted = true;
	return 0;
}

int run_session_login_with_password(struct call *call, struct error *err)
{
	int rc;

	if (is_local_root(&call->outer->origin, argument_text(call, 0))) {
		wipe_password(call);
		return sign_in(call, &(struct api_grant){.user = "root", .superuser = true}, err);
	}
	if (session_admit(call, err) < 0) {
		wipe_password(call);
		return -1;
	}
	rc = check_and_sign_in(call, err);
	logins_leave(call->api->logins, call->outer->origin.address, call->answer_delay_ms);
	return rc;
}

int run_session_logout(struct call *call, struct error *err)
{
	(void)err;
	transaction_delete(call->transaction, CLASS_session, record_ref(call->session));
	return 0;
}

/* Notes that a session is in use; frees itself. Counts as a call: the store's rules need the api.
 */
struct note {
	struct mutation mutation;
	struct api *api;
	struct value *ref;
	int64_t now;
};

static int note_active(struct transaction *transaction, void *argument, struct error *err)
{
	const struct note *note = argument;
	struct record *session = transaction_edit(transaction, CLASS_session, note->ref->text);

	(void)err;
	if (!session || record_int(session, session_active_time) >= note->now)
		return 0;
	record_set_int(session, session_active_time, note->now);
	record_set(session, session_last_active, value_datetime_of(now_seconds()));
	return 0;
}

static void free_note(struct mutation *mutation, struct error *err)
{
	struct note *note = mutation->argument;
	struct api *api = note->api;

	error_clear(err);
	value_release(note->ref);
	free(note);
	atomic_fetch_sub(&api->calls, 1);
}

static void submit_note(struct api *api, const struct record *session, int64_t now)
{
	struct note *note = allocate(sizeof(*note));

	*note = (struct note){.mutation = {.run = note_active, .done = free_note, .argument = note},
			      .api = api,
			      .ref = value_reference(session->ref),
			      .now = now};
	atomic_fetch_add(&api->calls, 1);
	store_submit(api->store, &note->mutation);
}

/* How old active_time may be before it is written again. */
static int64_t noted_every(struct api *api, int64_t now)
{
	int64_t quarter = api->options.session_idle_seconds / 4;

	if (now < atomic_load_explicit(&api->crowded_until, memory_order_relaxed))
		return 1;
	if (quarter > ACTIVE_NOTED_SECONDS)
		return ACTIVE_NOTED_SECONDS;
	return quarter > 0 ? quarter : 1;
}

struct record *session_find(struct api *api, const char *ref, struct error *err)
{
	AUTO(record) session = store_read(api->store, CLASS_session, ref);
	int64_t now = session_seconds();

	/* a uuid is no secret, and so no session's name */
	if (!session || strcmp(record_ref(session), ref) != 0 || session_is_over(api, session)) {
		fail(err, ERROR_SESSION_INVALID, ref);
		return NULL;
	}
	if (now - record_int(session, session_active_time) >= noted_every(api, now))
		submit_note(api, session, now);
	return TAKE(session);
}
