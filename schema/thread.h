/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread.h – threads that the program cannot do without. */
#ifndef SCHEMA_THREAD_H
#define SCHEMA_THREAD_H

#include <pthread.h>

/* The name is what top and gdb show, at most 15 bytes. Aborts when no thread can be started, as
 * when memory runs out. */
void thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *argument),
		  void *argument);

#endif
