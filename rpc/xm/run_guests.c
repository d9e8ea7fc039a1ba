/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_guests.c – autostart and shutdown-guests: what is done with all guests when the host starts
 * and stops. */
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"

static void print_result(const struct value *result)
{
	terminal_print(stdout, object_text(result, "name_label"), 38);
	putchar(' ');
	terminal_print(stdout, object_text(result, "result"), 0);
	if (*object_text(result, "reason")) {
		fputs(": ", stdout);
		terminal_print(stdout, object_text(result, "reason"), 0);
	}
	putchar('\n');
}

/* A line for each; the status says whether all went well. */
static enum status run_all(struct xm *xm, const char *method, struct value *more)
{
	AUTO(value) hosts = NULL;
	AUTO(value) results = NULL;
	enum status status = STATUS_DONE;

	if (!xm_call(xm, "host.get_all", value_set(), &hosts) ||
	    !xm_call(xm, method,
		     parameters_of(value_reference(hosts->items[0]), more, (struct value *)NULL),
		     &results))
		return xm_report(xm);
	for (uint32_t i = 0; results->kind == VALUE_SET && i < results->length; i++) {
		print_result(results->items[i]);
		if (strcmp(object_text(results->items[i], "result"), "failed") == 0)
			status = STATUS_FAILED;
	}
	return status;
}

enum status run_autostart(struct xm *xm)
{
	xm_begin(xm, "starting", "guests");
	return run_all(xm, "host.autostart", value_bool(xm->options.again));
}

enum status run_shutdown_guests(struct xm *xm)
{
	xm_begin(xm, "shutting down", "guests");
	return run_all(xm, "host.shutdown_guests", NULL);
}
