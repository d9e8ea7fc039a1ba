/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* token.c – passwords for programs, with a role and an end. Only a digest is kept: a secret of 256
 * random bits needs no more than SHA-256. */
#include "server/api/token.h"

#include <string.h>
#include <sys/random.h>

#define PREFIX "token:"
#define NAME_LENGTH_MAX 64
#define SECRET_BYTES 32
/* So that those who look for forgotten secrets find it. */
#define SECRET_PREFIX "xenapid-"

const char *token_name_of(const char *user)
{
	return strncmp(user, PREFIX, strlen(PREFIX)) == 0 ? user + strlen(PREFIX) : NULL;
}

struct search {
	const char *name;
	const struct record *found;
};

static void compare(struct transaction *transaction, const struct record *token, void *argument)
{
	struct search *search = argument;

	(void)transaction;
	if (record_is(token, token_name_label, search->name))
		search->found = token;
}

static const struct record *find(struct transaction *transaction, const char *name)
{
	struct search search = {.name = name};

	transaction_each(transaction, CLASS_token, compare, &search);
	return search.found;
}

/* The time does not depend on where they differ. */
static bool is_digest(const struct record *token, const char *digest)
{
	const char *own = record_text(token, token_digest);
	unsigned different = 0;

	if (strlen(own) != API_DIGEST_SIZE - 1)
		return false;
	for (size_t i = 0; i < API_DIGEST_SIZE - 1; i++)
		different |= (unsigned)(own[i] ^ digest[i]);
	return !different;
}

const struct record *token_use(struct transaction *transaction, const char *name,
			       const char *digest)
{
	const struct record *token = find(transaction, name);
	struct record *used;

	if (!token || !is_digest(token, digest) || is_past(record_text(token, token_expires)))
		return NULL;
	used = transaction_edit(transaction, CLASS_token, record_ref(token));
	record_set(used, token_last_used, value_datetime_of((time_t)now_seconds()));
	return used;
}

static int check_new(struct call *call, struct error *err)
{
	const char *name = argument_text(call, 0);
	const char *expires = argument_text(call, 2);
	size_t known = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-");

	if (!*name || name[known] || known > NAME_LENGTH_MAX)
		return fail(err, ERROR_INVALID_VALUE,
			    "name_label: 1 to 64 letters, digits, dots, dashes and underscores",
			    name);
	if (find(call->transaction, name))
		return fail(err, ERROR_INVALID_VALUE, "name_label: another token has it", name);
	if (is_past(expires))
		return fail(err, ERROR_INVALID_VALUE, "expires: a time to come", expires);
	if (!call->api->options.digest)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, "this server has no tokens");
	return 0;
}

static struct value *draw_secret(void)
{
	unsigned char bytes[SECRET_BYTES];
	AUTO_BUFFER text = {0};

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	buffer_add_literal(&text, SECRET_PREFIX);
	for (size_t i = 0; i < sizeof(bytes); i++)
		buffer_add_format(&text, "%02x", bytes[i]);
	return value_string(text.data);
}

int run_token_create(struct call *call, struct error *err)
{
	char digest[API_DIGEST_SIZE];
	struct record *token;

	if (check_new(call, err) < 0)
		return -1;
	call->result = draw_secret();
	call->api->options.digest(call->result->text, digest);
	token = transaction_create(call->transaction, CLASS_token, NULL);
	record_set(token, token_name_label, value_reference(call->arguments[0]));
	record_set(token, token_role, value_reference(call->arguments[1]));
	record_set(token, token_created, value_datetime_of((time_t)now_seconds()));
	record_set(token, token_expires, value_reference(call->arguments[2]));
	record_set_text(token, token_digest, digest);
	return 0;
}

int run_token_destroy(struct call *call, struct error *err)
{
	const char *ref = argument_text(call, 0);

	if (!call_edit(call, CLASS_token, 0, err))
		return -1;
	session_end_all(call->transaction, session_token, ref, NULL);
	transaction_delete(call->transaction, CLASS_token, ref);
	return 0;
}
