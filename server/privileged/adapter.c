/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adapter.c – each op of an adapter as a request to the privileged process */
#include "server/privileged/adapter.h"

#include "server/privileged/privileged.h"

/* What an op asks, without its name. */
#define REQUEST(name, ...) (&(struct request){.op = REQUEST_OP_##name, __VA_ARGS__})

static int open_privileged(const char *argument, const struct hypervisor_options *options,
			   void **ret_adapter, struct host_facts *ret_facts,
			   struct hypervisor_error *err)
{
	(void)argument;
	(void)err;
	*ret_adapter = options->privileged;
	*ret_facts = *privileged_facts(options->privileged);
	return 0;
}

/* Whoever has opened the lines closes them. */
static void close_privileged(void *adapter)
{
	(void)adapter;
}

/* Of an op that answers nothing. */
static int ask(void *adapter, const struct request *request, struct hypervisor_error *err)
{
	struct answer answer;
	int rc = privileged_ask(adapter, request, 0, &answer, err);

	answer_clear(&answer);
	return rc;
}

static int fail_answer(const struct request *request, struct hypervisor_error *err)
{
	return hypervisor_fail(err, HYPERVISOR_FAILED,
			       "the privileged process has answered something else than %s",
			       request_op_name(request->op));
}

/* Of an op that answers with one struct. */
static int ask_one(void *adapter, const struct request *request, void *ret_item, size_t size,
		   struct hypervisor_error *err)
{
	struct answer answer;
	int rc = privileged_ask(adapter, request, size, &answer, err);

	if (rc == 0 && answer.count != 1)
		rc = fail_answer(request, err);
	if (rc == 0)
		memcpy(ret_item, answer.items, size);
	answer_clear(&answer);
	return rc;
}

/* All of them, to be freed. */
static int ask_list(void *adapter, const struct request *request, size_t size, void **ret_items,
		    size_t *ret_count, struct hypervisor_error *err)
{
	struct answer answer;
	int rc = privileged_ask(adapter, request, size, &answer, err);

	if (rc == 0) {
		*ret_items = TAKE(answer.items);
		*ret_count = answer.count;
	}
	answer_clear(&answer);
	return rc;
}

/* The first `capacity`, which the request names as well; *ret_count says how many there are. */
static int ask_some(void *adapter, const struct request *request, size_t size, void *ret_items,
		    size_t capacity, size_t *ret_count, struct hypervisor_error *err)
{
	struct answer answer;
	int rc = privileged_ask(adapter, request, size, &answer, err);

	if (rc == 0 && (answer.count > capacity || answer.number < 0))
		rc = fail_answer(request, err);
	if (rc == 0) {
		memcpy(ret_items, answer.items, answer.count * size);
		*ret_count = (size_t)answer.number;
	}
	answer_clear(&answer);
	return rc;
}

static int ask_domid(void *adapter, const struct request *request, int *ret_domid,
		     struct hypervisor_error *err)
{
	struct answer answer;
	int rc = privileged_ask(adapter, request, 0, &answer, err);

	if (rc == 0)
		*ret_domid = (int)answer.number;
	answer_clear(&answer);
	return rc;
}

static int ask_traffic(void *adapter, const struct request *request, struct device_traffic *traffic,
		       struct hypervisor_error *err)
{
	size_t count;

	return ask_some(adapter, request, sizeof(*traffic), traffic, request->traffic_count, &count,
			err);
}

static int ask_get_host_usage(void *adapter, struct host_usage *ret_usage,
			      struct hypervisor_error *err)
{
	return ask_one(adapter, &(struct request){.op = REQUEST_OP_get_host_usage}, ret_usage,
		       sizeof(*ret_usage), err);
}

static int ask_list_domains(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
			    struct hypervisor_error *err)
{
	return ask_list(adapter, &(struct request){.op = REQUEST_OP_list_domains},
			sizeof(**ret_domains), (void **)ret_domains, ret_count, err);
}

static int ask_get_domain(void *adapter, const char *uuid, struct domain_info *ret_info,
			  struct hypervisor_error *err)
{
	return ask_one(adapter, REQUEST(get_domain, .uuid = uuid), ret_info, sizeof(*ret_info),
		       err);
}

static int ask_get_vcpus(void *adapter, const char *uuid, struct vcpu_info *ret_vcpus,
			 size_t capacity, size_t *ret_count, struct hypervisor_error *err)
{
	return ask_some(adapter, REQUEST(get_vcpus, .uuid = uuid, .number = (int64_t)capacity),
			sizeof(*ret_vcpus), ret_vcpus, capacity, ret_count, err);
}

static int ask_describe_domain(void *adapter, const char *uuid,
			       struct domain_description *ret_description,
			       struct hypervisor_error *err)
{
	const struct request request = {.op = REQUEST_OP_describe_domain, .uuid = uuid};
	struct answer answer;
	int64_t range[2];
	int rc = privileged_ask(adapter, &request, sizeof(range), &answer, err);

	if (rc == 0 && answer.count != 1)
		rc = fail_answer(&request, err);
	if (rc == 0) {
		memcpy(range, answer.items, sizeof(range));
		ret_description->config = TAKE(answer.texts[0]);
		ret_description->unknown = TAKE(answer.texts[1]);
		ret_description->dynamic_min = range[0];
		ret_description->dynamic_max = range[1];
	}
	answer_clear(&answer);
	return rc;
}

static int ask_read_guest(void *adapter, const char *uuid, struct guest_key *ret_keys,
			  size_t capacity, size_t *ret_count, struct hypervisor_error *err)
{
	return ask_some(adapter, REQUEST(read_guest, .uuid = uuid, .number = (int64_t)capacity),
			sizeof(*ret_keys), ret_keys, capacity, ret_count, err);
}

static int ask_start(void *adapter, const struct domain_config *config, bool paused, int *ret_domid,
		     struct hypervisor_error *err)
{
	return ask_domid(adapter, REQUEST(start, .config = config, .flag = paused), ret_domid, err);
}

static int ask_pause(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(pause, .uuid = uuid), err);
}

static int ask_unpause(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(unpause, .uuid = uuid), err);
}

static int ask_destroy(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(destroy, .uuid = uuid), err);
}

static int ask_go_on(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(go_on, .uuid = uuid), err);
}

static int ask_shutdown(void *adapter, const char *uuid, enum shutdown_reason reason,
			int timeout_ms, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(shutdown, .uuid = uuid, .number = reason, .other = timeout_ms),
		   err);
}

static int ask_suspend(void *adapter, const char *uuid, const char *path,
		       struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(suspend, .uuid = uuid, .text = path), err);
}

static int ask_resume(void *adapter, const struct domain_config *config, const char *path,
		      bool paused, int *ret_domid, struct hypervisor_error *err)
{
	return ask_domid(adapter, REQUEST(resume, .config = config, .text = path, .flag = paused),
			 ret_domid, err);
}

static int ask_send_sysrq(void *adapter, const char *uuid, char key, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(send_sysrq, .uuid = uuid, .number = key), err);
}

static int ask_send_trigger(void *adapter, const char *uuid, enum guest_trigger trigger,
			    struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(send_trigger, .uuid = uuid, .number = trigger), err);
}

static int ask_set_memory_target(void *adapter, const char *uuid, const struct memory_range *range,
				 struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_memory_target, .uuid = uuid, .range = range), err);
}

static int ask_set_memory_maximum(void *adapter, const char *uuid, int64_t bytes,
				  struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_memory_maximum, .uuid = uuid, .number = bytes), err);
}

static int ask_set_vcpus(void *adapter, const char *uuid, int online, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_vcpus, .uuid = uuid, .number = online), err);
}

static int ask_set_scheduling(void *adapter, const char *uuid, const struct scheduling *scheduling,
			      struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_scheduling, .uuid = uuid, .scheduling = scheduling), err);
}

static int ask_set_shadow_memory(void *adapter, const char *uuid, int64_t bytes,
				 struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_shadow_memory, .uuid = uuid, .number = bytes), err);
}

static int ask_get_nics(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
			size_t *ret_count, struct hypervisor_error *err)
{
	return ask_some(adapter, REQUEST(get_nics, .uuid = uuid, .number = (int64_t)capacity),
			sizeof(*ret_devices), ret_devices, capacity, ret_count, err);
}

static int ask_attach_nic(void *adapter, const char *uuid, const struct nic_config *nic,
			  struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(attach_nic, .uuid = uuid, .nic = nic), err);
}

static int ask_detach_nic(void *adapter, const char *uuid, int device, bool force,
			  struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(detach_nic, .uuid = uuid, .number = device, .flag = force),
		   err);
}

static int ask_get_disks(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
			 size_t *ret_count, struct hypervisor_error *err)
{
	return ask_some(adapter, REQUEST(get_disks, .uuid = uuid, .number = (int64_t)capacity),
			sizeof(*ret_devices), ret_devices, capacity, ret_count, err);
}

static int ask_attach_disk(void *adapter, const char *uuid, const struct disk_config *disk,
			   struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(attach_disk, .uuid = uuid, .disk = disk), err);
}

static int ask_detach_disk(void *adapter, const char *uuid, int device, bool force,
			   struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(detach_disk, .uuid = uuid, .number = device, .flag = force),
		   err);
}

static int ask_change_cd(void *adapter, const char *uuid, const struct disk_config *disk,
			 struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(change_cd, .uuid = uuid, .disk = disk), err);
}

static int ask_set_nic_filter(void *adapter, const char *uuid, const struct nic_config *nic,
			      struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_nic_filter, .uuid = uuid, .nic = nic), err);
}

static int ask_move_nic(void *adapter, const char *uuid, int device, const char *bridge,
			struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(move_nic, .uuid = uuid, .number = device, .text = bridge), err);
}

static int ask_get_nic_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			       size_t count, struct hypervisor_error *err)
{
	return ask_traffic(adapter,
			   REQUEST(get_nic_traffic, .uuid = uuid, .traffic = traffic,
				   .traffic_count = count),
			   traffic, err);
}

static int ask_get_disk_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
				size_t count, struct hypervisor_error *err)
{
	return ask_traffic(adapter,
			   REQUEST(get_disk_traffic, .uuid = uuid, .traffic = traffic,
				   .traffic_count = count),
			   traffic, err);
}

static int ask_get_interfaces(void *adapter, struct host_interfaces *ret_interfaces,
			      struct hypervisor_error *err)
{
	return ask_one(adapter, &(struct request){.op = REQUEST_OP_get_interfaces}, ret_interfaces,
		       sizeof(*ret_interfaces), err);
}

static int ask_set_interface_up(void *adapter, const char *name, bool up,
				struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(set_interface_up, .text = name, .flag = up), err);
}

static int ask_create_bridge(void *adapter, const struct host_bridge *bridge,
			     struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(create_bridge, .bridge = bridge), err);
}

static int ask_destroy_bridge(void *adapter, const char *name, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(destroy_bridge, .text = name), err);
}

static int ask_create_vlan(void *adapter, const struct host_vlan *vlan,
			   struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(create_vlan, .vlan = vlan), err);
}

static int ask_destroy_vlan(void *adapter, const char *name, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(destroy_vlan, .text = name), err);
}

static int ask_list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
			struct hypervisor_error *err)
{
	return ask_list(adapter, &(struct request){.op = REQUEST_OP_list_pci},
			sizeof(**ret_devices), (void **)ret_devices, ret_count, err);
}

static int ask_check_bridge(void *adapter, const char *bridge, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(check_bridge, .text = bridge), err);
}

static int ask_check_pci(void *adapter, const char *uuid, const struct pci_config *device,
			 struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(check_pci, .uuid = uuid, .pci = device), err);
}

static int ask_read_console_ring(void *adapter, bool clear, char **ret_text,
				 struct hypervisor_error *err)
{
	struct answer answer;
	int rc =
		privileged_ask(adapter, REQUEST(read_console_ring, .flag = clear), 0, &answer, err);

	if (rc == 0)
		*ret_text = answer.texts[0] ? TAKE(answer.texts[0]) : text_copy("");
	answer_clear(&answer);
	return rc;
}

static int ask_send_debug_keys(void *adapter, const char *keys, struct hypervisor_error *err)
{
	return ask(adapter, REQUEST(send_debug_keys, .text = keys), err);
}

static int ask_wait_event(void *adapter, int timeout_ms, struct hypervisor_event *ret_event,
			  struct hypervisor_error *err)
{
	return privileged_wait_event(adapter, timeout_ms, ret_event, err);
}

static void wake(void *adapter)
{
	privileged_wake(adapter);
}

const struct hypervisor_ops privileged_ops = {
	.open = open_privileged,
	.close = close_privileged,
	.wake = wake,
#define OP(name, ...) .name = ask_##name,
#include "server/hypervisor/ops.def"
};
