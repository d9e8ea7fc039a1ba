/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm.h – the LVM tools: what a volume group has, and the volumes in it that are ours. */
#ifndef SERVER_API_LVM_H
#define SERVER_API_LVM_H

#include "schema/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LVM_NAME_SIZE 128

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

int64_t lvm_round(const struct lvm_group *group, int64_t bytes);

/* All of these run programs: for workers. Errors are SR_BACKEND_FAILURE with what LVM said. */
int lvm_read_group(const char *group, struct lvm_group *ret_group, struct error *err);
int lvm_list(const char *group, struct lvm_volumes *ret_volumes, struct error *err);
/* A part, active; its content is what was on the disk. */
int lvm_create(const char *group, const char *name, int64_t bytes, struct error *err);
/* A part becomes an image. */
int lvm_finish_part(const char *group, const char *name, struct error *err);
/* Between the two an image has a tag that says from where on it is not zeroed. */
int lvm_begin_growing(const char *group, const char *name, int64_t from, struct error *err);
int lvm_end_growing(const char *group, const char *name, int64_t from, struct error *err);
int lvm_extend(const char *group, const char *name, int64_t bytes, struct error *err);
/* Nothing is removed that is not what it says. */
int lvm_remove_part(const char *group, const char *name, struct error *err);
int lvm_remove_parts(const char *group, struct error *err);
int lvm_remove_image(const char *group, const char *name, struct error *err);

#endif
