/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_libxl.c – a libxl context for one call, with what it logs kept for the call's error */
#include "server/hypervisor/xen.h"

#include "schema/base.h"

#include <errno.h>
#include <libxl_event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* "libxl_create.c:1026:initiate_domain_create: Domain 3:no kernel" says "no kernel", and so does
 * "panic: xg_dom_core.c:205: no kernel". */
static const char *skip_place(const char *message)
{
	const char *start = strncmp(message, "panic: ", 7) == 0 ? message + 7 : message;
	const char *file = strstr(start, ".c:");
	const char *rest =
		file && strcspn(start, " ") > (size_t)(file - start) ? strstr(file, ": ") : NULL;
	const char *colon;

	message = rest ? rest + 2 : message;
	colon = strncmp(message, "Domain ", 7) == 0 ? strchr(message, ':') : NULL;
	return colon ? colon + 1 : message;
}

/* What libxl says only because something has failed before. */
static bool is_aftermath(const char *text)
{
	static const char *const beginnings[] = {"cannot (re-)build domain",
						 "Unable to set domain build info defaults"};

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static void add(struct xen_libxl *libxl, const char *text)
{
	size_t room = sizeof(libxl->text) - libxl->length;
	int length = snprintf(libxl->text + libxl->length, room, "%s%s", libxl->length ? "; " : "",
			      text);

	if (length > 0)
		libxl->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* What is said first is the cause, what follows is what failed because of it. */
static void keep_message(struct xentoollog_logger *logger, xentoollog_level level, int problem,
			 const char *context, const char *format, va_list arguments)
{
	struct xen_libxl *libxl = (struct xen_libxl *)logger;
	char message[512];
	const char *text;
	size_t length;

	(void)context;
	if (level < XTL_ERROR)
		return;
	vsnprintf(message, sizeof(message), format, arguments);
	length = strcspn(message, "\n");
	message[length] = '\0';
	if (problem >= 0)
		snprintf(message + length, sizeof(message) - length, ": %s", strerror(problem));
	text = skip_place(message);
	if (!libxl->length || (!is_aftermath(text) && !strstr(libxl->text, text)))
		add(libxl, text);
}

static void drop_message(struct xentoollog_logger *logger, xentoollog_level level, int problem,
			 const char *context, const char *format, va_list arguments)
{
	(void)logger;
	(void)level;
	(void)problem;
	(void)context;
	(void)format;
	(void)arguments;
}

xentoollog_logger xen_quiet = {.vmessage = drop_message};

/* What libxl starts (a device model, pygrub, the program that saves memory) shall be stoppable: the
 * daemon's threads block the signals that one of them waits for. */
static pid_t fork_unblocked(void *user)
{
	pid_t child = fork();
	sigset_t none;

	(void)user;
	if (child == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	return child;
}

/* There are as many contexts as calls, and PAM has children too: each context reaps its own. */
static const libxl_childproc_hooks child_hooks = {
	.chldowner = libxl_sigchld_owner_libxl_always_selective_reap,
	.fork_replacement = fork_unblocked,
};

int xen_libxl_open(struct xen_libxl *libxl, struct hypervisor_error *err)
{
	int rc;

	libxl->logger = (xentoollog_logger){.vmessage = keep_message};
	rc = libxl_ctx_alloc(&libxl->ctx, LIBXL_VERSION, 0, &libxl->logger);
	if (rc)
		return xen_libxl_fail(libxl, rc, err, "libxl cannot be used");
	libxl_childproc_setmode(libxl->ctx, &child_hooks, NULL);
	return 0;
}

int xen_open_guest(struct xen *xen, const char *uuid, bool live, xc_domaininfo_t *ret_domain,
		   struct xen_libxl *ret_libxl, struct hypervisor_error *err)
{
	if (xen_find_guest(xen, uuid, live, ret_domain, err) < 0)
		return -1;
	return xen_libxl_open(ret_libxl, err);
}

void xen_libxl_close(struct xen_libxl *libxl)
{
	if (libxl->ctx)
		libxl_ctx_free(libxl->ctx);
	libxl->ctx = NULL;
}

static enum hypervisor_error_kind kind_of(int rc)
{
	switch (rc) {
	case ERROR_DOMAIN_NOTFOUND:
	case ERROR_DOMAIN_DESTROYED:
		return HYPERVISOR_NO_DOMAIN;
	case ERROR_GUEST_TIMEDOUT:
	case ERROR_TIMEDOUT:
		return HYPERVISOR_TIMEOUT;
	default:
		return HYPERVISOR_FAILED;
	}
}

int xen_libxl_fail(const struct xen_libxl *libxl, int rc, struct hypervisor_error *err,
		   const char *format, ...)
{
	char what[DOMAIN_NAME_SIZE + 128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return hypervisor_fail(err, kind_of(rc), "%.300s: %s", what,
			       libxl->length ? libxl->text : libxl_error_to_string(rc));
}
