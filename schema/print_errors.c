/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print_errors.c – the rows of errors.def for people: what they are told, and what can be done. */
#include "schema/print.h"

#include "schema/error.h"
#include "schema/explain.h"

static void add_row(struct buffer *out, const struct error_info *info)
{
	print_add_error(out, info);
	explain_add_pattern(out, info->words);
	buffer_add_literal(out, " | ");
	explain_add_pattern(out, info->advice);
	buffer_add_literal(out, " |\n");
}

void print_errors_markdown(FILE *file)
{
	AUTO_BUFFER out = {0};

	buffer_add_literal(
		&out,
		"# Errors in words\n\n"
		"Printed by `xenapid --print-api errors` from schema/errors.def: do not edit.\n\n"
		"A call that fails is answered with an ErrorDescription: a code, and texts that go "
		"with it. These are the same for every client, and programs rely on them. For "
		"people,\n"
		"`session.explain_error` makes words of any ErrorDescription: what went wrong, "
		"with which value, which limit; and what to call or type instead, with the nearest "
		"value that\n"
		"would be accepted. `xm` says the same, also when the server is an older one or "
		"cannot be reached.\n\n"
		"A parameter that is the reference of an object is said as its name. Sizes of "
		"memory are bytes in a parameter, and MiB in words.\n\n"
		"| code | parameters | in words | what to do |\n|---|---|---|---|\n");
	for (int code = ERROR_NONE + 1; code < ERROR_COUNT; code++)
		add_row(&out, error_info((enum error_code)code));
	fwrite(out.data, 1, out.length, file);
}
