/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_progress.h – how far the task of an operation has come. */
#ifndef SERVER_API_TASK_PROGRESS_H
#define SERVER_API_TASK_PROGRESS_H

#include "server/api/operation.h"

/* For handlers on a worker: so much (0..1) of the work is done. It never goes back. */
void task_note_progress(struct call *call, double share);

/* The same of any task, on any thread. */
void task_set_progress(struct api *api, const char *task, double share);

/* For a worker, of any call: likewise. TASK_CANCELLED: somebody wants no more of it;
 * INTERNAL_ERROR: the server stops. */
int task_go_on(struct call *call, double share, struct error *err);

/* Until task_end_watch: that share of the work is done when the file has so many bytes. */
struct file_watch;
struct file_watch *task_watch_file(struct call *call, const char *path, int64_t bytes,
				   double share);
void task_end_watch(struct file_watch *watch);

#endif
