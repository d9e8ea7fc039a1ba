/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* description.c – what is known of a domain that somebody else built, in the words of xl.cfg(5) */
#include "server/hypervisor/description.h"

#include "schema/quote.h"

void description_add_text(struct buffer *config, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	buffer_add_format(config, "%s = ", key);
	quote_add(config, text);
	buffer_add_char(config, '\n');
}

void description_add_number(struct buffer *config, const char *key, int64_t number)
{
	buffer_add_format(config, "%s = %lld\n", key, (long long)number);
}

void description_add_list(struct buffer *config, const char *key, const char *const *items,
			  size_t count)
{
	if (count == 0)
		return;
	buffer_add_format(config, "%s = [ ", key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buffer_add_literal(config, ", ");
		quote_add(config, items[i]);
	}
	buffer_add_literal(config, " ]\n");
}

void description_add_unknown(struct buffer *unknown, const char *key, const char *format, ...)
{
	va_list arguments;
	char *reason;

	va_start(arguments, format);
	reason = text_format_list(format, arguments);
	va_end(arguments);
	for (char *at = reason; (at = strchr(at, '\n'));)
		*at = ' ';
	buffer_add_format(unknown, "%s: %s\n", key, reason);
	free(reason);
}

void domain_description_clear(struct domain_description *description)
{
	free(description->config);
	free(description->unknown);
	*description = (struct domain_description){0};
}
