/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* description.h – what is known of a domain that somebody else built: texts as an adapter writes
 * them. */
#ifndef SERVER_HYPERVISOR_DESCRIPTION_H
#define SERVER_HYPERVISOR_DESCRIPTION_H

#include "schema/buffer.h"
#include "server/hypervisor/domain.h"

/* KEY = "TEXT" and a line feed, as libxlutil reads it back. Nothing for NULL or "". */
void description_add_text(struct buffer *config, const char *key, const char *text);
/* KEY = NUMBER */
void description_add_number(struct buffer *config, const char *key, int64_t number);
/* KEY = [ "ITEM", "ITEM" ]; nothing for an empty one */
void description_add_list(struct buffer *config, const char *key, const char *const *items,
			  size_t count);
/* What could not be found out, and why, in one line. */
void description_add_unknown(struct buffer *unknown, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void domain_description_clear(struct domain_description *description);

#endif
