/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_rate.c – limits as xl writes them. */
#include "schema/base.h"
#include "schema/rate.h"
#include "tests/tap.h"

static const struct {
	const char *text;
	int64_t kib; /* 0: refused */
} rows[] = {
	{"10Mb/s", 1220},
	{"250KB/s", 244},
	{"1MB/s@20ms", 976},
	{"1GB/s@500us", 976562},
	{"2048B/s@1s", 2},
	{"2048B/s@20", 2},
	{"1B/s", 1},
	{"8b/s", 1},
	{"999999999KB/s", 976562499},
	{"", 0},
	{"b/s", 0},
	{"10", 0},
	{"10Mb", 0},
	{"10Mx/s", 0},
	{"10MMb/s", 0},
	{"-1MB/s", 0},
	{"0B/s", 0},
	{"7b/s", 0},
	{"10Mb/s@", 0},
	{"10Mb/s@20h", 0},
	{"10Mb/s20ms", 0},
	{"10Mb/s@20ms ", 0},
	{"1234567890B/s", 0},
	{"999999999GB/s", 0},
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t kib = 0;

		is_int(rate_read(rows[i].text, &kib), rows[i].kib != 0, "\"%s\"", rows[i].text);
		is_int(kib, rows[i].kib, "KiB per second");
	}
	return done_testing();
}
