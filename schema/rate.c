/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rate.c – limits of what a network interface sends. */
#include "schema/rate.h"

#include "schema/base.h"

/* 9 digits are the most that qos_algorithm_params:kbps may have. */
#define KIB_MOST INT64_C(999999999)

/* "@20ms", and all shorter forms that xl takes. */
static bool is_interval(const char *text)
{
	size_t digits = strspn(text + 1, "0123456789");
	const char *unit = text + 1 + digits;

	return *text == '@' && digits && digits < 10 &&
	       (!*unit || strcmp(unit, "s") == 0 || strcmp(unit, "ms") == 0 ||
		strcmp(unit, "us") == 0);
}

bool rate_read(const char *text, int64_t *ret_kib)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	int64_t bytes = digits && digits < 10 ? strtoll(text, NULL, 10) : -1;

	/* powers of ten, as xl has them */
	bytes *= *unit == 'G' ? 1000000000 : *unit == 'M' ? 1000000 : *unit == 'K' ? 1000 : 1;
	unit += *unit && strchr("GMK", *unit);
	if (*unit == 'b')
		bytes /= 8;
	else if (*unit != 'B')
		return false;
	if (strncmp(unit + 1, "/s", 2) != 0 || (unit[3] && !is_interval(unit + 3)))
		return false;
	if (bytes < 1 || bytes / 1024 > KIB_MOST)
		return false;
	*ret_kib = bytes < 1024 ? 1 : bytes / 1024;
	return true;
}
