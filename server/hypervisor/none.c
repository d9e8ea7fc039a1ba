/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* none.c – the adapter of a machine without a hypervisor: facts about the machine, no domains */
#include "server/hypervisor/adapter.h"

#include "schema/base.h"
#include "server/hypervisor/cpuinfo.h"
#include "server/hypervisor/interfaces.h"
#include "server/hypervisor/pci.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct none {
	int wake_fd;
};

static int open_adapter(const char *argument, const struct hypervisor_options *options,
			void **ret_adapter, struct host_facts *ret_facts,
			struct hypervisor_error *err)
{
	struct host_facts facts = {0};
	struct none *none;
	int fd;

	(void)options;
	if (argument)
		return hypervisor_fail(err, HYPERVISOR_UNSUPPORTED,
				       "the none adapter takes no argument, not \"%.64s\"",
				       argument);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "eventfd: %s", strerror(errno));
	facts.pcpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	facts.vcpus_max = facts.pcpus;
	facts.memory_total = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	cpuinfo_read(&facts);
	interfaces_read(&facts.interfaces);
	none = allocate(sizeof(*none));
	none->wake_fd = fd;
	*ret_adapter = none;
	*ret_facts = facts;
	return 0;
}

static void close_adapter(void *adapter)
{
	struct none *none = adapter;

	close(none->wake_fd);
	free(none);
}

/* What could be given away without swapping, as the kernel estimates it. */
static int64_t read_memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[256];
	int64_t kib = 0;

	while (file && fgets(line, sizeof(line), file)) {
		const char *value = cpuinfo_value_of(line, "MemAvailable");

		if (value)
			kib = strtoll(value, NULL, 10);
	}
	if (file)
		fclose(file);
	return kib * 1024;
}

/* "cpu user nice system idle iowait irq softirq …", in clock ticks over all processors */
static uint64_t read_cpu_time_ns(void)
{
	FILE *file = fopen("/proc/stat", "re");
	uint64_t ticks[7] = {0}, busy = 0;
	int found = 0;

	if (file) {
		found = fscanf(file,
			       "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			       " %" SCNu64 " %" SCNu64,
			       &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5],
			       &ticks[6]);
		fclose(file);
	}
	for (int i = 0; i < found; i++)
		busy += i == 3 || i == 4 ? 0 : ticks[i];
	return busy * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int get_host_usage(void *adapter, struct host_usage *ret_usage, struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	ret_usage->memory_free = read_memory_available();
	ret_usage->cpu_time_ns = read_cpu_time_ns();
	return 0;
}

static int get_interfaces(void *adapter, struct host_interfaces *ret_interfaces,
			  struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	interfaces_read(ret_interfaces);
	return 0;
}

static int list_domains(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
			struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	*ret_domains = NULL;
	*ret_count = 0;
	return 0;
}

static int list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
		    struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	pci_list(PCI_FOLDER, PCI_NAMES, ret_devices, ret_count);
	return 0;
}

static int wait_event(void *adapter, int timeout_ms, struct hypervisor_event *ret_event,
		      struct hypervisor_error *err)
{
	struct none *none = adapter;
	struct pollfd pollfd = {.fd = none->wake_fd, .events = POLLIN};
	eventfd_t count;

	(void)ret_event;
	(void)err;
	if (poll(&pollfd, 1, timeout_ms) > 0)
		eventfd_read(none->wake_fd, &count);
	return 0;
}

static void wake(void *adapter)
{
	struct none *none = adapter;

	eventfd_write(none->wake_fd, 1);
}

const struct hypervisor_ops adapter_none = {
	.open = open_adapter,
	.close = close_adapter,
	.get_host_usage = get_host_usage,
	.list_domains = list_domains,
	.get_interfaces = get_interfaces,
	.list_pci = list_pci,
	.wait_event = wait_event,
	.wake = wake,
};
