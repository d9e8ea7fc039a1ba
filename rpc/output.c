/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.c – the bytes of a reply: its own, and cached records between them. */
#include "rpc/output.h"

void output_add_record(struct output *output, struct cached_record *cached)
{
	size_t count = output->part_count;

	/* it grows at 0, 1, 2, 4, 8 … */
	if ((count & (count - 1)) == 0)
		output->parts =
			reallocate(output->parts, (count ? 2 * count : 1) * sizeof(*output->parts));
	output->parts[output->part_count++] = (struct output_part){output->bytes.length, cached};
	output->part_bytes += cached->length;
}

static void free_parts(struct output *output)
{
	for (size_t i = 0; i < output->part_count; i++)
		cached_record_release(output->parts[i].cached);
	free(TAKE(output->parts));
	output->part_count = 0;
	output->part_bytes = 0;
}

/* What can be copied in one piece, no more than `room`. */
static size_t read_piece(struct output *output, char *to, size_t room)
{
	const struct output_part *part =
		output->parts_read < output->part_count ? &output->parts[output->parts_read] : NULL;
	size_t until = part ? part->at : output->bytes.length;
	size_t length;

	if (output->bytes_read < until) {
		length = (size_t)lesser_of((int64_t)room, (int64_t)(until - output->bytes_read));
		memcpy(to, output->bytes.data + output->bytes_read, length);
		output->bytes_read += length;
		return length;
	}
	if (!part)
		return 0;
	length = (size_t)lesser_of((int64_t)room,
				   (int64_t)(part->cached->length - output->part_read));
	memcpy(to, part->cached->bytes + output->part_read, length);
	output->part_read += length;
	if (output->part_read == part->cached->length) {
		output->part_read = 0;
		output->parts_read++;
	}
	return length;
}

size_t output_read(struct output *output, char *to, size_t room)
{
	size_t length = 0;
	size_t piece;

	do {
		piece = read_piece(output, to + length, room - length);
		length += piece;
	} while (piece && length < room);
	output->read += length;
	return length;
}

void output_join(struct output *output)
{
	struct buffer joined = {0};

	if (!output->part_count)
		return;
	buffer_reserve(&joined, output_length(output));
	joined.length = output_read(output, joined.data, output_length(output));
	joined.data[joined.length] = '\0';
	buffer_free(&output->bytes);
	output->bytes = joined;
	free_parts(output);
}

void output_free(struct output *output)
{
	free_parts(output);
	buffer_free(&output->bytes);
}
