/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_import.h – what the parts of the import of an xl.cfg share; for server/import/xl_*.c only. */
#ifndef SERVER_IMPORT_XL_IMPORT_H
#define SERVER_IMPORT_XL_IMPORT_H

#include "schema/error.h"
#include "schema/value.h"
#include "server/import/xl_scan.h"

#include <libxlutil.h>

enum xl_outcome_kind { XL_UNKNOWN, XL_IGNORED, XL_TAKEN, XL_TRANSLATED };

struct xl_outcome {
	enum xl_outcome_kind kind;
	char *detail; /* owned */
};

/* One import under way. The maps become part of the record when they are not empty. */
struct xl_import {
	const XLU_Config *config;
	const struct xl_statements *statements;
	struct value *record;
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

struct xl_key;
typedef int (*xl_take_fn)(struct xl_import *import, const struct xl_key *key,
			  const struct xl_statement *statement, struct xl_outcome *ret_outcome);

/* A row of xl_keys.def. */
struct xl_key {
	const char *name;
	xl_take_fn take;
	const char *target; /* a field or a key of platform, for those that need one */
	const char *reason; /* why it has no place */
};

const struct xl_key *xl_key_find(const struct xl_statement *statement); /* NULL: unknown to xl */

/* The statement that counts: the last assignment. NULL: the key is not set. */
const struct xl_statement *xl_import_find(const struct xl_import *import, const char *key);
/* *ret_text is NULL where the key is not set, and the configuration's own. −1 when it is a list or
 * holds control characters. */
int xl_import_text(struct xl_import *import, const char *key, const char **ret_text);
/* False: it holds control characters, which a string escape can make and XML cannot carry. */
bool xl_import_is_plain(const char *text);
/* Leaves *number alone where the key is not set. */
int xl_import_number(struct xl_import *import, const char *key, int64_t min, int64_t max,
		     int64_t *number);
/* The error of one statement: `config (line N: KEY reason)`. */
int xl_import_refuse(struct xl_import *import, const struct xl_statement *statement,
		     const char *reason);
void xl_outcome_set(struct xl_outcome *outcome, enum xl_outcome_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What several keys say together: domain type, memory, vCPUs, kernel arguments. */
int xl_import_basics(struct xl_import *import);

/* Of the key disk: the record's VBDs. */
int take_disk(struct xl_import *import, const struct xl_key *key,
	      const struct xl_statement *statement, struct xl_outcome *outcome);

/* Of the key vif: the record's VIFs. */
int take_vif(struct xl_import *import, const struct xl_key *key,
	     const struct xl_statement *statement, struct xl_outcome *outcome);

/*
 * xl's affinity ("0-3,^1"; lists of such, one for each vCPU) to xapi's mask ("0,2,3"; lists
 * separated by semicolons). Returns NULL and says why when it has no such form.
 */
char *xl_cpus_to_mask(const char *const *lists, size_t count, const char **ret_reason);

#endif
