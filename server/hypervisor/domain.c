/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.c – what follows from the plain values of a domain */
#include "server/hypervisor/domain.h"

#include "schema/base.h"
#include "server/hypervisor/adapter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *guest_type_name(enum guest_type type)
{
	static const char *const names[] = {
		[GUEST_PV] = "pv", [GUEST_PVH] = "pvh", [GUEST_HVM] = "hvm"};

	return names[type];
}

int64_t domain_wanted_memory(const struct domain_info *domain)
{
	return domain->memory_target > 0 ? domain->memory_target : domain->memory_actual;
}

int64_t domain_most_memory(const struct domain_info *domain, const struct host_facts *host)
{
	return greater_of(lesser_of(domain->memory_maximum, host->memory_total),
			  domain_wanted_memory(domain));
}

int domain_wanted_vcpus(const struct domain_info *domain)
{
	return domain->vcpus_target ? domain->vcpus_target : domain->vcpus_online;
}

const struct domain_info *domain_find(const struct domain_info *domains, size_t count,
				      const char *uuid)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(domains[i].uuid, uuid) == 0)
			return &domains[i];
	return NULL;
}

int hypervisor_fail(struct hypervisor_error *err, enum hypervisor_error_kind kind,
		    const char *format, ...)
{
	va_list arguments;

	err->kind = kind;
	err->needed = 0;
	err->available = 0;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return -1;
}
