/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlrpc_write.c – a result's values to bytes, as existing clients need them. */
#include "rpc/xmlrpc.h"

#include "rpc/scalar.h"
#include "schema/xml_character.h"
#include "schema/record.h"

#define PROLOG "<?xml version=\"1.0\"?><methodResponse>"
#define STATUS(status)                                                            \
	"<params><param><value><struct><member><name>Status</name><value>" status \
	"</value></member>"
#define RECORD_BYTES 16384 /* few have more */
#define END "</struct></value></param></params></methodResponse>"

/* What goes out as it is. Not the carriage return, which a reader would take for a line feed. */
static const bool plain[256] = {
	['\t'] = true,	       ['\n'] = true, [' ' ... '%'] = true,
	['\'' ... ';'] = true, ['='] = true,  ['?' ... 0x7f] = true,
};

/*
 * One character that is not plain; returns its length. Whatever the bytes are, what comes out is
 * XML: one bad text must not make the list of all objects unreadable.
 */
static size_t add_special(struct buffer *out, const char *text, const char *end)
{
	size_t length = xml_character(text, end);

	if (*text == '&')
		buffer_add_literal(out, "&amp;");
	else if (*text == '<')
		buffer_add_literal(out, "&lt;");
	else if (*text == '>')
		buffer_add_literal(out, "&gt;");
	else if (*text == '\r')
		buffer_add_literal(out, "&#13;");
	else if (length)
		buffer_add(out, text, length);
	else
		buffer_add_literal(out, "\xef\xbf\xbd");
	return length ? length : 1;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether any of 8 bytes may be special: not ASCII, below a space, or one of & < >. */
static bool may_be_special(uint64_t bytes)
{
	uint64_t ampersand = bytes ^ EACH('&');
	uint64_t angle = (bytes | EACH('<' ^ '>')) ^ EACH('>');

	return (bytes | ((bytes - EACH(' ')) & ~bytes) | ((ampersand - EACH(1)) & ~ampersand) |
		((angle - EACH(1)) & ~angle)) &
	       EACH(0x80);
}

/* The end of the plain characters from here on. */
static const char *skip_plain(const char *text, const char *end)
{
	uint64_t bytes;

	while (end - text >= (ptrdiff_t)sizeof(bytes)) {
		memcpy(&bytes, text, sizeof(bytes));
		if (may_be_special(bytes))
			break;
		text += sizeof(bytes);
	}
	while (text < end && plain[(unsigned char)*text])
		text++;
	return text;
}

static void add_text(struct buffer *out, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		const char *run = text;

		text = skip_plain(text, end);
		buffer_add(out, run, (size_t)(text - run));
		if (text < end)
			text += add_special(out, text, end);
	}
}

static void add_float(struct buffer *out, double number)
{
	char digits[SCALAR_FLOAT_SIZE];

	buffer_add_literal(out, "<double>");
	buffer_add(out, digits, scalar_float_text(digits, number));
	buffer_add_literal(out, "</double>");
}

static void add_value(struct output *out, const struct value *value);
static void add_content(struct output *out, const struct value *value);

static void add_set(struct output *out, const struct value *set)
{
	buffer_add_literal(&out->bytes, "<array><data>");
	for (uint32_t i = 0; i < set->length; i++)
		add_value(out, set->items[i]);
	buffer_add_literal(&out->bytes, "</data></array>");
}

static void add_map(struct output *out, const struct value *map)
{
	struct buffer *bytes = &out->bytes;

	buffer_add_literal(bytes, "<struct>");
	for (uint32_t i = 0; i < map->length; i++) {
		buffer_add_literal(bytes, "<member><name>");
		add_text(bytes, map->members[i].key->text, map->members[i].key->length);
		buffer_add_literal(bytes, "</name><value>");
		add_content(out, map->members[i].value);
		buffer_add_literal(bytes, "</value></member>");
	}
	buffer_add_literal(bytes, "</struct>");
}

static void add_fields(struct output *out, const struct record *record)
{
	struct buffer *bytes = &out->bytes;

	buffer_add_literal(bytes, "<struct>");
	for (int i = 0; i < record->cls->field_count; i++) {
		const struct field_info *field = &record->cls->fields[i];

		if (field->qualifier == QUALIFIER_INTERNAL)
			continue;
		buffer_add_literal(bytes, "<member><name>");
		buffer_add_text(bytes, field->name);
		buffer_add_literal(bytes, "</name><value>");
		add_content(out, record->fields[i]);
		buffer_add_literal(bytes, "</value></member>");
	}
	buffer_add_literal(bytes, "</struct>");
}

static void add_record(struct output *out, const struct record *record)
{
	struct output made = {0};
	struct cached_record *cached;

	if (!out->cache) {
		add_fields(out, record);
		return;
	}
	cached = record_cache_find(out->cache, record);
	if (!cached) {
		buffer_reserve(&made.bytes, RECORD_BYTES);
		add_fields(&made, record);
		cached = record_cache_add(out->cache, record, made.bytes.data, made.bytes.length);
		output_free(&made);
	}
	output_add_record(out, cached);
}

static void add_content(struct output *out, const struct value *value)
{
	struct buffer *bytes = &out->bytes;

	switch ((enum value_kind)value->kind) {
	case VALUE_NIL:
		buffer_add_literal(bytes, "<nil/>");
		break;
	case VALUE_STRING:
		add_text(bytes, value->text, value->length);
		break;
	case VALUE_INT:
		buffer_add_int(bytes, value->integer);
		break;
	case VALUE_INT32:
		buffer_add_literal(bytes, "<i4>");
		buffer_add_int(bytes, value->integer);
		buffer_add_literal(bytes, "</i4>");
		break;
	case VALUE_FLOAT:
		add_float(bytes, value->number);
		break;
	case VALUE_BOOL:
		buffer_add_text(bytes,
				value->boolean ? "<boolean>1</boolean>" : "<boolean>0</boolean>");
		break;
	case VALUE_DATETIME:
		buffer_add_literal(bytes, "<dateTime.iso8601>");
		add_text(bytes, value->text, value->length);
		buffer_add_literal(bytes, "</dateTime.iso8601>");
		break;
	case VALUE_SET:
		add_set(out, value);
		break;
	case VALUE_MAP:
		add_map(out, value);
		break;
	case VALUE_RECORD:
		add_record(out, value->record);
		break;
	}
}

static void add_value(struct output *out, const struct value *value)
{
	buffer_add_literal(&out->bytes, "<value>");
	add_content(out, value);
	buffer_add_literal(&out->bytes, "</value>");
}

void xmlrpc_write_value(struct buffer *out, const struct value *value)
{
	struct output whole = {.bytes = *out};

	add_value(&whole, value);
	*out = whole.bytes;
}

static void add_text_value(struct buffer *out, const char *text)
{
	buffer_add_literal(out, "<value>");
	add_text(out, text, strlen(text));
	buffer_add_literal(out, "</value>");
}

void xmlrpc_write_success(struct output *out, const struct value *result)
{
	buffer_add_literal(&out->bytes, PROLOG STATUS("Success") "<member><name>Value</name>");
	add_value(out, result);
	buffer_add_literal(&out->bytes, "</member>" END);
}

void xmlrpc_write_bare(struct output *out, const struct value *result)
{
	buffer_add_literal(&out->bytes, PROLOG "<params><param>");
	add_value(out, result);
	buffer_add_literal(&out->bytes, "</param></params></methodResponse>");
}

void xmlrpc_write_failure(struct buffer *out, const struct error *err)
{
	buffer_add_literal(
		out,
		PROLOG STATUS(
			"Failure") "<member><name>ErrorDescription</name><value><array><data>");
	add_text_value(out, error_info(err->code)->name);
	for (size_t i = 0; i < error_parameter_count(err->code); i++)
		add_text_value(out, err->parameters[i]);
	buffer_add_literal(out, "</data></array></value></member>" END);
}
