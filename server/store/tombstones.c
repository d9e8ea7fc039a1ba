/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tombstones.c – the objects of one class that were deleted. */
#include "server/store/tombstones.h"

static void release(const struct tombstone *tombstone)
{
	value_release(tombstone->ref);
	value_release(tombstone->uuid);
}

static void forget_oldest(struct tombstones *tombstones)
{
	const struct tombstone *oldest = &tombstones->items[tombstones->first++];

	tombstones->forgotten = oldest->deleted;
	release(oldest);
}

/* What was forgotten at the front makes room at the end, once it is half of all. */
static void make_room(struct tombstones *tombstones)
{
	size_t count = tombstones->end - tombstones->first;

	if (tombstones->end < tombstones->capacity)
		return;
	if (tombstones->first > count) {
		memmove(tombstones->items, &tombstones->items[tombstones->first],
			count * sizeof(*tombstones->items));
		tombstones->first = 0;
		tombstones->end = count;
		return;
	}
	tombstones->capacity = 2 * tombstones->capacity + 16;
	tombstones->items =
		reallocate(tombstones->items, tombstones->capacity * sizeof(*tombstones->items));
}

void tombstones_add(struct tombstones *tombstones, struct tombstone tombstone, size_t kept)
{
	make_room(tombstones);
	tombstones->items[tombstones->end++] = tombstone;
	while (tombstones->end - tombstones->first > kept)
		forget_oldest(tombstones);
}

size_t tombstones_after(const struct tombstones *tombstones, uint64_t since)
{
	size_t place = tombstones->end;

	while (place > tombstones->first && tombstones->items[place - 1].deleted > since)
		place--;
	return place;
}

void tombstones_free(struct tombstones *tombstones)
{
	for (size_t i = tombstones->first; i < tombstones->end; i++)
		release(&tombstones->items[i]);
	free(tombstones->items);
}
