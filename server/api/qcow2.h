/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2.h – qcow2 images, by qemu-img. */
#ifndef SERVER_API_QCOW2_H
#define SERVER_API_QCOW2_H

#include "schema/error.h"
#include "server/api/backend.h"

#include <stdbool.h>
#include <stdint.h>

#define FORMAT_RAW "raw"
#define FORMAT_QCOW2 "qcow2"

/* By the end of its name: .qcow2, or anything else. */
const char *format_of(const char *name);

/* INVALID_VALUE: no image is that large. */
int qcow2_check_size(int64_t bytes, struct error *err);

/*
 * All three run qemu-img, for workers; paths are those of get_path and part_path. Errors are
 * SR_BACKEND_FAILURE. What they wrote is not on the disk yet.
 */
int qcow2_make(const char *path, int64_t bytes, struct error *err);
int qcow2_grow(const char *path, int64_t bytes, struct error *err);
/* One image into another that is there; one of them is not raw. */
int qcow2_convert(const char *from, const char *from_format, const char *to, const char *to_format,
		  image_progress_fn progress, void *argument, struct error *err);

#endif
