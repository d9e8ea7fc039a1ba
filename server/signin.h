/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin.h – who may sign in: PAM, a file of users, or everybody. */
#ifndef SERVER_SIGNIN_H
#define SERVER_SIGNIN_H

#include "server/api/api.h"

struct signin;

/*
 * `method` is pam, file:PATH or none. Superusers are root and the members of admin_group with
 * PAM, and who is not marked otherwise in the file.
 * NULL with *ret_problem, a sentence to be freed.
 */
struct signin *signin_open(const char *method, const char *admin_group, char **ret_problem);
void signin_set_admin_group(struct signin *signin, const char *admin_group);
/* What the API asks; valid as long as the signin is. */
struct api_authenticator signin_authenticator(struct signin *signin);
/* No check is running any more. */
void signin_close(struct signin *signin);

#endif
