/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* provision_read.h – the disks that a template wants, as clients write them into its other_config.
 */
#ifndef RPC_PROVISION_READ_H
#define RPC_PROVISION_READ_H

#include "schema/value.h"

/* A set of maps, attribute to text, of each <disk …/> in <provision>; NULL: it is no such text. */
struct value *provision_read(const char *text);

#endif
