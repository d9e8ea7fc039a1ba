/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_file.c – SRs of type file: raw and qcow2 images as files in a folder. Links are never
 * followed. */
#include "server/api/backend.h"
#include "server/api/qcow2.h"
#include "server/host/disk_image.h"
#include "server/host/path_below.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What is being made is called .NAME.part, which nothing else is. */
#define PART ".part"
#define LOCATION "location"

struct folder {
	struct place place;
	int descriptor;
	char *path;
};

static int descriptor_of(const struct place *place)
{
	return ((const struct folder *)place)->descriptor;
}

static int fail_location(struct error *err, const char *what, const char *path)
{
	AUTO_TEXT field = text_format("device_config:" LOCATION ": %s", what);

	return fail(err, ERROR_INVALID_VALUE, field, path);
}

/* What of it is below *ret_folder; NULL with *err. */
static const char *find_location(const struct api_options *options,
				 const struct value *device_config, const char **ret_folder,
				 struct error *err)
{
	const char *path = value_find_text(device_config, LOCATION);
	const char *rest;

	if (!path || *path != '/') {
		fail_location(err, "the absolute path of a folder", path ? path : "");
		return NULL;
	}
	rest = path_below(path, options->sr_folders, ret_folder);
	if (!rest)
		fail_location(err, "a folder below one of the configured sr-folders", path);
	return rest;
}

static int file_check(const struct api_options *options, const struct value *device_config,
		      struct error *err)
{
	const char *folder;

	return find_location(options, device_config, &folder, err) ? 0 : -1;
}

static int open_folder(const char *folder, const char *rest, bool make, const char *path,
		       struct error *err)
{
	int descriptor = path_open_below(folder, rest, make);

	if (descriptor < 0 && errno == ELOOP)
		return fail_location(err, "a path without links", path);
	return descriptor < 0 ? fail_place(err, "opening", path) : descriptor;
}

static int file_open(const struct api_options *options, const struct value *device_config,
		     bool make, struct place **ret_place, struct error *err)
{
	const char *path = value_find_text(device_config, LOCATION);
	const char *folder;
	const char *rest = find_location(options, device_config, &folder, err);
	int descriptor = rest ? open_folder(folder, rest, make, path, err) : -1;
	struct folder *opened;

	if (descriptor < 0)
		return -1;
	opened = allocate(sizeof(*opened));
	*opened = (struct folder){{.backend = &backend_file}, descriptor, text_copy(path)};
	*ret_place = &opened->place;
	return 0;
}

static void file_close(struct place *place)
{
	struct folder *folder = (struct folder *)place;

	close(folder->descriptor);
	free(folder->path);
	free(folder);
}

static char *file_identify(const struct place *place)
{
	struct stat status = {0};

	fstat(descriptor_of(place), &status);
	return text_format("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
}

static int file_get_room(const struct place *place, struct room *ret_room, struct error *err)
{
	struct statvfs status;

	if (fstatvfs(descriptor_of(place), &status) < 0)
		return fail_place(err, "measuring", "the folder");
	ret_room->bytes = (int64_t)(status.f_blocks * status.f_frsize);
	ret_room->used = (int64_t)((status.f_blocks - status.f_bfree) * status.f_frsize);
	return 0;
}

static char *file_name_image(const struct place *place, const char *uuid, const char *format)
{
	(void)place;
	return text_format("%s.%s", uuid, format);
}

static char *file_get_path(const struct place *place, const char *name)
{
	return text_format("%s/%s", ((const struct folder *)place)->path, name);
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static bool is_image_name(const char *name)
{
	static const char *const ends[] = {".raw", ".img", ".iso", ".qcow2"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (*name != '.' && !strchr(name, '/') && ends_with(name, ends[i]))
			return true;
	return false;
}

/* In bytes; −1: it can not be an image. */
static int64_t size_of(const struct place *place, const char *name, const struct stat *status)
{
	int64_t bytes;
	int file;

	if (strcmp(format_of(name), FORMAT_QCOW2) != 0)
		return status->st_size;
	file = openat(descriptor_of(place), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return -1;
	bytes = disk_image_qcow2_size(file);
	close(file);
	return bytes;
}

static bool file_look(const struct place *place, const char *name, struct image *ret_image)
{
	struct stat status;
	int64_t bytes;

	if (!is_image_name(name) ||
	    fstatat(descriptor_of(place), name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode))
		return false;
	bytes = size_of(place, name, &status);
	if (bytes < 0)
		return false;
	*ret_image = (struct image){.format = format_of(name),
				    .bytes = bytes,
				    .allocated = status.st_blocks * 512,
				    .read_only = ends_with(name, ".iso")};
	return true;
}

/* A stream of its own: the position of a descriptor would be shared. */
static DIR *open_list(const struct place *place)
{
	int own = openat(descriptor_of(place), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = own < 0 ? NULL : fdopendir(own);

	if (own >= 0 && !list)
		close(own);
	return list;
}

static int file_list(const struct place *place, struct images *ret_images, struct error *err)
{
	DIR *list = open_list(place);
	struct images images = {0};
	struct image image;

	if (!list)
		return fail_place(err, "listing", "the folder");
	for (struct dirent *entry; (entry = readdir(list));)
		if (file_look(place, entry->d_name, &image))
			images_add(&images, &image, entry->d_name);
	closedir(list);
	*ret_images = images;
	return 0;
}

static char *part_of(const char *name)
{
	return text_format(".%s" PART, name);
}

static char *file_part_path(const struct place *place, const char *name)
{
	AUTO_TEXT part = part_of(name);

	return file_get_path(place, part);
}

/* A file without a name is gone when it is closed. A file system that has none is believed. */
static int file_measure(const struct place *place, const char *name, int64_t from, int64_t bytes,
			int64_t *ret_bytes, struct error *err)
{
	int file = openat(descriptor_of(place), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	bool fits = true;

	(void)from;
	if (file < 0 && errno != EOPNOTSUPP && errno != EISDIR)
		return fail_growing(err, place, name, bytes);
	if (strcmp(format_of(name), FORMAT_RAW) != 0)
		fits = qcow2_check_size(bytes, err) == 0;
	else if (file >= 0)
		fits = ftruncate(file, bytes) == 0 || fail_growing(err, place, name, bytes) == 0;
	if (file >= 0)
		close(file);
	*ret_bytes = bytes;
	return fits ? 0 : -1;
}

static void file_drop_part(const struct place *place, const char *name)
{
	AUTO_TEXT part = part_of(name);

	unlinkat(descriptor_of(place), part, 0);
}

static void file_drop_parts(const struct place *place)
{
	DIR *list = open_list(place);

	if (!list)
		return;
	for (struct dirent *entry; (entry = readdir(list));)
		if (*entry->d_name == '.' && ends_with(entry->d_name, PART))
			unlinkat(descriptor_of(place), entry->d_name, 0);
	closedir(list);
}

static int make_qcow2(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	AUTO_TEXT path = file_part_path(place, name);

	return qcow2_make(path, bytes, err);
}

static int file_open_part(const struct place *place, const char *name, int64_t bytes,
			  struct error *err)
{
	AUTO_TEXT part = part_of(name);
	int file = openat(descriptor_of(place), part,
			  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (file < 0)
		return fail_growing(err, place, name, bytes);
	if (strcmp(format_of(name), FORMAT_QCOW2) == 0) {
		if (make_qcow2(place, name, bytes, err) == 0)
			return file;
	} else if (ftruncate(file, bytes) == 0) {
		return file;
	} else {
		fail_growing(err, place, name, bytes);
	}
	close(file);
	file_drop_part(place, name);
	return -1;
}

static int file_make(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	int file = file_open_part(place, name, bytes, err);
	int rc = 0;

	if (file < 0)
		return -1;
	if (fsync(file) < 0) {
		rc = fail_growing(err, place, name, bytes);
		file_drop_part(place, name);
	}
	close(file);
	return rc;
}

static int file_open_image(const struct place *place, const char *name, struct error *err)
{
	int file =
		openat(descriptor_of(place), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status = {0};

	if (file < 0)
		return fail_place(err, "opening", name);
	if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
		return file;
	fail_place(err, "reading", name);
	close(file);
	return -1;
}

static int file_finish(const struct place *place, const char *name, struct error *err)
{
	int folder = descriptor_of(place);
	AUTO_TEXT part = part_of(name);

	if (renameat2(folder, part, folder, name, RENAME_NOREPLACE) < 0 || fsync(folder) < 0)
		return fail_place(err, "naming", name);
	return 0;
}

static int grow_qcow2(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	AUTO_TEXT path = file_get_path(place, name);

	return qcow2_grow(path, bytes, err);
}

static int file_grow(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	bool is_raw = strcmp(format_of(name), FORMAT_RAW) == 0;
	int file =
		openat(descriptor_of(place), name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = 0;

	if (file < 0)
		return fail_place(err, "opening", name);
	if (!is_raw)
		rc = grow_qcow2(place, name, bytes, err);
	if (rc == 0 && ((is_raw && ftruncate(file, bytes) < 0) || fsync(file) < 0))
		rc = fail_growing(err, place, name, bytes);
	close(file);
	return rc;
}

static int file_delete(const struct place *place, const char *name, struct error *err)
{
	if ((unlinkat(descriptor_of(place), name, 0) < 0 && errno != ENOENT) ||
	    fsync(descriptor_of(place)) < 0)
		return fail_place(err, "deleting", name);
	return 0;
}

static const char *const formats[] = {FORMAT_RAW, FORMAT_QCOW2, NULL};

const struct backend backend_file = {.type = "file",
				     .name_label = "Files",
				     .name_description =
					     "Raw and qcow2 images as files in a folder.",
				     .key = LOCATION,
				     .key_description = "path of the folder",
				     .formats = formats,
				     .check = file_check,
				     .open = file_open,
				     .close = file_close,
				     .identify = file_identify,
				     .get_room = file_get_room,
				     .name_image = file_name_image,
				     .get_path = file_get_path,
				     .part_path = file_part_path,
				     .look = file_look,
				     .list = file_list,
				     .measure = file_measure,
				     .make = file_make,
				     .open_image = file_open_image,
				     .open_part = file_open_part,
				     .finish = file_finish,
				     .drop_part = file_drop_part,
				     .drop_parts = file_drop_parts,
				     .grow = file_grow,
				     .delete = file_delete};
