/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* codec.h – one way to speak the API: bytes to a call, its outcome to bytes. */
#ifndef RPC_CODEC_H
#define RPC_CODEC_H

#include "rpc/xmlrpc.h"

struct codec {
	const char *type;	  /* of replies: exactly this, clients refuse it with a charset */
	const char *problem_type; /* of what says that the bytes are no call */
	unsigned failure_status;  /* of HTTP, when the call failed; 0: 200, the reply says it */
	/*
	 * Returns NULL, or static text that says why the bytes are no call: then only the
	 * problem_code is set. The reader is the calling thread's; not every codec needs it.
	 */
	const char *(*read)(struct xmlrpc_reader *reader, const struct rpc_limits *limits,
			    const char *bytes, size_t length, struct rpc_call *ret_call);
	void (*write_problem)(struct buffer *out, const struct rpc_call *call, const char *problem);
	/* bare: without the envelope that XML-RPC's results have */
	void (*write_success)(struct output *out, const struct rpc_call *call,
			      const struct value *result, bool bare);
	void (*write_failure)(struct buffer *out, const struct rpc_call *call,
			      const struct error *err);
};

extern const struct codec codec_xmlrpc;
extern const struct codec codec_jsonrpc;
/* Writes a result that is text as it is, and reads nothing. */
extern const struct codec codec_openmetrics;

#endif
