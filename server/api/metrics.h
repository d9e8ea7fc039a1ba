/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.h – VM_metrics and host_metrics: figures of what runs, sampled by one thread and after
 * each operation. */
#ifndef SERVER_API_METRICS_H
#define SERVER_API_METRICS_H

#include "server/api/private.h"

#define METRICS_VCPUS_MAX 128

/* What a domain was like at one moment. */
struct metrics_sample {
	bool there;
	bool gone; /* surely */
	int64_t time_ms;
	struct domain_info domain;
	size_t vcpu_count;
	struct vcpu_info vcpus[METRICS_VCPUS_MAX];
};

struct metrics *metrics_new(struct api *api); /* starts the sampler */
void metrics_free(struct metrics *metrics);

/* May block. there stays false when the VM has no domain. */
void metrics_take(struct api *api, const char *uuid, struct metrics_sample *ret_sample);
/* Writes the sample into the VM's metrics, or that there is nothing running when it has no domain.
 */
void metrics_apply(struct transaction *transaction, const struct record *vm,
		   const struct metrics_sample *sample);

#endif
