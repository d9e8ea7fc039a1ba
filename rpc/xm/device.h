/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device.h – what the commands about devices of a VM share: VIFs, VBDs. */
#ifndef RPC_XM_DEVICE_H
#define RPC_XM_DEVICE_H

#include "rpc/xm/vm.h"

/* A word that a device can be described with, and the place of its const char * in a struct. */
struct device_word {
	const char *word; /* NULL ends a table */
	size_t place;
};

struct device_words {
	const struct device_word *table;
	char *texts; /* what was said, in pieces */
};

/*
 * The arguments behind the first one are KEY=VALUE, several in one with commas between them:
 * `ret_wishes`, a struct of const char *, points into `words` then. STATUS_USAGE: the user was told
 * what is wrong.
 */
enum status device_read_words(struct xm *xm, struct device_words *words, void *ret_wishes);
void device_forget_words(struct device_words *words);

/*
 * Those of the VM that the first argument names, by device: a set of {"ref", "record"}. `cls` is
 * VIF or VBD.
 */
enum status device_read_all(struct xm *xm, const char *cls, struct value **ret_devices);

/* Puts `wanted`, or else the first that `method` says is free, into the field. */
enum status device_choose(struct xm *xm, const char *method, const char *field, const char *wanted,
			  struct value *fields);
/* Makes it for the subject; a VM with a domain gets it plugged, or not at all. */
enum status device_attach(struct xm *xm, const char *cls, const struct value *fields);

/* The one that the second argument names is unplugged, if it must be, and deleted. */
typedef bool (*device_named_fn)(const struct value *record, const char *argument);
enum status device_find(struct xm *xm, const char *cls, device_named_fn is_named,
			struct value **ret_device);
enum status device_detach(struct xm *xm, const char *cls, device_named_fn is_named);

#endif
