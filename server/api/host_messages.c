/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_messages.c – the messages of the class host. */
#include "server/api/private.h"

#include "server/api/host_facts.h"
#include "server/api/system.h"

#include <time.h>

static int set_enabled(struct call *call, bool enabled, struct error *err)
{
	struct record *host = call_edit(call, CLASS_host, 0, err);

	if (!host)
		return -1;
	record_set(host, host_enabled, value_bool(enabled));
	record_set(host, host_allowed_operations,
		   host_facts_allowed_operations(enabled, *call->api->domain_0_ref != '\0'));
	return 0;
}

int run_host_enable(struct call *call, struct error *err)
{
	return set_enabled(call, true, err);
}

int run_host_disable(struct call *call, struct error *err)
{
	return set_enabled(call, false, err);
}

int run_host_compute_free_memory(struct call *call, struct error *err)
{
	const char *ref = record_text(call->self, host_metrics);
	AUTO(record) metrics = store_read(call->api->store, CLASS_host_metrics, ref);

	(void)err;
	call->result = value_int(metrics ? record_int(metrics, host_metrics_memory_free) : 0);
	return 0;
}

int run_host_compute_memory_overhead(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_reference(record_get(call->self, host_memory_overhead));
	return 0;
}

int run_host_get_servertime(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_datetime_of(now_seconds());
	return 0;
}

int run_host_get_server_localtime(struct call *call, struct error *err)
{
	time_t now = now_seconds();
	struct tm parts;
	char text[32];

	(void)err;
	localtime_r(&now, &parts);
	strftime(text, sizeof(text), "%Y%m%dT%H:%M:%S", &parts);
	call->result = value_datetime(text);
	return 0;
}

/* The committer answers what stands before these when it is on the disk, and them after it. */

int run_host_sync_data(struct call *call, struct error *err)
{
	return call_edit(call, CLASS_host, 0, err) ? 0 : -1;
}

int run_pool_sync_database(struct call *call, struct error *err)
{
	(void)call;
	(void)err;
	return 0;
}

int run_host_list_methods(struct call *call, struct error *err)
{
	(void)err;
	call->result = system_method_names();
	return 0;
}
