/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_host.h – what of the configuration the hypervisor and the host's own rules get, in either
 * process. */
#ifndef SERVER_OPTIONS_HOST_H
#define SERVER_OPTIONS_HOST_H

#include "server/hypervisor/domain.h"
#include "server/options.h"

struct hypervisor_options options_for_hypervisor(const struct options *options);
/* host_set_rules; the options have to stay. Without sr-folders it is the folder sr beside the
 * database. */
void options_set_host_rules(const struct options *options);

#endif
