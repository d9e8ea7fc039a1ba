/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* key_role.h – single keys of maps that want less than the map itself. */
#ifndef SCHEMA_KEY_ROLE_H
#define SCHEMA_KEY_ROLE_H

#include "schema/schema.h"

struct key_role {
	enum class_id cls;
	int field;
	const char *key; /* a * at its end stands for anything */
	enum role role;
};

/* All rows of key_roles.def; NULL: there is no such index. */
const struct key_role *key_role_at(size_t index);
/* The one that holds for a key; NULL: none, it wants what the map wants. */
const struct key_role *key_role_of(const struct class_info *cls, int field, const char *key);

#endif
