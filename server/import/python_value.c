/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* python_value.c – what an expression of Python says that consists of literals; nothing is run. */
#include "server/import/python_value.h"

#include "schema/buffer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#define DEPTH_MAX 32
/* Of a string, and of the items of a list: names would let them grow without an end. */
#define LENGTH_MAX 65536

static struct value *read_sum(struct python_expression *expression);

static struct value *refuse(struct python_expression *expression, const char *reason)
{
	if (!expression->reason)
		expression->reason = reason;
	return NULL;
}

/* An expression goes over the end of a line only where that means nothing. */
static void skip_space(struct python_expression *expression)
{
	while (expression->text < expression->end) {
		if (*expression->text == '#')
			while (expression->text < expression->end && *expression->text != '\n')
				expression->text++;
		else if (isspace((unsigned char)*expression->text) || *expression->text == '\\')
			expression->text++;
		else
			return;
	}
}

static char peek(struct python_expression *expression)
{
	skip_space(expression);
	return expression->text < expression->end ? *expression->text : '\0';
}

static bool accept(struct python_expression *expression, char character)
{
	bool found = peek(expression) == character;

	expression->text += found;
	return found;
}

const char *python_skip_string(const char *text, const char *end, int *line)
{
	char quote = *text;
	size_t quotes = end - text >= 3 && text[1] == quote && text[2] == quote ? 3 : 1;

	for (text += quotes; text < end; text++) {
		if (*text == '\n' && quotes == 1)
			return NULL;
		if (*text == '\\' && text + 1 < end)
			text++;
		else if (*text == quote &&
			 (quotes == 1 || (end - text >= 3 && text[1] == quote && text[2] == quote)))
			return text + quotes;
		*line += *text == '\n';
	}
	return NULL;
}

/* The digits after \x, or of \ooo. */
static const char *add_number(struct buffer *out, const char *text, const char *end, int base,
			      int digits)
{
	unsigned code = 0;

	for (int i = 0; i < digits && text < end && isxdigit((unsigned char)*text); i++, text++) {
		unsigned digit = isdigit((unsigned char)*text) ?
					 (unsigned)(*text - '0') :
					 (unsigned)(tolower((unsigned char)*text) - 'a' + 10);

		if (digit >= (unsigned)base)
			break;
		code = code * (unsigned)base + digit;
	}
	/* what is not ASCII depends on the file's encoding, and 0 ends a text here: no text can
	 * have what stands for them */
	buffer_add_char(out, code > 0 && code < 128 ? (char)code : '\1');
	return text;
}

static const char *add_escape(struct buffer *out, const char *text, const char *end)
{
	static const char *const escapes = "n\nt\tr\ra\ab\bf\fv\v\\\\'\'\"\"";

	for (const char *pair = escapes; *pair; pair += 2) {
		if (*text != *pair)
			continue;
		buffer_add_char(out, pair[1]);
		return text + 1;
	}
	if (*text == '\n')
		return text + 1;
	if (*text == 'x')
		return add_number(out, text + 1, end, 16, 2);
	if (*text >= '0' && *text <= '7')
		return add_number(out, text, end, 8, 3);
	buffer_add_char(out, '\\');
	return text;
}

static bool add_string(struct python_expression *expression, struct buffer *out)
{
	bool raw = tolower((unsigned char)*expression->text) == 'r';
	const char *text = expression->text + !strchr("'\"", *expression->text);
	size_t quotes = 1;
	int ignored = 0;
	const char *end = python_skip_string(text, expression->end, &ignored);

	if (!end)
		return false;
	if (end - text >= 6 && text[1] == *text && text[2] == *text)
		quotes = 3;
	expression->text = end;
	for (text += quotes, end -= quotes; text < end;) {
		if (*text == '\\' && !raw && text + 1 < end)
			text = add_escape(out, text + 1, end);
		else
			buffer_add_char(out, *text++);
	}
	return true;
}

/* r'…' and u'…' too */
static bool begins_string(struct python_expression *expression)
{
	char first = peek(expression);

	if (first == '\'' || first == '"')
		return true;
	return first && strchr("rRuU", first) && expression->end - expression->text > 1 &&
	       strchr("'\"", expression->text[1]);
}

/* 'a' 'b' is 'ab' */
static struct value *read_strings(struct python_expression *expression)
{
	AUTO_BUFFER text = {0};

	while (begins_string(expression)) {
		if (!add_string(expression, &text))
			return refuse(expression, "a string does not end");
		if (text.length > LENGTH_MAX)
			return refuse(expression, "it is too long");
	}
	return value_string(text.data ? text.data : "");
}

static struct value *read_number(struct python_expression *expression)
{
	AUTO_TEXT digits = NULL;
	size_t length = 0;
	int64_t number;
	char *end;

	while (expression->text + length < expression->end &&
	       (isalnum((unsigned char)expression->text[length]) ||
		expression->text[length] == '.'))
		length++;
	digits = text_format("%.*s", (int)length, expression->text);
	errno = 0;
	number = strtoll(digits, &end, 0);
	/* 4L was a way to say 4 */
	if (errno || end == digits || (*end && strcmp(end, "L") != 0) || number == INT64_MIN)
		return refuse(expression, "it is no whole number that fits");
	expression->text += length;
	return value_int(number);
}

static struct value *read_name(struct python_expression *expression)
{
	AUTO_TEXT name = NULL;
	size_t length = 0;
	const struct value *value;

	while (expression->text + length < expression->end &&
	       (isalnum((unsigned char)expression->text[length]) ||
		expression->text[length] == '_'))
		length++;
	name = text_format("%.*s", (int)length, expression->text);
	expression->text += length;
	expression->computed = true;
	if (strcmp(name, "True") == 0 || strcmp(name, "False") == 0)
		return value_bool(*name == 'T');
	if (strcmp(name, "None") == 0)
		return value_nil();
	value = expression->lookup(expression->argument, name);
	if (!value || peek(expression) == '(')
		return refuse(expression, "it calls or names something that only a run would know");
	/* lists of lists of lists could become endless */
	if (value->kind == VALUE_SET || value->kind == VALUE_MAP)
		return refuse(expression, "it names a list");
	return value_reference(value);
}

/* After [ or (; "(x)" is x. */
static struct value *read_items(struct python_expression *expression, char last)
{
	AUTO(value) items = value_set();
	bool comma = last == ']';

	while (!accept(expression, last)) {
		struct value *item = read_sum(expression);

		if (!item)
			return NULL;
		value_append(items, item);
		if (items->length > LENGTH_MAX)
			return refuse(expression, "it is too long");
		if (accept(expression, ','))
			comma = true;
		else if (peek(expression) != last)
			return refuse(expression, "it is no literal");
	}
	if (!comma && items->length == 1)
		return value_reference(items->items[0]);
	return TAKE(items);
}

static struct value *read_pairs(struct python_expression *expression)
{
	AUTO(value) map = value_map();

	expression->computed = true;
	while (!accept(expression, '}')) {
		AUTO(value) key = read_sum(expression);
		struct value *item;

		if (!key || key->kind != VALUE_STRING || !accept(expression, ':'))
			return refuse(expression, "it is no literal");
		item = read_sum(expression);
		if (!item)
			return NULL;
		value_put(map, key->text, item);
		if (!accept(expression, ',') && peek(expression) != '}')
			return refuse(expression, "it is no literal");
	}
	return TAKE(map);
}

static struct value *read_minus(struct python_expression *expression)
{
	AUTO(value) number = isdigit((unsigned char)peek(expression)) ? read_number(expression) :
									NULL;

	return number ? value_int(-number->integer) : refuse(expression, "it is no literal");
}

static struct value *read_operand(struct python_expression *expression)
{
	char first = peek(expression);

	if (begins_string(expression))
		return read_strings(expression);
	if (isdigit((unsigned char)first))
		return read_number(expression);
	if (isalpha((unsigned char)first) || first == '_')
		return read_name(expression);
	if (accept(expression, '-'))
		return read_minus(expression);
	if (accept(expression, '['))
		return read_items(expression, ']');
	if (accept(expression, '('))
		return read_items(expression, ')');
	if (accept(expression, '{'))
		return read_pairs(expression);
	return refuse(expression, "it is no literal");
}

static bool add_directive(struct buffer *out, char directive, const struct value *value)
{
	if (directive == 's' && value->kind == VALUE_STRING)
		buffer_add_text(out, value->text);
	else if (strchr("sdi", directive) && value->kind == VALUE_INT)
		buffer_add_int(out, value->integer);
	else if (strchr("xX", directive) && value->kind == VALUE_INT && value->integer >= 0)
		buffer_add_format(out, directive == 'x' ? "%llx" : "%llX",
				  (unsigned long long)value->integer);
	else
		return false;
	return out->length <= LENGTH_MAX;
}

/* 'a%s' % 'b': %s, %d, %i and %x, without widths. */
static struct value *format_text(const char *format, const struct value *arguments)
{
	const bool many = arguments->kind == VALUE_SET;
	uint32_t used = 0, count = many ? arguments->length : 1;
	AUTO_BUFFER out = {0};

	for (; *format; format++) {
		if (*format != '%') {
			buffer_add_char(&out, *format);
		} else if (*++format == '%') {
			buffer_add_char(&out, '%');
		} else {
			if (!*format || used == count ||
			    !add_directive(&out, *format,
					   many ? arguments->items[used] : arguments))
				return NULL;
			used++;
		}
	}
	return used == count ? value_string(out.data ? out.data : "") : NULL;
}

static struct value *multiply(const struct value *a, const struct value *b)
{
	int64_t product;

	if (a->kind != VALUE_INT || b->kind != VALUE_INT ||
	    __builtin_mul_overflow(a->integer, b->integer, &product))
		return NULL;
	return value_int(product);
}

static struct value *read_product(struct python_expression *expression)
{
	struct value *left = read_operand(expression);

	for (char sign = peek(expression); left && (sign == '%' || sign == '*');
	     sign = peek(expression)) {
		AUTO(value) first = left;
		AUTO(value) second = NULL;

		expression->text++;
		second = read_operand(expression);
		left = NULL;
		if (second && sign == '*')
			left = multiply(first, second);
		else if (second && first->kind == VALUE_STRING)
			left = format_text(first->text, second);
		if (!left)
			return refuse(expression, "it computes what is not computed here");
		expression->computed = true;
	}
	return left;
}

struct value *python_add(const struct value *old, const struct value *new)
{
	struct value *all;
	int64_t sum;

	if (old->kind != new->kind || (uint64_t)old->length + new->length > LENGTH_MAX)
		return NULL;
	if (old->kind == VALUE_INT)
		return __builtin_add_overflow(old->integer, new->integer, &sum) ? NULL :
										  value_int(sum);
	if (old->kind == VALUE_STRING)
		return value_string_format("%s%s", old->text, new->text);
	if (old->kind != VALUE_SET)
		return NULL;
	all = value_set();
	for (uint32_t i = 0; i < old->length + new->length; i++)
		value_append(all, value_reference(i < old->length ? old->items[i] :
								    new->items[i - old->length]));
	return all;
}

static struct value *read_sum(struct python_expression *expression)
{
	struct value *left;

	if (++expression->depth > DEPTH_MAX)
		return refuse(expression, "it is nested too deeply");
	left = read_product(expression);
	while (left && accept(expression, '+')) {
		AUTO(value) first = left;
		AUTO(value) second = read_product(expression);

		left = second ? python_add(first, second) : NULL;
		if (!left)
			return refuse(expression, "it computes what is not computed here");
		expression->computed = true;
	}
	expression->depth--;
	return left;
}

struct value *python_read(struct python_expression *expression)
{
	AUTO(value) value = read_sum(expression);

	if (value && peek(expression))
		return refuse(expression, "it is more than a literal");
	return TAKE(value);
}

struct value *python_setting(const struct value *value)
{
	AUTO(value) items = NULL;

	if (value->kind == VALUE_STRING)
		return value_reference(value);
	if (value->kind == VALUE_INT)
		return value_string_format("%lld", (long long)value->integer);
	if (value->kind == VALUE_BOOL)
		return value_string(value->boolean ? "1" : "0");
	if (value->kind != VALUE_SET)
		return NULL;
	items = value_set();
	for (uint32_t i = 0; i < value->length; i++) {
		struct value *item = python_setting(value->items[i]);

		if (!item)
			return NULL;
		value_append(items, item);
	}
	return TAKE(items);
}
