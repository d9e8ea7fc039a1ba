/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_file.h – files that an adapter writes where others may have prepared something. */
#ifndef SERVER_HYPERVISOR_IMAGE_FILE_H
#define SERVER_HYPERVISOR_IMAGE_FILE_H

/*
 * A new file in the place of whatever has that name, for writing; −1 with errno. No link is
 * followed, and it belongs to whom its folder belongs to: who may remove it there may read it.
 */
int image_file_create(const char *path);

#endif
