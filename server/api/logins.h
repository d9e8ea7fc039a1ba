/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logins.h – sign-ins under way and those that failed of late: what guessing passwords costs. */
#ifndef SERVER_API_LOGINS_H
#define SERVER_API_LOGINS_H

#include "schema/error.h"

struct api;
struct logins;

struct logins *logins_new(struct api *api);
void logins_free(struct logins *logins);

/*
 * Counts a sign-in as under way, or refuses it with SESSION_AUTHENTICATION_FAILED when too many
 * are, or too many failed ones of that address. Never blocks. Each that was let in leaves once;
 * until its answer goes out, delay_ms from then, it still counts.
 */
int logins_enter(struct logins *logins, const char *user, const char *address, struct error *err);
void logins_leave(struct logins *logins, const char *address, int delay_ms);

/* Returns by how much the answer is to be delayed: more with each failure in a row, of the account
 * and of the address. */
int logins_note_failure(struct logins *logins, const char *user, const char *address);
void logins_note_success(struct logins *logins, const char *user, const char *address);

#endif
