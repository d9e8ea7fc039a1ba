/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_console.c – what the hypervisor and this server have logged. */
#include "server/api/private.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <ctype.h>

#define KEYS_MOST 64

static int read_ring(struct call *call, bool clear, struct error *err)
{
	struct hypervisor_error reason = {0};
	AUTO_TEXT text = NULL;

	if (hypervisor_read_console_ring(call->api->hypervisor, clear, &text, &reason) < 0)
		return fail_hypervisor_host(err, call->self->ref, &reason);
	call->result = value_string(text);
	return 0;
}

int run_host_dmesg(struct call *call, struct error *err)
{
	return read_ring(call, false, err);
}

int run_host_dmesg_clear(struct call *call, struct error *err)
{
	return read_ring(call, true, err);
}

static bool are_keys(const char *keys)
{
	size_t length = strlen(keys);

	for (size_t i = 0; i < length; i++)
		if (!isascii(keys[i]) || !isgraph(keys[i]))
			return false;
	return length > 0 && length <= KEYS_MOST;
}

int run_host_send_debug_keys(struct call *call, struct error *err)
{
	const char *keys = argument_text(call, 1);
	struct hypervisor_error reason = {0};

	if (!are_keys(keys))
		return fail(err, ERROR_INVALID_VALUE,
			    "keys: 1 to 64 letters, digits and marks of ASCII", keys);
	log_info("debug keys for the hypervisor: %s", keys);
	if (hypervisor_send_debug_keys(call->api->hypervisor, keys, &reason) < 0)
		return fail_hypervisor_host(err, call->self->ref, &reason);
	return 0;
}

int run_host_get_log(struct call *call, struct error *err)
{
	AUTO_TEXT text = log_recent();

	(void)err;
	call->result = value_string(text);
	return 0;
}
