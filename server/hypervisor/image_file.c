/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_file.c – files that an adapter writes where others may have prepared something */
#include "server/hypervisor/image_file.h"

#include "schema/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int give_to_owner(int fd, const char *path)
{
	AUTO_TEXT folder = text_copy(path);
	char *slash = strrchr(folder, '/');
	struct stat owner;

	if (!slash || geteuid() != 0)
		return 0;
	slash[slash == folder] = '\0';
	return stat(folder, &owner) < 0 ? -1 : fchown(fd, owner.st_uid, owner.st_gid);
}

int image_file_create(const char *path)
{
	int fd;

	if (unlink(path) < 0 && errno != ENOENT)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && give_to_owner(fd, path) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
