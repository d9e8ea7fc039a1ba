/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk.h – a disk whose power can fail and whose calls can: SQLite's VFS of the tests. */
#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H

#include "schema/base.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Files are real ones, but nothing is ever synced: what a sync would have made durable is only
 * noted. Of everything that is written, truncated, synced, made and deleted between disk_record()
 * and disk_stop() there is a log, from which image.h makes what a power cut at any instant leaves.
 * What the program does itself with fsync, renameat2 and unlink is seen too (--wrap in local.mk).
 * The memory shared between connections (-shm) is not logged: SQLite makes it anew.
 */
#define DISK_NAME 64

enum disk_call {
	DISK_WRITE,
	DISK_TRUNCATE,
	DISK_SYNC,
	DISK_SYNC_FAILED, /* what was pending may never reach the disk, though it can be read */
	DISK_SYNC_FOLDER, /* names made and deleted so far are durable */
	DISK_CREATE,
	DISK_RENAME,
	DISK_NOTE /* the test's own */
};

struct disk_entry {
	enum disk_call call;
	int file;	/* a number of its own for each file that was made, whatever its name */
	int64_t offset; /* or the new length; of a note what the test noted */
	size_t length;
	unsigned char *data;
	char name[DISK_NAME]; /* of a new or renamed file, without the folder; "": deleted */
};

/* Becomes SQLite's default; once. */
void disk_install(void);

/* Forgets the log. What the folder holds now is durable and comes first in the log. */
void disk_record(const char *folder);
void disk_stop(void);
/* From any thread; the two numbers can be found in offset and length of the entry. */
void disk_note(int64_t what, size_t number);
size_t disk_log_length(void);
const struct disk_entry *disk_log_entry(size_t index);

/* Which of SQLite's calls fail, and how. */
enum disk_fault {
	FAULT_NONE,
	FAULT_ANY,	/* each call of the disk as it fails by itself: EIO, a short read, … */
	FAULT_SYNC,	/* EIO */
	FAULT_WRITE,	/* EIO, half of it written */
	FAULT_FULL,	/* no room for a write: half of it written */
	FAULT_READ_ONLY /* everything that would change a file, since the file system was
			 * remounted */
};

/* The nth call from now on of that kind fails; with `lasting` all later ones too, until
 * FAULT_NONE. */
void disk_fail(enum disk_fault fault, int nth, bool lasting);
/* How many calls of that kind there were since disk_fail(). */
int disk_calls(void);
/* How many of them failed. */
int disk_failures(void);

#endif
