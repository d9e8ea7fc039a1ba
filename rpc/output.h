/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.h – the bytes of a reply: its own, and cached records between them. */
#ifndef RPC_OUTPUT_H
#define RPC_OUTPUT_H

#include "rpc/record_cache.h"

/* A zeroed one is empty; without a cache all of it is in `bytes`. */
struct output {
	struct buffer bytes;
	struct record_cache *cache;
	struct output_part *parts;
	size_t part_count;
	size_t part_bytes;
	/* how far it has been read */
	size_t read; /* of all */
	size_t bytes_read;
	size_t parts_read;
	size_t part_read; /* of the next part */
};

struct output_part {
	size_t at; /* before this of the bytes */
	struct cached_record *cached;
};

/* Takes the reference. */
void output_add_record(struct output *output, struct cached_record *cached);
static inline size_t output_length(const struct output *output)
{
	return output->bytes.length + output->part_bytes;
}
/* Copies what follows on what was read before; returns how much. */
size_t output_read(struct output *output, char *to, size_t room);
/* All of it is in `bytes` then. Before the first is read. */
void output_join(struct output *output);
void output_free(struct output *output);

#endif
