/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm.h – the LVM tools: what a volume group has, and the volumes in it that are ours. */
#ifndef SERVER_API_LVM_H
#define SERVER_API_LVM_H

#include "schema/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LVM_NAME_SIZE 128

/* Tags. What is being made is a part; an administrator gives a volume to an SR with the other. */
#define LVM_IMAGE "xenapid.image"
#define LVM_PART "xenapid.part"

struct lvm_group {
	char name[LVM_NAME_SIZE];
	char uuid[64];
	int64_t bytes;
	int64_t free;
	int64_t extent; /* all sizes are multiples of it */
};

/* One of the group's that has a tag of ours. */
struct lvm_volume {
	char name[LVM_NAME_SIZE];
	int64_t bytes;
	int64_t zero_from; /* from its tag: what is behind has not been zeroed yet; −1: none */
	bool is_image;	   /* and not a part */
	bool active;
	bool read_only;
};

struct lvm_volumes {
	struct lvm_volume *items; /* to be freed */
	size_t count;
};

/*
 * All but the first three run programs: for workers. Errors are SR_BACKEND_FAILURE with what LVM
 * said.
 */
bool lvm_is_name(const char *name);
int64_t lvm_round(const struct lvm_group *group, int64_t bytes);
char *lvm_zero_tag(int64_t from); /* to be freed */

int lvm_read_group(const char *group, struct lvm_group *ret_group, struct error *err);
int lvm_list(const char *group, struct lvm_volumes *ret_volumes, struct error *err);
/* A part, active; its content is what was on the disk. */
int lvm_create(const char *group, const char *name, int64_t bytes, struct error *err);
/* In one change; NULL: nothing to take, or to give. */
int lvm_change_tag(const char *group, const char *name, const char *old_tag, const char *new_tag,
		   struct error *err);
int lvm_extend(const char *group, const char *name, int64_t bytes, struct error *err);
/* That volume, or with NULL all, if it has the tag. */
int lvm_remove(const char *group, const char *name, const char *tag, struct error *err);

#endif
