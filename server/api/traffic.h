/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* traffic.h – VIF_metrics, VBD_metrics and PIF_metrics: what goes over interfaces and drives, as it
 * is sampled. */
#ifndef SERVER_API_TRAFFIC_H
#define SERVER_API_TRAFFIC_H

#include "server/api/private.h"

/* In a transaction. Makes the metrics object where there is none. */
void traffic_describe_pif(struct transaction *transaction, struct record *pif,
			  const struct host_nic *nic);
/* The same of a VIF or VBD; nothing goes over one that no domain has. */
void traffic_start(struct transaction *transaction, struct record *device);
void traffic_forget(struct transaction *transaction, const struct record *device);

/* May block: for the sampler. */
void traffic_sample_host(struct api *api);
void traffic_sample_vm(struct api *api, const struct record *vm);

#endif
