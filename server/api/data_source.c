/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data_source.c – figures of the sampler by their names, as xapi calls them. */
#include "schema/clock.h"
#include "server/api/samples.h"
#include "server/api/storage.h"
#include "server/api/vm.h"

#include <stdio.h>
#include <time.h>

struct figures {
	struct value *list; /* of data_source */
	const char *wanted; /* only this one; NULL: all */
	double value;	    /* of the one that is wanted */
	bool found;
};

static void add(struct figures *figures, const char *name, const char *description,
		const char *unit, double most, double value)
{
	struct value *row;

	if (figures->wanted) {
		if (strcmp(figures->wanted, name) == 0) {
			figures->found = true;
			figures->value = value;
		}
		return;
	}
	row = value_map();
	value_put(row, "name_label", value_string(name));
	value_put(row, "name_description", value_string(description));
	value_put(row, "enabled", value_bool(true));
	value_put(row, "standard", value_bool(true));
	value_put(row, "units", value_string(unit));
	value_put(row, "min", value_float(0));
	value_put(row, "max", value_float(most));
	value_put(row, "value", value_float(value));
	value_append(figures->list, row);
}

static void add_host(struct api *api, const struct record *host, struct figures *figures)
{
	AUTO(record)
	metrics = store_read(api->store, CLASS_host_metrics, record_text(host, host_metrics));
	double total;

	if (!metrics)
		return;
	total = (double)record_int(metrics, host_metrics_memory_total) / 1024;
	add(figures, "cpu_avg", "Share of all CPUs that is used", "(fraction)", 1,
	    record_get(metrics, host_metrics_cpu_share)->number);
	add(figures, "memory_total_kib", "All memory of the host", "KiB", total, total);
	add(figures, "memory_free_kib", "Memory that no domain has", "KiB", total,
	    (double)record_int(metrics, host_metrics_memory_free) / 1024);
}

static void add_vcpus(const struct record *metrics, struct figures *figures)
{
	const struct value *shares = record_get(metrics, VM_metrics_VCPUs_utilisation);

	for (uint32_t i = 0; i < shares->length; i++) {
		AUTO_TEXT name = text_format("cpu%s", shares->members[i].key->text);
		AUTO_TEXT text = text_format("Share of a CPU that vCPU %s uses",
					     shares->members[i].key->text);

		add(figures, name, text, "(fraction)", 1, shares->members[i].value->number);
	}
}

/* A VM without a domain has none. */
static void add_vm(struct api *api, const struct record *vm, struct figures *figures)
{
	AUTO(record)
	metrics = store_read(api->store, CLASS_VM_metrics, record_text(vm, VM_metrics));
	double most = (double)record_int(vm, VM_memory_static_max);

	if (!metrics || !vm_is_live(vm))
		return;
	add_vcpus(metrics, figures);
	add(figures, "memory", "Memory that the domain has", "B", most,
	    (double)record_int(metrics, VM_metrics_memory_actual));
	add(figures, "memory_target", "Memory that the domain is to have", "B", most,
	    (double)record_int(vm, VM_memory_target));
}

/* Of what is not attached nothing is known. */
static void add_sr(struct api *api, const struct record *sr, struct figures *figures)
{
	double size = (double)record_int(sr, SR_physical_size);

	if (!storage_is_attached(api, sr))
		return;
	add(figures, "physical_utilisation", "Room that is in use where the SR is", "B", size,
	    (double)record_int(sr, SR_physical_utilisation));
	add(figures, "physical_size", "Room that there is where the SR is", "B", size, size);
}

typedef void (*add_fn)(struct api *api, const struct record *record, struct figures *figures);

static int list_all(struct call *call, add_fn add_all)
{
	struct figures figures = {.list = value_set()};

	add_all(call->api, call->self, &figures);
	call->result = figures.list;
	return 0;
}

static int query(struct call *call, add_fn add_all, struct error *err)
{
	struct figures figures = {.wanted = argument_text(call, 1)};

	add_all(call->api, call->self, &figures);
	if (!figures.found)
		return fail(err, ERROR_INVALID_VALUE, "data_source: one of get_data_sources",
			    figures.wanted);
	call->result = value_float(figures.value);
	return 0;
}

static int read_samples(struct call *call, const char *key)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	call->result = samples_read(call->api->samples, key, clock_ms(),
				    (double)now.tv_sec + (double)now.tv_nsec / 1e9);
	return 0;
}

int run_host_get_data_source_archives(struct call *call, struct error *err)
{
	(void)err;
	return read_samples(call, SAMPLES_HOST);
}

int run_VM_get_data_source_archives(struct call *call, struct error *err)
{
	(void)err;
	return read_samples(call, record_uuid(call->self));
}

int run_host_get_data_sources(struct call *call, struct error *err)
{
	(void)err;
	return list_all(call, add_host);
}

int run_host_query_data_source(struct call *call, struct error *err)
{
	return query(call, add_host, err);
}

int run_SR_get_data_sources(struct call *call, struct error *err)
{
	(void)err;
	return list_all(call, add_sr);
}

int run_SR_query_data_source(struct call *call, struct error *err)
{
	return query(call, add_sr, err);
}

int run_VM_get_data_sources(struct call *call, struct error *err)
{
	(void)err;
	return list_all(call, add_vm);
}

int run_VM_query_data_source(struct call *call, struct error *err)
{
	return query(call, add_vm, err);
}
