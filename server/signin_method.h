/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_method.h – the ways to check a password; for signin*.c. */
#ifndef SERVER_SIGNIN_METHOD_H
#define SERVER_SIGNIN_METHOD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Both are called from several threads at once, may block, and take the same time for a user that
 * there is not as for a wrong password.
 */

/* PAM's service "xenapid": authentication and account. */
bool signin_check_pam(const char *user, const char *password);

/* signin_account.c: of accounts of the system; may block as well. */
bool signin_account_in_group(const char *user, const char *group);
bool signin_account_is_root(const char *user);
char *signin_account_name(uid_t uid); /* to be freed; NULL: there is none */

/* USER:HASH lines, hashes as crypt(3) makes them; read again when the file has changed. A user of
 * USER:HASH:subject is no superuser. */
struct user_file;
struct user_file *user_file_open(const char *path, char **ret_problem);
bool user_file_check(struct user_file *file, const char *user, const char *password,
		     bool *ret_superuser);
void user_file_close(struct user_file *file);

#endif
