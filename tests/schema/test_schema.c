/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_schema.c – what holds for every class, field, message, enum and error; the printed API. */
#include "schema/schema.h"

#include "schema/buffer.h"
#include "schema/error.h"
#include "schema/print.h"
#include "schema/value.h"
#include "tests/tap.h"

#include <jansson.h>

static bool is_one_of(uint8_t kind, const struct type *type)
{
	switch (type->kind) {
	case TYPE_INT:
		return kind == VALUE_INT;
	case TYPE_FLOAT:
		return kind == VALUE_FLOAT;
	case TYPE_BOOL:
		return kind == VALUE_BOOL;
	case TYPE_DATETIME:
		return kind == VALUE_DATETIME;
	case TYPE_SET:
		return kind == VALUE_SET;
	case TYPE_MAP:
		return kind == VALUE_MAP;
	default:
		return kind == VALUE_STRING;
	}
}

/* What a row says must make sense. */
static bool is_sound(const struct class_info *cls, const struct field_info *field)
{
	bool volatile_class = cls->flags & CLASS_VOLATILE;

	return *field->name && *field->description &&
	       field->description[strlen(field->description) - 1] == '.' &&
	       is_one_of(field->default_value->kind, field->type) &&
	       (field->qualifier != QUALIFIER_RW || field->setter != ROLE_nobody) &&
	       !(volatile_class && field->storage == STORED) &&
	       !(field->storage == MIRRORED &&
		 (field->type->kind != TYPE_SET || field->type->item->kind != TYPE_REF)) &&
	       schema_field(cls, field->name) == field;
}

static void test_fields(const struct class_info *cls)
{
	int unsound = 0;

	for (int i = 0; i < cls->field_count; i++) {
		if (is_sound(cls, &cls->fields[i]))
			continue;
		diag("%s.%s", cls->name, cls->fields[i].name);
		unsound++;
	}
	is_int(unsound, 0, "the fields of %s make sense", cls->name);
}

static void test_classes(void)
{
	for (int i = 0; i < CLASS_COUNT; i++) {
		const struct class_info *cls = schema_classes[i];
		bool has_objects = !(cls->flags & CLASS_WITHOUT_OBJECTS);

		ok(cls->id == (enum class_id)i && schema_class(cls->name) == cls, "%s", cls->name);
		if (has_objects)
			ok(cls->uuid >= 0 && cls->fields[cls->uuid].type->kind == TYPE_STRING,
			   "%s has its uuid", cls->name);
		test_fields(cls);
	}
	ok(!schema_class("vm") && !schema_class(""), "no other classes");
	ok(!schema_field(schema_classes[CLASS_VM], "colour"), "no other fields");
}

static bool message_is_sound(const struct message_info *message)
{
	AUTO_TEXT underscored = text_copy(message->name);
	int count = 0;

	*strchr(underscored, '.') = '_';
	while (message->parameters[count].name)
		count++;
	return schema_message(message->name) == message && schema_message(underscored) == message &&
	       *message->description && message->parameter_count == count &&
	       message->required_count <= count &&
	       (message->generated || message->role != ROLE_nobody ||
		message->cls->id == CLASS_session) &&
	       !message->operation == (message->runs != RUNS_OPERATION);
}

static void test_messages(void)
{
	int unsound = 0;

	for (size_t i = 0; i < schema_message_count(); i++) {
		if (message_is_sound(schema_message_at(i)))
			continue;
		diag("%s", schema_message_at(i)->name);
		unsound++;
	}
	is_int(unsound, 0, "%zu messages make sense and have a name of their own",
	       schema_message_count());
	ok(!schema_message("VM.jump") && !schema_message("") && !schema_message("VM") &&
		   !schema_message("VM.start.x") && !schema_message("VM-start"),
	   "no other messages");
	ok(!schema_message("VM.get_live_intent") && !schema_message("session.get_active_time"),
	   "internal fields have none");
	ok(!schema_message("session.get_all") && !schema_message("event.get_record"),
	   "secret refs are not listed");
	ok(schema_message("VM.add_to_other_config") && schema_message("VM.remove_tags") &&
		   !schema_message("VM.set_uuid") && !schema_message("VM.add_VBDs"),
	   "setters follow from the qualifier");
}

static void test_types(void)
{
	static const struct {
		const char *message;
		const char *result;
		const char *last;
	} expected[] = {
		{"VM.get_VBDs", "set of ref VBD", "ref VM"},
		{"VM.get_all_records", "map ref VM->record VM", NULL},
		{"VM.get_by_uuid", "ref VM", "string"},
		{"VM.set_tags", "void", "set of string"},
		{"VM.add_tags", "void", "string"},
		{"VM.add_to_blocked_operations", "void", "string"},
		{"VM.remove_from_blocked_operations", "void", "enum vm_operations"},
		{"VM.get_power_state", "enum vm_power_state", "ref VM"},
		{"VM_metrics.get_VCPUs_flags", "map int->set of string", "ref VM_metrics"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct message_info *message = schema_message(expected[i].message);
		int last = message->parameter_count - 1;
		AUTO_TEXT result = type_text(message->result);
		AUTO_TEXT type = last < 0 ? NULL : type_text(message->parameters[last].type);

		is_str(result, expected[i].result, "the result of %s", message->name);
		is_str(type, expected[i].last, "its last parameter");
	}
}

static void test_enums_and_errors(void)
{
	for (int i = 0; i < ENUM_COUNT; i++)
		ok(*schema_enums[i].values &&
			   schema_enum_has((enum enum_id)i, *schema_enums[i].values) &&
			   !schema_enum_has((enum enum_id)i, ""),
		   "enum %s", schema_enums[i].name);
	for (int code = ERROR_NONE + 1; code < ERROR_COUNT; code++) {
		const struct error_info *info = error_info((enum error_code)code);

		ok(*info->name && *info->description, "%s has %zu parameters", info->name,
		   error_parameter_count((enum error_code)code));
	}
	ok(!error_info(ERROR_NONE), "no error is none");
}

static void test_error_values(void)
{
	AUTO_ERROR err = {0};
	AUTO_ERROR other = {0};
	AUTO_TEXT before = error_text(&err);
	AUTO_TEXT after = NULL;

	is_str(before, "no error", "none as text");
	is_int(fail(&err, ERROR_UUID_INVALID, "VM", "u"), -1, "fail returns -1");
	is_int(fail(&err, ERROR_HANDLE_INVALID, "VM", "r"), -1, "a later one replaces it");
	error_move(&other, &err);
	after = error_text(&other);
	is_str(after, "HANDLE_INVALID [VM, r]", "moved, as text");
	is_int(err.code, ERROR_NONE, "nothing is left behind");
}

static char *print(void (*function)(FILE *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	function(file);
	fclose(file);
	return text;
}

static size_t count_printed_messages(json_t *classes)
{
	size_t count = 0;
	size_t index;
	json_t *cls;

	json_array_foreach(classes, index, cls)
		count += json_array_size(json_object_get(cls, "messages"));
	return count;
}

static void test_print(void)
{
	AUTO_TEXT text = print(print_api_json);
	AUTO_TEXT again = print(print_api_json);
	AUTO_TEXT markdown = print(print_api_markdown);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	json_t *classes = json_object_get(json, "classes");

	ok(json, "the API as JSON can be read");
	is_str(again, text, "and is the same each time");
	is_int((int64_t)json_array_size(classes), CLASS_COUNT + 1, "all classes and system");
	is_int((int64_t)count_printed_messages(classes),
	       (int64_t)schema_message_count() + SYSTEM_MESSAGES, "all messages");
	is_int((int64_t)json_array_size(json_object_get(json, "enums")), ENUM_COUNT, "all enums");
	is_int((int64_t)json_array_size(json_object_get(json, "errors")), ERROR_COUNT - 1,
	       "all errors");
	ok(!strstr(text, "live_intent") && !strstr(markdown, "live_intent"), "no internal fields");
	ok(strstr(markdown,
		  "| `void VM.start(ref session session_id, ref VM vm, bool start_paused, "
		  "bool force = false)` | vm-operator | yes | Halted | "),
	   "a message for people");
	ok(strstr(markdown, "| pause | | | yes | | "), "an operation for people");
	json_decref(json);
}

int main(void)
{
	schema_init();
	schema_init();
	test_classes();
	test_messages();
	test_types();
	test_enums_and_errors();
	test_error_values();
	test_print();
	return done_testing();
}
