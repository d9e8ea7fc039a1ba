/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpuinfo.h – what Linux says of the machine's processors. */
#ifndef SERVER_HYPERVISOR_CPUINFO_H
#define SERVER_HYPERVISOR_CPUINFO_H

#include "server/hypervisor/domain.h"

/* Fills in the cpu_ facts from /proc/cpuinfo; `pcpus` must be there, for the number of sockets. */
void cpuinfo_read(struct host_facts *facts);

/* "model name\t: Xeon\n" gives "Xeon" for "model name"; NULL when the line is about something
 * else. The line is cut. */
char *cpuinfo_value_of(char *line, const char *key);

#endif
