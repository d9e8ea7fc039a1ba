/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schema.c – the rows of the .def files as tables. */
#include "schema/schema.h"

#include "schema/buffer.h"
#include "schema/messages.h"
#include "schema/text.h"
#include "schema/types.h"
#include "schema/value.h"

#include <assert.h>

static struct field_info before_the_first_class[] = {
#define CLASS(cls, ...) \
	}               \
	;               \
	static struct field_info cls##_fields[] = {
#define FIELD(cls, field, type, qualifier, storage, default, description) \
	{#field, type, qualifier, storage, default, description, NULL, false},
#include "schema/classes.def"
};

static struct class_info classes[] = {
#define CLASS(cls, flags_, description_) \
	{.name = #cls,                   \
	 .id = CLASS_##cls,              \
	 .flags = (flags_),              \
	 .description = (description_),  \
	 .fields = cls##_fields,         \
	 .field_count = ARRAY_SIZE(cls##_fields)},
#include "schema/classes.def"
};

const struct class_info *const schema_classes[CLASS_COUNT] = {
#define CLASS(cls, ...) &classes[CLASS_##cls],
#include "schema/classes.def"
};

const struct enum_info schema_enums[ENUM_COUNT] = {
#define ENUMERATION(name, ...) {#name, (const char *const[]){__VA_ARGS__, NULL}},
#include "schema/enums.def"
};

static void make_default(struct field_info *field)
{
	const char *problem =
		text_to_value(field->type, field->default_text, &field->default_value);

	assert(!problem);
	(void)problem;
	/* shared by all records for ever, so it need not be counted */
	atomic_store(&field->default_value->references, 0);
}

static void note_setting(const struct class_info *cls, int index)
{
	struct field_info *field = (struct field_info *)(uintptr_t)&cls->fields[index];

	field->is_setting = field->setter != ROLE_nobody || field->qualifier == QUALIFIER_RO_INS ||
			    schema_setter(cls, index);
}

bool schema_changes(const struct message_info *message)
{
	enum class_id cls = message->cls->id;

	if (message->runs == RUNS_READ || message->runs == RUNS_WAIT || cls == CLASS_session ||
	    cls == CLASS_event)
		return false;
	/* who may only read, changes nothing */
	return message->runs == RUNS_CHANGE || message->role > ROLE_read_only;
}

void schema_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	(void)before_the_first_class;
	for (int i = 0; i < CLASS_COUNT; i++) {
		struct class_info *cls = &classes[i];

		cls->uuid = cls->name_label = -1;
		for (int f = 0; f < cls->field_count; f++) {
			make_default((struct field_info *)(uintptr_t)&cls->fields[f]);
			if (strcmp(cls->fields[f].name, "uuid") == 0)
				cls->uuid = f;
			if (strcmp(cls->fields[f].name, "name_label") == 0)
				cls->name_label = f;
		}
	}
	messages_init();
	for (int i = 0; i < CLASS_COUNT; i++)
		for (int f = 0; f < classes[i].field_count; f++)
			note_setting(&classes[i], f);
}

const struct class_info *schema_class(const char *name)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	return NULL;
}

const struct field_info *schema_field(const struct class_info *cls, const char *name)
{
	for (int i = 0; i < cls->field_count; i++)
		if (strcmp(cls->fields[i].name, name) == 0)
			return &cls->fields[i];
	return NULL;
}

bool schema_enum_has(enum enum_id id, const char *value)
{
	for (const char *const *known = schema_enums[id].values; *known; known++)
		if (strcmp(*known, value) == 0)
			return true;
	return false;
}

const char *role_name(enum role role)
{
	static const char *const names[] = {
		[ROLE_nobody] = "",
		[ROLE_read_only] = "read-only",
		[ROLE_vm_operator] = "vm-operator",
		[ROLE_vm_admin] = "vm-admin",
		[ROLE_vm_power_admin] = "vm-power-admin",
		[ROLE_pool_operator] = "pool-operator",
		[ROLE_pool_admin] = "pool-admin",
	};

	return names[role];
}

enum role role_named(const char *name)
{
	for (int i = ROLE_pool_admin; i > ROLE_nobody; i--)
		if (strcmp(role_name((enum role)i), name) == 0)
			return (enum role)i;
	return ROLE_nobody;
}

static void add_type(struct buffer *text, const struct type *type)
{
	static const char *const names[] = {
		[TYPE_VOID] = "void",	[TYPE_STRING] = "string",  [TYPE_INT] = "int",
		[TYPE_FLOAT] = "float", [TYPE_BOOL] = "bool",	   [TYPE_DATETIME] = "datetime",
		[TYPE_ENUM] = "enum ",	[TYPE_REF] = "ref ",	   [TYPE_SET] = "set of ",
		[TYPE_MAP] = "map ",	[TYPE_RECORD] = "record ", [TYPE_ANY] = "any",
	};

	buffer_add_text(text, names[type->kind]);
	if (type->kind == TYPE_ENUM)
		buffer_add_text(text, schema_enums[type->enumeration].name);
	if (type->cls)
		buffer_add_text(text, type->cls);
	if (type->key) {
		add_type(text, type->key);
		buffer_add_literal(text, "->");
	}
	if (type->item)
		add_type(text, type->item);
}

char *type_text(const struct type *type)
{
	struct buffer text = {0};

	add_type(&text, type);
	return buffer_take(&text);
}
