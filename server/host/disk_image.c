/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_image.c – a name is looked up once, without opening what it names; what was found is
 * judged, and only then opened through its descriptor. */
#include "server/host/disk_image.h"

#include "schema/base.h"
#include "server/host/path_below.h"
#include "server/host/rules.h"
#include "server/host/tool_argument.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES "/dev/"
#define MAGIC 0x514649fbu /* QFI, 0xfb */
#define EXTERNAL_DATA (UINT64_C(1) << 2)

static int not_allowed(void)
{
	errno = EPERM;
	return -1;
}

static int find_in_sr(const char *path)
{
	const char *folder;
	const char *rest = path_below(path, host_rules()->sr_folders, &folder);
	const char *slash = rest ? strrchr(rest, '/') : NULL;
	AUTO_TEXT above = text_format("%.*s", slash ? (int)(slash - rest) : 0, rest ? rest : "");
	int at, found;

	if (!rest || !*rest)
		return not_allowed();
	at = path_open_below(folder, above, false);
	if (at < 0)
		return -1;
	found = openat(at, slash ? slash + 1 : rest, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	close(at);
	return found;
}

static int find_on_lvm(const char *path)
{
	const char *volume = path + strlen(DEVICES);

	if (strncmp(path, DEVICES, strlen(DEVICES)) != 0 || !tool_is_own_volume(volume))
		return not_allowed();
	return open(path, O_PATH | O_CLOEXEC);
}

/* Where the links have led to. */
static bool leads_below(int found, const char *const *folders)
{
	AUTO_TEXT link = text_format("/proc/self/fd/%d", found);
	char real[PATH_MAX + 1] = "";

	return readlink(link, real, PATH_MAX) > 0 && path_below(real, folders, NULL);
}

static int find_elsewhere(const char *path)
{
	const char *const *folders = host_rules()->disk_folders;
	int found;

	if (!path_below(path, folders, NULL))
		return not_allowed();
	found = open(path, O_PATH | O_CLOEXEC);
	if (found < 0 || leads_below(found, folders))
		return found;
	close(found);
	return not_allowed();
}

static const struct {
	enum disk_place place;
	int (*find)(const char *path); /* −1 with errno, EPERM: not here */
	bool files;
	bool devices;
} finders[] = {{DISK_IN_SR, find_in_sr, true, false},
	       {DISK_ELSEWHERE, find_elsewhere, true, true},
	       {DISK_ON_LVM, find_on_lvm, false, true}};

static int check_type(int found, bool files, bool devices)
{
	struct stat status;

	if (fstat(found, &status) < 0)
		return -1;
	if ((files && S_ISREG(status.st_mode)) || (devices && S_ISBLK(status.st_mode)))
		return 0;
	errno = S_ISLNK(status.st_mode) ? ELOOP : EINVAL;
	return -1;
}

static int find(const char *path, unsigned places)
{
	int found = not_allowed();

	for (size_t i = 0; found < 0 && errno == EPERM && i < ARRAY_SIZE(finders); i++) {
		if (!(places & finders[i].place))
			continue;
		found = finders[i].find(path);
		if (found < 0 || check_type(found, finders[i].files, finders[i].devices) == 0)
			continue;
		close(found);
		return -1;
	}
	return found;
}

int disk_image_open(const char *path, unsigned places, int flags)
{
	const struct host_proxy *proxy = host_proxy();
	AUTO_TEXT link = NULL;
	int found, file;

	if (proxy)
		return proxy->open_image(proxy->context, path, places, flags);
	found = *path == '/' ? find(path, places) : not_allowed();
	link = text_format("/proc/self/fd/%d", found);
	if (found < 0 || flags & O_PATH)
		return found;
	file = open(link, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	close(found);
	return file;
}

/* All big-endian; the last one is there from version 3 on. */
struct header {
	uint32_t magic;
	uint32_t version;
	uint64_t backing_offset;
	uint32_t backing_length;
	uint32_t cluster_bits;
	uint64_t bytes;
	uint32_t encryption;
	uint32_t others[9];
	uint64_t incompatible;
};

_Static_assert(sizeof(struct header) == 80, "as it is in the file");

int64_t disk_image_qcow2_size(int file)
{
	struct header header;
	uint32_t version;

	if (pread(file, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return -1;
	version = be32toh(header.version);
	if (be32toh(header.magic) != MAGIC || version < 2 || version > 3 || header.backing_offset ||
	    header.encryption || (version == 3 && be64toh(header.incompatible) & EXTERNAL_DATA) ||
	    be64toh(header.bytes) > INT64_MAX)
		return -1;
	return (int64_t)be64toh(header.bytes);
}
