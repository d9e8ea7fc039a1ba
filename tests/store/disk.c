/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk.c – the log and the faults. */
#include "tests/store/disk_private.h"

#include "schema/buffer.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk_entry *entries;
static size_t entry_count;
static size_t entry_room;
static bool recording;
static char names[NAMES_MAX][DISK_NAME]; /* of the files by number; "": deleted */
static int name_count;

static enum disk_fault fault;
static int fault_from;
static bool fault_lasts;
static int calls;
static int failures;

static struct disk_entry *add(enum disk_call call, int file)
{
	if (entry_count == entry_room) {
		entry_room = entry_room ? 2 * entry_room : 4096;
		entries = reallocate(entries, entry_room * sizeof(*entries));
	}
	entries[entry_count] = (struct disk_entry){.call = call, .file = file};
	return &entries[entry_count++];
}

void disk_log(enum disk_call call, int file, int64_t offset, const void *data, size_t length)
{
	struct disk_entry *entry;

	pthread_mutex_lock(&lock);
	if (recording && file >= 0) {
		entry = add(call, file);
		entry->offset = offset;
		entry->length = length;
		if (data && length) {
			entry->data = allocate(length);
			memcpy(entry->data, data, length);
		}
	}
	pthread_mutex_unlock(&lock);
}

void disk_note(int64_t what, size_t number)
{
	disk_log(DISK_NOTE, 0, what, NULL, number);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int find_name(const char *name)
{
	for (int i = name_count; i-- > 0;)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static int add_name(const char *name)
{
	if (name_count == NAMES_MAX)
		abort();
	snprintf(names[name_count], DISK_NAME, "%s", name);
	snprintf(add(DISK_CREATE, name_count)->name, DISK_NAME, "%s", name);
	return name_count++;
}

bool disk_fails(unsigned int kinds)
{
	bool failing;

	pthread_mutex_lock(&lock);
	if (fault == FAULT_NONE || !(kinds >> fault & 1)) {
		pthread_mutex_unlock(&lock);
		return false;
	}
	calls++;
	failing = calls == fault_from || (fault_lasts && calls > fault_from);
	failures += failing;
	pthread_mutex_unlock(&lock);
	return failing;
}

int disk_number_of(const char *path, bool is_new)
{
	int number = -1;

	pthread_mutex_lock(&lock);
	if (path && recording)
		number = is_new ? add_name(last_part(path)) : find_name(last_part(path));
	pthread_mutex_unlock(&lock);
	return number;
}

void disk_rename(int file, const char *path)
{
	pthread_mutex_lock(&lock);
	if (recording && file >= 0) {
		snprintf(names[file], DISK_NAME, "%s", last_part(path));
		snprintf(add(DISK_RENAME, file)->name, DISK_NAME, "%s", names[file]);
	}
	pthread_mutex_unlock(&lock);
}

enum disk_fault disk_fault(void)
{
	return fault;
}

static void take_file(const char *folder, const char *name)
{
	AUTO_TEXT path = text_format("%s/%s", folder, name);
	FILE *stream = fopen(path, "rb");
	AUTO_BUFFER content = {0};
	char piece[65536];
	size_t length;
	int number;

	if (!stream)
		abort();
	while ((length = fread(piece, 1, sizeof(piece), stream)) > 0)
		buffer_add(&content, piece, length);
	fclose(stream);
	number = disk_number_of(path, true);
	disk_log(DISK_WRITE, number, 0, content.data, content.length);
	disk_log(DISK_SYNC, number, 0, NULL, 0);
	disk_log(DISK_SYNC_FOLDER, number, 0, NULL, 0);
}

void disk_record(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;

	for (size_t i = 0; i < entry_count; i++)
		free(entries[i].data);
	entry_count = 0;
	name_count = 0;
	recording = true;
	while ((entry = readdir(stream)))
		if (strstr(entry->d_name, ".db") && !strstr(entry->d_name, ".lock") &&
		    !strstr(entry->d_name, "-shm"))
			take_file(folder, entry->d_name);
	closedir(stream);
}

void disk_stop(void)
{
	recording = false;
}

size_t disk_log_length(void)
{
	return entry_count;
}

const struct disk_entry *disk_log_entry(size_t index)
{
	return &entries[index];
}

void disk_fail(enum disk_fault kind, int nth, bool lasting)
{
	pthread_mutex_lock(&lock);
	fault = kind;
	fault_from = nth;
	fault_lasts = lasting;
	calls = 0;
	failures = 0;
	pthread_mutex_unlock(&lock);
}

int disk_calls(void)
{
	return calls;
}

int disk_failures(void)
{
	return failures;
}
