/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tool_argument.c – the kinds of arguments. None of them can be taken for an option. */
#include "server/host/tool_argument.h"

#include "schema/base.h"
#include "server/host/disk_image.h"
#include "server/host/tool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define NAME_MOST 127
#define HOSTNAME_MOST 64
#define DIGITS "0123456789"

static bool is_name(const char *text, size_t length)
{
	return length > 0 && length <= NAME_MOST && *text != '-' &&
	       !(length <= 2 && strspn(text, ".") >= length) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_.+-") >=
		       length;
}

bool tool_is_name(const char *text)
{
	return is_name(text, strlen(text));
}

static bool is_volume(const char *text)
{
	size_t group = strcspn(text, "/");

	return is_name(text, group) && text[group] && tool_is_name(text + group + 1);
}

bool tool_is_own_volume(const char *text)
{
	const char *const arguments[] = {text};
	AUTO_TOOL_OUTPUT output = {0};

	return is_volume(text) &&
	       tool_run(TOOL_FIND_OWN_VOLUME, arguments, NULL, NULL, &output) == 0 &&
	       output.text[strspn(output.text, " \n")];
}

/* No more than an int64_t holds, whatever its unit. */
static bool is_size(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < 19 && strspn(text, DIGITS) == length;
}

bool tool_is_hostname(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > HOSTNAME_MOST || text[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		bool begins = i == 0 || text[i - 1] == '.';
		bool ends = i + 1 == length || text[i + 1] == '.';

		if (!isascii(text[i]) ||
		    (!isalnum(text[i]) && (begins || (text[i] != '.' && (ends || text[i] != '-')))))
			return false;
	}
	return true;
}

/* Where it is allowed, disk_image.c says. */
static bool is_path(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)text[i]))
			return false;
	return *text == '/' && length < PATH_MAX;
}

static const struct kind {
	const char *name;
	bool (*fits)(const char *text);
	unsigned places; /* of an image; 0: it is none */
	bool has_header; /* of qcow2 */
} kinds[] = {{"name", tool_is_name},
	     {"volume", is_volume},
	     {"own-volume", tool_is_own_volume},
	     {"size", is_size},
	     {"hostname", tool_is_hostname},
	     {"image", is_path, DISK_IN_SR | DISK_ON_LVM},
	     {"disk", is_path, DISK_IN_SR | DISK_ON_LVM | DISK_ELSEWHERE},
	     {"qcow2", is_path, DISK_IN_SR, true}};

static const struct kind *find_kind(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].name) == length && strncmp(kinds[i].name, name, length) == 0)
			return &kinds[i];
	return NULL;
}

/* The program opens it through our descriptor: no name is looked up again. */
static char *take_image(const struct kind *kind, const char *path, int *ret_descriptor)
{
	int file = disk_image_open(path, kind->places, kind->has_header ? O_RDONLY : O_PATH);

	if (file < 0)
		return NULL;
	if (kind->has_header && disk_image_qcow2_size(file) < 0) {
		close(file);
		errno = EPERM;
		return NULL;
	}
	*ret_descriptor = file;
	return text_format("/proc/%d/fd/%d", (int)getpid(), file);
}

char *tool_take_argument(const char *kind, size_t length, const char *text, int *ret_descriptor)
{
	const struct kind *found = find_kind(kind, length);

	*ret_descriptor = -1;
	errno = EINVAL;
	if (!found || !found->fits(text))
		return NULL;
	return found->places ? take_image(found, text, ret_descriptor) : text_copy(text);
}
