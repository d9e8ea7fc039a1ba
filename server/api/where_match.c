/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* where_match.c – the expressions of get_all_where: whether they are true of a record. */
#include "server/api/where_tree.h"

#include "schema/buffer.h"
#include "schema/text.h"

static void add_quoted(struct buffer *out, const char *text)
{
	buffer_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buffer_add_char(out, '\\');
		buffer_add_char(out, *text);
	}
	buffer_add_char(out, '\'');
}

static void add_list(struct buffer *out, const struct value *value);

static void add_item(struct buffer *out, const struct value *item)
{
	AUTO_TEXT text = NULL;

	if (item->kind == VALUE_SET || item->kind == VALUE_MAP) {
		add_list(out, item);
		return;
	}
	text = value_to_text(item);
	add_quoted(out, text);
}

static void add_set(struct buffer *out, const struct value *set)
{
	for (uint32_t i = 0; i < set->length; i++) {
		if (i)
			buffer_add_char(out, ' ');
		add_item(out, set->items[i]);
	}
}

static void add_map(struct buffer *out, const struct value *map)
{
	AUTO(value) ordered = value_map();

	for (uint32_t i = 0; i < map->length; i++)
		value_put_member(ordered, value_reference(map->members[i].key),
				 value_reference(map->members[i].value));
	value_sort(ordered);
	for (uint32_t i = 0; i < ordered->length; i++) {
		buffer_add_text(out, i ? " (" : "(");
		add_item(out, ordered->members[i].key);
		buffer_add_char(out, ' ');
		add_item(out, ordered->members[i].value);
		buffer_add_char(out, ')');
	}
}

static void add_list(struct buffer *out, const struct value *value)
{
	buffer_add_char(out, '(');
	if (value->kind == VALUE_SET)
		add_set(out, value);
	else
		add_map(out, value);
	buffer_add_char(out, ')');
}

/* What an operand is compared as: strings stay where they are, the rest is written into `made`. */
static const char *operand_text(const struct operand *operand, const struct record *record,
				struct buffer *made, size_t *ret_length)
{
	const struct value *value;

	*ret_length = operand->length;
	if (operand->field < 0)
		return operand->text;
	value = record_get(record, operand->field);
	*ret_length = value->length;
	if (value->kind == VALUE_STRING || value->kind == VALUE_DATETIME)
		return value->text;
	if (value->kind == VALUE_SET || value->kind == VALUE_MAP)
		add_list(made, value);
	else
		value_add_json(made, value);
	*ret_length = made->length;
	return made->data;
}

static bool equal(const struct where *where, const struct record *record)
{
	AUTO_BUFFER made_left = {0};
	AUTO_BUFFER made_right = {0};
	size_t left_length;
	size_t right_length;
	const char *left = operand_text(&where->left, record, &made_left, &left_length);
	const char *right = operand_text(&where->right, record, &made_right, &right_length);

	return left_length == right_length && memcmp(left, right, left_length) == 0;
}

bool where_match(const struct where *where, const struct record *record)
{
	switch (where->kind) {
	case WHERE_TRUE:
		return true;
	case WHERE_FALSE:
		return false;
	case WHERE_NOT:
		return !where_match(where->first, record);
	case WHERE_AND:
	case WHERE_OR:
		/* the first part that settles it */
		for (const struct where *part = where->first; part; part = part->next)
			if (where_match(part, record) == (where->kind == WHERE_OR))
				return where->kind == WHERE_OR;
		return where->kind == WHERE_AND;
	case WHERE_EQUAL:
		return equal(where, record);
	}
	return false;
}
