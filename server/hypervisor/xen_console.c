/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_console.c – Xen's own log, and the keys that make it write there */
#include "server/hypervisor/xen.h"

#include "schema/buffer.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <string.h>

#define RING_LEAST 32768u
#define RING_MOST (16u << 20)

/* Xen does not say how long the log is: what fills the buffer may go on. −1: see errno. */
static int read_ring(xc_interface *xc, struct buffer *text, unsigned int size, bool clear)
{
	unsigned int length = size;

	buffer_clear(text);
	buffer_reserve(text, size);
	if (xc_readconsolering(xc, text->data, &length, clear, 0, NULL) < 0)
		return -1;
	text->length = length < size ? length : size;
	text->data[text->length] = '\0';
	return 0;
}

int xen_read_console_ring(void *adapter, bool clear, char **ret_text, struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	AUTO_BUFFER text = {0};
	unsigned int size = RING_LEAST;
	int rc = read_ring(xen->xc, &text, size, false);

	while (rc == 0 && text.length == size && size < RING_MOST) {
		size *= 2;
		rc = read_ring(xen->xc, &text, size, false);
	}
	/* with what was written meanwhile */
	if (rc == 0 && clear)
		rc = read_ring(xen->xc, &text, size, true);
	if (rc < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "Xen's log cannot be read: %s",
				       strerror(errno));
	*ret_text = buffer_take(&text);
	return 0;
}

int xen_send_debug_keys(void *adapter, const char *keys, struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	AUTO_UNLOCK lock = xen_lock(&xen->lock);

	if (xc_send_debug_keys(xen->xc, keys) < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "Xen does not take the keys: %s",
				       strerror(errno));
	return 0;
}
