/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* messages.c – every message that is served: the rows of the .def files and those that follow from
 * classes and fields. */
#include "schema/messages.h"

#include "schema/base.h"
#include "schema/key_role.h"
#include "schema/record.h"
#include "schema/types.h"

#include <assert.h>

struct row {
	enum class_id cls;
	enum message_id id;
	const char *name;
	const struct type *result;
	struct parameter parameters[PARAMETERS_MAX + 1];
	enum role role;
	enum runs runs;
	enum operation_id operation;
	bool async;
	const char *description;
};

static const struct row rows[] = {
#define MESSAGE(cls, name, result, parameters, role, runs, async, description)                     \
	{CLASS_##cls, MESSAGE_##cls##_##name, #name, result, parameters, ROLE_##role, runs, async, \
	 description},
#include "schema/classes.def"
};

/* The words of types.h live as long as the block they stand in: these are for functions. */
static const struct type *const no_type = VOID;
static const struct type *const string_type = STRING;
static const struct type *const strings_type = SET(STRING);
static const struct type *const selection_type = SET(MAP(STRING, ANY));
static const struct type *const int_type = INT;
static const struct type *const any_type = ANY;
static const struct type *const options_type = MAP(STRING, ANY);

static struct message_info *messages;
static size_t message_count;
/* Open addressing by name; at most half full. */
static const struct message_info **by_name;
static size_t by_name_size;

static struct message_info *add(const struct class_info *cls, const char *prefix, const char *name)
{
	struct message_info *message;

	if (message_count % 256 == 0)
		messages = reallocate(messages, (message_count + 256) * sizeof(*messages));
	message = &messages[message_count++];
	*message = (struct message_info){.name = text_format("%s.%s%s", cls->name, prefix, name),
					 .cls = cls,
					 .field = -1,
					 .role = cls->flags & CLASS_OF_ADMINS ? ROLE_pool_admin :
										ROLE_read_only};
	return message;
}

static void add_parameter(struct message_info *message, const char *name, const struct type *type)
{
	message->parameters[message->parameter_count++] = (struct parameter){name, type, NULL};
	message->required_count++;
}

static void add_optional(struct message_info *message, const char *name, const struct type *type,
			 const char *default_text)
{
	message->parameters[message->parameter_count++] =
		(struct parameter){name, type, default_text};
}

static const struct type *ref_type(const struct class_info *cls)
{
	struct type *type = allocate(sizeof(*type));

	*type = (struct type){.kind = TYPE_REF, .cls = cls->name};
	return type;
}

static const struct type *record_type(const struct class_info *cls)
{
	struct type *type = allocate(sizeof(*type));

	*type = (struct type){.kind = TYPE_RECORD, .cls = cls->name};
	return type;
}

static const struct type *composed(enum type_kind kind, const struct type *key,
				   const struct type *item)
{
	struct type *type = allocate(sizeof(*type));

	*type = (struct type){.kind = kind, .key = key, .item = item};
	return type;
}

static struct message_info *add_for_field(const struct class_info *cls, int field,
					  const char *prefix, enum generated generated)
{
	const struct field_info *info = &cls->fields[field];
	struct message_info *message = add(cls, prefix, info->name);

	message->generated = generated;
	message->field = field;
	message->result = no_type;
	if (generated != GENERATED_get)
		message->role = info->setter;
	message->runs = generated == GENERATED_get ? RUNS_READ : RUNS_CHANGE;
	message->async = generated != GENERATED_get;
	message->description = info->description;
	add_parameter(message, "self", ref_type(cls));
	return message;
}

static void add_setters(const struct class_info *cls, int field)
{
	const struct type *type = cls->fields[field].type;
	struct message_info *message;

	add_parameter(add_for_field(cls, field, "set_", GENERATED_set), "value", type);
	if (type->kind == TYPE_MAP) {
		message = add_for_field(cls, field, "add_to_", GENERATED_add_to);
		add_parameter(message, "key", type->key);
		add_parameter(message, "value", type->item);
		add_parameter(add_for_field(cls, field, "remove_from_", GENERATED_remove_from),
			      "key", type->key);
	} else if (type->kind == TYPE_SET) {
		add_parameter(add_for_field(cls, field, "add_", GENERATED_add), "value",
			      type->item);
		add_parameter(add_for_field(cls, field, "remove_", GENERATED_remove), "value",
			      type->item);
	}
}

static struct message_info *add_for_class(const struct class_info *cls, const char *name,
					  enum generated generated, const struct type *result,
					  const char *parameter, const char *description)
{
	struct message_info *message = add(cls, "", name);

	message->generated = generated;
	message->result = result;
	message->runs = RUNS_READ;
	message->description = description;
	if (generated == GENERATED_get_record || generated == GENERATED_get_revision)
		add_parameter(message, "self", ref_type(cls));
	else if (parameter)
		add_parameter(message, parameter, string_type);
	return message;
}

/* xapi has nothing like it. */
static void add_selection(const struct class_info *cls)
{
	struct message_info *message = add_for_class(
		cls, "get_all_fields_where", GENERATED_get_all_fields_where, selection_type, NULL,
		"Some fields of those objects, and their \"ref\", in order of creation: from behind one of them on, at most so many (0: all).");

	add_parameter(message, "fields", strings_type);
	add_optional(message, "expr", string_type, "true");
	add_optional(message, "after", ref_type(cls), NULL_REF);
	add_optional(message, "limit", int_type, "0");
}

static void add_lists(const struct class_info *cls)
{
	const struct type *refs = composed(TYPE_SET, NULL, ref_type(cls));
	const struct type *records = composed(TYPE_MAP, ref_type(cls), record_type(cls));

	add_for_class(cls, "get_all", GENERATED_get_all, refs, NULL, "All objects of the class.");
	add_for_class(cls, "get_all_records", GENERATED_get_all_records, records, NULL,
		      "All objects of the class with their records.");
	add_for_class(
		cls, "get_all_where", GENERATED_get_all_where, refs, "expr",
		"The objects for which the expression is true: field \"name\" = \"value\", and, or, not, ().");
	add_for_class(cls, "get_all_records_where", GENERATED_get_all_records_where, records,
		      "expr", "The same with their records.");
	add_selection(cls);
	if (cls->name_label >= 0)
		add_for_class(cls, "get_by_name_label", GENERATED_get_by_name_label, refs, "label",
			      "The objects of that name; there may be none or several.");
}

/* Among those of this class that there are so far. */
static const struct message_info *find_added(const struct class_info *cls, const char *prefix,
					     const char *name)
{
	AUTO_TEXT full = text_format("%s.%s%s", cls->name, prefix, name);

	for (size_t i = message_count; i > 0 && messages[i - 1].cls == cls; i--)
		if (strcmp(messages[i - 1].name, full) == 0)
			return &messages[i - 1];
	return NULL;
}

/* ROLE_nobody: nothing of the class can be set. */
static enum role least_setter(const struct class_info *cls)
{
	enum role least = ROLE_nobody;

	for (int i = 0; i < cls->field_count; i++) {
		const struct message_info *setter = find_added(cls, "set_", cls->fields[i].name);

		if (setter && (least == ROLE_nobody || setter->role < least))
			least = setter->role;
	}
	for (size_t i = 0; key_role_at(i); i++)
		if (key_role_at(i)->cls == cls->id && key_role_at(i)->role < least)
			least = key_role_at(i)->role;
	return least;
}

/* SR.update and VDI.update were there before. */
static void add_update(const struct class_info *cls)
{
	const char *name = find_added(cls, "", "update") ? "update_fields" : "update";
	enum role least = least_setter(cls);
	struct message_info *message;

	if (least == ROLE_nobody)
		return;
	message = add(cls, "", name);
	message->generated = GENERATED_update;
	message->result = any_type;
	message->role = least;
	message->runs = RUNS_CHANGE;
	message->async = true;
	message->description =
		"Sets the fields of a struct, all or none; field:key is one key of a map. Options: "
		"expected_revision, dry_run, when. The result says what changed.";
	add_parameter(message, "self", ref_type(cls));
	add_parameter(message, "fields", record_type(cls));
	add_optional(message, "options", options_type, "");
}

/* Of an object that may be gone: it is named by a string. */
static struct message_info *add_of_past(const struct class_info *cls, const char *name,
					enum generated generated, const struct type *result,
					const char *description)
{
	struct message_info *message = add(cls, "", name);

	message->generated = generated;
	message->result = result;
	message->runs = RUNS_WORK;
	message->async = true;
	message->description = description;
	add_parameter(message, "self", string_type);
	if (generated != GENERATED_history)
		add_parameter(message, "revision", int_type);
	if (generated != GENERATED_record_at)
		add_optional(message, "options", options_type, "");
	return message;
}

static void add_history(const struct class_info *cls)
{
	enum role least = least_setter(cls);

	if (cls->flags & (CLASS_VOLATILE | CLASS_UNLISTED))
		return;
	add_of_past(
		cls, "history", GENERATED_history,
		composed(TYPE_SET, NULL, composed(TYPE_MAP, string_type, string_type)),
		"Who changed what of an object, newest first; it may be gone. Without one, of all of "
		"the class. Options: limit, until (a revision), since (a date), user.");
	add_of_past(
		cls, "record_at", GENERATED_record_at, record_type(cls),
		"What is stored of an object, as it was at that revision; other fields have their "
		"defaults.");
	if (least != ROLE_nobody)
		add_of_past(
			cls, "undo", GENERATED_undo, any_type,
			"Sets back what was changed of an object in that revision, where nothing has "
			"changed it since; options and result are those of update. A VM that was "
			"destroyed is made again: the result is its new reference.")
			->role = least;
}

static void add_generated(const struct class_info *cls)
{
	if (cls->flags & CLASS_WITHOUT_OBJECTS)
		return;
	if (!(cls->flags & CLASS_UNLISTED))
		add_lists(cls);
	add_for_class(cls, "get_by_uuid", GENERATED_get_by_uuid, ref_type(cls), "uuid",
		      "The object of that uuid.");
	add_for_class(cls, "get_record", GENERATED_get_record, record_type(cls), NULL,
		      "All fields of an object.");
	add_for_class(cls, "get_revision", GENERATED_get_revision, int_type, NULL,
		      "The number of the last change of what can be set of an object.");
	for (int i = 0; i < cls->field_count; i++) {
		if (cls->fields[i].qualifier == QUALIFIER_INTERNAL)
			continue;
		add_for_field(cls, i, "get_", GENERATED_get)->result = cls->fields[i].type;
		if (cls->fields[i].setter != ROLE_nobody)
			add_setters(cls, i);
	}
	add_update(cls);
	add_history(cls);
}

static void add_rows(const struct class_info *cls)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct message_info *message;

		if (row->cls != cls->id)
			continue;
		message = add(cls, "", row->name);
		message->id = row->id;
		message->result = row->result;
		message->role = row->role;
		message->runs = row->runs;
		message->operation = row->operation;
		message->async = row->async;
		message->description = row->description;
		memcpy(message->parameters, row->parameters, sizeof(row->parameters));
		while (row->parameters[message->parameter_count].name) {
			if (!row->parameters[message->parameter_count].default_text)
				message->required_count++;
			message->parameter_count++;
		}
	}
}

/* Class.message and Class_message are the same name. */
static size_t hash_name(const char *name)
{
	size_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)(*name == '.' ? '_' : *name);
	return hash;
}

static bool same_name(const char *message, const char *name)
{
	size_t dot = strcspn(message, ".");

	return strlen(name) == strlen(message) && strncmp(message, name, dot) == 0 &&
	       (name[dot] == '.' || name[dot] == '_') &&
	       strcmp(message + dot + 1, name + dot + 1) == 0;
}

static void index_names(void)
{
	by_name_size = 2 * message_count + 1;
	by_name = allocate(by_name_size * sizeof(*by_name));
	for (size_t i = 0; i < message_count; i++) {
		size_t slot = hash_name(messages[i].name) % by_name_size;

		while (by_name[slot])
			slot = (slot + 1) % by_name_size;
		by_name[slot] = &messages[i];
	}
}

void messages_init(void)
{
	for (int i = 0; i < CLASS_COUNT; i++) {
		add_rows(schema_classes[i]);
		add_generated(schema_classes[i]);
	}
	index_names();
}

size_t schema_message_count(void)
{
	return message_count;
}

const struct message_info *schema_message_at(size_t index)
{
	assert(index < message_count);
	return &messages[index];
}

size_t schema_message_index(const struct message_info *message)
{
	return (size_t)(message - messages);
}

const struct message_info *schema_message(const char *name)
{
	size_t slot = hash_name(name) % by_name_size;

	for (; by_name[slot]; slot = (slot + 1) % by_name_size)
		if (same_name(by_name[slot]->name, name))
			return by_name[slot];
	return NULL;
}

const struct message_info *schema_setter(const struct class_info *cls, int field)
{
	AUTO_TEXT name = text_format("%s.set_%s", cls->name, cls->fields[field].name);
	const struct message_info *setter = schema_message(name);

	return setter && setter->parameter_count == 2 ? setter : NULL;
}

const struct message_info *schema_update(const struct class_info *cls)
{
	for (size_t i = 0; i < message_count; i++)
		if (messages[i].cls == cls && messages[i].generated == GENERATED_update)
			return &messages[i];
	return NULL;
}
