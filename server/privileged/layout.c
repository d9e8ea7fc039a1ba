/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* layout.c – structs as bytes: numbers as eight bytes, texts and lists with their length before
 * them. Both ends are processes of one machine. */
#include "server/privileged/layout.h"

#include <inttypes.h>

struct request_memory {
	struct request_memory *next;
	max_align_t bytes[];
};

void request_memory_free(struct request_memory *memory)
{
	while (memory) {
		struct request_memory *next = memory->next;

		free(memory);
		memory = next;
	}
}

static void *take(struct reader *reader, size_t size)
{
	struct request_memory *block = allocate(sizeof(*block) + size);

	block->next = reader->memory;
	reader->memory = block;
	return block->bytes;
}

static int64_t get_number(const void *member, size_t size)
{
	int8_t byte;
	int32_t word;
	int64_t number;

	switch (size) {
	case sizeof(byte):
		memcpy(&byte, member, size);
		return byte;
	case sizeof(word):
		memcpy(&word, member, size);
		return word;
	default:
		memcpy(&number, member, sizeof(number));
		return number;
	}
}

static void set_number(void *member, size_t size, int64_t number)
{
	int8_t byte = (int8_t)number;
	int32_t word = (int32_t)number;

	if (size == sizeof(byte))
		memcpy(member, &byte, size);
	else if (size == sizeof(word))
		memcpy(member, &word, size);
	else
		memcpy(member, &number, sizeof(number));
}

static void write_number(struct buffer *bytes, int64_t number)
{
	buffer_add(bytes, &number, sizeof(number));
}

static void write_text(struct buffer *bytes, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	write_number(bytes, (int64_t)length);
	buffer_add(bytes, text ? text : "", length + 1);
}

static void write_all(const struct layout *layout, const void *record, struct buffer *bytes)
{
	for (const struct field *field = layout->fields; field->name; field++)
		field_write(field, record, bytes);
}

void field_write(const struct field *field, const void *record, struct buffer *bytes)
{
	const char *member = (const char *)record + field->offset;
	const char *pointed;
	size_t count = 0;

	memcpy(&pointed, member, field->kind == FIELD_TEXT || field->layout ? sizeof(pointed) : 0);
	if (field->count_offset)
		memcpy(&count, (const char *)record + field->count_offset, sizeof(count));
	switch (field->kind) {
	case FIELD_NUMBER:
		write_number(bytes, get_number(member, field->size));
		break;
	case FIELD_DOUBLE:
		buffer_add(bytes, member, sizeof(double));
		break;
	case FIELD_CHARS:
		write_text(bytes, member);
		break;
	case FIELD_TEXT:
		write_text(bytes, pointed);
		break;
	case FIELD_ONE:
		write_all(field->layout, pointed, bytes);
		break;
	case FIELD_LIST:
		write_number(bytes, (int64_t)count);
		for (size_t i = 0; i < count; i++)
			write_all(field->layout, pointed + i * field->layout->size, bytes);
		break;
	case FIELD_BYTES:
		write_number(bytes, (int64_t)count);
		buffer_add(bytes, member, count * field->size);
		break;
	}
}

static bool refuse(struct reader *reader, const struct field *field, const char *why)
{
	if (!reader->problem)
		reader->problem = text_format("%s: %s", field->name, why);
	return false;
}

/* The next `size` bytes; NULL: there are fewer. */
static const char *next(struct reader *reader, const struct field *field, size_t size)
{
	const char *at = reader->at;

	if ((size_t)(reader->end - at) < size) {
		refuse(reader, field, "the request ends within it");
		return NULL;
	}
	reader->at += size;
	return at;
}

static bool read_number(struct reader *reader, const struct field *field, int64_t lowest,
			int64_t highest, int64_t *ret_number)
{
	const char *at = next(reader, field, sizeof(*ret_number));
	AUTO_TEXT why = NULL;

	if (!at)
		return false;
	memcpy(ret_number, at, sizeof(*ret_number));
	if (*ret_number >= lowest && *ret_number <= highest)
		return true;
	why = text_format("%" PRId64 " is not within %" PRId64 " to %" PRId64, *ret_number, lowest,
			  highest);
	return refuse(reader, field, why);
}

/* Of `length` bytes, with the NUL that the text has behind it. */
static const char *read_text(struct reader *reader, const struct field *field, int64_t most)
{
	int64_t length;
	const char *text;

	if (!read_number(reader, field, 0, most, &length))
		return NULL;
	text = next(reader, field, (size_t)length + 1);
	if (text && memchr(text, '\0', (size_t)length + 1) != text + length) {
		refuse(reader, field, "a text that does not end where it should");
		return NULL;
	}
	return text;
}

static bool read_all(const struct layout *layout, struct reader *reader, void *record)
{
	for (const struct field *field = layout->fields; field->name; field++)
		if (!field_read(field, reader, record))
			return false;
	return true;
}

/* A list whose items are all there takes at least a byte of the request for each. */
static bool read_list(const struct field *field, struct reader *reader, void *record)
{
	int64_t count = 1;
	size_t items;
	char *list;

	if (field->kind == FIELD_LIST && !read_number(reader, field, 0, field->highest, &count))
		return false;
	items = (size_t)count;
	list = take(reader, items * field->layout->size);
	memcpy((char *)record + field->offset, &list, sizeof(list));
	if (field->count_offset)
		memcpy((char *)record + field->count_offset, &items, sizeof(items));
	for (size_t i = 0; i < items; i++)
		if (!read_all(field->layout, reader, list + i * field->layout->size))
			return false;
	return true;
}

static bool read_bytes(const struct field *field, struct reader *reader, void *record)
{
	const char *at;
	int64_t count;
	size_t items;

	if (!read_number(reader, field, 0, field->highest, &count))
		return false;
	items = (size_t)count;
	at = next(reader, field, items * field->size);
	if (!at)
		return false;
	memcpy((char *)record + field->offset, at, items * field->size);
	memcpy((char *)record + field->count_offset, &items, sizeof(items));
	return true;
}

static bool read_chars(const struct field *field, struct reader *reader, char *member)
{
	const char *text = read_text(reader, field, (int64_t)field->size - 1);

	if (text)
		memcpy(member, text, strlen(text) + 1);
	return text;
}

bool field_read(const struct field *field, struct reader *reader, void *record)
{
	char *member = (char *)record + field->offset;
	const char *text;
	int64_t number;

	switch (field->kind) {
	case FIELD_NUMBER:
		if (!read_number(reader, field, field->lowest, field->highest, &number))
			return false;
		set_number(member, field->size, number);
		return true;
	case FIELD_DOUBLE:
		text = next(reader, field, sizeof(double));
		memcpy(member, text ? text : member, sizeof(double));
		return text;
	case FIELD_CHARS:
		return read_chars(field, reader, member);
	case FIELD_TEXT:
		text = read_text(reader, field, reader->end - reader->at);
		memcpy(member, &text, sizeof(text));
		return text;
	case FIELD_BYTES:
		return read_bytes(field, reader, record);
	default:
		return read_list(field, reader, record);
	}
}
