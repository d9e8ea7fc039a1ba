/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator.c – a host that is not there, with guests that behave as if they were */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "server/hypervisor/simulator_ops.h"

#include <time.h>

static const struct host_facts default_host = {
	.pcpus = 16,
	.memory_total = 64 * GIB,
	.vcpus_max = SIMULATOR_VCPUS_MAX,
	.cpu_mhz = 2600,
	.cpu_family = 6,
	.cpu_model = 85,
	.cpu_stepping = 7,
	.cpu_sockets = 1,
	.cpu_threads_per_core = 2,
	.hvm = true,
	.cpu_vendor = "GenuineIntel",
	.cpu_modelname = "Simulated CPU @ 2.60GHz",
	.cpu_flags = "fpu de tsc msr pae mce cx8 apic sep mca cmov pat clflush acpi mmx fxsr sse "
		     "sse2 ht syscall nx lm constant_tsc rep_good nopl pni pclmulqdq monitor vmx "
		     "est ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c rdrand "
		     "hypervisor lahf_lm abm ept fsgsbase bmi1 avx2 bmi2 erms rdseed adx",
	.cpu_features = "1fcbfbff-f7fa3203-2c100800-00000121-0000000f-219c0729-00000000-00000000",
	.xen_version = "4.17-simulated",
	.capabilities = "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64",
	.scheduler = "credit2",
	.supported_bootloaders = "pygrub",
	.interfaces =
		{
			.nics = {{.name = "eth0",
				  .bridge = "xenbr0",
				  .mac = "00:16:3e:00:00:01",
				  .ip = "192.0.2.10",
				  .netmask = "255.255.255.0",
				  .mtu = 1500,
				  .up = true,
				  .carrier = true,
				  .full_duplex = true,
				  .speed_mbits = 1000,
				  .pci_path = "0000:00:19.0",
				  .vendor = "0x8086",
				  .device = "0x1502"}},
			.nic_count = 1,
			.bridges = {{.name = "xenbr0", .mtu = 1500}},
			.bridge_count = 1,
		},
};

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct simulator *make_simulator(const char *state_path,
					const struct hypervisor_options *options)
{
	struct simulator *simulator = allocate(sizeof(*simulator));

	pthread_mutex_init(&simulator->lock, NULL);
	clock_init_condition(&simulator->changed);
	simulator->host = default_host;
	if (options->simulator_pcpus > 0)
		simulator->host.pcpus = options->simulator_pcpus;
	if (options->simulator_memory_bytes > 0)
		simulator->host.memory_total = options->simulator_memory_bytes;
	simulator->state_path = state_path ? text_copy(state_path) : NULL;
	simulator->wall_ns = realtime_ns() - clock_ns();
	simulator->speed = 1;
	buffer_add_text(&simulator->console, "(XEN) this is a simulated host\n");
	return simulator;
}

static void close_adapter(void *adapter)
{
	struct simulator *simulator = adapter;

	if (simulator->control)
		simulator_close_control(simulator->control);
	for (size_t i = 0; i < simulator->count; i++)
		simulator_clear_guest(&simulator->guests[i]);
	free(simulator->guests);
	buffer_free(&simulator->console);
	free(simulator->events);
	free(simulator->faults);
	free(simulator->state_path);
	json_decref(simulator->committed);
	pthread_cond_destroy(&simulator->changed);
	pthread_mutex_destroy(&simulator->lock);
	free(simulator);
}

/* Nobody else knows the simulator yet; the lock is for what expects it to be held. */
static int bring_up(struct simulator *simulator, struct hypervisor_error *err)
{
	int rc;

	pthread_mutex_lock(&simulator->lock);
	rc = simulator_load(simulator, err);
	if (rc == 0 && simulator->count == 0)
		simulator_add_domain_0(simulator);
	if (rc == 0) {
		simulator_advance(simulator);
		rc = simulator_commit(simulator, err);
	}
	pthread_mutex_unlock(&simulator->lock);
	return rc;
}

static int open_adapter(const char *argument, const struct hypervisor_options *options,
			void **ret_adapter, struct host_facts *ret_facts,
			struct hypervisor_error *err)
{
	struct simulator *simulator;

	if (argument && !*argument)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "\"simulator:\" is to be followed by a state file");
	simulator = make_simulator(argument, options);
	if (bring_up(simulator, err) < 0) {
		close_adapter(simulator);
		return -1;
	}
	if (options->simulator_control) {
		simulator->control =
			simulator_open_control(simulator, options->simulator_control, err);
		if (!simulator->control) {
			close_adapter(simulator);
			return -1;
		}
	}
	*ret_facts = simulator->host;
	*ret_adapter = simulator;
	return 0;
}

static uint64_t guest_time_ns(const struct guest *guest)
{
	uint64_t time_ns = 0;

	for (int i = 0; i < guest->vcpus_max; i++)
		time_ns += guest->vcpu_time_ns[i];
	return time_ns;
}

static int get_host_usage(void *adapter, struct host_usage *ret_usage, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_host_usage, err);
	uint64_t time_ns;

	if (!simulator)
		return -1;
	time_ns = simulator->past_time_ns;
	for (size_t i = 0; i < simulator->count; i++)
		time_ns += guest_time_ns(&simulator->guests[i]);
	ret_usage->memory_free = simulator_memory_free(simulator);
	ret_usage->cpu_time_ns = time_ns;
	return 0;
}

static void fill_info(const struct guest *guest, struct domain_info *info)
{
	*info = (struct domain_info){
		.domid = guest->domid,
		.type = guest->type,
		.running = guest->domid == 0,
		.paused = guest->paused,
		.shutdown = guest->shutdown,
		.reason = guest->reason,
		.memory_actual = WHOLE_KIB(guest->memory_actual),
		.memory_target = guest->memory_target,
		.memory_maximum = guest->memory_maximum,
		.vcpus_online = guest->vcpus_online,
		.vcpus_target = guest->vcpus_online,
		.vcpus_max = guest->vcpus_max,
		.weight = guest->weight,
		.cap = guest->cap,
		.cpu_time_ns = guest_time_ns(guest),
		.start_time = guest->start_time,
		.balloons = simulator_has_booted(guest) && !guest->no_balloon,
	};
	memcpy(info->uuid, guest->uuid, sizeof(info->uuid));
	memcpy(info->name, guest->name, sizeof(info->name));
}

static int list_domains(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
			struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_list_domains, err);
	struct domain_info *domains;

	if (!simulator)
		return -1;
	domains = allocate(simulator->count * sizeof(*domains));
	for (size_t i = 0; i < simulator->count; i++)
		fill_info(&simulator->guests[i], &domains[i]);
	*ret_domains = domains;
	*ret_count = simulator->count;
	return 0;
}

static int get_domain(void *adapter, const char *uuid, struct domain_info *ret_info,
		      struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_domain, err);
	struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	fill_info(guest, ret_info);
	return 0;
}

static int get_vcpus(void *adapter, const char *uuid, struct vcpu_info *ret_vcpus, size_t capacity,
		     size_t *ret_count, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_vcpus, err);
	struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	for (int i = 0; i < guest->vcpus_max && (size_t)i < capacity; i++) {
		bool online = i < guest->vcpus_online;
		bool running = guest->domid == 0 && i == 0;

		ret_vcpus[i] = (struct vcpu_info){
			.pcpu = (guest->domid + i) % simulator->host.pcpus,
			.online = online,
			.running = running,
			.blocked = online && !running && !guest->paused && !guest->shutdown,
			.cpu_time_ns = guest->vcpu_time_ns[i],
		};
	}
	*ret_count = (size_t)guest->vcpus_max;
	return 0;
}

static int wait_event(void *adapter, int timeout_ms, struct hypervisor_event *ret_event,
		      struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_wait_event, err);
	int64_t due_ns = INT64_MAX;
	bool in_time = true;

	if (!simulator)
		return -1;
	if (timeout_ms >= 0)
		due_ns = simulator_now(simulator) + (int64_t)timeout_ms * 1000000;
	while (simulator->event_count == 0 && !simulator->woken && in_time)
		in_time = simulator_wait(simulator, due_ns);
	if (simulator->event_count == 0) {
		simulator->woken = false;
		return 0;
	}
	*ret_event = simulator->events[0];
	simulator->event_count--;
	memmove(simulator->events, simulator->events + 1,
		simulator->event_count * sizeof(*simulator->events));
	return 1;
}

static void wake(void *adapter)
{
	struct simulator *simulator = adapter;

	pthread_mutex_lock(&simulator->lock);
	simulator->woken = true;
	pthread_cond_broadcast(&simulator->changed);
	pthread_mutex_unlock(&simulator->lock);
}

const struct hypervisor_ops adapter_simulator = {
	.open = open_adapter,
	.close = close_adapter,
	.get_host_usage = get_host_usage,
	.list_domains = list_domains,
	.get_domain = get_domain,
	.get_vcpus = get_vcpus,
	.describe_domain = simulator_describe_domain,
	.read_guest = simulator_read_guest,
	.start = simulator_start,
	.pause = simulator_pause,
	.unpause = simulator_unpause,
	.shutdown = simulator_shutdown,
	.destroy = simulator_destroy,
	.suspend = simulator_suspend,
	.resume = simulator_resume,
	.go_on = simulator_go_on,
	.send_sysrq = simulator_send_sysrq,
	.send_trigger = simulator_send_trigger,
	.set_memory_target = simulator_set_memory_target,
	.set_memory_maximum = simulator_set_memory_maximum,
	.set_vcpus = simulator_set_vcpus,
	.set_scheduling = simulator_set_scheduling,
	.set_shadow_memory = simulator_set_shadow_memory,
	.get_nics = simulator_get_nics,
	.attach_nic = simulator_attach_nic,
	.detach_nic = simulator_detach_nic,
	.get_disks = simulator_get_disks,
	.attach_disk = simulator_attach_disk,
	.detach_disk = simulator_detach_disk,
	.change_cd = simulator_change_cd,
	.set_nic_filter = simulator_set_nic_filter,
	.move_nic = simulator_move_nic,
	.get_nic_traffic = simulator_get_nic_traffic,
	.get_disk_traffic = simulator_get_disk_traffic,
	.get_interfaces = simulator_get_interfaces,
	.set_interface_up = simulator_set_interface_up,
	.create_bridge = simulator_create_bridge,
	.destroy_bridge = simulator_destroy_bridge,
	.create_vlan = simulator_create_vlan,
	.destroy_vlan = simulator_destroy_vlan,
	.list_pci = simulator_list_pci,
	.check_bridge = simulator_check_bridge,
	.check_pci = simulator_check_pci,
	.read_console_ring = simulator_read_console_ring,
	.send_debug_keys = simulator_send_debug_keys,
	.wait_event = wait_event,
	.wake = wake,
};
