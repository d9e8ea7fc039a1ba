/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend.h – what holds the images of an SR: one file + one line in backends.def for each type. */
#ifndef SERVER_API_BACKEND_H
#define SERVER_API_BACKEND_H

#include "schema/error.h"
#include "schema/value.h"
#include "server/api/api.h"

#include <stdbool.h>
#include <stdint.h>

struct image {
	char *name;	    /* VDI.location */
	const char *format; /* of image_format_type */
	int64_t bytes;	    /* what a guest sees */
	int64_t allocated;  /* what it takes */
	bool read_only;	    /* by what it is: a CD */
};

struct images {
	struct image *items;
	size_t count;
};

struct room {
	int64_t bytes;
	int64_t used;
};

/* −1 with *err gives up what takes long. */
typedef int (*image_progress_fn)(void *argument, double share, struct error *err);

/* An SR that is open; the first member of what a backend makes of it. Whoever has opened it may say
 * who is to hear how far `make` and `open_part` are, where they take long. */
struct place {
	const struct backend *backend;
	image_progress_fn progress; /* NULL: nobody */
	void *argument;
};

/*
 * For workers: all of it blocks, but `check`. Errors are SR_FULL and SR_BACKEND_FAILURE, and
 * INVALID_VALUE of check and open. What is made is a part until `finish` gives it its name, when
 * all of it is on the disk: nobody takes it for an image, and drop_parts deletes those that a crash
 * left.
 */
struct backend {
	/* As the SM object says it. */
	const char *type;
	const char *name_label;
	const char *name_description;
	const char *key; /* of device_config, which says where it is; NULL: it needs none */
	const char *key_description;
	const char *const *formats; /* NULL-terminated */

	/* Whether a device_config could be one, by itself. In transactions. */
	int (*check)(const struct api_options *options, const struct value *device_config,
		     struct error *err);
	/* `make`: SR.create may make what is missing. */
	int (*open)(const struct api_options *options, const struct value *device_config, bool make,
		    struct place **ret_place, struct error *err);
	void (*close)(struct place *place);
	/* The same text for the same place, whatever it is called; to be freed. */
	char *(*identify)(const struct place *place);
	int (*get_room)(const struct place *place, struct room *ret_room, struct error *err);

	/* The name that a new image of a VDI of that uuid gets, in one of `formats`; to be freed.
	 * NULL: nothing is made in such an SR; then it has none of part_path, measure, make,
	 * open_part, finish, drop_part, drop_parts, grow and delete. */
	char *(*name_image)(const struct place *place, const char *uuid, const char *format);
	/* What the host opens for a guest; to be freed. */
	char *(*get_path)(const struct place *place, const char *name);
	/* The same of a part; to be freed. */
	char *(*part_path)(const struct place *place, const char *name);
	/* ret_image->name stays NULL. False: there is no such image, or the name can be none's. */
	bool (*look)(const struct place *place, const char *name, struct image *ret_image);
	/* All that look accepts; to be cleared with images_clear. NULL: what is not introduced is
	 * not found. */
	int (*list)(const struct place *place, struct images *ret_images, struct error *err);

	/* How large a new image, or one of `from` bytes that grows, would be; SR_FULL and what else
	 * is known to go wrong. Leaves nothing. */
	int (*measure)(const struct place *place, const char *name, int64_t from, int64_t bytes,
		       int64_t *ret_bytes, struct error *err);
	int (*make)(const struct place *place, const char *name, int64_t bytes, struct error *err);
	/* Descriptors for image_copy: of an image, to read; of a new part for so many bytes, all
	 * zeros, to write. */
	int (*open_image)(const struct place *place, const char *name, struct error *err);
	int (*open_part)(const struct place *place, const char *name, int64_t bytes,
			 struct error *err);
	/* Never in place of another image. */
	int (*finish)(const struct place *place, const char *name, struct error *err);
	void (*drop_part)(const struct place *place, const char *name);
	/* Only while nothing is being made there. */
	void (*drop_parts)(const struct place *place);
	int (*grow)(const struct place *place, const char *name, int64_t bytes, struct error *err);
	/* That there is none is fine. */
	int (*delete)(const struct place *place, const char *name, struct error *err);
};

#define BACKEND(type) extern const struct backend backend_##type;
#include "server/api/backends.def"

/* backend.c: of that type; NULL: there is none. The i-th; NULL after the last. */
const struct backend *backend_find(const char *type);
const struct backend *backend_at(size_t i);

/* The backend's open, the one way to it; in a dry run backend_dry.c's. */
int place_open(const struct backend *backend, const struct api_options *options,
	       const struct value *device_config, bool make, struct place **ret_place,
	       struct error *err);
void place_close(struct place *place); /* NULL is fine */
/* backend_dry.c: a place where nothing is changed, but what would be is found. */
int backend_open_dry(const struct backend *backend, const struct api_options *options,
		     const struct value *device_config, bool make, struct place **ret_place,
		     struct error *err);
void backend_forget_dry_images(void);
/* OPERATION_NOT_ALLOWED: images there are not the server's to make, change or delete. */
int place_check_making(const struct place *place, struct error *err);
void images_add(struct images *images, const struct image *image, const char *name);
void images_clear(struct images *images);

/* Errors of an SR's place, of errno: SR_FULL where it says that there is no room. */
int fail_place(struct error *err, const char *doing, const char *name);
/* What tool_run has returned and said. */
int fail_tool(struct error *err, int status, const char *text, const char *problem);
int fail_growing(struct error *err, const struct place *place, const char *name, int64_t bytes);

/* image_copy.c: the content of an image becomes a part. `progress` may be NULL. */
int image_copy(const struct place *from, const char *name, const struct place *to,
	       const char *new_name, image_progress_fn progress, void *argument, struct error *err);

#endif
