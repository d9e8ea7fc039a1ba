/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.c – preloaded into a daemon: its wall clock is off by the seconds in a file, from moment to
 * moment. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

static void __attribute__((constructor)) map_offset(void)
{
	const char *path = getenv("XENAPID_TEST_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *memory = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, file, 0);

	if (memory != MAP_FAILED)
		offset = memory;
	close(file);
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret_now);

	if (rc == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret_now->tv_sec += *offset;
	return rc;
}

time_t time(time_t *ret_now)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret_now)
		*ret_now = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *ret_now, void *zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	ret_now->tv_sec = now.tv_sec;
	ret_now->tv_usec = now.tv_nsec / 1000;
	return 0;
}
