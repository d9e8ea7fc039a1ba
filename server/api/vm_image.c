/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_image.c – the files that keep the memory of Suspended VMs: named, copied, deleted. */
#include "server/api/vm.h"

#include "server/api/boot_files.h"
#include "server/api/dry_run.h"
#include "server/host/path_below.h"

#include "schema/log.h"
#include "schema/uuid.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Of copies: a file of that kind that no VM names is of one that was not finished. */
#define COPY_SUFFIX ".kept"
#define PIECE (64 << 20)

char *vm_path_of_image(const struct api *api, const char *name)
{
	return text_format("%s/%s", api->options.suspend_folder, name);
}

char *vm_image_path(const struct api *api, const struct record *vm)
{
	const char *name = record_text(vm, VM_suspend_image);

	return vm_path_of_image(api, *name ? name : record_uuid(vm));
}

char *vm_used_image_path(const struct api *api, const struct record *vm)
{
	AUTO_TEXT path = vm_image_path(api, vm);

	return text_format("%s.resumed", path);
}

bool vm_rename_image(const struct api *api, const char *from, const char *to)
{
	bool done;

	if (dry_run_is_on())
		return true;
	if (rename(from, to) < 0)
		return false;
	done = path_sync_folder(api->options.suspend_folder);
	if (!done)
		rename(to, from);
	return done;
}

void vm_take_image_back(const struct api *api, const struct record *vm)
{
	AUTO_TEXT path = vm_image_path(api, vm);
	AUTO_TEXT used = vm_used_image_path(api, vm);

	if (!vm_rename_image(api, used, path))
		log_error("VM %s: its image %s could not be named %s again: %s", record_uuid(vm),
			  used, path, strerror(errno));
}

void vm_delete_image(const struct api *api, const struct record *vm)
{
	AUTO_TEXT path = vm_image_path(api, vm);

	if (!dry_run_is_on() && unlink(path) < 0 && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
}

/* Sharing its blocks where the file system can do that. */
static bool copy_bytes(int from, int to)
{
	ssize_t count;

	if (ioctl(to, FICLONE, from) < 0) {
		do
			count = sendfile(to, from, NULL, PIECE);
		while (count > 0 || (count < 0 && errno == EINTR));
		if (count < 0)
			return false;
	}
	return fsync(to) == 0;
}

static bool copy_file(const struct api *api, const char *from_path, const char *to_path)
{
	int from = open(from_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int to = from < 0 ?
			 -1 :
			 open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool done = to >= 0 && copy_bytes(from, to) &&
		    path_sync_folder(api->options.suspend_folder);
	int error = errno;

	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	if (to >= 0 && !done)
		unlink(to_path);
	errno = error;
	return done;
}

char *vm_new_image(void)
{
	char uuid[UUID_SIZE];

	uuid_draw(uuid);
	return text_format("%s" COPY_SUFFIX, uuid);
}

int vm_copy_image(const struct api *api, const struct record *vm, char **ret_name,
		  struct error *err)
{
	AUTO_TEXT from = vm_image_path(api, vm);
	AUTO_TEXT name = vm_new_image();
	AUTO_TEXT to = vm_path_of_image(api, name);
	AUTO_TEXT reason = NULL;

	if (dry_run_is_on() ? access(from, R_OK) == 0 : copy_file(api, from, to)) {
		*ret_name = TAKE(name);
		return 0;
	}
	reason = text_format("%s: %s", from, strerror(errno));
	return fail(err, ERROR_INTERNAL_ERROR, reason);
}

static bool has_suffix(const char *name, const char *suffix)
{
	return strlen(name) == UUID_SIZE - 1 + strlen(suffix) &&
	       strcmp(name + UUID_SIZE - 1, suffix) == 0;
}

static bool is_passing(const char *name)
{
	return has_suffix(name, COPY_SUFFIX) || has_suffix(name, BOOT_KERNEL_SUFFIX) ||
	       has_suffix(name, BOOT_RAMDISK_SUFFIX);
}

static bool is_named(struct record *const *vms, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (record_is(vms[i], VM_suspend_image, name))
			return true;
	return false;
}

void vm_drop_images(const struct api *api)
{
	DIR *folder = opendir(api->options.suspend_folder);
	const struct dirent *entry;
	struct record **vms;
	size_t count;

	if (!folder)
		return;
	/* a VM that cannot be read may name any of them */
	if (store_left_out(api->store, CLASS_VM)) {
		closedir(folder);
		return;
	}
	vms = store_list(api->store, CLASS_VM, &count);
	while ((entry = readdir(folder)))
		if (is_passing(entry->d_name) && !is_named(vms, count, entry->d_name))
			unlinkat(dirfd(folder), entry->d_name, 0);
	store_free_list(vms, count);
	closedir(folder);
}
