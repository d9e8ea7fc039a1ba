/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin.h – who may sign in: PAM, a file of users, or everybody. */
#ifndef SERVER_SIGNIN_H
#define SERVER_SIGNIN_H

#include "server/api/api.h"
#include "server/options.h"

struct signin;

/* What can be changed while it is in use; copied. */
struct privileged;

struct signin_rules {
	const char *admin_group;
	const struct text_list *roles; /* "NAME ROLE", "@GROUP ROLE" */
	const struct text_list *certificate_roles;
};

/*
 * `method` is pam, file:PATH or none. Superusers are root and the members of admin_group with
 * PAM, and who is not marked otherwise in the file.
 * `privileged` asks PAM; NULL: this process does. NULL with *ret_problem, a sentence to be freed.
 */
struct signin *signin_open(const char *method, const struct signin_rules *rules,
			   struct privileged *privileged, char **ret_problem);
void signin_set_rules(struct signin *signin, const struct signin_rules *rules);
/* What the API asks; valid as long as the signin is. */
struct api_authenticator signin_authenticator(struct signin *signin);
/* No check is running any more. */
void signin_close(struct signin *signin);

#endif
