/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checkpoint.h – a thread that brings what was committed from the WAL into the database file, so
 * that no commit waits for that. */
#ifndef SERVER_STORE_CHECKPOINT_H
#define SERVER_STORE_CHECKPOINT_H

#include <sqlite3.h>
#include <stdint.h>

struct checkpoint;

/*
 * `writer` is the connection that commits; it makes no checkpoints from now on. When the WAL has
 * more than so many bytes its next transaction starts it again from the beginning. NULL with
 * *ret_problem, to be freed.
 */
struct checkpoint *checkpoint_start(sqlite3 *writer, int64_t wal_bytes, char **ret_problem);
/* With a last checkpoint, which leaves the WAL empty unless another program reads the database. No
 * transaction follows. NULL is fine. */
void checkpoint_stop(struct checkpoint *checkpoint);

/* Around each transaction of the writer, which may have to wait for the end of a checkpoint that
 * has the file locked. NULL is fine. */
void checkpoint_enter(struct checkpoint *checkpoint);
void checkpoint_leave(struct checkpoint *checkpoint);

#endif
