/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* key_role.c – the rows of key_roles.def. */
#include "schema/key_role.h"

#include "schema/base.h"

static const struct key_role rows[] = {
#define KEY_ROLE(cls, field, key, role) {CLASS_##cls, cls##_##field, key, ROLE_##role},
#include "schema/key_roles.def"
};

const struct key_role *key_role_at(size_t index)
{
	return index < ARRAY_SIZE(rows) ? &rows[index] : NULL;
}

static bool stands_for(const char *pattern, const char *key)
{
	size_t length = strcspn(pattern, "*");

	return pattern[length] ? strncmp(pattern, key, length) == 0 : strcmp(pattern, key) == 0;
}

const struct key_role *key_role_of(const struct class_info *cls, int field, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].cls == cls->id && rows[i].field == field &&
		    stands_for(rows[i].key, key))
			return &rows[i];
	return NULL;
}
