/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* exposition.c – what the server counts and what its host and VMs are like, as OpenMetrics:
 * /metrics. Only from memory, and the sizes of two files. */
#include "schema/meter.h"
#include "server/api/operation.h"
#include "server/api/requests.h"
#include "server/api/vm.h"

#include <sys/stat.h>

#define STATES_MAX 16

/* Of one VM that has a domain. */
struct figure {
	const char *name;
	const char *help;
	double (*read)(const struct record *vm, const struct record *metrics);
};

static double memory_actual(const struct record *vm, const struct record *metrics)
{
	(void)vm;
	return metrics ? (double)record_int(metrics, VM_metrics_memory_actual) : 0;
}

static double memory_target(const struct record *vm, const struct record *metrics)
{
	(void)metrics;
	return (double)vm_memory_target(vm);
}

static double memory_limit(const struct record *vm, const struct record *metrics)
{
	(void)metrics;
	return (double)record_int(vm, VM_memory_static_max);
}

static double vcpus(const struct record *vm, const struct record *metrics)
{
	(void)vm;
	return metrics ? (double)record_int(metrics, VM_metrics_VCPUs_number) : 0;
}

/* CPUs' worth: 1.5 is one and a half. */
static double vcpus_used(const struct record *vm, const struct record *metrics)
{
	const struct value *used = metrics ? record_get(metrics, VM_metrics_VCPUs_utilisation) :
					     NULL;
	double sum = 0;

	(void)vm;
	for (uint32_t i = 0; used && i < used->length; i++)
		sum += used->members[i].value->number;
	return sum;
}

static double balloon_distance(const struct record *vm, const struct record *metrics)
{
	return memory_target(vm, metrics) - memory_actual(vm, metrics);
}

static const struct figure figures[] = {
	{"vm_memory_bytes", "Memory that the VM's domain has.", memory_actual},
	{"vm_memory_target_bytes", "Memory that it is to have.", memory_target},
	{"vm_memory_static_max_bytes", "Memory that it can have until its next start.",
	 memory_limit},
	{"vm_balloon_distance_bytes", "How much its balloon has to give yet; negative: to take.",
	 balloon_distance},
	{"vm_vcpus", "Virtual CPUs that are online.", vcpus},
	{"vm_vcpus_used", "How many of them it uses, on average since the sample before.",
	 vcpus_used}};

/* Those that run. */
struct vms {
	const struct record **records;
	struct record **metrics; /* an item may be NULL */
	size_t count;
};

static void add_running(struct vms *vms, struct store *store, const struct record *vm)
{
	vms->records[vms->count] = vm;
	vms->metrics[vms->count++] =
		store_read(store, CLASS_VM_metrics, record_text(vm, VM_metrics));
}

static void write_states(struct buffer *out, const int64_t *counts)
{
	const char *const *states = schema_enums[ENUM_vm_power_state].values;

	meter_write_head(out, METER_KIND_GAUGE, "vms",
			 "VMs by power state, without templates and snapshots.");
	for (int i = 0; states[i]; i++) {
		AUTO_BUFFER labels = {0};

		meter_add_label(&labels, "power_state", states[i]);
		meter_write_sample(out, "vms", labels.data, counts[i]);
	}
}

/* A host has no end of memory for VMs that run: the labels are bounded. */
static void write_figure(struct buffer *out, const struct figure *figure, const struct vms *vms)
{
	meter_write_head(out, METER_KIND_GAUGE, figure->name, figure->help);
	for (size_t i = 0; i < vms->count; i++) {
		const struct record *vm = vms->records[i];
		AUTO_BUFFER labels = {0};

		meter_add_label(&labels, "uuid", record_uuid(vm));
		meter_add_label(&labels, "name", record_text(vm, VM_name_label));
		meter_write_number(out, figure->name, labels.data,
				   figure->read(vm, vms->metrics[i]));
	}
}

/* Its place in the enumeration. */
static int state_of(const struct record *vm)
{
	const char *const *states = schema_enums[ENUM_vm_power_state].values;
	int i = 0;

	while (states[i + 1] && !record_is(vm, VM_power_state, states[i]))
		i++;
	return i;
}

static void write_vms(struct buffer *out, struct store *store)
{
	int64_t counts[STATES_MAX] = {0};
	size_t count;
	struct record **all = store_list(store, CLASS_VM, &count);
	struct vms vms = {allocate((count + 1) * sizeof(*vms.records)),
			  allocate((count + 1) * sizeof(*vms.metrics)), 0};

	for (size_t i = 0; i < count; i++) {
		if (record_bool(all[i], VM_is_a_template) || record_bool(all[i], VM_is_a_snapshot))
			continue;
		counts[state_of(all[i])]++;
		if (vm_is_live(all[i]))
			add_running(&vms, store, all[i]);
	}
	write_states(out, counts);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		write_figure(out, &figures[i], &vms);
	for (size_t i = 0; i < vms.count; i++)
		record_release(vms.metrics[i]);
	free(vms.records);
	free(vms.metrics);
	store_free_list(all, count);
}

static void write_gauge(struct buffer *out, const char *name, const char *help, int64_t value)
{
	meter_write_head(out, METER_KIND_GAUGE, name, help);
	meter_write_sample(out, name, "", value);
}

static void write_host(struct buffer *out, const struct api *api)
{
	AUTO(record) host = store_read(api->store, CLASS_host, api->host_ref);
	AUTO(record) metrics =
		host ? store_read(api->store, CLASS_host_metrics, record_text(host, host_metrics)) :
		       NULL;

	if (!metrics)
		return;
	write_gauge(out, "host_memory_bytes", "Memory of the host.",
		    record_int(metrics, host_metrics_memory_total));
	write_gauge(out, "host_memory_free_bytes", "Memory that no domain has.",
		    record_int(metrics, host_metrics_memory_free));
	write_gauge(out, "host_cpus", "Physical CPUs.", hypervisor_host(api->hypervisor)->pcpus);
}

static int64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : 0;
}

static void write_store(struct buffer *out, const struct api *api)
{
	AUTO_TEXT wal = text_format("%s-wal", store_path(api->store));
	size_t sessions;

	store_hold(api->store);
	sessions = store_count(api->store, CLASS_session);
	store_let_go(api->store);
	write_gauge(out, "sessions", "Sessions that are signed in.", (int64_t)sessions);
	write_gauge(out, "database_bytes", "Size of the database file.",
		    size_of(store_path(api->store)));
	write_gauge(out, "database_wal_bytes", "Size of its write-ahead log.", size_of(wal));
	write_gauge(out, "revision", "Revision of the newest change.",
		    (int64_t)store_revision(api->store));
}

static double calls_of(const struct hypervisor_statistics *calls)
{
	return (double)calls->calls;
}

static double failures_of(const struct hypervisor_statistics *calls)
{
	return (double)calls->failures;
}

static double seconds_of(const struct hypervisor_statistics *calls)
{
	return (double)calls->time_ns / 1e9;
}

static const struct {
	const char *name;
	const char *total;
	const char *help;
	double (*read)(const struct hypervisor_statistics *calls);
} call_figures[] = {
	{"hypervisor_calls", "hypervisor_calls_total", "Calls of the hypervisor.", calls_of},
	{"hypervisor_failures", "hypervisor_failures_total", "Those that failed.", failures_of},
	{"hypervisor_busy_seconds", "hypervisor_busy_seconds_total", "Time that they took.",
	 seconds_of}};

static void write_hypervisor(struct buffer *out, const struct hypervisor *hypervisor)
{
	size_t count = hypervisor_get_statistics(hypervisor, NULL, 0);
	struct hypervisor_statistics *calls = allocate(count * sizeof(*calls));

	hypervisor_get_statistics(hypervisor, calls, count);
	for (size_t k = 0; k < ARRAY_SIZE(call_figures); k++) {
		meter_write_head(out, METER_KIND_COUNTER, call_figures[k].name,
				 call_figures[k].help);
		for (size_t i = 0; i < count; i++) {
			AUTO_BUFFER labels = {0};

			if (!calls[i].calls)
				continue;
			meter_add_label(&labels, "operation", calls[i].operation);
			meter_write_number(out, call_figures[k].total, labels.data,
					   call_figures[k].read(&calls[i]));
		}
	}
	free(calls);
}

int run_host_get_openmetrics(struct call *call, struct error *err)
{
	AUTO_BUFFER out = {0};

	(void)err;
	requests_write(&out);
	meters_write(&out);
	write_vms(&out, call->api->store);
	write_host(&out, call->api);
	write_store(&out, call->api);
	write_hypervisor(&out, call->api->hypervisor);
	buffer_add_literal(&out, "# EOF\n");
	call->result = value_string(out.data);
	return 0;
}
