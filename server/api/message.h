/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* message.h – what happened, as objects of the class message. */
#ifndef SERVER_API_MESSAGE_H
#define SERVER_API_MESSAGE_H

#include "server/api/operation.h"

/* On a worker. That a message can not be stored does no harm to what it is about. */
void message_note(struct api *api, const struct record *vm, const char *name);
/* The same with a body; without one it is the VM's name. */
void message_note_text(struct api *api, const struct record *vm, const char *name,
		       const char *body);
/* The same for an operation that has succeeded, if it is one that people want to know of. */
void message_note_operation(const struct operation *operation);
/* Deletes the oldest when there are too many; called about once a minute on a worker. */
void message_collect(struct api *api);

#endif
