/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* option.c – the options of a message. */
#include "server/api/option.h"

#include "schema/convert.h"
#include "schema/text.h"

#include <inttypes.h>

int option_refuse(const char *name, const struct value *value, const char *reason,
		  struct error *err)
{
	AUTO_BUFFER text = {0};

	value_add_json(&text, value);
	return fail(err, ERROR_VALUE_NOT_SUPPORTED, name, text.data, reason);
}

static int check_range(const struct option *option, const struct value *value, struct error *err)
{
	AUTO_TEXT accepted = NULL;
	AUTO_TEXT given = NULL;

	if (!option->most || (value->integer >= 1 && value->integer <= option->most))
		return 0;
	accepted = text_format("%s: 1 to %" PRId64, option->name, option->most);
	given = value_to_text(value);
	return fail(err, ERROR_INVALID_VALUE, accepted, given);
}

static int read_one(const struct option *option, const struct value *given, void *argument,
		    struct error *err)
{
	const struct type type = {.kind = option->kind};
	AUTO(value) value = NULL;

	if (convert_value(&type, given, option->name, &value, err) < 0 ||
	    check_range(option, value, err) < 0)
		return -1;
	return option->set(argument, value, err);
}

static const struct option *find(const struct option *options, const char *name)
{
	while (options->name && strcmp(options->name, name) != 0)
		options++;
	return options->name ? options : NULL;
}

int option_read_all(const struct option *options, const struct value *given, const char *known,
		    bool by_value, void *argument, struct error *err)
{
	for (uint32_t i = 0; i < given->length; i++) {
		const char *name = given->members[i].key->text;
		const struct value *value = given->members[i].value;
		const struct option *option = find(options, name);

		if (!option)
			return by_value ? option_refuse(name, value, known, err) :
					  fail(err, ERROR_INVALID_VALUE, known, name);
		if (read_one(option, value, argument, err) < 0)
			return -1;
	}
	return 0;
}
