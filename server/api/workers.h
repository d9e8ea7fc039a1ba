/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* workers.h – threads that may block, so that those of HTTP and of the store need not. */
#ifndef SERVER_API_WORKERS_H
#define SERVER_API_WORKERS_H

#include <stdbool.h>

/*
 * Work that waits is a list in order of the time from which on it may run; threads are started as
 * they are needed, up to the maximum, and kept.
 */
struct workers;
typedef void (*work_fn)(void *argument);

struct workers *workers_new(int threads);
/* Runs `work` on a worker, not before delay_ms from now. Never blocks. */
void workers_run(struct workers *workers, int delay_ms, work_fn work, void *argument);
/*
 * For work that waits for somebody else, for minutes perhaps: between the two its thread does not
 * count as one of the maximum, so that those who wait keep nobody from working.
 */
void workers_begin_wait(struct workers *workers);
void workers_end_wait(struct workers *workers);
/*
 * Runs what may run now and drops the delay of the rest, so that all of it has run, what such work
 * hands in included; then joins the threads. NULL is fine.
 */
void workers_free(struct workers *workers);

#endif
