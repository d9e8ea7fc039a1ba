/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread.c – threads that the program cannot do without. */
#include "schema/thread.h"

#include "schema/base.h"
#include "schema/log.h"

void thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *argument),
		  void *argument)
{
	int rc = pthread_create(ret_thread, NULL, run, argument);

	if (rc) {
		log_error("the thread %s cannot be started: %s", name, strerror(rc));
		abort();
	}
	pthread_setname_np(*ret_thread, name);
}
