/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_guest.c – what a guest has written into its part of xenstore */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/xen_ops.h"

#include <stdio.h>

/* attr/vif/0/ipv4/0 */
#define DEPTH_MOST 5

struct walk {
	struct xen *xen;
	uint32_t domid;
	struct guest_key *keys;
	size_t capacity;
	size_t count;
};

static void take(struct walk *walk, const char *path)
{
	AUTO_TEXT value = xen_store_read(walk->xen, walk->domid, path);
	struct guest_key *key = &walk->keys[walk->count];

	if (!value || !*value || strlen(value) >= sizeof(key->value))
		return;
	strcpy(key->path, path);
	strcpy(key->value, value);
	walk->count++;
}

/* A guest can make as many as its quota allows, and as deep. */
static void walk_below(struct walk *walk, const char *path, int depth)
{
	AUTO_TEXT whole = text_format("/local/domain/%u/%s", walk->domid, path);
	unsigned count = 0;
	char **names = xs_directory(walk->xen->xs, XBT_NULL, whole, &count);

	for (unsigned i = 0; i < count && walk->count < walk->capacity; i++) {
		char below[sizeof(walk->keys->path)];

		if (snprintf(below, sizeof(below), "%s/%s", path, names[i]) >= (int)sizeof(below))
			continue;
		if (strcmp(path, "control") == 0 && strncmp(names[i], "feature-", 8) != 0)
			continue;
		take(walk, below);
		if (depth < DEPTH_MOST && walk->count < walk->capacity)
			walk_below(walk, below, depth + 1);
	}
	free(names);
}

int xen_read_guest(void *adapter, const char *uuid, struct guest_key *ret_keys, size_t capacity,
		   size_t *ret_count, struct hypervisor_error *err)
{
	static const char *const folders[] = {"attr", "control", "device", "feature", "data"};
	struct walk walk = {.xen = adapter, .keys = ret_keys, .capacity = capacity};
	xc_domaininfo_t domain;

	if (xen_find_guest(adapter, uuid, false, &domain, err) < 0)
		return -1;
	walk.domid = domain.domain;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		walk_below(&walk, folders[i], 1);
	*ret_count = walk.count;
	return 0;
}
