/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_session.c – who may sign in, what failing costs, and how sessions end. */
#include "schema/clock.h"
#include "tests/api/caller.h"

#include "schema/record.h"
#include "server/api/logins.h"
#include "server/api/private.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static struct caller caller;
static atomic_int checks;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closed;
	int waiting;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* The password is the name backwards; "slow" waits for the gate. */
static int check(void *context, const char *user, const char *password, struct api_grant *ret_grant)
{
	size_t length = strlen(user);

	(void)context;
	checks++;
	pthread_mutex_lock(&gate.lock);
	gate.waiting++;
	pthread_cond_broadcast(&gate.changed);
	while (gate.closed && strcmp(user, "slow") == 0)
		pthread_cond_wait(&gate.changed, &gate.lock);
	gate.waiting--;
	pthread_mutex_unlock(&gate.lock);
	if (strlen(password) != length)
		return -1;
	for (size_t i = 0; i < length; i++)
		if (password[i] != user[length - 1 - i])
			return -1;
	ret_grant->superuser = true;
	return 0;
}

static void come_from(bool is_unix, uid_t uid, const char *address)
{
	caller.origin = (struct api_origin){.is_unix = is_unix, .uid = uid};
	snprintf(caller.origin.address, sizeof(caller.origin.address), "%s", address);
}

/* Whether it worked; the session's ref is written. */
static bool sign_in(const char *user, const char *password, char ref[REF_SIZE])
{
	AUTO_ERROR err = {0};
	AUTO(value) result = caller_call(&caller, &err, "session.login_with_password", user,
					 password, "1.0", "test");

	if (result && ref)
		snprintf(ref, REF_SIZE, "%s", result->text);
	if (!result && err.code != ERROR_SESSION_AUTHENTICATION_FAILED)
		diag("%s", error_info(err.code)->name);
	return result;
}

static char *get(const char *session, const char *method, const char *ref)
{
	AUTO_ERROR err = {0};
	AUTO(value) result = caller_call(&caller, &err, method, session, ref);

	return text_copy(result ? result->text : error_info(err.code)->name);
}

static void is_got(const char *session, const char *method, const char *ref, const char *want)
{
	AUTO_TEXT text = get(session, method, ref);

	is_str(text, want, "%s", method);
}

static void test_who_may(void)
{
	int before;

	come_from(true, 0, "unix");
	before = checks;
	ok(sign_in("root", "whatever", NULL) && sign_in("", "", NULL), "root over the Unix socket");
	is_int(checks - before, 0, "without a password");
	ok(sign_in("alice", "ecila", NULL) && !sign_in("alice", "alice", NULL),
	   "others with theirs, from root too");
	come_from(true, 1000, "unix");
	ok(!sign_in("root", "", NULL) && sign_in("root", "toor", NULL),
	   "another user of the host needs root's password");
	come_from(false, 0, "192.0.2.1");
	ok(!sign_in("root", "", NULL) && sign_in("root", "toor", NULL),
	   "so does somebody from elsewhere");
	before = checks;
	sign_in("", "", NULL);
	is_int(checks - before, 1, "an empty name is root's only over the Unix socket");
}

static void test_record(void)
{
	char ref[REF_SIZE];
	AUTO_TEXT user = NULL;
	AUTO_TEXT again = NULL;
	AUTO_TEXT uuid = NULL;

	come_from(false, 0, "192.0.2.1");
	ok(sign_in("bob", "bob", ref), "bob is in");
	is_got(ref, "session.get_auth_user_name", ref, "bob");
	is_got(ref, "session.get_auth_user_sid", ref, "bob");
	is_got(ref, "session.get_originator", ref, "test");
	user = get(ref, "session.get_this_user", ref);
	is_got(ref, "user.get_short_name", user, "bob");
	uuid = get(ref, "session.get_uuid", ref);
	is_got(uuid, "session.get_uuid", ref, "SESSION_INVALID");
	sign_in("bob", "bob", ref);
	again = get(ref, "session.get_this_user", ref);
	is_str(again, user, "the user object is found again");
	is_got(ref, "session.logout", NULL, "");
	is_got(ref, "session.get_uuid", ref, "SESSION_INVALID");
	is_got("", "session.logout", NULL, "SESSION_INVALID");
	is_got("OpaqueRef:NULL", "session.logout", NULL, "SESSION_INVALID");
}

static void test_wiping(void)
{
	AUTO_ERROR err = {0};
	AUTO(value) password = value_string("terces");
	AUTO(value) parameters = value_set();
	AUTO(value) result = NULL;

	/* a value that the caller still holds shows what is left of it */
	value_append(parameters, value_string("secret"));
	value_append(parameters, value_reference(password));
	result = caller_run(&caller, &err, "session.login_with_password",
			    value_reference(parameters));
	ok(result, "signed in");
	is_str(password->text, "", "nothing is left of the password");
}

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t time_of(const char *user, const char *password)
{
	int64_t start = milliseconds();

	sign_in(user, password, NULL);
	return milliseconds() - start;
}

static void test_delays(void)
{
	caller_close(&caller);
	caller.options.login_delay_ms = 20;
	caller_open(&caller, "simulator");
	come_from(false, 0, "192.0.2.2");
	ok(time_of("eve", "x") >= 20, "the first failure takes its time");
	ok(time_of("eve", "x") >= 40, "the second twice as long");
	ok(time_of("adam", "x") >= 80, "another name from there does not help");
	come_from(false, 0, "192.0.2.3");
	sign_in("eve", "x", NULL);
	ok(sign_in("eve", "eve", NULL), "a success");
	come_from(false, 0, "192.0.2.2");
	ok(time_of("eve", "x") >= 160, "elsewhere changes nothing here");
	ok(sign_in("eve", "eve", NULL) && sign_in("adam", "mada", NULL), "successes here");
	for (int i = 0; i < 3; i++) {
		time_of("eve", "x");
		sign_in("eve", "eve", NULL);
	}
	ok(time_of("eve", "x") >= 20, "after a success it starts again");
}

static void *sign_in_slowly(void *argument)
{
	(void)argument;
	return sign_in("slow", "wols", NULL) ? &caller : NULL;
}

static void wait_until_waiting(int wanted)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.waiting < wanted)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static void open_gate(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.closed = false;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

/* Whether one more sign-in from there is let in. */
static bool enter(struct logins *logins, const char *address)
{
	AUTO_ERROR err = {0};

	return logins_enter(logins, "eve", address, &err) == 0;
}

static void test_shares(void)
{
	struct api api = {.options = {.login_delay_ms = 1}};
	struct logins *logins = logins_new(&api);
	int entered = 0;

	for (int i = 0; i < 100; i++)
		if (enter(logins, "192.0.2.1")) {
			entered++;
			logins_leave(logins, "192.0.2.1", 60000);
		}
	is_int(entered, 32,
	       "half of the places are the most that wait out their delay for one address");
	for (int i = 0; i < 32; i++)
		entered += enter(logins, "192.0.2.2");
	is_int(entered, 56, "another address gets three quarters of the rest");
	for (int i = 0; i < 8; i++)
		entered += enter(logins, "192.0.2.3");
	is_int(entered, 62, "so does the next");
	ok(enter(logins, "192.0.2.4"), "there is always one");
	ok(!enter(logins, "192.0.2.4"), "but not two");
	logins_leave(logins, "192.0.2.4", 0);
	ok(enter(logins, "192.0.2.4"), "whoever leaves makes room");
	logins_free(logins);
}

/* Who guesses from all addresses of a network waits as from one; others do not. */
static void test_networks(void)
{
	struct api api = {.options = {.login_delay_ms = 100}};
	struct logins *logins = logins_new(&api);

	is_int(logins_note_failure(logins, "root", "2001:db8::1"), 100, "a first failure");
	is_int(logins_note_failure(logins, "root", "2001:db8::ffff:2"), 200,
	       "another address of the same /64");
	is_int(logins_note_failure(logins, "eve", "2001:db8:0:0:8::"), 400,
	       "another account from there");
	is_int(logins_note_failure(logins, "root", "2001:db8:0:1::1"), 100, "another /64");
	is_int(logins_note_failure(logins, "root", "192.0.2.1"), 100, "and an IPv4 address");
	is_int(logins_note_failure(logins, "root", "192.0.2.2"), 100,
	       "nobody delays an account from elsewhere");
	logins_note_success(logins, "root", "2001:db8::3");
	is_int(logins_note_failure(logins, "root", "2001:db8::1"), 100,
	       "a right password forgives the network");
	logins_free(logins);
}

/* 48 of one address are under way, in whatever place of the queue; then one more. */
static void test_bound(void)
{
	pthread_t threads[70];
	int worked = 0;
	void *result;

	come_from(false, 0, "192.0.2.4");
	gate.closed = true;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, sign_in_slowly, NULL);
	wait_until_waiting(16);
	/* 22 are refused at once: only then may the gate open */
	for (int refused = 0; refused < 22;) {
		struct timespec pause = {.tv_nsec = 1000000};

		for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
			if (threads[i] && pthread_tryjoin_np(threads[i], &result) == 0) {
				threads[i] = 0;
				refused++;
			}
		nanosleep(&pause, NULL);
	}
	ok(!sign_in("alice", "ecila", NULL), "too many are under way for alice");
	come_from(true, 0, "unix");
	open_gate();
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		if (!threads[i])
			continue;
		pthread_join(threads[i], &result);
		worked += result != NULL;
	}
	is_int(worked, 48, "48 get their turn");
	come_from(false, 0, "192.0.2.4");
	ok(sign_in("alice", "ecila", NULL), "then alice may");
}

static void test_limit(void)
{
	char refs[5][REF_SIZE];
	char other[REF_SIZE];

	caller_close(&caller);
	caller.options.session_limit = 3;
	caller_open(&caller, "simulator");
	come_from(false, 0, "192.0.2.5");
	sign_in("bob", "bob", other);
	for (int i = 0; i < 5; i++)
		sign_in("alice", "ecila", refs[i]);
	is_got(refs[0], "session.get_auth_user_name", refs[0], "SESSION_INVALID");
	is_got(refs[1], "session.get_auth_user_name", refs[1], "SESSION_INVALID");
	for (int i = 2; i < 5; i++)
		is_got(refs[i], "session.get_auth_user_name", refs[i], "alice");
	is_got(other, "session.get_auth_user_name", other, "bob");
	come_from(false, 0, "192.0.2.55");
	sign_in("alice", "ecila", refs[0]);
	is_got(refs[2], "session.get_auth_user_name", refs[2], "SESSION_INVALID");
	sign_in("alice", "ecila", refs[1]);
	is_got(refs[0], "session.get_auth_user_name", refs[0], "SESSION_INVALID");
	is_got(refs[3], "session.get_auth_user_name", refs[3], "alice");
}

/* Sets when a session was last used. */
struct past {
	const char *ref;
	int64_t seconds_ago;
};

static int set_active(struct transaction *transaction, void *argument, struct error *err)
{
	const struct past *past = argument;
	struct record *session = transaction_edit(transaction, CLASS_session, past->ref);

	if (!session)
		return fail(err, ERROR_SESSION_INVALID, past->ref);
	record_set_int(session, session_active_time, clock_ms() / 1000 - past->seconds_ago);
	return 0;
}

static void set_last_used(const char *ref, int64_t seconds_ago)
{
	AUTO_ERROR err = {0};

	store_mutate(caller.store, set_active, &(struct past){ref, seconds_ago}, &err);
}

static int do_nothing(struct transaction *transaction, void *argument, struct error *err)
{
	(void)transaction;
	(void)argument;
	(void)err;
	return 0;
}

static int64_t last_used_ago(const char *ref)
{
	AUTO_ERROR err = {0};
	AUTO(record) session = NULL;

	/* what was submitted before is done when this is */
	store_mutate(caller.store, do_nothing, NULL, &err);
	session = store_read(caller.store, CLASS_session, ref);
	return session ? clock_ms() / 1000 - record_int(session, session_active_time) : -1;
}

static void test_idle(void)
{
	char idle[REF_SIZE];
	char used[REF_SIZE];

	caller_close(&caller);
	caller.options.session_idle_seconds = 1000;
	caller.options.session_limit = 500;
	caller_open(&caller, "simulator");
	come_from(false, 0, "192.0.2.6");
	sign_in("alice", "ecila", idle);
	sign_in("alice", "ecila", used);
	set_last_used(used, 100);
	is_got(used, "session.get_auth_user_name", used, "alice");
	ok(last_used_ago(used) >= 100, "a use is not noted each time");
	set_last_used(used, 300);
	is_got(used, "session.get_auth_user_name", used, "alice");
	ok(last_used_ago(used) < 100, "but now and then");
	set_last_used(idle, 1010);
	is_got(idle, "session.get_auth_user_name", idle, "SESSION_INVALID");
	ok(last_used_ago(idle) >= 1010, "one that was idle for too long cannot be used");
	session_expire(caller.api);
	is_int(last_used_ago(idle), -1, "and is removed");
	ok(last_used_ago(used) >= 0, "the other is not");
}

static void test_open_to_all(void)
{
	caller_close(&caller);
	caller.options.authenticator.open_to_all = true;
	caller_open(&caller, "simulator");
	come_from(false, 0, "127.0.0.1");
	ok(sign_in("anybody", "", NULL) && sign_in("", "x", NULL), "open to all");
	caller_close(&caller);
	caller.options.authenticator = (struct api_authenticator){0};
	caller_open(&caller, "simulator");
	ok(!sign_in("anybody", "", NULL), "without an authenticator nobody signs in");
}

int main(void)
{
	schema_init();
	caller_make(&caller);
	caller.options.authenticator.check = check;
	caller_open(&caller, "simulator");
	test_who_may();
	test_record();
	test_wiping();
	test_delays();
	test_shares();
	test_networks();
	test_bound();
	test_limit();
	test_idle();
	test_open_to_all();
	caller_remove(&caller);
	return done_testing();
}
