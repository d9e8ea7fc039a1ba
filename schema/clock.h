/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.h – time that only goes forward, whoever sets the clock; and waiting until a time of it. */
#ifndef SCHEMA_CLOCK_H
#define SCHEMA_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

int64_t clock_ns(void);
int64_t clock_ms(void);

/* A condition for clock_wait. */
void clock_init_condition(pthread_cond_t *condition);
/* Waits until the condition is signalled, or until then at most (of clock_ns). False: it is then.
 */
bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_ns);

#endif
