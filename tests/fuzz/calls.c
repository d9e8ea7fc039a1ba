/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* calls.c – a mutator for fuzz_calls: puts in calls of any message of the tables, with parameters
 * of its types. */
#include "tests/fuzz/calls.h"

#include "schema/buffer.h"
#include "schema/schema.h"
#include "schema/text.h"

#include <stdio.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed);
/* Only libFuzzer has it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity) __attribute__((weak));

static const char *const texts[] = {"\"\"",
				    "\"a\"",
				    "\"xyz\"",
				    "\"OpaqueRef:NULL\"",
				    "\"0\"",
				    "\"file\"",
				    "\"/dev/xvda\"",
				    "\"true\"",
				    "\"\\u0001\"",
				    "\"name = 'x'\\nmemory = 64\"",
				    "\"field \\\"power_state\\\" = \\\"Halted\\\"\"",
				    "\"*\"",
				    "\"vm\""};
static const char *const numbers[] = {"\"0\"",
				      "\"1\"",
				      "\"-1\"",
				      "\"2\"",
				      "\"67108864\"",
				      "\"268435456\"",
				      "\"4096\"",
				      "\"1099511627776\"",
				      "\"9223372036854775807\""};

static void add_any(struct buffer *out, const char *const *from, size_t count, unsigned *seed)
{
	buffer_add_text(out, from[(size_t)rand_r(seed) % count]);
}

static void add_value(struct buffer *out, const struct type *type, const struct class_info *cls,
		      unsigned *seed);

static void add_enum(struct buffer *out, enum enum_id id, unsigned *seed)
{
	const char *const *values = schema_enums[id].values;
	size_t count = 0;

	while (values[count])
		count++;
	text_add_json(out, values[(size_t)rand_r(seed) % count]);
}

/* What create is given of a class: some of its fields. */
static void add_record(struct buffer *out, const struct class_info *cls, unsigned *seed)
{
	bool any = false;

	buffer_add_char(out, '{');
	for (int i = 0; cls && i < cls->field_count; i++) {
		const struct field_info *field = &cls->fields[i];

		if (field->qualifier > QUALIFIER_RO_INS || rand_r(seed) % 3 == 0)
			continue;
		if (any)
			buffer_add_char(out, ',');
		any = true;
		text_add_json(out, field->name);
		buffer_add_char(out, ':');
		if (rand_r(seed) % 2)
			value_add_json(out, field->default_value);
		else
			add_value(out, field->type, cls, seed);
	}
	buffer_add_char(out, '}');
}

static void add_reference(struct buffer *out, const struct type *type, unsigned *seed)
{
	if (rand_r(seed) % 8 == 0)
		buffer_add_literal(out, "\"OpaqueRef:NULL\"");
	else
		buffer_add_format(out, "\"$%s%s\"", rand_r(seed) % 4 ? "" : "0", type->cls);
}

static void add_items(struct buffer *out, const struct type *type, const struct class_info *cls,
		      unsigned *seed)
{
	bool is_map = type->kind == TYPE_MAP;

	buffer_add_char(out, is_map ? '{' : '[');
	if (rand_r(seed) % 3) {
		if (is_map) {
			add_any(out, texts, ARRAY_SIZE(texts), seed);
			buffer_add_char(out, ':');
		}
		add_value(out, type->item, cls, seed);
	}
	buffer_add_char(out, is_map ? '}' : ']');
}

static void add_value(struct buffer *out, const struct type *type, const struct class_info *cls,
		      unsigned *seed)
{
	switch (type->kind) {
	case TYPE_INT:
		add_any(out, numbers, ARRAY_SIZE(numbers), seed);
		break;
	case TYPE_FLOAT:
		buffer_add_text(out, rand_r(seed) % 2 ? "0.5" : "-1e300");
		break;
	case TYPE_BOOL:
		buffer_add_text(out, rand_r(seed) % 2 ? "true" : "false");
		break;
	case TYPE_DATETIME:
		buffer_add_literal(out, "\"20260101T00:00:00Z\"");
		break;
	case TYPE_ENUM:
		add_enum(out, type->enumeration, seed);
		break;
	case TYPE_REF:
		add_reference(out, type, seed);
		break;
	case TYPE_SET:
	case TYPE_MAP:
		add_items(out, type, cls, seed);
		break;
	case TYPE_ANY:
	case TYPE_RECORD:
		add_record(out, cls, seed);
		break;
	default:
		add_any(out, texts, ARRAY_SIZE(texts), seed);
	}
}

static void add_call(struct buffer *out, unsigned *seed)
{
	const struct message_info *message;

	/* most messages are getters, which do little */
	do
		message = schema_message_at((size_t)rand_r(seed) % schema_message_count());
	while (message->generated && rand_r(seed) % 16);
	buffer_add_format(out, "%s%s [", message->async && rand_r(seed) % 4 == 0 ? "Async." : "",
			  message->name);
	for (int i = 0; i < message->parameter_count; i++) {
		if (i)
			buffer_add_char(out, ',');
		add_value(out, message->parameters[i].type, message->cls, seed);
	}
	buffer_add_literal(out, "]\n");
}

bool calls_may_share_server(void)
{
	return LLVMFuzzerMutate != NULL;
}

/* Where the line begins that this byte is in. */
static size_t line_begin(const uint8_t *data, size_t at)
{
	while (at && data[at - 1] != '\n')
		at--;
	return at;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed)
{
	AUTO_BUFFER line = {0};
	size_t at;

	schema_init();
	if (rand_r(&seed) % 2)
		return LLVMFuzzerMutate(data, size, capacity);
	add_call(&line, &seed);
	if (size + line.length > capacity)
		return LLVMFuzzerMutate(data, size, capacity);
	at = rand_r(&seed) % 3 ? size : line_begin(data, (size_t)rand_r(&seed) % (size + 1));
	memmove(data + at + line.length, data + at, size - at);
	memcpy(data + at, line.data, line.length);
	return size + line.length;
}
