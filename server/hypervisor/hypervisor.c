/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hypervisor.c – every call of an op is checked, counted, timed and traced here; those about the
 * host itself are in hypervisor_host.c */
#include "server/hypervisor/hypervisor.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "server/hypervisor/hypervisor_call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const op_names[] = {
#define OP(name, ...) #name,
#include "server/hypervisor/ops.def"
};

static _Thread_local bool rehearsing;

void hypervisor_rehearse(bool rehearse)
{
	rehearsing = rehearse;
}

bool op_is_left_out(enum hypervisor_op op)
{
	static const bool acts[] = {
#define OP(name, changes, acts, ...) acts,
#include "server/hypervisor/ops.def"
	};

	return rehearsing && acts[op];
}

struct hypervisor *hypervisor_open_with(const struct adapter *adapter, const char *argument,
					const struct hypervisor_options *options,
					struct hypervisor_error *err)
{
	static const struct hypervisor_options no_options;
	struct hypervisor *hypervisor = allocate(sizeof(*hypervisor));

	err->operation = "open";
	hypervisor->name = adapter->name;
	hypervisor->ops = adapter->ops;
	hypervisor->trace = getenv("XENAPID_TRACE_HYPERVISOR") != NULL;
	if (adapter->ops->open(argument, options ? options : &no_options, &hypervisor->adapter,
			       &hypervisor->host, err) < 0) {
		free(hypervisor);
		return NULL;
	}
	return hypervisor;
}

struct hypervisor *hypervisor_open(const char *name, const struct hypervisor_options *options,
				   struct hypervisor_error *err)
{
	const char *colon = strchr(name, ':');
	const struct adapter *adapter;

	err->operation = "open";
	adapter = adapter_choose(name, colon ? (size_t)(colon - name) : strlen(name), err);
	return adapter ? hypervisor_open_with(adapter, colon ? colon + 1 : NULL, options, err) :
			 NULL;
}

void hypervisor_close(struct hypervisor *hypervisor)
{
	if (!hypervisor)
		return;
	hypervisor->ops->close(hypervisor->adapter);
	free(hypervisor);
}

const char *hypervisor_name(const struct hypervisor *hypervisor)
{
	return hypervisor->name;
}

const struct host_facts *hypervisor_host(const struct hypervisor *hypervisor)
{
	return &hypervisor->host;
}

const char *op_name(enum hypervisor_op op)
{
	return op_names[op];
}

int64_t op_begin(struct hypervisor *hypervisor, enum hypervisor_op op, struct hypervisor_error *err)
{
	assert(hypervisor && err);
	err->operation = op_names[op];
	atomic_fetch_add(&hypervisor->counters[op].calls, 1);
	return clock_ns();
}

int op_refuse(const struct hypervisor *hypervisor, enum hypervisor_op op,
	      struct hypervisor_error *err)
{
	return hypervisor_fail(err, HYPERVISOR_UNSUPPORTED, "the %s adapter cannot %s",
			       hypervisor->name, op_names[op]);
}

int op_end(struct hypervisor *hypervisor, enum hypervisor_op op, const char *subject,
	   int64_t begun_ns, int rc, const struct hypervisor_error *err)
{
	struct counter *counter = &hypervisor->counters[op];
	uint64_t time_ns = (uint64_t)(clock_ns() - begun_ns);

	atomic_fetch_add(&counter->time_ns, time_ns);
	if (rc < 0)
		atomic_fetch_add(&counter->failures, 1);
	if (hypervisor->trace)
		fprintf(stderr, "hypervisor: %s %s %s: %s (%" PRIu64 " us)\n", hypervisor->name,
			op_names[op], subject, rc < 0 ? err->text : "ok", time_ns / 1000);
	return rc;
}

int op_rehearse(const struct hypervisor *hypervisor, enum hypervisor_op op, bool is_there,
		struct hypervisor_error *err)
{
	err->operation = op_names[op];
	return is_there ? 0 : op_refuse(hypervisor, op, err);
}

int hypervisor_get_host_usage(struct hypervisor *hypervisor, struct host_usage *ret_usage,
			      struct hypervisor_error *err)
{
	assert(ret_usage);
	return CALL(get_host_usage, "-", ret_usage);
}

int hypervisor_list_domains(struct hypervisor *hypervisor, struct domain_info **ret_domains,
			    size_t *ret_count, struct hypervisor_error *err)
{
	assert(ret_domains && ret_count);
	return CALL(list_domains, "-", ret_domains, ret_count);
}

int hypervisor_get_domain(struct hypervisor *hypervisor, const char *uuid,
			  struct domain_info *ret_info, struct hypervisor_error *err)
{
	assert(uuid && ret_info);
	return CALL(get_domain, uuid, uuid, ret_info);
}

int hypervisor_get_vcpus(struct hypervisor *hypervisor, const char *uuid,
			 struct vcpu_info *ret_vcpus, size_t capacity, size_t *ret_count,
			 struct hypervisor_error *err)
{
	assert(uuid && (ret_vcpus || capacity == 0) && ret_count);
	return CALL(get_vcpus, uuid, uuid, ret_vcpus, capacity, ret_count);
}

int hypervisor_describe_domain(struct hypervisor *hypervisor, const char *uuid,
			       struct domain_description *ret_description,
			       struct hypervisor_error *err)
{
	assert(uuid && ret_description);
	return CALL(describe_domain, uuid, uuid, ret_description);
}

int hypervisor_read_guest(struct hypervisor *hypervisor, const char *uuid,
			  struct guest_key *ret_keys, size_t capacity, size_t *ret_count,
			  struct hypervisor_error *err)
{
	assert(uuid && (ret_keys || capacity == 0) && ret_count);
	return CALL(read_guest, uuid, uuid, ret_keys, capacity, ret_count);
}

int hypervisor_start(struct hypervisor *hypervisor, const struct domain_config *config, bool paused,
		     int *ret_domid, struct hypervisor_error *err)
{
	assert(config && config->uuid && config->name && ret_domid);
	if (op_check_config(hypervisor, HYPERVISOR_OP_start, config, err) < 0)
		return -1;
	if (rehearsing)
		*ret_domid = -1;
	return CALL(start, config->uuid, config, paused, ret_domid);
}

int hypervisor_pause(struct hypervisor *hypervisor, const char *uuid, struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(pause, uuid, uuid);
}

int hypervisor_unpause(struct hypervisor *hypervisor, const char *uuid,
		       struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(unpause, uuid, uuid);
}

int hypervisor_shutdown(struct hypervisor *hypervisor, const char *uuid,
			enum shutdown_reason reason, int timeout_ms, struct hypervisor_error *err)
{
	assert(uuid && timeout_ms >= 0);
	assert(reason == SHUTDOWN_POWEROFF || reason == SHUTDOWN_REBOOT);
	return CALL(shutdown, uuid, uuid, reason, timeout_ms);
}

int hypervisor_destroy(struct hypervisor *hypervisor, const char *uuid,
		       struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(destroy, uuid, uuid);
}

int hypervisor_suspend(struct hypervisor *hypervisor, const char *uuid, const char *path,
		       struct hypervisor_error *err)
{
	assert(uuid && path);
	return CALL(suspend, uuid, uuid, path);
}

int hypervisor_resume(struct hypervisor *hypervisor, const struct domain_config *config,
		      const char *path, bool paused, int *ret_domid, struct hypervisor_error *err)
{
	assert(config && config->uuid && config->name && path && ret_domid);
	if (op_check_config(hypervisor, HYPERVISOR_OP_resume, config, err) < 0)
		return -1;
	if (rehearsing)
		*ret_domid = -1;
	return CALL(resume, config->uuid, config, path, paused, ret_domid);
}

int hypervisor_go_on(struct hypervisor *hypervisor, const char *uuid, struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(go_on, uuid, uuid);
}

int hypervisor_send_sysrq(struct hypervisor *hypervisor, const char *uuid, char key,
			  struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(send_sysrq, uuid, uuid, key);
}

int hypervisor_send_trigger(struct hypervisor *hypervisor, const char *uuid,
			    enum guest_trigger trigger, struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(send_trigger, uuid, uuid, trigger);
}

int hypervisor_set_memory_target(struct hypervisor *hypervisor, const char *uuid,
				 const struct memory_range *range, struct hypervisor_error *err)
{
	assert(uuid && range);
	err->operation = op_names[HYPERVISOR_OP_set_memory_target];
	if (strcmp(uuid, DOMAIN_0_UUID) == 0 && range->target < DOMAIN_0_MEMORY_LEAST)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "Domain-0 keeps at least %" PRId64 " bytes of memory",
				       DOMAIN_0_MEMORY_LEAST);
	if (range->target < DOMAIN_MEMORY_LEAST)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a domain keeps at least %" PRId64 " bytes of memory",
				       DOMAIN_MEMORY_LEAST);
	return CALL(set_memory_target, uuid, uuid, range);
}

int hypervisor_set_memory_maximum(struct hypervisor *hypervisor, const char *uuid, int64_t bytes,
				  struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(set_memory_maximum, uuid, uuid, bytes);
}

int hypervisor_set_vcpus(struct hypervisor *hypervisor, const char *uuid, int online,
			 struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(set_vcpus, uuid, uuid, online);
}

int hypervisor_set_scheduling(struct hypervisor *hypervisor, const char *uuid,
			      const struct scheduling *scheduling, struct hypervisor_error *err)
{
	assert(uuid && scheduling);
	return CALL(set_scheduling, uuid, uuid, scheduling);
}

int hypervisor_set_shadow_memory(struct hypervisor *hypervisor, const char *uuid, int64_t bytes,
				 struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(set_shadow_memory, uuid, uuid, bytes);
}

int hypervisor_get_nics(struct hypervisor *hypervisor, const char *uuid, int *ret_devices,
			size_t capacity, size_t *ret_count, struct hypervisor_error *err)
{
	assert(uuid && (ret_devices || capacity == 0) && ret_count);
	return CALL(get_nics, uuid, uuid, ret_devices, capacity, ret_count);
}

int hypervisor_attach_nic(struct hypervisor *hypervisor, const char *uuid,
			  const struct nic_config *nic, struct hypervisor_error *err)
{
	assert(uuid && nic);
	if (rehearsing &&
	    op_check_bridge(hypervisor, HYPERVISOR_OP_attach_nic, nic->bridge, err) < 0)
		return -1;
	return CALL(attach_nic, uuid, uuid, nic);
}

int hypervisor_detach_nic(struct hypervisor *hypervisor, const char *uuid, int device, bool force,
			  struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(detach_nic, uuid, uuid, device, force);
}

int hypervisor_get_disks(struct hypervisor *hypervisor, const char *uuid, int *ret_devices,
			 size_t capacity, size_t *ret_count, struct hypervisor_error *err)
{
	assert(uuid && (ret_devices || capacity == 0) && ret_count);
	return CALL(get_disks, uuid, uuid, ret_devices, capacity, ret_count);
}

int hypervisor_attach_disk(struct hypervisor *hypervisor, const char *uuid,
			   const struct disk_config *disk, struct hypervisor_error *err)
{
	assert(uuid && disk);
	return CALL(attach_disk, uuid, uuid, disk);
}

int hypervisor_detach_disk(struct hypervisor *hypervisor, const char *uuid, int device, bool force,
			   struct hypervisor_error *err)
{
	assert(uuid);
	return CALL(detach_disk, uuid, uuid, device, force);
}

int hypervisor_change_cd(struct hypervisor *hypervisor, const char *uuid,
			 const struct disk_config *disk, struct hypervisor_error *err)
{
	assert(uuid && disk && disk->is_cd);
	return CALL(change_cd, uuid, uuid, disk);
}

int hypervisor_set_nic_filter(struct hypervisor *hypervisor, const char *uuid,
			      const struct nic_config *nic, struct hypervisor_error *err)
{
	assert(uuid && nic);
	return CALL(set_nic_filter, uuid, uuid, nic);
}

int hypervisor_move_nic(struct hypervisor *hypervisor, const char *uuid, int device,
			const char *bridge, struct hypervisor_error *err)
{
	assert(uuid && bridge);
	if (rehearsing && op_check_bridge(hypervisor, HYPERVISOR_OP_move_nic, bridge, err) < 0)
		return -1;
	return CALL(move_nic, uuid, uuid, device, bridge);
}

int hypervisor_get_nic_traffic(struct hypervisor *hypervisor, const char *uuid,
			       struct device_traffic *traffic, size_t count,
			       struct hypervisor_error *err)
{
	assert(uuid && (traffic || count == 0));
	return CALL(get_nic_traffic, uuid, uuid, traffic, count);
}

int hypervisor_get_disk_traffic(struct hypervisor *hypervisor, const char *uuid,
				struct device_traffic *traffic, size_t count,
				struct hypervisor_error *err)
{
	assert(uuid && (traffic || count == 0));
	return CALL(get_disk_traffic, uuid, uuid, traffic, count);
}

int hypervisor_wait_event(struct hypervisor *hypervisor, int timeout_ms,
			  struct hypervisor_event *ret_event, struct hypervisor_error *err)
{
	assert(ret_event);
	return CALL(wait_event, "-", timeout_ms, ret_event);
}

void hypervisor_wake(struct hypervisor *hypervisor)
{
	if (hypervisor->ops->wake)
		hypervisor->ops->wake(hypervisor->adapter);
}

size_t hypervisor_get_statistics(const struct hypervisor *hypervisor,
				 struct hypervisor_statistics *ret_statistics, size_t capacity)
{
	for (size_t i = 0; i < HYPERVISOR_OPS && i < capacity; i++) {
		const struct counter *counter = &hypervisor->counters[i];

		ret_statistics[i].operation = op_names[i];
		ret_statistics[i].calls = atomic_load(&counter->calls);
		ret_statistics[i].failures = atomic_load(&counter->failures);
		ret_statistics[i].time_ns = atomic_load(&counter->time_ns);
	}
	return HYPERVISOR_OPS;
}
