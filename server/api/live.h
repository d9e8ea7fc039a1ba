/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* live.h – a change of the record of a VM that runs: the domain first, then the record; or neither.
 */
#ifndef SERVER_API_LIVE_H
#define SERVER_API_LIVE_H

#include "server/api/operation.h"

/* What of a domain is changed. */
enum live_effect { MEMORY = 1, MAXIMUM = 2, VCPUS = 4, SCHEDULING = 8, SHADOW = 16 };
/* By an operation whatever its arguments. */
unsigned live_effects(enum operation_id id);
/* Gives the record what differs of stored fields between two others. */
void live_take_changes(struct record *vm, const struct record *old, const struct record *new);

/*
 * On a worker, after the intent has been committed: tells the domain what operation->edited says,
 * then commits that and drops the intent. When the domain refuses nothing but the dropped intent is
 * stored; when the commit fails the domain gets its old values back.
 */
int live_change(struct call *call, struct error *err);

/* The stored fields that differ, but for the server's own: field to {"old", "new"} as text. */
struct value *live_intent(const struct record *old, const struct record *new);
/* The same for messages whose result it is; NULL for others. */
struct value *live_result(const struct message_info *message, const struct record *old,
			  const struct record *new);

/* Makes the domain what the record says, or what it was told before, in all that the change of its
 * live_intent may have touched. */
int live_restore(struct api *api, const struct record *vm, struct error *err);

#endif
