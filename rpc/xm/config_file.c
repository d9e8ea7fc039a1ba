/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_file.c – the text of a configuration file, with what the command line adds. */
#include "rpc/xm/config_file.h"

#include "schema/quote.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#define FOLDER "/etc/xen"

/* Not a folder of that name: then it is /etc/xen that was meant. */
static FILE *open_file(const char *path)
{
	struct stat info;
	FILE *file = fopen(path, "re");

	if (file && fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
		fclose(file);
		errno = EISDIR;
		return NULL;
	}
	return file;
}

static char *read_stream(FILE *file, const char *path, struct buffer *ret_text)
{
	char bytes[65536];
	size_t length;

	while ((length = fread(bytes, 1, sizeof(bytes), file)) > 0) {
		buffer_add(ret_text, bytes, length);
		if (ret_text->length > CONFIG_SIZE_MAX)
			return text_format("%s: it is larger than 1 MiB", path);
	}
	if (ferror(file))
		return text_format("%s: %s", path, strerror(errno));
	if (ret_text->length && memchr(ret_text->data, '\0', ret_text->length))
		return text_format("%s: it is no text file", path);
	return NULL;
}

char *config_file_read(const char *name, struct buffer *ret_text, char **ret_path)
{
	AUTO_TEXT fallback = text_format(FOLDER "/%s", name);
	const char *path = name;
	char *reason;
	FILE *file;

	if (strcmp(name, "-") == 0) {
		*ret_path = text_copy("standard input");
		return read_stream(stdin, *ret_path, ret_text);
	}
	file = open_file(path);
	if (!file && (errno == ENOENT || errno == EISDIR) && name[0] != '/') {
		path = fallback;
		file = open_file(path);
		if (!file && errno == ENOENT)
			return text_format("%s: there is no such file, nor %s", name, path);
	}
	if (!file)
		return text_format("%s: %s", path, strerror(errno));
	*ret_path = text_copy(path);
	reason = read_stream(file, path, ret_text);
	fclose(file);
	return reason;
}

static bool is_bare(const char *value)
{
	const char *rest = value + strspn(value, "0123456789abcdefx");

	return strchr("['\"", *value) || (*value >= '0' && *value <= '9' && !*rest);
}

int config_file_add(struct buffer *text, const char *argument)
{
	size_t length = strspn(argument, "abcdefghijklmnopqrstuvwxyz0123456789_.");
	const char *value = argument + length + 1;

	if (!length || argument[length] != '=' || argument[0] < 'a' || argument[0] > 'z')
		return -1;
	if (text->length && text->data[text->length - 1] != '\n')
		buffer_add_char(text, '\n');
	buffer_add_format(text, "%.*s = ", (int)length, argument);
	if (*value && is_bare(value))
		buffer_add_text(text, value);
	else
		quote_add(text, value);
	buffer_add_char(text, '\n');
	return 0;
}

int config_file_lines(const struct buffer *text)
{
	int lines = 0;

	for (size_t i = 0; i < text->length; i++)
		lines += text->data[i] == '\n';
	return lines + (text->length && text->data[text->length - 1] != '\n');
}
