/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* messages.h – the list of all messages, for schema.c. Everybody else: schema_message… in schema.h.
 */
#ifndef SCHEMA_MESSAGES_H
#define SCHEMA_MESSAGES_H

void messages_init(void);

#endif
