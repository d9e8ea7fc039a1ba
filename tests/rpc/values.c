/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* values.c – values for the codec's tests. */
#include "tests/rpc/values.h"

#include "schema/buffer.h"

static void show(struct buffer *out, const struct value *value);

static void show_members(struct buffer *out, const struct value *map)
{
	for (uint32_t i = 0; i < map->length; i++) {
		buffer_add_format(out, "%s%s: ", i ? ", " : "", map->members[i].key->text);
		show(out, map->members[i].value);
	}
}

static void show_items(struct buffer *out, const struct value *set)
{
	for (uint32_t i = 0; i < set->length; i++) {
		buffer_add_text(out, i ? ", " : "");
		show(out, set->items[i]);
	}
}

static void show(struct buffer *out, const struct value *value)
{
	switch ((enum value_kind)value->kind) {
	case VALUE_NIL:
		buffer_add_text(out, "nil");
		break;
	case VALUE_STRING:
		buffer_add_format(out, "\"%s\"", value->text);
		break;
	case VALUE_INT:
	case VALUE_INT32:
		buffer_add_int(out, value->integer);
		break;
	case VALUE_FLOAT:
		buffer_add_format(out, "%.17g", value->number);
		break;
	case VALUE_BOOL:
		buffer_add_text(out, value->boolean ? "true" : "false");
		break;
	case VALUE_DATETIME:
		buffer_add_format(out, "@%s", value->text);
		break;
	case VALUE_SET:
		buffer_add_char(out, '[');
		show_items(out, value);
		buffer_add_char(out, ']');
		break;
	case VALUE_MAP:
		buffer_add_char(out, '{');
		show_members(out, value);
		buffer_add_char(out, '}');
		break;
	case VALUE_RECORD:
		buffer_add_text(out, "record");
		break;
	}
}

char *value_show(const struct value *value)
{
	struct buffer out = {0};

	show(&out, value);
	return buffer_take(&out);
}

uint64_t draw_number(struct draw *draw, uint64_t below)
{
	draw->state ^= draw->state << 13;
	draw->state ^= draw->state >> 7;
	draw->state ^= draw->state << 17;
	return (draw->state >> 11) % below;
}

static struct value *draw_text(struct draw *draw)
{
	static const char *const characters[] = {
		"a",
		"Z",
		"0",
		" ",
		"<",
		">",
		"&",
		"\"",
		"'",
		"\n",
		"\t",
		"]]>",
		"é",
		"ß",
		"€",
		"中",
		"\x7f",
		"\xef\xbf\xbd",
		"\xef\xbc\xa1",
		"\r",
		"\r\n",
		"😀",
		"𐍈",
		"\U0010ffff",
	};
	size_t known = ARRAY_SIZE(characters) - (draw->any_value ? 0 : 5);
	AUTO_BUFFER text = {0};

	for (uint64_t left = draw_number(draw, 12); left; left--)
		buffer_add_text(&text, characters[draw_number(draw, known)]);
	return value_string_n(text.data ? text.data : "", text.length);
}

static int64_t draw_int(struct draw *draw)
{
	static const int64_t edges[] = {0,	   -1,	      INT32_MAX, INT32_MIN,
					INT64_MAX, INT64_MIN, 1L << 53};
	uint64_t pick = draw_number(draw, 2 * ARRAY_SIZE(edges));

	if (pick < ARRAY_SIZE(edges))
		return edges[pick];
	return (int64_t)(draw_number(draw, UINT64_MAX) << 11 ^ draw->state);
}

static double draw_float(struct draw *draw)
{
	uint64_t bits = draw_number(draw, 1ULL << 32) << 32 | draw_number(draw, 1ULL << 32);
	double number;

	if (!draw->any_value || draw_number(draw, 2))
		return (double)(int64_t)draw_number(draw, 2000000) / 1000 - 1000;
	/* One bit of the exponent less, so that it is finite. */
	bits &= ~(1ULL << (52 + draw_number(draw, 11)));
	memcpy(&number, &bits, sizeof(number));
	return number;
}

static struct value *draw_scalar(struct draw *draw)
{
	switch (draw_number(draw, 8)) {
	case 0:
		return value_nil();
	case 1:
		return value_int(draw_int(draw));
	case 2:
		return value_int32((int32_t)draw_int(draw));
	case 3:
		return value_float(draw_float(draw));
	case 4:
		return value_bool(draw_number(draw, 2));
	case 5:
		return value_datetime_of((time_t)draw_number(draw, 4000000000));
	default:
		return draw_text(draw);
	}
}

static struct value *draw_map(struct draw *draw, int levels)
{
	struct value *map = value_map();

	for (uint64_t left = draw_number(draw, 6); left; left--) {
		AUTO(value) key = draw_text(draw);

		if (!value_find(map, key->text))
			value_put(map, key->text, draw_value(draw, levels - 1));
	}
	return map;
}

struct value *draw_value(struct draw *draw, int levels)
{
	uint64_t pick = levels > 1 ? draw_number(draw, 4) : 2;
	struct value *set;

	if (pick == 0)
		return draw_map(draw, levels);
	if (pick > 1)
		return draw_scalar(draw);
	set = value_set();
	for (uint64_t left = draw_number(draw, 6); left; left--)
		value_append(set, draw_value(draw, levels - 1));
	return set;
}

typedef struct value *(*scalar_fn)(const struct value *value);

/* A tree with each scalar changed; another reference where nothing is to be. */
static struct value *each_scalar(const struct value *value, scalar_fn change)
{
	struct value *made;

	if (value->kind == VALUE_SET) {
		made = value_set();
		for (uint32_t i = 0; i < value->length; i++)
			value_append(made, each_scalar(value->items[i], change));
		return made;
	}
	if (value->kind == VALUE_MAP) {
		made = value_map();
		for (uint32_t i = 0; i < value->length; i++)
			value_put(made, value->members[i].key->text,
				  each_scalar(value->members[i].value, change));
		return made;
	}
	return change(value);
}

static struct value *scalar_after_xmlrpc(const struct value *value)
{
	if (value->kind == VALUE_INT)
		return value_string_format("%lld", (long long)value->integer);
	if (value->kind == VALUE_INT32)
		return value_int(value->integer);
	return value_reference(value);
}

struct value *value_after_xmlrpc(const struct value *value)
{
	return each_scalar(value, scalar_after_xmlrpc);
}

static struct value *scalar_after_json(const struct value *value)
{
	if (value->kind == VALUE_INT32)
		return value_int(value->integer);
	if (value->kind == VALUE_DATETIME)
		return value_string(value->text);
	return value_reference(value);
}

struct value *value_after_json(const struct value *value)
{
	return each_scalar(value, scalar_after_json);
}
