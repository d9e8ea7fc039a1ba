/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* samples.h – CPU and memory of the last hour, of the host and of each VM that ran in it: in memory
 * only. */
#ifndef SERVER_API_SAMPLES_H
#define SERVER_API_SAMPLES_H

#include "schema/value.h"
#include "server/hypervisor/domain.h"

#include <stdint.h>

/* Of each: the newest samples as they were taken, and the means of minutes. */
#define SAMPLES_FINE 120
#define SAMPLES_MINUTES 60
#define SAMPLES_HOST "host" /* the host's key; that of a VM is its uuid */

/* Times are of clock_ms(), in order. Any thread may call, and waits for moments. */
struct samples;
struct samples *samples_new(void);
void samples_free(struct samples *samples);

/* cpu: the share that is used, 0 to 1; memory in bytes. */
void samples_add(struct samples *samples, const char *key, int64_t time_ms, double cpu,
		 int64_t memory);
/* The share of its vCPUs that a domain has used since it was seen last; nothing the first time. */
void samples_add_domain(struct samples *samples, const struct domain_info *domain, int64_t time_ms);
/* Of those that have no sample of the last hour nothing is kept. */
void samples_forget_old(struct samples *samples, int64_t now_ms);
/* time (seconds since 1970; it is `now` at now_ms), cpu and memory: a set each, the oldest first;
 * empty for one that is not known. */
struct value *samples_read(struct samples *samples, const char *key, int64_t now_ms, double now);

#endif
