/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frame.h – messages over a stream socket: their length in four bytes, then themselves. */
#ifndef SERVER_PRIVILEGED_FRAME_H
#define SERVER_PRIVILEGED_FRAME_H

#include "schema/buffer.h"

#include <stdbool.h>

bool frame_send(int fd, const struct buffer *bytes);
/* Into *ret_bytes, which is cleared before. False: the other side is gone, errno 0, or said more
 * than `most` bytes (EMSGSIZE), or what errno says. */
bool frame_receive(int fd, size_t most, struct buffer *ret_bytes);

/* A descriptor, behind a message that has announced it. */
bool frame_send_descriptor(int fd, int descriptor);
int frame_receive_descriptor(int fd); /* −1: none came */

#endif
