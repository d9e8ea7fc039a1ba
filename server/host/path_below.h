/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path_below.h – paths: whether one is below a folder that the administrator allows. */
#ifndef SERVER_HOST_PATH_BELOW_H
#define SERVER_HOST_PATH_BELOW_H

#include <stdbool.h>

/*
 * What of `path` is behind the folder, without a slash in front: "" when it is the folder itself;
 * NULL when it is below none of them, or would go up again (..). By the names alone, so links are
 * another matter. `folders` ends with NULL; *ret_folder is set if it is not NULL.
 */
const char *path_below(const char *path, const char *const *folders, const char **ret_folder);

/*
 * A descriptor of the folder at `folder`/`rest`, as path_below has parted it; −1 with errno. ELOOP:
 * one of the names in `rest` is a link. With `make` the folder itself and the last name of `rest`
 * are made if they are missing.
 */
int path_open_below(const char *folder, const char *rest, bool make);

/* The names in the folder are on the disk then; false with errno. */
bool path_sync_folder(const char *folder);

#endif
