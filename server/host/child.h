/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* child.h – programs of the host that do a part of the work. */
#ifndef SERVER_HOST_CHILD_H
#define SERVER_HOST_CHILD_H

#include <stddef.h>

/* As much as any of them has to say; one that says more is stopped. */
#define CHILD_OUTPUT_MOST (4 << 20)

struct child_output {
	char *text;	 /* of standard output */
	char *complaint; /* of standard error: its first 4 KiB, without the last line feed */
};

/*
 * Runs a program, which is looked for in PATH, to its end, without a shell and without any of our
 * descriptors; it reads nothing and speaks English. Its process group is killed after timeout_ms.
 * For workers: it blocks. Returns its exit status; −1 with errno when it could not be started
 * (ENOENT), took too long (ETIMEDOUT), said too much (EMSGSIZE), or was killed (EINTR).
 * *ret_output is set in any case and is to be cleared.
 */
int child_run(const char *const *arguments, int timeout_ms, struct child_output *ret_output);
/*
 * The same; `watch` is called about every half second with what was said so far. −1 of it has the
 * child killed: errno is ECANCELED then.
 */
typedef int (*child_watch_fn)(void *argument, const char *text);
int child_run_watched(const char *const *arguments, int timeout_ms, child_watch_fn watch,
		      void *argument, struct child_output *ret_output);
void child_output_clear(struct child_output *output);

#define AUTO_CHILD_OUTPUT __attribute__((cleanup(child_output_clear))) struct child_output

#endif
