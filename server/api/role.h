/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* role.h – who may do what. */
#ifndef SERVER_API_ROLE_H
#define SERVER_API_ROLE_H

#include "server/api/private.h"

/* In a transaction: makes the six roles where they are missing. */
void role_describe(struct transaction *transaction);

/* Whether the call's session permits its message; RBAC_PERMISSION_DENIED. */
int role_check(const struct call *call, struct error *err);
/* The same of another message, which is a part of what the call does. */
int role_check_message(const struct call *call, const struct message_info *message,
		       struct error *err);
/* The same of a field that it sets by that setter, or of a key of it; key NULL: of all of it. */
int role_check_field(const struct call *call, const struct message_info *setter, int field,
		     const char *key, struct error *err);
/* Whether it may do that with this task: one of its own, or as a pool operator with any. */
int role_check_task(const struct call *call, struct error *err);

/* Of an object of the class role, or NULL. */
enum role role_of(const struct record *role);

/* The messages that a role permits, in lower case: a set. */
struct value *role_permissions(enum role role);

/* In a transaction: the highest role of the account of that name that is no administrator;
 * ROLE_nobody: it may not sign in. */
enum role subject_role_of(struct transaction *transaction, const char *identifier,
			  const struct record **ret_subject);

#endif
