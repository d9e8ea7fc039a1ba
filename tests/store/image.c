/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image.c – for each file what is durable, and what was done to it since, in order. */
#include "tests/store/image.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 256
#define SECTOR 512

struct content {
	unsigned char *data;
	size_t length;
};

enum fate {
	PENDING,
	DURABLE, /* but something before it is lost, so that it can not be merged */
	LOST,	 /* its sync has failed: no later sync makes it durable */
};

struct step {
	const struct disk_entry *entry; /* a write or a truncation */
	enum fate fate;
};

struct inode {
	const char *name; /* ""; it is deleted */
	const char *durable_name;
	struct content base;
	struct step *steps;
	size_t count;
};

struct image {
	struct inode files[FILES_MAX];
	int count;
};

struct image *image_new(void)
{
	return allocate(sizeof(struct image));
}

void image_free(struct image *image)
{
	for (int i = 0; i < image->count; i++) {
		free(image->files[i].base.data);
		free(image->files[i].steps);
	}
	free(image);
}

static void set_length(struct content *content, size_t length)
{
	if (length > content->length) {
		content->data = reallocate(content->data, length);
		memset(content->data + content->length, 0, length - content->length);
	}
	content->length = length;
}

static void put(struct content *content, size_t offset, const unsigned char *data, size_t length)
{
	if (!length)
		return;
	if (offset + length > content->length)
		set_length(content, offset + length);
	memcpy(content->data + offset, data, length);
}

static void happen(struct content *content, const struct disk_entry *entry)
{
	if (entry->call == DISK_TRUNCATE)
		set_length(content, (size_t)entry->offset);
	else
		put(content, (size_t)entry->offset, entry->data, entry->length);
}

static void add_step(struct inode *file, const struct disk_entry *entry)
{
	file->steps = reallocate(file->steps, (file->count + 1) * sizeof(*file->steps));
	file->steps[file->count++] = (struct step){.entry = entry};
}

static void set_fates(struct inode *file, enum fate fate)
{
	size_t merged = 0;

	for (size_t i = 0; i < file->count; i++)
		if (file->steps[i].fate == PENDING)
			file->steps[i].fate = fate;
	while (merged < file->count && file->steps[merged].fate == DURABLE)
		happen(&file->base, file->steps[merged++].entry);
	file->count -= merged;
	if (file->count)
		memmove(file->steps, file->steps + merged, file->count * sizeof(*file->steps));
}

static void sync_folder(struct image *image)
{
	for (int i = 0; i < image->count; i++)
		image->files[i].durable_name = image->files[i].name;
}

void image_apply(struct image *image, const struct disk_entry *entry)
{
	struct inode *file = &image->files[entry->file];

	assert(entry->file < FILES_MAX);
	switch (entry->call) {
	case DISK_CREATE:
		image->count = entry->file + 1;
		file->durable_name = "";
		file->name = entry->name;
		break;
	case DISK_RENAME:
		file->name = entry->name;
		break;
	case DISK_SYNC:
		set_fates(file, DURABLE);
		break;
	case DISK_SYNC_FAILED:
		set_fates(file, LOST);
		break;
	case DISK_SYNC_FOLDER:
		sync_folder(image);
		break;
	case DISK_NOTE:
		break;
	default:
		add_step(file, entry);
	}
}

bool image_has_unsynced(const struct image *image)
{
	for (int i = 0; i < image->count; i++)
		if (image->files[i].count ||
		    strcmp(image->files[i].name, image->files[i].durable_name) != 0)
			return true;
	return false;
}

static bool toss(unsigned int *seed)
{
	return rand_r(seed) >> 8 & 1;
}

/* Each sector of a write by itself. */
static void tear(struct content *content, const struct disk_entry *entry, unsigned int *seed)
{
	size_t start = (size_t)entry->offset;
	size_t end = start + entry->length;

	if (entry->call == DISK_TRUNCATE) {
		if (toss(seed))
			happen(content, entry);
		return;
	}
	for (size_t at = start, next; at < end; at = next) {
		next = (at / SECTOR + 1) * SECTOR;
		if (next > end)
			next = end;
		if (toss(seed))
			put(content, at, entry->data + (at - start), next - at);
	}
}

/* Of the step at which a cut comes the first sectors. */
static void cut(struct content *content, const struct disk_entry *entry, unsigned int *seed)
{
	struct disk_entry part = *entry;

	if (entry->call == DISK_WRITE && entry->length > SECTOR)
		part.length = (size_t)rand_r(seed) % (entry->length / SECTOR) * SECTOR;
	happen(content, &part);
}

static void happen_in(enum image_kind kind, struct content *content, const struct step *step,
		      unsigned int *seed)
{
	if (step->fate == DURABLE || kind == IMAGE_KEPT || (kind == IMAGE_RANDOM && toss(seed)))
		happen(content, step->entry);
	else if (kind == IMAGE_TORN)
		tear(content, step->entry, seed);
}

/* Its content as the kind has it, to be freed. */
static struct content content_of(const struct inode *file, enum image_kind kind, unsigned int *seed)
{
	struct content content = {allocate(file->base.length + 1), file->base.length};
	size_t last = file->count ? (size_t)rand_r(seed) % file->count : 0;

	if (content.length)
		memcpy(content.data, file->base.data, content.length);
	for (size_t i = 0; i < file->count; i++) {
		const struct step *step = &file->steps[i];

		if (kind != IMAGE_CUT || i < last)
			happen_in(kind == IMAGE_CUT ? IMAGE_KEPT : kind, &content, step, seed);
		else if (i == last && step->fate != DURABLE)
			cut(&content, step->entry, seed);
		else
			happen_in(IMAGE_LOST, &content, step, seed);
	}
	return content;
}

static void write_file(const char *folder, const char *name, const struct content *content)
{
	AUTO_TEXT path = text_format("%s/%s", folder, name);
	FILE *stream = fopen(path, "wb");

	if (!stream || fwrite(content->data, 1, content->length, stream) != content->length ||
	    fclose(stream) != 0)
		abort();
}

void image_write(const struct image *image, const char *folder, enum image_kind kind,
		 unsigned int *seed)
{
	bool new_names = kind == IMAGE_LOST			    ? false :
			 kind == IMAGE_RANDOM || kind == IMAGE_TORN ? toss(seed) :
								      true;
	int chosen = image->count ? rand_r(seed) % image->count : 0;

	for (int i = 0; i < image->count; i++) {
		const struct inode *file = &image->files[i];
		enum image_kind own = kind != IMAGE_ONE_FILE ? kind :
				      i == chosen	     ? IMAGE_KEPT :
							       IMAGE_LOST;
		const char *name = new_names ? file->name : file->durable_name;
		struct content content;

		if (!*name)
			continue;
		content = content_of(file, own, seed);
		write_file(folder, name, &content);
		free(content.data);
	}
}
