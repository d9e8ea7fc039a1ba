/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client.c – a session with the server: calls in, values or failures out. */
#include "rpc/xm/client.h"

#include "rpc/xm/codec.h"

#include <stdarg.h>

struct client {
	struct transport *transport;
	char *user;
	char *password;
	struct value *session; /* NULL: not signed in */
};

struct client *client_open(const struct transport_options *options)
{
	struct client *client = allocate(sizeof(*client));

	client->transport = transport_open(options);
	return client;
}

void client_set_account(struct client *client, const char *user, const char *password)
{
	free(client->user);
	free(client->password);
	client->user = text_copy(user);
	client->password = text_copy(password);
}

struct value *parameters_of(struct value *first, ...)
{
	struct value *set = value_set();
	va_list arguments;

	va_start(arguments, first);
	for (struct value *next = first; next; next = va_arg(arguments, struct value *))
		value_append(set, next);
	va_end(arguments);
	return set;
}

static int read_envelope(const struct value *reply, struct value **ret_result,
			 struct failure *failure)
{
	const char *status = value_find_text(reply, "Status");
	const struct value *result = value_find(reply, "Value");
	const struct value *description = value_find(reply, "ErrorDescription");

	if (status && strcmp(status, "Success") == 0 && result) {
		*ret_result = value_reference(result);
		return 0;
	}
	failure_clear(failure);
	if (description && description->kind == VALUE_SET && description->length &&
	    description->items[0]->kind == VALUE_STRING)
		failure->description = value_reference(description);
	else
		failure->reason = text_copy("the reply is not one of a Xen-API server");
	return -1;
}

/* Takes the parameters. */
static int post_call(struct client *client, const char *method, struct value *parameters,
		     struct value **ret_result, struct failure *failure)
{
	AUTO(value) taken = parameters;
	AUTO(value) reply = NULL;
	AUTO_BUFFER call = {0};
	AUTO_BUFFER answer = {0};
	char *reason = NULL;

	if (codec_write_call(&call, method, taken, &reason) < 0 ||
	    transport_post(client->transport, &call, &answer, &reason) < 0 ||
	    codec_read_reply(answer.data ? answer.data : "", answer.length, &reply, &reason) < 0) {
		failure_clear(failure);
		failure->reason = reason;
		return -1;
	}
	if (reply->kind != VALUE_MAP) {
		failure_clear(failure);
		failure->reason = text_copy("the reply is not one of a Xen-API server");
		return -1;
	}
	return read_envelope(reply, ret_result, failure);
}

static int log_in(struct client *client, struct failure *failure)
{
	return post_call(client, "session.login_with_password",
			 parameters_of(value_string(client->user), value_string(client->password),
				       value_string("1.1"), value_string("xm " PACKAGE_VERSION),
				       (struct value *)NULL),
			 &client->session, failure);
}

int client_call(struct client *client, const char *method, struct value *parameters,
		struct value **ret_result, struct failure *failure)
{
	AUTO(value) taken = parameters;
	struct value *all;

	if (!client->session && log_in(client, failure) < 0)
		return -1;
	all = parameters_of(value_reference(client->session), (struct value *)NULL);
	for (uint32_t i = 0; i < taken->length; i++)
		value_append(all, value_reference(taken->items[i]));
	return post_call(client, method, all, ret_result, failure);
}

void client_leave_session(struct client *client)
{
	value_release(client->session);
	client->session = NULL;
}

void client_close(struct client *client)
{
	struct failure failure = {0};

	if (!client)
		return;
	/* out of courtesy: the command is done, whatever comes of it */
	if (client->session) {
		struct value *result = NULL;

		post_call(client, "session.logout",
			  parameters_of(client->session, (struct value *)NULL), &result, &failure);
		value_release(result);
	}
	failure_clear(&failure);
	transport_close(client->transport);
	free(client->user);
	if (client->password)
		explicit_bzero(client->password, strlen(client->password));
	free(client->password);
	free(client);
}

const char *failure_part(const struct failure *failure, uint32_t n)
{
	const struct value *description = failure->description;

	if (!description || n >= description->length || description->items[n]->kind != VALUE_STRING)
		return NULL;
	return description->items[n]->text;
}

void failure_clear(struct failure *failure)
{
	value_release(failure->description);
	free(failure->reason);
	*failure = (struct failure){0};
}
