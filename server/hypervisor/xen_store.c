/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_store.c – what is read and written in xenstore below a domain */
#include "server/hypervisor/xen.h"

#include "schema/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* A transaction is refused when somebody else has written meanwhile, which may be a guest that
 * does nothing else. */
#define TRIES 1000

static void path_of(uint32_t domid, const char *key, char ret_path[XEN_STORE_PATH_SIZE])
{
	snprintf(ret_path, XEN_STORE_PATH_SIZE, "/local/domain/%u/%s", domid, key);
}

char *xen_store_read(struct xen *xen, uint32_t domid, const char *key)
{
	char path[XEN_STORE_PATH_SIZE];

	path_of(domid, key, path);
	return xs_read(xen->xs, XBT_NULL, path, NULL);
}

int64_t xen_store_read_int(struct xen *xen, uint32_t domid, const char *key, int64_t otherwise)
{
	AUTO_TEXT text = xen_store_read(xen, domid, key);
	long long number;
	char *rest;

	if (!text || !*text)
		return otherwise;
	number = strtoll(text, &rest, 10);
	return *rest || number < 0 || number > INT64_MAX / 2048 ? otherwise : number;
}

static bool write_key(struct xen *xen, xs_transaction_t transaction, uint32_t domid,
		      const struct xen_key *key)
{
	struct xs_permissions permissions = {.id = domid, .perms = XS_PERM_NONE};
	char path[XEN_STORE_PATH_SIZE];

	path_of(domid, key->path, path);
	if (!xs_write(xen->xs, transaction, path, key->value, (unsigned)strlen(key->value)))
		return false;
	return !key->guest_owned || xs_set_permissions(xen->xs, transaction, path, &permissions, 1);
}

/* One try: errno says why not. */
static bool write_keys(struct xen *xen, uint32_t domid, const struct xen_key *keys, size_t count)
{
	xs_transaction_t transaction = xs_transaction_start(xen->xs);
	char path[XEN_STORE_PATH_SIZE];
	char *vm;
	bool good;
	int problem;

	if (transaction == XBT_NULL)
		return false;
	path_of(domid, domid ? "vm" : "domid", path);
	vm = xs_read(xen->xs, transaction, path, NULL);
	good = vm;
	free(vm);
	for (size_t i = 0; i < count && good; i++)
		good = write_key(xen, transaction, domid, &keys[i]);
	problem = errno;
	if (!good) {
		xs_transaction_end(xen->xs, transaction, true);
		errno = problem;
		return false;
	}
	return xs_transaction_end(xen->xs, transaction, false);
}

int xen_store_write(struct xen *xen, uint32_t domid, const struct xen_key *keys, size_t count,
		    struct hypervisor_error *err)
{
	for (int i = 0; i < TRIES; i++) {
		if (write_keys(xen, domid, keys, count))
			return 0;
		if (errno != EAGAIN)
			break;
	}
	if (errno == ENOENT)
		return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
				       "domain %u was destroyed meanwhile", domid);
	return hypervisor_fail(err, HYPERVISOR_FAILED, "xenstore: %s of domain %u: %s",
			       keys[0].path, domid, strerror(errno));
}

struct xen_key xen_key_kib(const char *path, int64_t bytes)
{
	struct xen_key key = {.guest_owned = false};

	snprintf(key.path, sizeof(key.path), "%s", path);
	snprintf(key.value, sizeof(key.value), "%" PRId64, bytes / 1024);
	return key;
}

void xen_memory_keys(const struct memory_range *range, int64_t video_bytes,
		     struct xen_key ret_keys[XEN_MEMORY_KEYS])
{
	ret_keys[0] = xen_key_kib("memory/target", range->target - video_bytes);
	ret_keys[1] = xen_key_kib("memory/dynamic-min", range->dynamic_min);
	ret_keys[2] = xen_key_kib("memory/dynamic-max", range->dynamic_max);
}
