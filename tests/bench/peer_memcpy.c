/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peer_memcpy.c – the limit of a list: its bytes copied once into memory that is fresh. */
#include "schema/clock.h"
#include "schema/base.h"
#include "tests/bench/measure.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(const char *bytes, size_t length)
{
	int64_t start_ns = clock_ns();
	char *fresh = malloc(length);

	if (!fresh)
		give_up("no memory");
	memcpy(fresh, bytes, length);
	__asm__ volatile("" : : "r"(fresh) : "memory"); /* so that it is not left out */
	printf("{\"ms\": %.3f}\n", (double)(clock_ns() - start_ns) / 1e6);
	free(fresh);
}

int main(int argc, char **argv)
{
	size_t length;
	char *bytes;

	if (argc != 3)
		give_up("Usage: peer_memcpy BYTES TIMES");
	/* Fixed, or glibc would soon give the same memory again instead of fresh one. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	length = number_of(argv[1]);
	bytes = allocate(length);
	memset(bytes, 'x', length);
	for (uint64_t i = number_of(argv[2]); i > 0; i--)
		copy(bytes, length);
	free(bytes);
	return 0;
}
