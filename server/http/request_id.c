/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request_id.c – by which a client finds in the log what became of its request. */
#include "server/http/request_id.h"

#include "schema/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#define DIGITS 16
/* What stands in the middle of a line of the log, and in a header. */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:=+/@"

static atomic_ullong next;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Those of the process before this one are in the log too. */
static void draw_first(void)
{
	unsigned long long first;

	if (getrandom(&first, sizeof(first), 0) != (ssize_t)sizeof(first))
		abort();
	atomic_store(&next, first);
}

static bool is_plain(const char *given)
{
	size_t length = strspn(given, PLAIN);

	return length > 0 && length < LOG_REQUEST_SIZE && given[length] == '\0';
}

void request_id_choose(const char *given, struct log_request *ret_request)
{
	unsigned long long number;

	if (given && is_plain(given)) {
		memcpy(ret_request->id, given, strlen(given) + 1);
		return;
	}
	pthread_once(&once, draw_first);
	number = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
	for (int i = DIGITS - 1; i >= 0; i--, number >>= 4)
		ret_request->id[i] = "0123456789abcdef"[number & 15];
	ret_request->id[DIGITS] = '\0';
}
