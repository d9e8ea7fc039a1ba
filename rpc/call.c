/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* call.c – a call as it was read, whichever way it was spoken. */
#include "rpc/call.h"

#define METHOD_NAME_MAX 256

void rpc_call_clear(struct rpc_call *call)
{
	free(TAKE(call->method));
	value_release(TAKE(call->parameters));
	value_release(TAKE(call->id));
}

bool rpc_is_method_name(const char *text, size_t length)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/";

	return length > 0 && length <= METHOD_NAME_MAX && strspn(text, allowed) == length;
}
