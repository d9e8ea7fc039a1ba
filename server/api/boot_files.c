/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* boot_files.c – kernels and RAM disks that records of Xen-API 1.0 carry as data: URIs. */
#include "server/api/boot_files.h"

#include "server/api/dry_run.h"

#include "schema/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MARK ";base64,"
#define BITS_PER_DIGIT 6

bool boot_file_is_data(const char *text)
{
	return strncasecmp(text, "data:", strlen("data:")) == 0;
}

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* RFC 2397 with RFC 4648, in one line; false: it is something else. */
static bool decode(const char *uri, struct buffer *out)
{
	const char *mark = strstr(uri, MARK);
	const char *data = mark ? mark + strlen(MARK) : "";
	const char *at = data;
	unsigned bits = 0;
	int count = 0;
	size_t padding;

	for (; digit_of(*at) >= 0; at++) {
		bits = bits << BITS_PER_DIGIT | (unsigned)digit_of(*at);
		count += BITS_PER_DIGIT;
		if (count >= 8) {
			count -= 8;
			buffer_add_char(out, (char)(bits >> count & 0xff));
		}
	}
	padding = strspn(at, "=");
	return out->length && padding < 3 && !at[padding] && (at + padding - data) % 4 == 0;
}

int boot_file_check(const struct record *vm, int field, struct error *err)
{
	AUTO_BUFFER bytes = {0};
	AUTO_TEXT start = NULL;

	if (decode(record_text(vm, field), &bytes))
		return 0;
	start = text_format("%.40s", record_text(vm, field));
	return fail(err, ERROR_VALUE_NOT_SUPPORTED, vm->cls->fields[field].name, start,
		    "a data: URI has to be base64");
}

static bool write_file(const char *path, const struct buffer *bytes)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t done = 0;
	ssize_t count = 0;

	while (file >= 0 && count >= 0 && done < bytes->length) {
		count = write(file, bytes->data + done, bytes->length - done);
		done += count > 0 ? (size_t)count : 0;
	}
	return file >= 0 && close(file) == 0 && count >= 0;
}

static int take(const struct api *api, const struct record *vm, int field, const char *suffix,
		char **ret_path, bool *ret_own, struct error *err)
{
	const char *text = record_text(vm, field);
	AUTO_BUFFER bytes = {0};
	AUTO_TEXT path = NULL;
	AUTO_TEXT reason = NULL;

	if (!boot_file_is_data(text)) {
		*ret_path = text_copy(text);
		return 0;
	}
	if (!decode(text, &bytes))
		return boot_file_check(vm, field, err);
	path = text_format("%s/%s%s", api->options.suspend_folder, record_uuid(vm), suffix);
	*ret_own = !dry_run_is_on();
	*ret_path = TAKE(path);
	if (!*ret_own || write_file(*ret_path, &bytes))
		return 0;
	reason = text_format("%s: %s", *ret_path, strerror(errno));
	return fail(err, ERROR_INTERNAL_ERROR, reason);
}

int boot_files_open(const struct api *api, const struct record *vm, struct boot_files *ret_files,
		    struct error *err)
{
	struct boot_files files = {0};

	if (take(api, vm, VM_PV_kernel, BOOT_KERNEL_SUFFIX, &files.kernel, &files.own_kernel, err) <
		    0 ||
	    take(api, vm, VM_PV_ramdisk, BOOT_RAMDISK_SUFFIX, &files.ramdisk, &files.own_ramdisk,
		 err) < 0) {
		boot_files_close(&files);
		return -1;
	}
	*ret_files = files;
	return 0;
}

void boot_files_close(struct boot_files *files)
{
	if (files->own_kernel)
		unlink(files->kernel);
	if (files->own_ramdisk)
		unlink(files->ramdisk);
	free(TAKE(files->kernel));
	free(TAKE(files->ramdisk));
}
