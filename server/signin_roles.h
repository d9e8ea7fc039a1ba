/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_roles.h – rows of the configuration that give somebody a role: "anna vm-admin". */
#ifndef SERVER_SIGNIN_ROLES_H
#define SERVER_SIGNIN_ROLES_H

#include "schema/schema.h"

/* NULL, or why the text is no "WHO ROLE". */
const char *signin_role_problem(const char *text);

typedef bool (*signin_match_fn)(const void *argument, const char *who);
/* The highest role of all rows (NULL-terminated, or NULL) whose WHO matches; ROLE_nobody: none. */
enum role signin_role_of(char *const *rows, signin_match_fn matches, const void *argument);

#endif
