/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schema.h – what the API is, read from the .def files: classes, fields, messages, types, enums. */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "schema/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value;

enum type_kind {
	TYPE_VOID,
	TYPE_STRING,
	TYPE_INT,
	TYPE_FLOAT,
	TYPE_BOOL,
	TYPE_DATETIME,
	TYPE_ENUM,
	TYPE_REF,
	TYPE_SET,
	TYPE_MAP,
	TYPE_RECORD,
	TYPE_ANY /* any value: a whole record given to create, say */
};

struct type {
	enum type_kind kind;
	enum enum_id enumeration; /* of an enum */
	const char *cls; /* of a ref or record: its class, which need not be one that is served */
	const struct type *key;	 /* of a map */
	const struct type *item; /* of a set or map */
};

/* Least first: a role may do all that those before it may. NOBODY: no session is needed. */
enum role {
	ROLE_nobody,
	ROLE_read_only,
	ROLE_vm_operator,
	ROLE_vm_admin,
	ROLE_vm_power_admin,
	ROLE_pool_operator,
	ROLE_pool_admin
};

enum qualifier {
	QUALIFIER_RW,	   /* set by its setter at any time */
	QUALIFIER_RO_INS,  /* given to create; later only by messages of its own */
	QUALIFIER_RO_RUN,  /* said by the server */
	QUALIFIER_INTERNAL /* the server's own: stored, never on the wire */
};

enum storage {
	STORED,	  /* a column of the class's table */
	VOLATILE, /* in memory only */
	MIRRORED  /* in memory only: the other side of a ref field, see relations.def */
};

struct field_info {
	const char *name;
	const struct type *type;
	enum qualifier qualifier;
	enum role setter; /* who may use set_, add_to_ …; ROLE_nobody: there are none */
	enum storage storage;
	const char *default_text; /* as schema/text.h reads it; "" is the type's zero */
	const char *description;
	struct value *default_value; /* made by schema_init */
	bool is_setting; /* likewise: clients say it, when the object is made or later */
};

enum class_flags {
	CLASS_PLAIN = 0,
	CLASS_UNLISTED = 1,	   /* no get_all and the like: its refs are secrets */
	CLASS_WITHOUT_OBJECTS = 2, /* a mere record type */
	CLASS_VOLATILE = 4,	   /* no table in the database */
	CLASS_OF_ADMINS = 8	   /* seen with the role pool-admin only */
};

struct class_info {
	const char *name;
	enum class_id id;
	enum class_flags flags;
	const char *description;
	const struct field_info *fields;
	int field_count;
	int uuid;	/* number of the field uuid, −1 where there is none */
	int name_label; /* likewise */
};

struct parameter {
	const char *name;
	const struct type *type;
	const char *default_text; /* NULL: it must be given */
};

/* How a message runs: where its handler is called, and what may block there. */
enum runs {
	RUNS_READ,	/* at once, on the thread that read the call; must not block */
	RUNS_CHANGE,	/* inside the store's transaction, on the committer's thread */
	RUNS_OPERATION, /* as an operation on a VM: server/api/operation.h */
	RUNS_WORK,	/* on a worker thread, which may block */
	RUNS_WAIT	/* at once; the call is finished when something has happened */
};

/* What the generated messages of a field or class do; GENERATED_NOT has its own handler. */
enum generated {
	GENERATED_NOT,
	GENERATED_get,
	GENERATED_set,
	GENERATED_add_to, /* map */
	GENERATED_remove_from,
	GENERATED_add, /* set */
	GENERATED_remove,
	GENERATED_get_all,
	GENERATED_get_all_records,
	GENERATED_get_all_where,
	GENERATED_get_all_records_where,
	GENERATED_get_all_fields_where,
	GENERATED_get_by_uuid,
	GENERATED_get_by_name_label,
	GENERATED_get_record,
	GENERATED_get_revision,
	GENERATED_update,
	GENERATED_history,
	GENERATED_record_at,
	GENERATED_undo
};

#define PARAMETERS_MAX 18

struct message_info {
	const char *name; /* VM.start */
	const struct class_info *cls;
	enum generated generated;
	enum message_id id; /* of one that is not generated */
	int field;	    /* of one that is generated for a field */
	const struct type *result;
	struct parameter parameters[PARAMETERS_MAX + 1]; /* without the session; ended by a NULL
							    name */
	int parameter_count;
	int required_count;
	enum role role; /* least role; ROLE_nobody: no session either */
	enum runs runs;
	enum operation_id operation; /* of RUNS_OPERATION */
	bool async;		     /* Async.<name> is served too */
	const char *description;
};

struct enum_info {
	const char *name;
	const char *const *values; /* NULL-terminated */
};

/* Builds the generated messages, the defaults and the name tables. Once, before all else. */
void schema_init(void);

extern const struct class_info *const schema_classes[CLASS_COUNT];
extern const struct enum_info schema_enums[ENUM_COUNT];

/* NULL when there is none. Names in the wire's spelling. */
const struct class_info *schema_class(const char *name);
const struct field_info *schema_field(const struct class_info *cls, const char *name);
/* All messages that are served, the generated ones included, in order of class and declaration. */
size_t schema_message_count(void);
const struct message_info *schema_message_at(size_t index);
size_t schema_message_index(const struct message_info *message);
/* Class.message or Class_message */
const struct message_info *schema_message(const char *name);
/* It may change something, and is not about sessions or events: it has a plan. */
bool schema_changes(const struct message_info *message);
/* set_<field>, generated or a row; NULL: there is none. */
const struct message_info *schema_setter(const struct class_info *cls, int field);
/* The message that sets several fields; NULL: nothing of the class can be set. */
const struct message_info *schema_update(const struct class_info *cls);
bool schema_enum_has(enum enum_id id, const char *value);
const char *role_name(enum role role);	/* "vm-power-admin" */
enum role role_named(const char *name); /* ROLE_nobody: none has that name */
/* "set of ref VM", to be freed */
char *type_text(const struct type *type);

#endif
