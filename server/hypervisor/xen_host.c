/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_host.c – what Xen says of the host */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "server/hypervisor/cpuinfo.h"
#include "server/hypervisor/pci.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <xen/hvm/hvm_info_table.h>

#define PCPUS_MOST 4096

static const char *scheduler_name(uint32_t scheduler)
{
	static const char *const names[] = {
		[XEN_SCHEDULER_CREDIT] = "credit",     [XEN_SCHEDULER_CREDIT2] = "credit2",
		[XEN_SCHEDULER_ARINC653] = "arinc653", [XEN_SCHEDULER_RTDS] = "rtds",
		[XEN_SCHEDULER_NULL] = "null",
	};

	return scheduler < ARRAY_SIZE(names) && names[scheduler] ? names[scheduler] : "unknown";
}

static void read_version(struct xen *xen, struct host_facts *facts)
{
	int version = xc_version(xen->xc, XENVER_version, NULL);
	xen_extraversion_t extra = "";
	xen_capabilities_info_t capabilities = "";
	size_t length;

	xc_version(xen->xc, XENVER_extraversion, extra);
	xc_version(xen->xc, XENVER_capabilities, capabilities);
	snprintf(facts->xen_version, sizeof(facts->xen_version), "%d.%d%s", version >> 16,
		 version & 0xffff, extra);
	snprintf(facts->capabilities, sizeof(facts->capabilities), "%.*s",
		 (int)sizeof(facts->capabilities) - 1, capabilities);
	length = strlen(facts->capabilities);
	while (length > 0 && facts->capabilities[length - 1] == ' ')
		facts->capabilities[--length] = '\0';
}

/* libxl looks for it in its own folder, whose name is the distribution's. */
static void find_pygrub(struct xen *xen, struct host_facts *facts)
{
	int version = xc_version(xen->xc, XENVER_version, NULL);
	char versioned[64];
	const char *const paths[] = {versioned, "/usr/lib/xen/bin/pygrub",
				     "/usr/libexec/xen/bin/pygrub", "/usr/local/lib/xen/bin/pygrub",
				     "/usr/bin/pygrub"};

	snprintf(versioned, sizeof(versioned), "/usr/lib/xen-%d.%d/bin/pygrub", version >> 16,
		 version & 0xffff);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], X_OK) == 0) {
			strcpy(facts->supported_bootloaders, "pygrub");
			return;
		}
}

/* Linux knows Domain-0's vCPUs, Xen the machine's sockets and threads. */
void xen_read_facts(struct xen *xen, const xc_physinfo_t *physical, struct host_facts *ret_facts)
{
	struct host_facts *facts = ret_facts;
	uint32_t per_socket = physical->threads_per_core * physical->cores_per_socket;
	size_t length = 0;

	facts->pcpus = (int)physical->nr_cpus;
	cpuinfo_read(facts);
	facts->memory_total = (int64_t)physical->total_pages * XEN_PAGE;
	facts->vcpus_max = HVM_MAX_VCPUS;
	facts->cpu_mhz = (int)(physical->cpu_khz / 1000);
	facts->cpu_threads_per_core = (int)physical->threads_per_core;
	facts->cpu_sockets = per_socket ? (int)((physical->nr_cpus + per_socket - 1) / per_socket) :
					  1;
	facts->hvm = physical->capabilities & XEN_SYSCTL_PHYSCAP_hvm;
	for (size_t i = 0; i < ARRAY_SIZE(physical->hw_cap); i++)
		length += (size_t)snprintf(facts->cpu_features + length,
					   sizeof(facts->cpu_features) - length, "%s%08x",
					   i ? "-" : "", physical->hw_cap[i]);
	snprintf(facts->scheduler, sizeof(facts->scheduler), "%s", scheduler_name(xen->scheduler));
	read_version(xen, facts);
	find_pygrub(xen, facts);
}

int64_t xen_idle_ns(struct xen *xen)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	xc_cpuinfo_t *pcpus = allocate(PCPUS_MOST * sizeof(*pcpus));
	int64_t idle_ns = 0;
	int count = 0;

	if (xc_getcpuinfo(xen->xc, xen->pcpus < PCPUS_MOST ? xen->pcpus : PCPUS_MOST, pcpus,
			  &count) < 0)
		count = 0;
	for (int i = 0; i < count; i++)
		idle_ns += (int64_t)pcpus[i].idletime;
	free(pcpus);
	return idle_ns;
}

/* What the domain is to get and has not yet. */
static int64_t outstanding(struct xen *xen, const xc_domaininfo_t *domain, const char *but)
{
	char uuid[UUID_SIZE];
	int64_t wanted;

	xen_uuid_of(domain, uuid);
	if (domain->domain == 0 || xen_is_shut_down(domain) || (but && strcmp(uuid, but) == 0))
		return 0;
	wanted = xen_memory_target(xen, domain);
	for (const struct xen_promise *promise = xen->promises; promise; promise = promise->next)
		if (strcmp(promise->uuid, uuid) == 0)
			wanted = promise->bytes;
	wanted -= xen_memory_actual(domain);
	return wanted > 0 ? wanted : 0;
}

static bool has_domain(const xc_domaininfo_t *domains, size_t count, const char *uuid)
{
	char its_uuid[UUID_SIZE];

	for (size_t i = 0; i < count; i++) {
		xen_uuid_of(&domains[i], its_uuid);
		if (strcmp(its_uuid, uuid) == 0)
			return true;
	}
	return false;
}

static int64_t read_free(struct xen *xen)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	xc_physinfo_t physical = {0};

	if (xc_physinfo(xen->xc, &physical) < 0)
		return 0;
	return ((int64_t)physical.free_pages - (int64_t)physical.outstanding_pages) * XEN_PAGE;
}

int64_t xen_memory_free(struct xen *xen, const char *but)
{
	struct hypervisor_error ignored;
	xc_domaininfo_t *domains = NULL;
	int64_t bytes = read_free(xen);
	size_t count = 0;

	if (xen_read_domains(xen, &domains, &count, &ignored) < 0)
		count = 0;
	for (size_t i = 0; i < count; i++)
		bytes -= outstanding(xen, &domains[i], but);
	for (const struct xen_promise *promise = xen->promises; promise; promise = promise->next)
		if (!has_domain(domains, count, promise->uuid))
			bytes -= promise->bytes;
	free(domains);
	return bytes > 0 ? bytes : 0;
}

/* Xen counts the idle time of each pCPU since it booted; the rest of the time since open is busy.
 */
int xen_get_host_usage(void *adapter, struct host_usage *ret_usage, struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	int64_t busy_ns;

	(void)err;
	busy_ns = (clock_ns() - xen->clock_ns) * xen->pcpus - (xen_idle_ns(xen) - xen->idle_ns);
	ret_usage->cpu_time_ns = busy_ns > 0 ? (uint64_t)busy_ns : 0;
	xen_lock(&xen->memory_lock);
	ret_usage->memory_free = xen_memory_free(xen, NULL);
	pthread_mutex_unlock(&xen->memory_lock);
	return 0;
}

int xen_list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
		 struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	pci_list(PCI_FOLDER, PCI_NAMES, ret_devices, ret_count);
	return 0;
}
