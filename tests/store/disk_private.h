/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_private.h – what the VFS tells the log, and asks of the faults. */
#ifndef TESTS_STORE_DISK_PRIVATE_H
#define TESTS_STORE_DISK_PRIVATE_H

#include "tests/store/disk.h"

/* file −1: it is not of this log. */
void disk_log(enum disk_call call, int file, int64_t offset, const void *data, size_t length);
/* A new name; "": it is deleted. */
void disk_rename(int file, const char *path);
/* The number of the file in the log; a new one is logged. −1: none. */
int disk_number_of(const char *path, bool is_new);

/* Whether this call is to fail. `kinds`: a bit for each fault that concerns it. */
bool disk_fails(unsigned int kinds);
enum disk_fault disk_fault(void);

/* The faults that concern whatever changes a file or a folder. */
#define DISK_CHANGES (1u << FAULT_ANY | 1u << FAULT_READ_ONLY)

#endif
