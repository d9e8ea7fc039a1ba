/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* api.c – opening and closing: the store's rules, this host, what runs, and the threads. */
#include "schema/log.h"
#include "server/api/guest.h"
#include "server/api/metrics.h"
#include "server/api/reconcile.h"
#include "server/api/vm.h"

#include <time.h>
#include <unistd.h>

#define EXPIRE_SESSIONS_MS 60000
#define CLOSE_STEP_US 1000

int64_t now_seconds(void)
{
	return (int64_t)time(NULL);
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int check(void *context, struct transaction *transaction, const struct record *old, struct record *record,
		 struct error *err)
{
	return record->cls->id == CLASS_VM ? vm_check(context, transaction, old, record, err) : 0;
}

static void derive(void *context, const struct record *old, struct record *record)
{
	(void)context;
	if (record->cls->id == CLASS_VM)
		vm_derive(old, record);
}

static int or_default(int value, int otherwise)
{
	return value ? value : otherwise;
}

static struct api_options fill_in(const struct api_options *given)
{
	struct api_options options = *given;

	options.session_idle_seconds = or_default(given->session_idle_seconds, 24 * 3600);
	options.session_limit = or_default(given->session_limit, 500);
	options.operation_wait_ms = or_default(given->operation_wait_ms, 30000);
	options.shutdown_timeout_ms = or_default(given->shutdown_timeout_ms, 20 * 60000);
	options.worker_threads = or_default(given->worker_threads, 16);
	options.metrics_interval_ms = or_default(given->metrics_interval_ms, 5000);
	options.login_delay_ms = or_default(given->login_delay_ms, 250);
	options.guest_restart_delay_ms = or_default(given->guest_restart_delay_ms, 15000);
	options.guest_restart_window_s = or_default(given->guest_restart_window_s, 120);
	return options;
}

/* Records made under Xen can be read and edited when the host was booted without it; a simulator's are another world. */
static const char *world_of(const struct hypervisor *hypervisor)
{
	const char *name = hypervisor_name(hypervisor);

	return strcmp(name, "none") == 0 ? "xen" : name;
}

static int set_world(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	transaction_set_setting(transaction, "hypervisor", argument);
	return 0;
}

static int check_world(struct api *api, struct error *err)
{
	AUTO_TEXT known = store_get_setting(api->store, "hypervisor");
	const char *world = world_of(api->hypervisor);

	if (known && strcmp(known, world) != 0 && !api->options.force_adapter) {
		AUTO_TEXT text = text_format("the database belongs to the hypervisor %s, not to %s: choose another "
					     "database, or take this one over with --force-adapter",
					     known, world);

		return fail(err, ERROR_INTERNAL_ERROR, text);
	}
	if (known && strcmp(known, world) == 0)
		return 0;
	return store_mutate(api->store, set_world, (void *)(uintptr_t)world, err);
}

static void expire_sessions(void *argument)
{
	struct api *api = argument;

	session_expire(api);
	task_collect(api);
	if (!atomic_load(&api->closing))
		workers_run(api->workers, EXPIRE_SESSIONS_MS, expire_sessions, api);
}

static void free_parts(struct api *api)
{
	workers_free(api->workers);
	operations_free(api->operations);
	logins_free(api->logins);
	free(api);
}

struct api *api_open(struct store *store, struct hypervisor *hypervisor, const struct api_options *options,
		     struct error *err)
{
	struct api *api = allocate(sizeof(*api));
	struct store_rules rules = {check, derive, api};

	api->store = store;
	api->hypervisor = hypervisor;
	api->options = fill_in(options);
	api->workers = workers_new(api->options.worker_threads);
	api->operations = operations_new(api);
	api->logins = logins_new(api);
	store_set_rules(store, &rules);
	if (check_world(api, err) < 0 || host_open(api, err) < 0 || reconcile_open(api, err) < 0) {
		free_parts(api);
		return NULL;
	}
	api->guests = guests_new(api);
	api->metrics = metrics_new(api);
	workers_run(api->workers, EXPIRE_SESSIONS_MS, expire_sessions, api);
	return api;
}

void api_close(struct api *api)
{
	atomic_store(&api->closing, true);
	metrics_free(api->metrics);
	guests_free(api->guests);
	/* what is under way uses the api until its very end, on whatever thread */
	while (atomic_load(&api->calls))
		usleep(CLOSE_STEP_US);
	free_parts(api);
}
