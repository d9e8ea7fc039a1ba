/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_console.c – console: the text console of a domain, by way of xl. */
#include "rpc/xm/run.h"

#include <errno.h>
#include <unistd.h>

/* What a server on a Xen host says of a console that it knows. */
#define COMMAND_LINE "xl console "

/* The id of the domain; NULL: the console is none of xl's. */
static const char *domid_of(const struct value *console)
{
	const char *location = value_find_text(console, "location");
	const char *domid;

	if (!location || strncmp(location, COMMAND_LINE, strlen(COMMAND_LINE)) != 0)
		return NULL;
	domid = location + strlen(COMMAND_LINE);
	return *domid && !domid[strspn(domid, "0123456789")] ? domid : NULL;
}

/* Of the VM's consoles the one that is text; to be released, NULL: there is none. */
static struct value *find_console(struct xm *xm, const struct value *refs)
{
	for (uint32_t i = 0; refs->kind == VALUE_SET && i < refs->length; i++) {
		AUTO(value) console =
			refs->items[i]->kind == VALUE_STRING ?
				xm_ask(xm, "console.get_record", refs->items[i]->text) :
				NULL;
		const char *protocol = console ? value_find_text(console, "protocol") : NULL;

		if (protocol && strcmp(protocol, "vt100") == 0)
			return TAKE(console);
	}
	return NULL;
}

/* Does not return when it works. */
static enum status become_xl(struct xm *xm, const char *domid)
{
	char *const arguments[] = {"xl", "console", (char *)(uintptr_t)domid, NULL};

	client_close(xm->client);
	xm->client = NULL;
	fflush(NULL);
	execvp(arguments[0], arguments);
	return xm_fail("xl can not be run: %s", strerror(errno));
}

enum status run_console(struct xm *xm)
{
	enum status status = vm_find(xm, xm->arguments[0]);
	AUTO(value) refs = NULL;
	AUTO(value) console = NULL;
	const char *domid;

	if (status != STATUS_DONE)
		return status;
	refs = xm_ask(xm, "VM.get_consoles", xm->subject.ref->text);
	if (!refs)
		return xm_report(xm);
	console = find_console(xm, refs);
	domid = console ? domid_of(console) : NULL;
	AUTO_TEXT name = vm_name(xm);

	if (!console)
		return xm_fail("%s has no console: it does not run", name);
	if (!domid)
		return xm_fail("the console of %s is none that xl could show", name);
	if (!xm->is_local)
		return xm_fail("the console of %s is on the server's host: " COMMAND_LINE
			       "%s there",
			       name, domid);
	return become_xl(xm, domid);
}
