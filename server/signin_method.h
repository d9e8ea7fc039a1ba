/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_method.h – the ways to check a password; for signin*.c. */
#ifndef SERVER_SIGNIN_METHOD_H
#define SERVER_SIGNIN_METHOD_H

#include <stdbool.h>

/*
 * Both are called from several threads at once, may block, and take the same time for a user that
 * there is not as for a wrong password. *ret_superuser is set when they return true.
 */

/* PAM's service "xenapid". Authentication and account are checked for everybody before membership
 * is looked at. */
bool signin_check_pam(const char *user, const char *password, const char *admin_group,
		      bool *ret_superuser);

/* USER:HASH lines, hashes as crypt(3) makes them; read again when the file has changed. A user of
 * USER:HASH:subject is no superuser. */
struct user_file;
struct user_file *user_file_open(const char *path, char **ret_problem);
bool user_file_check(struct user_file *file, const char *user, const char *password,
		     bool *ret_superuser);
void user_file_close(struct user_file *file);

#endif
