/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_import.h – what the parts of an import share; for server/import/ only. */
#ifndef SERVER_IMPORT_XL_IMPORT_H
#define SERVER_IMPORT_XL_IMPORT_H

#include "schema/error.h"
#include "schema/value.h"
#include "server/import/settings.h"

/* One import under way. The maps become part of the record when they are not empty. */
struct xl_import {
	struct settings settings;
	struct value *record;
	struct value *fields; /* what was said of single ones, and stays whatever else is said */
	struct value *vcpus_params;
	struct value *boot_params;
	struct value *platform;
	struct value *other_config;
	/* read before all else, since other keys depend on them */
	const char *domain_type;
	int64_t memory_mib;
	int64_t maximum_mib;
	int64_t vcpus;
	int64_t vcpus_max;
	struct error *err;
};

/* A row of xl_keys.def. */
struct xl_key {
	const char *name;
	/* −1: the value cannot be; otherwise *ret_outcome is set */
	int (*take)(struct xl_import *import, const struct xl_key *key,
		    const struct setting *setting, struct outcome *ret_outcome);
	const char *target; /* a field or a key of platform, for those that need one */
	const char *reason; /* why it has no place */
};

#define TAKE_ARGUMENTS                                                                     \
	struct xl_import *import, const struct xl_key *key, const struct setting *setting, \
		struct outcome *outcome

const struct xl_key *xl_key_find(const char *name); /* NULL: unknown to xl */

/* NULL: the key is not set. */
const struct setting *xl_import_find(const struct xl_import *import, const char *key);
/* *ret_text is NULL where the key is not set, and the setting's own. −1 when it is a list or
 * holds control characters. */
int xl_import_text(struct xl_import *import, const char *key, const char **ret_text);
/* False: it holds control characters, which a string escape can make and XML cannot carry. */
bool xl_import_is_plain(const char *text);
/* Leaves *number alone where the key is not set. */
int xl_import_number(struct xl_import *import, const char *key, int64_t min, int64_t max,
		     int64_t *number);
/* The error of one setting: `config (line N: KEY reason)`, and its value. */
int xl_import_refuse(struct xl_import *import, const struct setting *setting, const char *reason);
/* The same of anything that stands in a line. */
int xl_import_refuse_line(struct xl_import *import, int line, const char *reason,
			  const char *shown);
/* The beginning of a text, as an error shows it; to be freed. */
char *xl_import_shorten(const char *text, size_t length);

/* What several keys say together: domain type, memory, vCPUs, kernel arguments. */
int xl_import_basics(struct xl_import *import);

/* Of the key disk: the record's VBDs. */
int take_disk(TAKE_ARGUMENTS);
/* Of the key vif: the record's VIFs. */
int take_vif(TAKE_ARGUMENTS);
/* Whether it is kept with an interface as xl:KEY, without an effect. */
bool vif_leaves_out(const char *key);
/* Of the keys that begin with "xenapi.": any field, as value_to_text writes it. */
int take_field(TAKE_ARGUMENTS);

/*
 * xl's affinity ("0-3,^1"; lists of such, one for each vCPU) to xapi's mask ("0,2,3"; lists
 * separated by semicolons). Returns NULL and says why when it has no such form.
 */
char *xl_cpus_to_mask(const char *const *lists, size_t count, const char **ret_reason);

/* The readers: the text, tidied, to settings and rows. −1 and *import->err when it is none of the
 * kind. */
int read_xl(struct xl_import *import, const char *text);
int read_python(struct xl_import *import, const char *text);
int read_sxp(struct xl_import *import, const char *text);
int read_libvirt(struct xl_import *import, const char *text);
/* Whether it has what only Python has. */
bool python_recognise(const char *text);

#endif
