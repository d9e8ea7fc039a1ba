/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scalar.c – numbers, truths and base64 as text. */
#include "rpc/scalar.h"

#include "schema/xml_character.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

struct span {
	const char *start;
	const char *end;
};

static struct span trim(const char *text, size_t length)
{
	struct span span = {text, text + length};

	while (span.start < span.end && is_space(span.start[0]))
		span.start++;
	while (span.start < span.end && is_space(span.end[-1]))
		span.end--;
	return span;
}

bool is_all_space(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_space(text[i]))
			return false;
	return true;
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && is_digit(*at))
		at++;
	return at;
}

static const char *skip_sign(const char *at, const char *end)
{
	return at < end && (*at == '-' || *at == '+') ? at + 1 : at;
}

struct value *scalar_int(const char *text, size_t length)
{
	struct span span = trim(text, length);
	const char *digits = skip_sign(span.start, span.end);
	bool negative = digits > span.start && *span.start == '-';
	int64_t number = 0;

	if (digits == span.end || skip_digits(digits, span.end) != span.end)
		return value_string_n(text, length);
	for (; digits < span.end; digits++) {
		int digit = *digits - '0';

		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, negative ? -digit : digit, &number))
			return value_string_n(text, length);
	}
	return value_int(number);
}

/* Digits with at most one point, then perhaps an exponent: strtod itself would take hexadecimal and
 * nan too. */
static bool is_float(struct span span)
{
	const char *whole = skip_sign(span.start, span.end);
	const char *at = skip_digits(whole, span.end);
	ptrdiff_t count = at - whole;

	if (at < span.end && *at == '.') {
		const char *fraction = ++at;

		at = skip_digits(at, span.end);
		count += at - fraction;
	}
	if (count && at < span.end && (*at == 'e' || *at == 'E')) {
		const char *exponent = skip_sign(at + 1, span.end);

		at = skip_digits(exponent, span.end);
		count = at - exponent;
	}
	return count && at == span.end;
}

/* In libc this is a constant: nothing is allocated. */
static locale_t c_locale(void)
{
	return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

struct value *scalar_float(const char *text, size_t length)
{
	struct span span = trim(text, length);
	double number;

	if (!is_float(span))
		return value_string_n(text, length);
	number = strtod_l(span.start, NULL, c_locale());
	return isfinite(number) ? value_float(number) : value_string_n(text, length);
}

struct value *scalar_bool(const char *text, size_t length)
{
	struct span span = trim(text, length);

	if (span.end - span.start == 1 && (*span.start == '0' || *span.start == '1'))
		return value_bool(*span.start == '1');
	return value_string_n(text, length);
}

static int base64_bits(char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (is_digit(character))
		return character - '0' + 52;
	if (character == '+')
		return 62;
	return character == '/' ? 63 : -1;
}

/* Returns the number of bytes written to ret_bytes, which has room, or −1. */
static ptrdiff_t decode_base64(const char *text, size_t length, char *ret_bytes)
{
	unsigned bits = 0;
	size_t digits = 0;
	size_t padding = 0;
	ptrdiff_t count = 0;

	for (size_t i = 0; i < length; i++) {
		int value = base64_bits(text[i]);

		if (is_space(text[i]))
			continue;
		if (text[i] == '=' && ++padding <= 2)
			continue;
		if (value < 0 || padding)
			return -1;
		bits = bits << 6 | (unsigned)value;
		if (digits++ % 4)
			ret_bytes[count++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	return (digits + padding) % 4 ? -1 : count;
}

static bool is_text(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		size_t step = xml_character(bytes, end);

		if (!step)
			return false;
		bytes += step;
	}
	return true;
}

struct value *scalar_base64(const char *text, size_t length)
{
	AUTO_TEXT bytes = allocate(length);
	ptrdiff_t count = decode_base64(text, length, bytes);

	if (count < 0 || !is_text(bytes, (size_t)count))
		return NULL;
	return value_string_n(bytes, (size_t)count);
}

/* Places behind the point that say as much as digits with an exponent do. */
static int places(const char *digits, const char *exponent)
{
	int significant = 0;
	int count;

	for (const char *at = digits; at < exponent; at++)
		significant += is_digit(*at);
	count = significant - 1 - atoi(exponent + 1);
	return count > 0 ? count : 0;
}

/* XML-RPC knows no exponents, and xmlrpc-c refuses a reply with one. */
size_t scalar_float_text(char digits[SCALAR_FLOAT_SIZE], double number)
{
	locale_t before = uselocale(c_locale());
	int length = snprintf(digits, SCALAR_FLOAT_SIZE, "%.16g", number);
	const char *exponent;

	if (strtod(digits, NULL) != number)
		length = snprintf(digits, SCALAR_FLOAT_SIZE, "%.17g", number);
	exponent = strchr(digits, 'e');
	if (exponent)
		length = snprintf(digits, SCALAR_FLOAT_SIZE, "%.*f", places(digits, exponent),
				  number);
	uselocale(before);
	return (size_t)length;
}
