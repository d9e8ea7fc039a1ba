/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standin.c – xenapid with nothing behind it: an API, a store and a hypervisor that only do what
 * tests of HTTP need. */
#include "schema/log.h"
#include "server/doctor.h"
#include "server/maintenance.h"
#include "server/api/api.h"
#include "server/hypervisor/hypervisor.h"
#include "server/store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/*
 * echo(…)          its parameters
 * big(n)           n bytes
 * origin()         [address, uid]
 * later(ms, …)     its parameters, deferred, after that time
 * at_once(…)       its parameters, deferred, but done before api_start returns
 * pending()        how many deferred calls are under way, system-style (bare)
 * session.login_with_password(user, password)
 */
struct api {
	struct api_authenticator authenticator;
	atomic_int pending;
};

struct deferred {
	struct api *api;
	struct api_call *call;
};

static const char *text_of(const struct api_call *call, uint32_t i)
{
	const struct value *parameters = call->parameters;

	return i < parameters->length && parameters->items[i]->kind == VALUE_STRING ?
		       parameters->items[i]->text :
		       "";
}

static int64_t int_of(const struct api_call *call, uint32_t i)
{
	const struct value *parameters = call->parameters;

	if (i < parameters->length && parameters->items[i]->kind == VALUE_INT)
		return parameters->items[i]->integer;
	return atoll(text_of(call, i));
}

static void login(struct api *api, struct api_call *call)
{
	const struct api_authenticator *authenticator = &api->authenticator;
	struct api_grant grant = {0};

	if (authenticator->open_to_all ||
	    authenticator->check(authenticator->context, text_of(call, 0), text_of(call, 1),
				 &grant) == 0)
		call->result = value_string("OpaqueRef:session");
	else
		fail(&call->error, ERROR_SESSION_AUTHENTICATION_FAILED, text_of(call, 0),
		     "Authentication failure");
}

static void *run_deferred(void *argument)
{
	struct deferred *deferred = argument;
	struct api *api = deferred->api;
	struct api_call *call = deferred->call;
	struct timespec wait = {int_of(call, 0) / 1000, int_of(call, 0) % 1000 * 1000000};

	if (strcmp(call->method, "later") == 0)
		nanosleep(&wait, NULL);
	if (strcmp(call->method, "session.login_with_password") == 0)
		login(api, call);
	else
		call->result = value_reference(call->parameters);
	free(deferred);
	call->done(call);
	atomic_fetch_sub(&api->pending, 1);
	return NULL;
}

static void defer(struct api *api, struct api_call *call)
{
	struct deferred *deferred = allocate(sizeof(*deferred));
	pthread_t thread;

	*deferred = (struct deferred){api, call};
	atomic_fetch_add(&api->pending, 1);
	call->defer(call);
	if (strcmp(call->method, "at_once") == 0) {
		run_deferred(deferred);
	} else {
		pthread_create(&thread, NULL, run_deferred, deferred);
		pthread_detach(thread);
	}
}

static struct value *big(int64_t length)
{
	AUTO_TEXT text = allocate((size_t)length + 1);

	memset(text, 'x', (size_t)length);
	return value_string(text);
}

bool api_start(struct api *api, struct api_call *call)
{
	if (strcmp(call->method, "echo") == 0) {
		call->result = value_reference(call->parameters);
	} else if (strcmp(call->method, "big") == 0) {
		call->result = big(int_of(call, 0));
	} else if (strcmp(call->method, "origin") == 0) {
		call->result = value_set();
		value_append(call->result, value_string(call->origin.address));
		value_append(call->result, value_int(call->origin.uid));
	} else if (strcmp(call->method, "pending") == 0) {
		call->bare = true;
		call->result = value_int32(atomic_load(&api->pending));
	} else if (strcmp(call->method, "later") == 0 || strcmp(call->method, "at_once") == 0 ||
		   strcmp(call->method, "session.login_with_password") == 0) {
		defer(api, call);
		return false;
	} else {
		fail(&call->error, ERROR_MESSAGE_METHOD_UNKNOWN, call->method);
	}
	return true;
}

void api_call_leave(struct api *api, struct api_call *call)
{
}

void api_set_audit(struct api *api, const char *what)
{
}

void api_stop_waiting(struct api *api)
{
}

void api_call_clear(struct api_call *call)
{
	value_release(call->parameters);
	value_release(call->result);
	error_clear(&call->error);
}

struct api *api_open(struct store *store, struct hypervisor *hypervisor,
		     const struct api_options *options, struct error *err)
{
	struct api *api = allocate(sizeof(*api));

	api->authenticator = options->authenticator;
	return api;
}

int64_t api_bytes_held(const struct api *api)
{
	return 0;
}

void api_close(struct api *api)
{
	const struct timespec moment = {0, 1000000};

	while (atomic_load(&api->pending))
		nanosleep(&moment, NULL);
	free(api);
}

struct store *store_open(const struct store_options *options, char **ret_problem)
{
	if (strcmp(options->path, "/refuse") != 0)
		return allocate(1);
	*ret_problem = text_copy("the stand-in refuses this database");
	return NULL;
}

void store_close(struct store *store)
{
	free(store);
}

struct hypervisor *hypervisor_open(const char *name, const struct hypervisor_options *options,
				   struct hypervisor_error *err)
{
	return allocate(1);
}

struct hypervisor *hypervisor_open_with(const struct adapter *adapter, const char *argument,
					const struct hypervisor_options *options,
					struct hypervisor_error *err)
{
	(void)adapter;
	(void)argument;
	return hypervisor_open("", options, err);
}

void hypervisor_close(struct hypervisor *hypervisor)
{
	free(hypervisor);
}

/* What needs a real store: xenapid has it. */

bool maintenance_backup(const struct options *options)
{
	return false;
}

bool maintenance_restore(const struct options *options)
{
	return false;
}

bool doctor_run(const struct options *options)
{
	return false;
}
