/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_facts.h – what this host is, as values for the fields of its objects. */
#ifndef SERVER_API_HOST_FACTS_H
#define SERVER_API_HOST_FACTS_H

#include "schema/record.h"
#include "server/hypervisor/domain.h"

/* The version of the interface that is served. */
#define API_VERSION_MAJOR 2
#define API_VERSION_MINOR 21

/* New values, read from the system: at start, not in a transaction. */
struct value *host_facts_hostname(void);
/* the first IPv4 address that is not loopback's, or 127.0.0.1 */
struct value *host_facts_address(void);
struct value *host_facts_software_version(const struct host_facts *facts, const char *hostname);
struct value *host_facts_bios_strings(void);

struct value *host_facts_cpu_info(const struct host_facts *facts);
struct value *host_facts_cpu_configuration(const struct host_facts *facts);
/* "a b c" as a set */
struct value *host_facts_words(const char *words);
struct value *host_facts_allowed_operations(bool enabled, bool can_start);

#endif
