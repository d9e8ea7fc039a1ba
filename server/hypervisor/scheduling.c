/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scheduling.c – checks weight, cap and mask, and reads the mask */
#include "server/hypervisor/scheduling.h"

#include "schema/base.h"

#include <ctype.h>

/* "0,1;2": for each vCPU the pCPUs that it may run on */
static int check_mask(const char *mask, int pcpus, struct hypervisor_error *err)
{
	while (*mask) {
		char *rest;
		long pcpu;

		if (!isdigit((unsigned char)*mask))
			return hypervisor_fail(err, HYPERVISOR_FAILED,
					       "a mask is like \"0,1;2\", not \"%.64s\"", mask);
		pcpu = strtol(mask, &rest, 10);
		if (pcpu >= pcpus)
			return hypervisor_fail(err, HYPERVISOR_FAILED,
					       "there is no pCPU %ld, only 0 to %d", pcpu,
					       pcpus - 1);
		if (*rest != '\0' && *rest != ',' && *rest != ';')
			return hypervisor_fail(err, HYPERVISOR_FAILED,
					       "a mask is like \"0,1;2\", not \"%.64s\"", mask);
		mask = *rest ? rest + 1 : rest;
	}
	return 0;
}

int scheduling_check(const struct scheduling *scheduling, int pcpus, struct hypervisor_error *err)
{
	if (scheduling->weight < 0 || scheduling->weight > 65535)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "a weight is 1 to 65535, not %d",
				       scheduling->weight);
	if (scheduling->cap < -1 || scheduling->cap > 65535)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "a cap is 0 to 65535, not %d",
				       scheduling->cap);
	return check_mask(scheduling->mask ? scheduling->mask : "", pcpus, err);
}

bool scheduling_allows(const char *mask, int vcpu, int pcpu)
{
	const char *list = mask ? mask : "";
	bool several = strchr(list, ';');

	for (int i = 0; several && i < vcpu && list; i++) {
		list = strchr(list, ';');
		list = list ? list + 1 : NULL;
	}
	if (!list || !isdigit((unsigned char)*list))
		return true;
	while (isdigit((unsigned char)*list)) {
		char *rest;

		if (strtol(list, &rest, 10) == pcpu)
			return true;
		list = *rest == ',' ? rest + 1 : "";
	}
	return false;
}
