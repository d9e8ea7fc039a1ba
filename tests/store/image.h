/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image.h – what a power cut at any instant of the disk's log leaves. */
#ifndef TESTS_STORE_IMAGE_H
#define TESTS_STORE_IMAGE_H

#include "tests/store/disk.h"

/* What becomes of what was not synced. */
enum image_kind {
	IMAGE_LOST,	  /* nothing of it is there, nor are new names */
	IMAGE_NAMES_ONLY, /* nothing of it is there, but all names are as they were last */
	IMAGE_KEPT,	  /* all of it is there; so it is when the program is killed */
	IMAGE_RANDOM,	  /* any part of the writes, in any order */
	IMAGE_TORN,	  /* any part of the sectors of 512 bytes */
	IMAGE_CUT,	  /* the writes up to one of them, and a part of that one */
	IMAGE_ONE_FILE,	  /* all of one file and nothing of the others */
	IMAGE_KINDS
};

struct image;

struct image *image_new(void);
void image_free(struct image *image);
/* The next entry of the log happens. */
void image_apply(struct image *image, const struct disk_entry *entry);
/* Whether kinds would differ at all. */
bool image_has_unsynced(const struct image *image);
/* Makes the files in an existing empty folder. */
void image_write(const struct image *image, const char *folder, enum image_kind kind,
		 unsigned int *seed);

#endif
