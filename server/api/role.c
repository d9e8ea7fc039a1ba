/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* role.c – the roles, and whether a session's role permits a call. */
#include "server/api/role.h"

#include "schema/key_role.h"

#include <ctype.h>

static const char *const descriptions[] = {
	[ROLE_read_only] = "Sees everything, changes nothing.",
	[ROLE_vm_operator] = "Starts and stops VMs, changes tags and the like.",
	[ROLE_vm_admin] = "Makes, changes and deletes VMs and networks of VMs.",
	[ROLE_vm_power_admin] = "Snapshots and everything else that can be done with VMs.",
	[ROLE_pool_operator] = "Everything that concerns the host, its networks and its storage.",
	[ROLE_pool_admin] = "Everything, subjects and their roles too.",
};

static void note_ref(struct transaction *transaction, const struct record *role, void *argument)
{
	struct value **refs = argument;

	(void)transaction;
	for (int i = ROLE_read_only; i <= ROLE_pool_admin; i++)
		if (record_is(role, role_name_label, role_name((enum role)i)))
			refs[i] = role->ref;
}

void role_describe(struct transaction *transaction)
{
	struct value *refs[ROLE_pool_admin + 1] = {0};
	AUTO(value) below = value_set();

	transaction_each(transaction, CLASS_role, note_ref, refs);
	for (int i = ROLE_read_only; i <= ROLE_pool_admin; i++) {
		struct record *role =
			refs[i] ? transaction_edit(transaction, CLASS_role, refs[i]->text) :
				  transaction_create(transaction, CLASS_role, NULL);
		struct value *lower = below;

		record_set_text(role, role_name_label, role_name((enum role)i));
		record_set_text(role, role_name_description, descriptions[i]);
		record_set(role, role_subroles, value_reference(lower));
		below = value_set_with(lower, record_ref(role));
		value_release(lower);
	}
}

/* "vm.start" of VM.start, "vm.add_to_other_config/key:folder" of such a key; to be freed. */
static char *permission_of(const struct message_info *message, const struct key_role *key)
{
	char *name = key ? text_format("%s/key:%s", message->name, key->key) :
			   text_copy(message->name);

	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return name;
}

static bool takes_key(const struct message_info *message)
{
	return message->generated == GENERATED_add_to ||
	       message->generated == GENERATED_remove_from;
}

static int deny(const struct message_info *message, const struct key_role *key, struct error *err)
{
	AUTO_TEXT permission = permission_of(message, key);

	return fail(err, ERROR_RBAC_PERMISSION_DENIED, permission,
		    "the roles of this session do not permit it");
}

/* The one place where a session's role is compared with what is wanted. */
static int judge(const struct call *call, const struct message_info *message,
		 const struct key_role *key, struct error *err)
{
	enum role least = key ? key->role : message->role;

	return record_int(call->session, session_role) >= least ? 0 : deny(message, key, err);
}

int role_check_message(const struct call *call, const struct message_info *message,
		       struct error *err)
{
	return judge(call, message, NULL, err);
}

int role_check_field(const struct call *call, const struct message_info *setter, int field,
		     const char *key, struct error *err)
{
	return judge(call, setter, key ? key_role_of(setter->cls, field, key) : NULL, err);
}

int role_check(const struct call *call, struct error *err)
{
	const struct message_info *message = call->message;

	return takes_key(message) ? role_check_field(call, message, message->field,
						     argument_text(call, 1), err) :
				    role_check_message(call, message, err);
}

int role_check_task(const struct call *call, struct error *err)
{
	const struct record *task = call->self;

	if (!task || task->cls->id != CLASS_task || call->message->runs == RUNS_READ ||
	    record_int(call->session, session_role) >= ROLE_pool_operator ||
	    record_is(task, task_owner, record_text(call->session, session_auth_user_name)))
		return 0;
	return deny(call->message, NULL, err);
}

/* Calls `each` for every permission there is. */
static void each_permission(void (*each)(void *argument, const char *permission, enum role least),
			    void *argument)
{
	for (size_t i = 0; i < schema_message_count(); i++) {
		const struct message_info *message = schema_message_at(i);
		AUTO_TEXT permission = permission_of(message, NULL);
		const struct key_role *key;

		each(argument, permission, message->role);
		for (size_t k = 0; takes_key(message) && (key = key_role_at(k)); k++) {
			AUTO_TEXT of_key = permission_of(message, key);

			if (key->cls == message->cls->id && key->field == message->field)
				each(argument, of_key, key->role);
		}
	}
}

struct granted {
	enum role role;
	struct value *permissions;
};

static void add_permission(void *argument, const char *permission, enum role least)
{
	const struct granted *granted = argument;

	if (least <= granted->role && least != ROLE_nobody)
		value_append(granted->permissions, value_string(permission));
}

struct value *role_permissions(enum role role)
{
	struct granted granted = {role, value_set()};

	each_permission(add_permission, &granted);
	return granted.permissions;
}

enum role role_of(const struct record *role)
{
	return role ? role_named(record_text(role, role_name_label)) : ROLE_nobody;
}

int run_role_get_permissions_name_label(struct call *call, struct error *err)
{
	(void)err;
	call->result = role_permissions(role_of(call->self));
	return 0;
}

struct wanted {
	const char *permission;
	enum role least; /* ROLE_nobody: there is no such permission */
};

static void compare_permission(void *argument, const char *permission, enum role least)
{
	struct wanted *wanted = argument;

	if (strcmp(permission, wanted->permission) == 0)
		wanted->least = least;
}

int run_role_get_by_permission_name_label(struct call *call, struct error *err)
{
	struct wanted wanted = {.permission = argument_text(call, 0)};
	size_t count;
	struct record **roles = store_list(call->api->store, CLASS_role, &count);

	(void)err;
	each_permission(compare_permission, &wanted);
	call->result = value_set();
	for (size_t i = 0; i < count; i++)
		if (wanted.least != ROLE_nobody && role_of(roles[i]) >= wanted.least)
			value_append(call->result, value_reference(roles[i]->ref));
	store_free_list(roles, count);
	return 0;
}
