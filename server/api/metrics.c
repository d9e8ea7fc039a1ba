/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.c – figures of what runs. */
#include "server/api/metrics.h"

#include "schema/clock.h"
#include "schema/thread.h"
#include "server/api/domain_0.h"
#include "server/api/drift.h"
#include "server/api/foreign.h"
#include "server/api/guest.h"
#include "server/api/guest_report.h"
#include "server/api/outside.h"
#include "server/api/samples.h"
#include "server/api/traffic.h"
#include "server/api/vm.h"

#include <stdio.h>

#define DRIFT_EVERY 6 /* samples */

struct metrics {
	struct api *api;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	unsigned rounds;
	uint64_t cpu_time_ns; /* of the host, as last sampled; 0: not yet */
	int64_t cpu_sampled_ns;
};

void metrics_take(struct api *api, const char *uuid, struct metrics_sample *ret_sample)
{
	struct hypervisor_error ignored = {0};
	struct hypervisor_error reason = {0};

	ret_sample->there =
		hypervisor_get_domain(api->hypervisor, uuid, &ret_sample->domain, &reason) == 0;
	ret_sample->gone = !ret_sample->there && (reason.kind == HYPERVISOR_NO_DOMAIN ||
						  reason.kind == HYPERVISOR_UNSUPPORTED);
	ret_sample->time_ms = clock_ms();
	ret_sample->vcpu_count = 0;
	if (ret_sample->there &&
	    hypervisor_get_vcpus(api->hypervisor, uuid, ret_sample->vcpus, METRICS_VCPUS_MAX,
				 &ret_sample->vcpu_count, &ignored) < 0)
		ret_sample->vcpu_count = 0;
	if (ret_sample->vcpu_count > METRICS_VCPUS_MAX)
		ret_sample->vcpu_count = METRICS_VCPUS_MAX;
}

static const char *state_of(const struct domain_info *domain)
{
	if (domain->dying)
		return "dying";
	if (domain->shutdown)
		return domain->reason == SHUTDOWN_CRASH ? "crashed" : "shutdown";
	if (domain->paused)
		return "paused";
	return domain->running ? "running" : "blocked";
}

static double seconds_before(const struct record *metrics, const char *key)
{
	const char *text = value_find_text(record_get(metrics, VM_metrics_VCPUs_params), key);

	return text ? atof(text) : 0;
}

static void put_seconds(struct value *map, const char *key, uint64_t ns)
{
	value_put(map, key, value_string_format("%.3f", (double)ns / 1e9));
}

/* The flags as XenD spelled them. */
static struct value *flags_of(const struct vcpu_info *vcpu)
{
	struct value *flags = value_set();

	if (vcpu->online)
		value_append(flags, value_string("online"));
	if (vcpu->running)
		value_append(flags, value_string("running"));
	if (vcpu->blocked)
		value_append(flags, value_string("blocked"));
	return flags;
}

/* Share of each vCPU's time since the sample before; that one's times stand in VCPUs_params. */
static void set_vcpus(struct record *metrics, const struct metrics_sample *sample)
{
	double elapsed = (double)sample->time_ms / 1000 - seconds_before(metrics, "sampled");
	struct value *utilisation = value_map();
	struct value *pcpus = value_map();
	struct value *flags = value_map();
	struct value *times = value_map();

	value_put(times, "sampled", value_string_format("%.3f", (double)sample->time_ms / 1000));
	put_seconds(times, "cpu_time", sample->domain.cpu_time_ns);
	for (size_t i = 0; i < sample->vcpu_count; i++) {
		const struct vcpu_info *vcpu = &sample->vcpus[i];
		char number[24];
		char key[40];
		double used;

		snprintf(number, sizeof(number), "%zu", i);
		snprintf(key, sizeof(key), "vcpu_time:%zu", i);
		used = (double)vcpu->cpu_time_ns / 1e9 - seconds_before(metrics, key);
		value_put(utilisation, number,
			  value_float(elapsed > 0 && used > 0 ? used / elapsed : 0));
		value_put(pcpus, number, value_int(vcpu->pcpu));
		value_put(flags, number, flags_of(vcpu));
		put_seconds(times, key, vcpu->cpu_time_ns);
	}
	record_set(metrics, VM_metrics_VCPUs_utilisation, utilisation);
	record_set(metrics, VM_metrics_VCPUs_CPU, pcpus);
	record_set(metrics, VM_metrics_VCPUs_flags, flags);
	record_set(metrics, VM_metrics_VCPUs_params, times);
}

static void set_idle(struct record *metrics)
{
	static const int emptied[] = {VM_metrics_VCPUs_utilisation, VM_metrics_VCPUs_CPU,
				      VM_metrics_VCPUs_flags, VM_metrics_VCPUs_params};

	for (size_t i = 0; i < ARRAY_SIZE(emptied); i++)
		record_set(metrics, emptied[i], value_map());
	record_set(metrics, VM_metrics_state, value_set());
	record_set_int(metrics, VM_metrics_memory_actual, 0);
	record_set_int(metrics, VM_metrics_VCPUs_number, 0);
}

void metrics_apply(struct transaction *transaction, const struct record *vm,
		   const struct metrics_sample *sample)
{
	struct record *metrics =
		transaction_edit(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));
	struct value *state;

	if (!metrics)
		return;
	record_set(metrics, VM_metrics_last_updated, value_datetime_of((time_t)now_seconds()));
	if (!sample->there) {
		set_idle(metrics);
		return;
	}
	state = value_set();
	value_append(state, value_string(state_of(&sample->domain)));
	record_set(metrics, VM_metrics_state, state);
	record_set_int(metrics, VM_metrics_memory_actual, sample->domain.memory_actual);
	record_set_int(metrics, VM_metrics_VCPUs_number, sample->domain.vcpus_online);
	record_set(metrics, VM_metrics_hvm, value_bool(sample->domain.type != GUEST_PV));
	set_vcpus(metrics, sample);
}

struct application {
	const char *uuid;
	const struct metrics_sample *sample;
};

static int apply(struct transaction *transaction, void *argument, struct error *err)
{
	const struct application *application = argument;
	const struct record *vm = transaction_read(transaction, CLASS_VM, application->uuid);

	(void)err;
	if (vm)
		metrics_apply(transaction, vm, application->sample);
	return 0;
}

struct host_sample {
	const char *host_ref;
	struct host_usage usage;
	double cpu_share;
};

static int apply_usage(struct transaction *transaction, void *argument, struct error *err)
{
	const struct host_sample *sample = argument;
	const struct record *host = transaction_read(transaction, CLASS_host, sample->host_ref);
	struct record *metrics = host ? transaction_edit(transaction, CLASS_host_metrics,
							 record_text(host, host_metrics)) :
					NULL;

	(void)err;
	if (!metrics)
		return 0;
	record_set_int(metrics, host_metrics_memory_free, sample->usage.memory_free);
	record_set(metrics, host_metrics_cpu_share, value_float(sample->cpu_share));
	record_set(metrics, host_metrics_last_updated, value_datetime_of((time_t)now_seconds()));
	return 0;
}

static double cpu_share(struct metrics *metrics, const struct host_usage *usage)
{
	int64_t now_ns = clock_ns();
	double busy_ns = (double)(int64_t)(usage->cpu_time_ns - metrics->cpu_time_ns);
	double time_ns = (double)(now_ns - metrics->cpu_sampled_ns) *
			 hypervisor_host(metrics->api->hypervisor)->pcpus;
	bool is_first = metrics->cpu_time_ns == 0;

	metrics->cpu_time_ns = usage->cpu_time_ns;
	metrics->cpu_sampled_ns = now_ns;
	if (is_first || time_ns <= 0 || busy_ns < 0)
		return 0;
	return busy_ns < time_ns ? busy_ns / time_ns : 1;
}

static void sample_host(struct metrics *metrics)
{
	struct api *api = metrics->api;
	struct host_sample sample = {.host_ref = api->host_ref};
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};

	if (hypervisor_get_host_usage(api->hypervisor, &sample.usage, &reason) < 0)
		return;
	sample.cpu_share = cpu_share(metrics, &sample.usage);
	/* the first is the share of nothing */
	if (metrics->rounds)
		samples_add(api->samples, SAMPLES_HOST, clock_ms(), sample.cpu_share,
			    hypervisor_host(api->hypervisor)->memory_total -
				    sample.usage.memory_free);
	store_mutate(api->store, apply_usage, &sample, &ignored);
}

static void sample_domain(struct api *api, const struct domain_info *domain)
{
	struct metrics_sample sample = {0};
	struct application application = {domain->uuid, &sample};
	AUTO(record) vm = store_read_by_uuid(api->store, CLASS_VM, domain->uuid);
	AUTO_ERROR ignored = {0};

	if (foreign_look(api, domain->uuid))
		return;
	metrics_take(api, domain->uuid, &sample);
	if (!sample.there)
		return;
	samples_add_domain(api->samples, &sample.domain, sample.time_ms);
	store_mutate(api->store, apply, &application, &ignored);
	/* its event may have come while something else had the VM */
	if (vm) {
		outside_follow(api, vm, &sample.domain);
		traffic_sample_vm(api, vm);
		guest_report_sample(api, vm);
	}
	if (sample.domain.shutdown)
		guest_stopped(api, domain->uuid);
}

/* VMs whose domain is gone without an event, or whose end could not be stored then. */
static void look_for_gone(struct api *api, const struct domain_info *domains, size_t domain_count)
{
	size_t count;
	struct record **vms = store_list(api->store, CLASS_VM, &count);

	for (size_t i = 0; i < count; i++)
		if (vm_is_live(vms[i]) && record_get(vms[i], VM_current_operations)->length == 0 &&
		    !domain_find(domains, domain_count, record_uuid(vms[i])) &&
		    !foreign_look(api, record_uuid(vms[i])))
			guest_stopped(api, record_uuid(vms[i]));
	store_free_list(vms, count);
}

static void sample_all(struct metrics *metrics)
{
	struct api *api = metrics->api;
	struct domain_info *domains;
	struct hypervisor_error reason = {0};
	size_t count;

	sample_host(metrics);
	traffic_sample_host(api);
	domain_0_follow(api);
	if (hypervisor_list_domains(api->hypervisor, &domains, &count, &reason) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		sample_domain(api, &domains[i]);
	look_for_gone(api, domains, count);
	free(domains);
	if (metrics->rounds++ % DRIFT_EVERY)
		return;
	samples_forget_old(api->samples, clock_ms());
	drift_watch(api);
}

static void *run(void *argument)
{
	struct metrics *metrics = argument;
	int64_t interval_ns = (int64_t)metrics->api->options.metrics_interval_ms * 1000000;
	int64_t until_ns;

	pthread_mutex_lock(&metrics->lock);
	while (!metrics->stop) {
		pthread_mutex_unlock(&metrics->lock);
		sample_all(metrics);
		pthread_mutex_lock(&metrics->lock);
		until_ns = clock_ns() + interval_ns;
		if (!metrics->stop)
			clock_wait(&metrics->wake, &metrics->lock, until_ns);
	}
	pthread_mutex_unlock(&metrics->lock);
	return NULL;
}

struct metrics *metrics_new(struct api *api)
{
	struct metrics *metrics = allocate(sizeof(*metrics));

	metrics->api = api;
	pthread_mutex_init(&metrics->lock, NULL);
	clock_init_condition(&metrics->wake);
	thread_start(&metrics->thread, "metrics", run, metrics);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	pthread_mutex_lock(&metrics->lock);
	metrics->stop = true;
	pthread_cond_signal(&metrics->wake);
	pthread_mutex_unlock(&metrics->lock);
	pthread_join(metrics->thread, NULL);
	pthread_cond_destroy(&metrics->wake);
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}
