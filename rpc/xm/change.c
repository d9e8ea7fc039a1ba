/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* change.c – what has changed, or would, for people to read. */
#include "rpc/xm/change.h"

#include "rpc/xm/field.h"
#include "rpc/xm/terminal.h"

static void print_value(const char *field, const struct value *value)
{
	AUTO_TEXT text = value ? field_text(field, value) : text_copy("(none)");

	terminal_print(stdout, text, 0);
}

static void print_line(const char *before, const char *field, const struct value *old,
		       const struct value *new, const char *after)
{
	fputs(before, stdout);
	terminal_print(stdout, field, 0);
	putchar(' ');
	print_value(field, old);
	fputs(" -> ", stdout);
	print_value(field, new);
	puts(after);
}

static void print_key(const char *before, const char *field, const char *key,
		      const struct value *old, const struct value *new, const char *after)
{
	AUTO_TEXT name = text_format("%s.%s", field, key);

	print_line(before, name, old, new, after);
}

static bool equal(const struct value *a, const struct value *b)
{
	return a && b && value_equal(a, b);
}

static void print_keys(const char *before, const char *field, const struct value *old,
		       const struct value *new, const char *after)
{
	for (uint32_t i = 0; i < old->length; i++) {
		const char *key = old->members[i].key->text;

		if (!equal(old->members[i].value, value_find(new, key)))
			print_key(before, field, key, old->members[i].value, value_find(new, key),
				  after);
	}
	for (uint32_t i = 0; i < new->length; i++)
		if (!value_find(old, new->members[i].key->text))
			print_key(before, field, new->members[i].key->text, NULL,
				  new->members[i].value, after);
}

void change_print(const char *before, const char *field, const struct value *old,
		  const struct value *new, const char *after)
{
	if (old && new && old->kind == VALUE_MAP &&new->kind == VALUE_MAP)
		print_keys(before, field, old, new, after);
	else
		print_line(before, field, old, new, after);
}

static void print_change(const char *before, const char *field, const struct value *change,
			 const struct value *waiting)
{
	bool waits = waiting && waiting->kind == VALUE_SET && value_set_has(waiting, field);

	change_print(before, field, value_find(change, "old"), value_find(change, "new"),
		     waits ? " (with the next start)" : "");
}

void change_print_all(const char *before, const struct value *result)
{
	const struct value *changed = value_find(result, "changed");

	for (uint32_t i = 0; changed && changed->kind == VALUE_MAP && i < changed->length; i++)
		print_change(before, changed->members[i].key->text, changed->members[i].value,
			     value_find(result, "next_boot"));
}
