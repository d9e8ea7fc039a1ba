/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update.h – the messages update: several fields of an object at once, or none. */
#ifndef SERVER_API_UPDATE_H
#define SERVER_API_UPDATE_H

#include "server/api/operation.h"

/* What is to become of what the domain of a VM cannot take now, or is not to. */
enum update_when { WHEN_NOW, WHEN_NEXT_BOOT, WHEN_AUTO };

/* One field, or one key of a map. */
struct update_item {
	int field;
	const struct message_info *setter; /* its role and operation are asked for */
	struct value *key;		   /* NULL: the whole field */
	struct value *value;		   /* NULL: the key goes */
};

/* Items are in order of the fields; a whole field stands before its keys. */
struct update {
	struct update_item *items;
	size_t count;
	enum update_when when;
	bool compares;
	int64_t expected; /* the revision that the object has to have */
};

/* update_read.c: call->update and call->dry_run from the arguments; types, references and roles are
 * judged. */
int update_read(struct call *call, struct error *err);
void update_free(struct update *update); /* NULL is fine */
/* A domain that has the device is told of it first, on a worker. */
bool update_tells_domain(const struct update_item *item);
/* OPERATION_none: it is a change like any other. */
enum operation_id update_operation(const struct call *call);

/* update.c: the handler, in a transaction. */
int update_run(struct call *call, struct error *err);
/* What of the record's settings differs: field to {"old", "new"}. */
struct value *update_differences(const struct record *old, const struct record *new);
/* One field of it, if it differs. */
void update_add_difference(struct value *map, int field, const struct record *old,
			   const struct record *new);
/* RECORD_CHANGED when it has another revision than the one that is expected. */
int update_compare(const struct call *call, const struct record *record, struct error *err);
/* On a worker: completes it with who has changed what since then. */
void update_explain(struct call *call);
#define RECORD_CHANGED_CHANGES 5 /* which of its parameters */
/* The field's new value, from what it is in `record`. */
struct value *update_value(const struct update_item *item, const struct record *record);
/* What is answered; takes `changed`. */
void update_answer(struct call *call, const struct transaction *transaction,
		   const struct record *old, struct value *changed);

/* update_vm.c: the same of a VM, whose domain may have to be told. */
int update_run_vm(struct call *call, struct error *err);
/* A live change was made; others may have set keys of the same maps meanwhile. `newest` is the
 * record before it. */
void update_finish_live(struct call *call, const struct transaction *transaction,
			const struct record *newest, struct record *vm);

#endif
