/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* boot_files.h – the kernel and RAM disk of a VM as files, also where its record carries them. */
#ifndef SERVER_API_BOOT_FILES_H
#define SERVER_API_BOOT_FILES_H

#include "server/api/private.h"

/* Of the files that are written for it, behind the VM's uuid. */
#define BOOT_KERNEL_SUFFIX ".kernel"
#define BOOT_RAMDISK_SUFFIX ".ramdisk"

/* Paths for as long as a domain is built from them. */
struct boot_files {
	char *kernel;
	char *ramdisk;
	bool own_kernel; /* written for this, from a data: URI */
	bool own_ramdisk;
};

bool boot_file_is_data(const char *text);
/* VALUE_NOT_SUPPORTED for a data: URI that is not base64. */
int boot_file_check(const struct record *vm, int field, struct error *err);

/* May block. To be closed. */
int boot_files_open(const struct api *api, const struct record *vm, struct boot_files *ret_files,
		    struct error *err);
void boot_files_close(struct boot_files *files);

#endif
