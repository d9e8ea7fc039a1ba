/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* call.h – a call as it was read, whichever way it was spoken. */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include "schema/value.h"

/* What one call may contain at most; more is refused while it is read. */
struct rpc_limits {
	unsigned depth;	   /* nested values */
	unsigned elements; /* values in all */
};

/* Its name and values, and what the reply has to repeat. All owned. */
struct rpc_call {
	char *method;
	struct value *parameters; /* a set */
	struct value *id;	  /* JSON-RPC's: a string or an int */
	bool is_2_0;		  /* JSON-RPC 2.0, not 1.0 */
	int problem_code;	  /* JSON-RPC's, of what is no call */
};

void rpc_call_clear(struct rpc_call *call);

/* Letters, digits and _.:/, at most 256: it may stand in logs and errors as it is. */
bool rpc_is_method_name(const char *text, size_t length);

#endif
