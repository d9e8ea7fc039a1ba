/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_uuid.c – what a uuid is, and that fresh ones are some. */
#include "schema/base.h"
#include "schema/uuid.h"
#include "tests/tap.h"

static void test_forms(void)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{"842bf6fe-c124-4240-8aea-9e3a005a721d", true},
		{"842BF6FE-C124-4240-8AEA-9E3A005A721D", true},
		{"00000000-0000-0000-0000-000000000000", true},
		{"", false},
		{"842bf6fe-c124-4240-8aea-9e3a005a721", false},
		{"842bf6fe-c124-4240-8aea-9e3a005a721d0", false},
		{"842bf6fe-c124-4240-8aea-9e3a005a721g", false},
		{"842bf6fe0c124-4240-8aea-9e3a005a721d", false},
		{"842bf6fe-c124-4240-8aea-9e3a-05a721d", false},
		{"{842bf6fe-c124-4240-8aea-9e3a005a721d}", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_int(uuid_is_valid(rows[i].text), rows[i].valid, "\"%s\"", rows[i].text);
}

static void test_drawn(void)
{
	char one[UUID_SIZE];
	char other[UUID_SIZE];

	uuid_draw(one);
	uuid_draw(other);
	ok(uuid_is_valid(one) && uuid_is_valid(other), "what is drawn is a uuid: %s", one);
	ok(strcmp(one, other) != 0, "and another one each time");
	is_int(one[14], '4', "a random one");
	ok(strchr("89ab", one[19]), "of the usual kind");
}

int main(void)
{
	test_forms();
	test_drawn();
	return done_testing();
}
