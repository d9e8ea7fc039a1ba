/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* api.c – opening and closing: the store's rules, this host, what runs, and the threads. */
#include "schema/log.h"
#include "server/api/appliance.h"
#include "server/api/audit.h"
#include "server/api/dpci.h"
#include "server/api/event.h"
#include "server/api/guest.h"
#include "server/api/identity.h"
#include "server/api/logins.h"
#include "server/api/message.h"
#include "server/api/metrics.h"
#include "server/api/network.h"
#include "server/api/pci.h"
#include "server/api/reconcile.h"
#include "server/api/samples.h"
#include "server/api/storage.h"
#include "server/api/vbd.h"
#include "server/api/vm.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TIDY_MS 60000
#define CLOSE_STEP_US 1000

int64_t now_seconds(void)
{
	return (int64_t)time(NULL);
}

bool is_past(const char *date)
{
	AUTO(value) now = value_datetime_of((time_t)now_seconds());

	/* dates are in order as texts, up to the seconds */
	return strncmp(date, now->text, strlen("20061203T14:05:59")) <= 0;
}

static int check(void *context, struct transaction *transaction, const struct record *old,
		 struct record *record, struct error *err)
{
	switch (record->cls->id) {
	case CLASS_VM:
		if (vm_check(context, old, record, err) < 0)
			return -1;
		appliance_follow_vm(transaction, old, record);
		dpci_follow_vm(transaction, record);
		return 0;
	case CLASS_VM_appliance:
		appliance_derive(transaction, record);
		return 0;
	case CLASS_VBD:
		vdi_follow(transaction, record_text(record, VBD_VDI));
		return old ? vbd_check(transaction, old, record, err) : 0;
	case CLASS_VDI:
		vdi_derive(transaction, record);
		return 0;
	case CLASS_network:
		return network_check(record, err);
	default:
		return 0;
	}
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
	options.guests_timeout_ms = or_default(given->guests_timeout_ms, 5 * 60000);
	if (!options.boot_id)
		options.boot_id = "/proc/sys/kernel/random/boot_id";
	options.worker_threads = or_default(given->worker_threads, 16);
	options.metrics_interval_ms = or_default(given->metrics_interval_ms, 5000);
	options.login_delay_ms = or_default(given->login_delay_ms, 250);
	options.guest_restart_delay_ms = or_default(given->guest_restart_delay_ms, 15000);
	options.guest_restart_window_s = or_default(given->guest_restart_window_s, 120);
	return options;
}

static int set_identity(struct transaction *transaction, void *argument, struct error *err)
{
	const struct identity *identity = argument;

	(void)err;
	transaction_set_setting(transaction, "hypervisor", identity->world);
	transaction_set_setting(transaction, "machine", identity->machine);
	return 0;
}

/* Two hosts with one database would start the same VMs twice. */
static int check_identity(struct api *api, struct error *err)
{
	struct identity identity = {.world = ""};
	AUTO_TEXT problem = NULL;
	bool is_new;

	identity_now(hypervisor_name(api->hypervisor), &identity);
	problem = identity_differs(api->store, &identity, &is_new);
	if (problem && !api->options.force_adapter)
		return fail(err, ERROR_INTERNAL_ERROR, problem);
	if (!problem && !is_new)
		return 0;
	return store_mutate(api->store, set_identity, &identity, err);
}

/* What is old and in nobody's use: sessions, tasks. */
static void tidy(void *argument)
{
	struct api *api = argument;

	session_expire(api);
	task_collect(api);
	message_collect(api);
	if (!atomic_load(&api->closing))
		workers_run(api->workers, TIDY_MS, tidy, api);
}

static void free_parts(struct api *api)
{
	workers_free(api->workers);
	operations_free(api->operations);
	logins_free(api->logins);
	registrations_free(api->registrations);
	value_release(api->drift);
	pthread_mutex_destroy(&api->audit_lock);
	free(api);
}

struct api *api_open(struct store *store, struct hypervisor *hypervisor,
		     const struct api_options *options, struct error *err)
{
	struct api *api = allocate(sizeof(*api));
	struct store_rules rules = {check, derive, api};

	api->store = store;
	api->hypervisor = hypervisor;
	api->options = fill_in(options);
	api->workers = workers_new(api->options.worker_threads);
	api->operations = operations_new(api);
	api->logins = logins_new(api);
	pthread_mutex_init(&api->audit_lock, NULL);
	audit_set(api, options->audit);
	api->registrations = registrations_new();
	store_set_rules(store, &rules);
	if (check_identity(api, err) < 0 || host_open(api, err) < 0 || pci_open(api, err) < 0 ||
	    storage_open(api, err) < 0 || reconcile_open(api, err) < 0 ||
	    appliance_open(api, err) < 0) {
		free_parts(api);
		return NULL;
	}
	network_open(api);
	api->guests = guests_new(api);
	api->samples = samples_new();
	api->metrics = metrics_new(api);
	api->events = events_new(api);
	workers_run(api->workers, TIDY_MS, tidy, api);
	return api;
}

void api_set_audit(struct api *api, const char *what)
{
	audit_set(api, what);
}

void api_stop_waiting(struct api *api)
{
	events_stop(api->events);
}

void api_close(struct api *api)
{
	atomic_store(&api->closing, true);
	events_stop(api->events);
	metrics_free(api->metrics);
	samples_free(api->samples);
	guests_free(api->guests);
	/* what is under way uses the api until its very end, on whatever thread */
	while (atomic_load(&api->calls))
		usleep(CLOSE_STEP_US);
	events_free(api->events);
	free_parts(api);
}
