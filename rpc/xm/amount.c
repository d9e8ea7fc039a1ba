/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* amount.c – memory sizes and counts as people write them. */
#include "rpc/xm/amount.h"

#include "schema/value.h"

#include <ctype.h>

static const char *read_digits(const char *text, int64_t *ret_number)
{
	int64_t number = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *text - '0', &number))
			return NULL;
	}
	*ret_number = number;
	return text;
}

bool amount_read_memory(const char *text, int64_t *ret_bytes)
{
	static const char suffixes[] = "bkmgt";
	int64_t number;
	const char *suffix = read_digits(text, &number);
	const char *place = strchr(suffixes, 'm');

	if (!suffix)
		return false;
	if (*suffix) {
		place = strchr(suffixes, tolower((unsigned char)*suffix));
		if (!place || suffix[1])
			return false;
	}
	return !__builtin_mul_overflow(number, (int64_t)1 << (10 * (place - suffixes)), ret_bytes);
}

bool amount_read_count(const char *text, int64_t min, int64_t max, int64_t *ret_count)
{
	int64_t number;
	const char *end = read_digits(text, &number);

	if (!end || *end || number < min || number > max)
		return false;
	*ret_count = number;
	return true;
}

char *amount_text(int64_t bytes)
{
	if (bytes % MIB)
		return text_format("%.6f", (double)bytes / (double)MIB);
	return text_format("%lld", (long long)(bytes / MIB));
}

int64_t amount_of(const struct value *record, const char *field)
{
	const struct value *value = value_find(record, field);

	if (!value)
		return 0;
	if (value->kind == VALUE_STRING)
		return strtoll(value->text, NULL, 10);
	return value->kind == VALUE_INT ? value->integer : 0;
}
