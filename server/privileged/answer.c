/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer.c – what the privileged process does for a request: one call of an op each */
#include "server/privileged/serve.h"

#include "server/hypervisor/description.h"
#include "server/hypervisor/hypervisor.h"
#include "server/hypervisor/hypervisor_host.h"

/* Room for as many items as the request asks for. */
static void *make_room(const struct request *request, size_t size, struct answer *answer)
{
	answer->size = size;
	answer->items = allocate((size_t)request->number * size + 1);
	return answer->items;
}

/* Of those that there are, only so many were asked for. */
static int say_some(const struct request *request, size_t count, struct answer *answer, int rc)
{
	answer->number = (int64_t)count;
	answer->count = rc < 0 ? 0 : (size_t)lesser_of((int64_t)count, request->number);
	return rc;
}

static int say_one(struct answer *answer, int rc)
{
	answer->count = rc < 0 ? 0 : 1;
	return rc;
}

static int describe(struct hypervisor *hypervisor, const struct request *request,
		    struct answer *answer)
{
	struct domain_description description = {0};
	int64_t *range = allocate(2 * sizeof(*range));
	int rc = hypervisor_describe_domain(hypervisor, request->uuid, &description, &answer->err);

	answer->items = range;
	answer->size = 2 * sizeof(*range);
	if (rc < 0)
		return rc;
	range[0] = description.dynamic_min;
	range[1] = description.dynamic_max;
	answer->texts[0] = description.config;
	answer->texts[1] = description.unknown;
	return say_one(answer, rc);
}

static int measure(struct hypervisor *hypervisor, const struct request *request,
		   struct answer *answer)
{
	struct device_traffic *traffic = allocate((request->traffic_count + 1) * sizeof(*traffic));
	size_t count = request->traffic_count;
	int rc;

	memcpy(traffic, request->traffic, count * sizeof(*traffic));
	answer->items = traffic;
	answer->size = sizeof(*traffic);
	rc = (request->op == REQUEST_OP_get_nic_traffic ? hypervisor_get_nic_traffic :
							  hypervisor_get_disk_traffic)(
		hypervisor, request->uuid, traffic, count, &answer->err);
	answer->count = rc < 0 ? 0 : count;
	answer->number = (int64_t)count;
	return rc;
}

/* As many as there are: `list` says them into items. */
static int list_domains(struct hypervisor *hypervisor, struct answer *answer)
{
	answer->size = sizeof(struct domain_info);
	return hypervisor_list_domains(hypervisor, (struct domain_info **)&answer->items,
				       &answer->count, &answer->err);
}

static int list_pci(struct hypervisor *hypervisor, struct answer *answer)
{
	answer->size = sizeof(struct host_pci);
	return hypervisor_list_pci(hypervisor, (struct host_pci **)&answer->items, &answer->count,
				   &answer->err);
}

static int build(struct hypervisor *hypervisor, const struct request *request,
		 struct answer *answer)
{
	int domid = -1;
	int rc = request->op == REQUEST_OP_start ?
			 hypervisor_start(hypervisor, request->config, request->flag, &domid,
					  &answer->err) :
			 hypervisor_resume(hypervisor, request->config, request->text,
					   request->flag, &domid, &answer->err);

	answer->number = domid;
	return rc;
}

/* Those of ops that answer with as many items as were asked for. */
static int read_some(struct hypervisor *h, const struct request *request, struct answer *answer)
{
	const char *uuid = request->uuid;
	size_t most = (size_t)request->number, count = 0;
	int rc;

	switch (request->op) {
	case REQUEST_OP_get_vcpus:
		rc = hypervisor_get_vcpus(h, uuid,
					  make_room(request, sizeof(struct vcpu_info), answer),
					  most, &count, &answer->err);
		break;
	case REQUEST_OP_read_guest:
		rc = hypervisor_read_guest(h, uuid,
					   make_room(request, sizeof(struct guest_key), answer),
					   most, &count, &answer->err);
		break;
	case REQUEST_OP_get_nics:
		rc = hypervisor_get_nics(h, uuid, make_room(request, sizeof(int), answer), most,
					 &count, &answer->err);
		break;
	default:
		rc = hypervisor_get_disks(h, uuid, make_room(request, sizeof(int), answer), most,
					  &count, &answer->err);
	}
	return say_some(request, count, answer, rc);
}

/* Room for one. */
#define ROOM(type)                                           \
	((struct type *)(answer->size = sizeof(struct type), \
			 answer->items = allocate(answer->size)))

static int read_one(struct hypervisor *h, const struct request *request, struct answer *answer)
{
	switch (request->op) {
	case REQUEST_OP_get_host_usage:
		return say_one(answer,
			       hypervisor_get_host_usage(h, ROOM(host_usage), &answer->err));
	case REQUEST_OP_get_domain:
		return say_one(answer, hypervisor_get_domain(h, request->uuid, ROOM(domain_info),
							     &answer->err));
	default:
		return say_one(answer,
			       hypervisor_get_interfaces(h, ROOM(host_interfaces), &answer->err));
	}
}

/* What is of the host itself. */
static int do_with_host(struct hypervisor *h, const struct request *r, struct answer *answer)
{
	struct hypervisor_error *err = &answer->err;

	switch (r->op) {
	case REQUEST_OP_set_interface_up:
		return hypervisor_set_interface_up(h, r->text, r->flag, err);
	case REQUEST_OP_create_bridge:
		return hypervisor_create_bridge(h, r->bridge, err);
	case REQUEST_OP_destroy_bridge:
		return hypervisor_destroy_bridge(h, r->text, err);
	case REQUEST_OP_create_vlan:
		return hypervisor_create_vlan(h, r->vlan, err);
	case REQUEST_OP_destroy_vlan:
		return hypervisor_destroy_vlan(h, r->text, err);
	case REQUEST_OP_send_debug_keys:
		return hypervisor_send_debug_keys(h, r->text, err);
	case REQUEST_OP_check_bridge:
		return hypervisor_check_bridge(h, r->text, err);
	case REQUEST_OP_check_pci:
		return hypervisor_check_pci(h, r->uuid, r->pci, err);
	case REQUEST_OP_read_console_ring:
		return hypervisor_read_console_ring(h, r->flag, &answer->texts[0], err);
	default:
		return hypervisor_fail(err, HYPERVISOR_UNSUPPORTED,
				       "%s is not asked of a hypervisor", request_op_name(r->op));
	}
}

/* What changes a domain. */
static int do_with_domain(struct hypervisor *h, const struct request *r, struct answer *answer)
{
	struct hypervisor_error *err = &answer->err;

	switch (r->op) {
	case REQUEST_OP_pause:
		return hypervisor_pause(h, r->uuid, err);
	case REQUEST_OP_unpause:
		return hypervisor_unpause(h, r->uuid, err);
	case REQUEST_OP_shutdown:
		return hypervisor_shutdown(h, r->uuid, (enum shutdown_reason)r->number,
					   (int)r->other, err);
	case REQUEST_OP_destroy:
		return hypervisor_destroy(h, r->uuid, err);
	case REQUEST_OP_suspend:
		return hypervisor_suspend(h, r->uuid, r->text, err);
	case REQUEST_OP_go_on:
		return hypervisor_go_on(h, r->uuid, err);
	case REQUEST_OP_send_sysrq:
		return hypervisor_send_sysrq(h, r->uuid, (char)r->number, err);
	case REQUEST_OP_send_trigger:
		return hypervisor_send_trigger(h, r->uuid, (enum guest_trigger)r->number, err);
	case REQUEST_OP_set_memory_target:
		return hypervisor_set_memory_target(h, r->uuid, r->range, err);
	case REQUEST_OP_set_memory_maximum:
		return hypervisor_set_memory_maximum(h, r->uuid, r->number, err);
	case REQUEST_OP_set_vcpus:
		return hypervisor_set_vcpus(h, r->uuid, (int)r->number, err);
	case REQUEST_OP_set_scheduling:
		return hypervisor_set_scheduling(h, r->uuid, r->scheduling, err);
	case REQUEST_OP_set_shadow_memory:
		return hypervisor_set_shadow_memory(h, r->uuid, r->number, err);
	case REQUEST_OP_attach_nic:
		return hypervisor_attach_nic(h, r->uuid, r->nic, err);
	case REQUEST_OP_detach_nic:
		return hypervisor_detach_nic(h, r->uuid, (int)r->number, r->flag, err);
	case REQUEST_OP_attach_disk:
		return hypervisor_attach_disk(h, r->uuid, r->disk, err);
	case REQUEST_OP_detach_disk:
		return hypervisor_detach_disk(h, r->uuid, (int)r->number, r->flag, err);
	case REQUEST_OP_change_cd:
		return hypervisor_change_cd(h, r->uuid, r->disk, err);
	case REQUEST_OP_set_nic_filter:
		return hypervisor_set_nic_filter(h, r->uuid, r->nic, err);
	case REQUEST_OP_move_nic:
		return hypervisor_move_nic(h, r->uuid, (int)r->number, r->text, err);
	default:
		return do_with_host(h, r, answer);
	}
}

int answer_request(struct hypervisor *h, const struct request *r, struct answer *answer)
{
	switch (r->op) {
	case REQUEST_OP_get_host_usage:
	case REQUEST_OP_get_domain:
	case REQUEST_OP_get_interfaces:
		return read_one(h, r, answer);
	case REQUEST_OP_get_vcpus:
	case REQUEST_OP_read_guest:
	case REQUEST_OP_get_nics:
	case REQUEST_OP_get_disks:
		return read_some(h, r, answer);
	case REQUEST_OP_list_domains:
		return list_domains(h, answer);
	case REQUEST_OP_list_pci:
		return list_pci(h, answer);
	case REQUEST_OP_describe_domain:
		return describe(h, r, answer);
	case REQUEST_OP_get_nic_traffic:
	case REQUEST_OP_get_disk_traffic:
		return measure(h, r, answer);
	case REQUEST_OP_start:
	case REQUEST_OP_resume:
		return build(h, r, answer);
	default:
		return do_with_domain(h, r, answer);
	}
}
