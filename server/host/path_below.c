/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path_below.c – whether a path is below one of the folders that the administrator allows. */
#include "server/host/path_below.h"

#include "schema/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool goes_up(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at++)
		if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

static const char *behind(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length > 0 && folder[length - 1] == '/')
		length--;
	if (strncmp(path, folder, length) != 0 || (path[length] != '/' && path[length] != '\0'))
		return NULL;
	return path + length + strspn(path + length, "/");
}

const char *path_below(const char *path, const char *const *folders, const char **ret_folder)
{
	if (goes_up(path))
		return NULL;
	for (; *folders; folders++) {
		const char *rest = behind(path, *folders);

		if (!rest)
			continue;
		if (ret_folder)
			*ret_folder = *folders;
		return rest;
	}
	return NULL;
}

/* What a link is answered with depends on the kernel. */
static int fail_entering(int at, const char *name)
{
	int number = errno;
	struct stat status;
	bool is_link = fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		       S_ISLNK(status.st_mode);

	close(at);
	errno = is_link ? ELOOP : number;
	return -1;
}

/* The next name of *rest in the folder `at`, which is closed. */
static int enter(int at, const char **rest, bool make)
{
	size_t length = strcspn(*rest, "/");
	AUTO_TEXT name = text_format("%.*s", (int)length, *rest);
	int next;

	*rest += length + strspn(*rest + length, "/");
	if (make && !**rest && mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return fail_entering(at, name);
	next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return fail_entering(at, name);
	close(at);
	return next;
}

int path_open_below(const char *folder, const char *rest, bool make)
{
	int at;

	if (make)
		mkdir(folder, 0700);
	at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (at >= 0 && *rest)
		at = enter(at, &rest, make);
	return at;
}

bool path_sync_folder(const char *folder)
{
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = descriptor >= 0 && fsync(descriptor) == 0;

	if (descriptor >= 0)
		close(descriptor);
	return done;
}
