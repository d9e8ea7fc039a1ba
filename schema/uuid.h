/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uuid.h – uuids as text. */
#ifndef SCHEMA_UUID_H
#define SCHEMA_UUID_H

#include <stdbool.h>

#define UUID_SIZE 37 /* with its NUL */

/* Hexadecimal digits of either case, with dashes where they belong; nothing before or behind. */
bool uuid_is_valid(const char *text);
/* A fresh random one, in lower case. */
void uuid_draw(char ret_uuid[UUID_SIZE]);

#endif
