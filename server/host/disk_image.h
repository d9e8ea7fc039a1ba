/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_image.h – disk images where the administrator allows them, opened without being led
 * elsewhere. */
#ifndef SERVER_HOST_DISK_IMAGE_H
#define SERVER_HOST_DISK_IMAGE_H

#include <stdint.h>

enum disk_place {
	DISK_IN_SR = 1,	    /* a file below sr-folders, on a path without links below them */
	DISK_ON_LVM = 2,    /* /dev/GROUP/NAME, if LVM says that the volume has a tag of ours */
	DISK_ELSEWHERE = 4, /* a file or block device below disk-folders, as its links lead, too */
};

/*
 * A descriptor of what is at one of `places`, with `flags` of open(2), O_PATH included; −1 with
 * errno, EPERM when it is at none of them. What was judged is what is opened, whoever changes names
 * meanwhile, and nothing but a file or block device is ever opened. For workers: it blocks.
 */
int disk_image_open(const char *path, unsigned places, int flags);

/*
 * What a guest sees of a qcow2 image, in bytes. −1: it is none, or one that we do not open: with a
 * backing file, data in another file, or encryption. Such a header can name any file of the host.
 */
int64_t disk_image_qcow2_size(int file);

#endif
