/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_console.c – what the hypervisor and this server have logged, and what else there is to say
 * of it. */
#include "server/api/private.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

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

int run_host_get_server_certificate(struct call *call, struct error *err)
{
	const struct api_options *options = &call->api->options;
	AUTO_TEXT text = options->get_certificate ?
				 options->get_certificate(options->certificate_context) :
				 NULL;

	if (!text)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "there is no certificate: https is not served");
	call->result = value_string(text);
	return 0;
}

int run_host_shutdown_agent(struct call *call, struct error *err)
{
	(void)err;
	log_info("%s asks this server to stop", record_text(call->session, session_auth_user_name));
	kill(getpid(), SIGTERM);
	return 0;
}

/* systemd says so to its services. */
int run_host_restart_agent(struct call *call, struct error *err)
{
	if (!getenv("INVOCATION_ID"))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "this server is no service of systemd: nobody would start it again");
	log_info("%s asks this server to start anew",
		 record_text(call->session, session_auth_user_name));
	kill(getpid(), SIGUSR1);
	return 0;
}
