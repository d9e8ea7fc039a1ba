/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* message.c – what happened, as objects: made by the server and by clients, read by time. */
#include "server/api/message.h"

#define KEPT_MOST 10000
#define GOOD_TO_KNOW 5
#define URGENT 3
/* A transaction looks through all of its changes for each of them. */
#define DELETED_AT_ONCE 256

static struct record *add(struct transaction *transaction, const char *name, int64_t priority,
			  const char *cls, const char *uuid, const char *body)
{
	struct record *message = transaction_create(transaction, CLASS_message, NULL);

	record_set_text(message, message_name, name);
	record_set_int(message, message_priority, priority);
	record_set_text(message, message_cls, cls);
	record_set_text(message, message_obj_uuid, uuid);
	record_set(message, message_timestamp, value_datetime_of((time_t)now_seconds()));
	record_set_text(message, message_body, body);
	return message;
}

struct note {
	const struct record *vm;
	const char *name;
	const char *body;
};

static int add_note(struct transaction *transaction, void *argument, struct error *err)
{
	const struct note *note = argument;
	bool crashed = strcmp(note->name, "VM_CRASHED") == 0;

	(void)err;
	add(transaction, note->name, crashed ? URGENT : GOOD_TO_KNOW, "VM", record_uuid(note->vm),
	    note->body);
	return 0;
}

void message_note(struct api *api, const struct record *vm, const char *name)
{
	message_note_text(api, vm, name, record_text(vm, VM_name_label));
}

void message_note_text(struct api *api, const struct record *vm, const char *name, const char *body)
{
	struct note note = {vm, name, body};
	AUTO_ERROR ignored = {0};

	store_mutate(api->store, add_note, &note, &ignored);
}

void message_note_operation(const struct operation *operation)
{
	static const char *const names[OPERATION_COUNT] = {
		[OPERATION_start] = "VM_STARTED",
		[OPERATION_start_on] = "VM_STARTED",
		[OPERATION_resume] = "VM_RESUMED",
		[OPERATION_resume_on] = "VM_RESUMED",
		[OPERATION_suspend] = "VM_SUSPENDED",
		[OPERATION_pause] = "VM_PAUSED",
		[OPERATION_unpause] = "VM_UNPAUSED",
		[OPERATION_shutdown] = "VM_SHUTDOWN",
		[OPERATION_clean_shutdown] = "VM_SHUTDOWN",
		[OPERATION_hard_shutdown] = "VM_SHUTDOWN",
		[OPERATION_clean_reboot] = "VM_REBOOTED",
		[OPERATION_hard_reboot] = "VM_REBOOTED",
	};

	if (names[operation->id] && operation->call->error.code == ERROR_NONE)
		message_note(operation->call->api, operation->vm, names[operation->id]);
}

/* The object of a class of the API by its name in xapi's enumeration, where some are capital. */
static bool exists(struct transaction *transaction, const char *cls, const char *uuid)
{
	static const struct {
		const char *name;
		const char *cls;
	} names[] = {{"VM", "VM"},     {"Host", "host"}, {"SR", "SR"},
		     {"Pool", "pool"}, {"VDI", "VDI"},	 {"Certificate", "Certificate"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct class_info *info = schema_class(names[i].cls);
		const struct record *record;

		if (!info || strcmp(names[i].name, cls) != 0)
			continue;
		record = transaction_read(transaction, info->id, uuid);
		return record && strcmp(record_uuid(record), uuid) == 0;
	}
	return false;
}

int run_message_create(struct call *call, struct error *err)
{
	const char *cls = argument_text(call, 2);
	const char *uuid = argument_text(call, 3);

	if (!exists(call->transaction, cls, uuid))
		return fail(err, ERROR_UUID_INVALID, cls, uuid);
	call->result = value_reference(add(call->transaction, argument_text(call, 0),
					   argument_int(call, 1), cls, uuid, argument_text(call, 4))
					       ->ref);
	return 0;
}

int run_message_destroy(struct call *call, struct error *err)
{
	if (!call_edit(call, CLASS_message, 0, err))
		return -1;
	transaction_delete(call->transaction, CLASS_message, argument_text(call, 0));
	return 0;
}

int run_message_destroy_many(struct call *call, struct error *err)
{
	const struct value *refs = call->arguments[0];

	for (uint32_t i = 0; i < refs->length; i++) {
		const char *ref = refs->items[i]->text;

		if (!transaction_read(call->transaction, CLASS_message, ref))
			return fail(err, ERROR_HANDLE_INVALID, "message", ref);
		transaction_delete(call->transaction, CLASS_message, ref);
	}
	return 0;
}

/* Digits only, so that spellings of a time compare as times: 2026-01-02T… and 20260102T… */
static bool is_before(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "-:TZ");
		b += strspn(b, "-:TZ");
		if (*a != *b || !*a)
			return *a < *b;
	}
}

/* NULL: of any object. */
static int list_since(struct call *call, const char *cls, const char *uuid, const char *since)
{
	size_t count;
	struct record **messages = store_list(call->api->store, CLASS_message, &count);

	call->result = value_map();
	for (size_t i = 0; i < count; i++) {
		struct record *message = messages[i];

		if ((!cls || (record_is(message, message_cls, cls) &&
			      record_is(message, message_obj_uuid, uuid))) &&
		    !is_before(record_text(message, message_timestamp), since))
			value_put_member(call->result, value_reference(message->ref),
					 value_record(message));
	}
	store_free_list(messages, count);
	return 0;
}

int run_message_get(struct call *call, struct error *err)
{
	(void)err;
	return list_since(call, argument_text(call, 0), argument_text(call, 1),
			  argument_text(call, 2));
}

int run_message_get_since(struct call *call, struct error *err)
{
	(void)err;
	return list_since(call, NULL, NULL, argument_text(call, 0));
}

struct surplus {
	struct record **messages;
	size_t count;
};

static int delete_oldest(struct transaction *transaction, void *argument, struct error *err)
{
	const struct surplus *surplus = argument;

	(void)err;
	for (size_t i = 0; i < surplus->count; i++)
		transaction_delete(transaction, CLASS_message, record_ref(surplus->messages[i]));
	return 0;
}

static int compare_times(const void *a, const void *b)
{
	return strcmp(record_text(*(struct record *const *)a, message_timestamp),
		      record_text(*(struct record *const *)b, message_timestamp));
}

void message_collect(struct api *api)
{
	size_t count;
	struct record **messages = store_list(api->store, CLASS_message, &count);
	AUTO_ERROR err = {0};

	qsort(messages, count, sizeof(struct record *), compare_times);
	for (size_t at = 0; count - at > KEPT_MOST;) {
		size_t left = count - at - KEPT_MOST;
		struct surplus surplus = {messages + at,
					  left < DELETED_AT_ONCE ? left : DELETED_AT_ONCE};

		if (store_mutate(api->store, delete_oldest, &surplus, &err) < 0)
			break;
		at += surplus.count;
	}
	store_free_list(messages, count);
}
