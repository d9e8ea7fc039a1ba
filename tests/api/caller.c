/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* caller.c – an API on a database and a hypervisor of its own, called without a wire. */
#include "tests/api/caller.h"

#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void __attribute__((noreturn)) bail_out(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(1);
}

void caller_make(struct caller *caller)
{
	const char *folder = getenv("TMPDIR");

	*caller = (struct caller){.origin = {.is_unix = true, .uid = 0, .address = "unix"}};
	snprintf(caller->folder, sizeof(caller->folder), "%.40s/xenapid-api-XXXXXX",
		 folder && strlen(folder) <= 40 ? folder : "/tmp");
	if (!mkdtemp(caller->folder))
		bail_out("no folder");
	snprintf(caller->path, sizeof(caller->path), "%s/test.db", caller->folder);
	caller->options.suspend_folder = caller->folder;
	caller->options.login_delay_ms = 1;
}

void caller_open(struct caller *caller, const char *adapter)
{
	struct store_options options = {.path = caller->path};
	struct hypervisor_error refused;
	AUTO_ERROR err = {0};
	char *problem = NULL;

	caller->hypervisor = hypervisor_open(adapter, NULL, &refused);
	if (!caller->hypervisor)
		bail_out(refused.text);
	caller->store = store_open(&options, &problem);
	if (!caller->store)
		bail_out(problem);
	caller->api = api_open(caller->store, caller->hypervisor, &caller->options, &err);
	if (!caller->api)
		bail_out(err.parameters[0]);
	caller->session[0] = '\0';
}

void caller_close(struct caller *caller)
{
	if (caller->api)
		api_close(TAKE(caller->api));
	if (caller->store)
		store_close(TAKE(caller->store));
	if (caller->hypervisor)
		hypervisor_close(TAKE(caller->hypervisor));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void caller_remove(struct caller *caller)
{
	caller_close(caller);
	nftw(caller->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool done;
};

static void defer(struct api_call *call)
{
	(void)call;
}

static void finish(struct api_call *call)
{
	struct waiting *waiting = call->context;

	pthread_mutex_lock(&waiting->lock);
	waiting->done = true;
	pthread_cond_signal(&waiting->finished);
	pthread_mutex_unlock(&waiting->lock);
}

struct value *caller_run(struct caller *caller, struct error *err, const char *method,
			 struct value *parameters)
{
	struct waiting waiting = {.lock = PTHREAD_MUTEX_INITIALIZER,
				  .finished = PTHREAD_COND_INITIALIZER};
	struct api_call call = {.method = method,
				.parameters = parameters,
				.origin = caller->origin,
				.defer = defer,
				.done = finish,
				.context = &waiting};
	struct value *result;

	if (!api_start(caller->api, &call)) {
		pthread_mutex_lock(&waiting.lock);
		while (!waiting.done)
			pthread_cond_wait(&waiting.finished, &waiting.lock);
		pthread_mutex_unlock(&waiting.lock);
	}
	error_move(err, &call.error);
	result = TAKE(call.result);
	api_call_clear(&call);
	return result;
}

static struct value *collect(struct value *parameters, va_list arguments)
{
	const char *text;

	while ((text = va_arg(arguments, const char *)))
		value_append(parameters, value_string(text));
	return parameters;
}

struct value *caller_call_with(struct caller *caller, struct error *err, const char *method, ...)
{
	struct value *parameters = value_set();
	va_list arguments;

	va_start(arguments, method);
	collect(parameters, arguments);
	va_end(arguments);
	return caller_run(caller, err, method, parameters);
}

static void sign_in(struct caller *caller)
{
	struct api_origin origin = caller->origin;
	AUTO_ERROR err = {0};
	AUTO(value) ref = NULL;

	caller->origin = (struct api_origin){.is_unix = true, .uid = 0, .address = "unix"};
	ref = caller_call(caller, &err, "session.login_with_password", "root", "");
	if (!ref)
		bail_out("root cannot sign in");
	snprintf(caller->session, sizeof(caller->session), "%s", ref->text);
	caller->origin = origin;
}

struct value *caller_ask_with(struct caller *caller, struct error *err, const char *method, ...)
{
	struct value *parameters = value_set();
	va_list arguments;

	if (!*caller->session)
		sign_in(caller);
	value_append(parameters, value_string(caller->session));
	va_start(arguments, method);
	collect(parameters, arguments);
	va_end(arguments);
	return caller_run(caller, err, method, parameters);
}
