/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adapter.h – the hypervisor adapter that asks the privileged process. */
#ifndef SERVER_PRIVILEGED_ADAPTER_H
#define SERVER_PRIVILEGED_ADAPTER_H

#include "server/hypervisor/adapter.h"

/* Its open takes options->privileged. */
extern const struct hypervisor_ops privileged_ops;

#endif
