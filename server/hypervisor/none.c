/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* none.c – the adapter of a machine without a hypervisor: facts about the machine, no domains */
#include "server/hypervisor/adapter.h"

#include "schema/base.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct none {
	int wake_fd;
};

/* "model name\t: Xeon\n" gives "Xeon" for "model name"; NULL when the line is about something else.
 */
static char *value_of(char *line, const char *key)
{
	size_t length = strlen(key);
	char *value = strchr(line, ':');

	if (strncmp(line, key, length) != 0 || !value)
		return NULL;
	if (strspn(line + length, " \t") != (size_t)(value - line) - length)
		return NULL;
	value += 1 + strspn(value + 1, " \t");
	value[strcspn(value, "\n")] = '\0';
	return value;
}

/* As many whole words as there is room for. */
static void copy_words(char *target, size_t size, const char *source)
{
	size_t length = strlen(source);

	if (length >= size) {
		length = size - 1;
		while (length > 0 && source[length] != ' ')
			length--;
	}
	memcpy(target, source, length);
	target[length] = '\0';
}

static void read_cpu_line(char *line, struct host_facts *facts)
{
	const struct {
		const char *key;
		char *text;
		size_t size;
		int *number;
	} keys[] = {
		{"vendor_id", facts->cpu_vendor, sizeof(facts->cpu_vendor), NULL},
		{"model name", facts->cpu_modelname, sizeof(facts->cpu_modelname), NULL},
		{"flags", facts->cpu_flags, sizeof(facts->cpu_flags), NULL},
		{"cpu family", NULL, 0, &facts->cpu_family},
		{"model", NULL, 0, &facts->cpu_model},
		{"stepping", NULL, 0, &facts->cpu_stepping},
		{"cpu MHz", NULL, 0, &facts->cpu_mhz},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = value_of(line, keys[i].key);

		if (value && keys[i].text)
			copy_words(keys[i].text, keys[i].size, value);
		else if (value)
			*keys[i].number = atoi(value);
	}
}

/* The first processor stands for all; sockets and threads are counted from it too. */
static void read_cpuinfo(struct host_facts *facts)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[8192];
	int siblings = 0, cores = 0;
	char *value;

	while (file && fgets(line, sizeof(line), file) && line[0] != '\n') {
		read_cpu_line(line, facts);
		value = value_of(line, "siblings");
		if (value)
			siblings = atoi(value);
		value = value_of(line, "cpu cores");
		if (value)
			cores = atoi(value);
	}
	if (file)
		fclose(file);
	facts->cpu_threads_per_core = cores > 0 && siblings >= cores ? siblings / cores : 1;
	facts->cpu_sockets = siblings > 0 && facts->pcpus > siblings ? facts->pcpus / siblings : 1;
}

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
	read_cpuinfo(&facts);
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
		const char *value = value_of(line, "MemAvailable");

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

static int list_domains(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
			struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	*ret_domains = NULL;
	*ret_count = 0;
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
	.name = "none",
	.open = open_adapter,
	.close = close_adapter,
	.get_host_usage = get_host_usage,
	.list_domains = list_domains,
	.wait_event = wait_event,
	.wake = wake,
};
