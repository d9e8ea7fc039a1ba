/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_report.h – VM_guest_metrics: what a guest says of itself, read by the sampler. */
#ifndef SERVER_API_GUEST_REPORT_H
#define SERVER_API_GUEST_REPORT_H

#include "server/api/private.h"

/* May block. Of a VM that has a domain. */
void guest_report_sample(struct api *api, const struct record *vm);

#endif
