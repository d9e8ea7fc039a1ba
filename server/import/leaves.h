/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leaves.h – a configuration that is a tree, as its leaves, each with its path: a table of rules
 * says what becomes of each.
 */
#ifndef SERVER_IMPORT_LEAVES_H
#define SERVER_IMPORT_LEAVES_H

#include "server/import/xl_import.h"

struct leaf {
	char *path;	     /* "devices/disk/source@file" */
	struct value *value; /* a string; a set only where a rule says `list` */
	const char *text;    /* of it, "" for a set */
	int group;	     /* equal for what belongs to the same disk, say */
	int row;
};

struct leaves;
struct leaf_rule {
	const char *path; /* with * at its end: all that begin so */
	/* −1: import->err */
	int (*take)(struct leaves *leaves, const struct leaf *leaf, const struct leaf_rule *rule);
	const char *key;    /* of xl; or list.part, for a part of an item of a list */
	const char *reason; /* why it has no place, and what to do */
};

/* An item of a list of xl's: disk, vif, pci. */
struct leaf_device {
	const char *list; /* "disk", and how long that is */
	int list_length;
	int group;
	struct value *parts; /* a map */
};

struct leaves {
	struct xl_import *import;
	const struct leaf_rule *rules;	       /* ended by one without a path */
	void (*finish)(struct leaves *leaves); /* after all rules; NULL: nothing is left to do */
	struct leaf *items;
	int count;
	struct leaf_device *devices;
	int device_count;
};

void leaves_clear(struct leaves *leaves);
/* Takes the value. */
void leaves_add(struct leaves *leaves, const char *path, int group, int line, struct value *value);
/* What each rule says, then all devices as settings. */
int leaves_take(struct leaves *leaves);
/* Of the same group; −1: any. NULL: there is none. */
const struct leaf *leaves_find(const struct leaves *leaves, const char *path, int group);

/* The setting of a leaf; changed: it is said in other words. */
void leaves_set(struct leaves *leaves, const struct leaf *leaf, const char *key, const char *text,
		bool changed);
void leaves_set_part(struct leaves *leaves, const struct leaf *leaf, const char *key,
		     const char *text);
/* There is such a device, whatever else is said of it. */
void leaves_touch(struct leaves *leaves, const struct leaf *leaf, const char *key);
void leaves_ignore(struct leaves *leaves, const struct leaf *leaf, const char *reason);
int leaves_refuse(struct leaves *leaves, const struct leaf *leaf, const char *reason);
/* Another text for a part. */
void leaf_device_set(struct leaf_device *device, const char *part, const char *text);

#define LEAF_ARGUMENTS struct leaves *leaves, const struct leaf *leaf, const struct leaf_rule *rule

/* For rules. text: the setting is the same text. list: the same value. ignored: see reason. with:
 * it belongs to what became that setting. part: of a device. unknown: nobody knows it. */
int leaf_text(LEAF_ARGUMENTS);
int leaf_list(LEAF_ARGUMENTS);
int leaf_ignored(LEAF_ARGUMENTS);
int leaf_with(LEAF_ARGUMENTS);
int leaf_part(LEAF_ARGUMENTS);

#endif
