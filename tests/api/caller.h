/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* caller.h – an API on a database and a hypervisor of its own, called without a wire. */
#ifndef TESTS_API_CALLER_H
#define TESTS_API_CALLER_H

#include "server/api/api.h"
#include "server/hypervisor/hypervisor.h"
#include "server/store/store.h"

struct caller {
	char folder[64];
	char path[128];
	struct store *store;
	struct hypervisor *hypervisor;
	struct api *api;
	struct api_options options;
	struct api_origin origin; /* of the calls; root over the Unix socket at first */
	char session[REF_SIZE];	  /* goes first in caller_ask */
};

void caller_make(struct caller *caller);
/* Again after caller_close, with another adapter if need be ("simulator", "none"). */
void caller_open(struct caller *caller, const char *adapter);
void caller_close(struct caller *caller);
void caller_remove(struct caller *caller);

/* Parameters are texts, up to NULL. The result, to be released; NULL: *err has why. */
#define caller_call(caller, err, ...) caller_call_with((caller), (err), __VA_ARGS__, NULL)
struct value *caller_call_with(struct caller *caller, struct error *err, const char *method, ...)
	__attribute__((sentinel));
/* The same with the session in front; signs in as root when there is none yet. */
#define caller_ask(caller, err, ...) caller_ask_with((caller), (err), __VA_ARGS__, NULL)
struct value *caller_ask_with(struct caller *caller, struct error *err, const char *method, ...)
	__attribute__((sentinel));

/* The same with parameters of any kind, which it takes. */
struct value *caller_run(struct caller *caller, struct error *err, const char *method,
			 struct value *parameters);

#endif
