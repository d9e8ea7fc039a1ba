/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker.c – a thread that serves connections, with a libmicrohttpd daemon of its own. */
#include "server/http/worker.h"

#include "schema/log.h"
#include "schema/thread.h"
#include "server/http/request.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* For the headers of a request, and for what is read at once. libmicrohttpd zeroes all of it after
 * each request. */
#define CONNECTION_MEMORY (16 * 1024)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* What goes through the inbox, which is a pipe: in one piece. */
struct handover {
	int fd;
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_storage storage;
	} peer;
};

static void __attribute__((format(printf, 2, 0)))
log_daemon(void *context, const char *format, va_list arguments)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug("libmicrohttpd: %s", text);
}

static struct MHD_Daemon *start_daemon(struct worker *worker, bool tls)
{
	struct MHD_OptionItem tls_options[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_retrieve},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	/* The deadlines and limits are our own: its timeout only counts idle time, its limit is per
	 * daemon. */
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, request_handle, worker, MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, request_completed, worker,
		MHD_OPTION_NOTIFY_CONNECTION, request_connection, worker,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)1 << 20, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
		MHD_OPTION_ARRAY, tls ? tls_options : none, MHD_OPTION_END);
}

/* False: nobody will hand over any more. */
static bool take_connection(struct worker *worker)
{
	struct handover given;
	ssize_t length = read(worker->inbox[0], &given, sizeof(given));

	if (length <= 0)
		return length < 0;
	if (MHD_add_connection(worker->daemon, given.fd, &given.peer.any, given.length) != MHD_YES)
		log_warning("libmicrohttpd did not take a connection");
	return true;
}

/* Until the next connection is resumed: those that were are seen by the MHD_run() that follows. */
static void rest(struct waker *waker)
{
	eventfd_t count;

	eventfd_read(waker->fd, &count);
	atomic_store(&waker->due, false);
}

static int wait_ms(const struct worker *worker)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	return MHD_get_timeout(worker->daemon, &timeout) == MHD_YES ?
		       (int)lesser_of((int64_t)timeout, 60000) :
		       -1;
}

/*
 * Not libmicrohttpd's own thread: that of 0.9.75 asks for at most 128 events, and when there were
 * just as many asks for more without an end to the waiting, before it looks at any of them.
 */
static void *worker_run(void *argument)
{
	struct worker *worker = argument;
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = {{.fd = info->epoll_fd, .events = POLLIN},
			       {.fd = worker->inbox[0], .events = POLLIN},
			       {.fd = worker->waker.fd, .events = POLLIN}};
	bool go_on = true;

	while (go_on) {
		if (poll(fds, ARRAY_SIZE(fds), wait_ms(worker)) < 0)
			continue;
		if (fds[1].revents)
			go_on = take_connection(worker);
		if (fds[2].revents)
			rest(&worker->waker);
		MHD_run(worker->daemon);
	}
	return NULL;
}

static void close_own(struct worker *worker)
{
	close(worker->inbox[0]);
	if (worker->waker.fd >= 0)
		close(worker->waker.fd);
}

int worker_start(struct worker *worker, struct service *service, bool tls)
{
	worker->service = service;
	worker->reader = xmlrpc_reader_new();
	if (pipe2(worker->inbox, O_CLOEXEC) < 0)
		return -1;
	worker->waker.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->waker.fd >= 0)
		worker->daemon = start_daemon(worker, tls);
	if (!worker->daemon) {
		close_own(worker);
		close(worker->inbox[1]);
		return -1;
	}
	thread_start(&worker->thread, "http", worker_run, worker);
	return 0;
}

int worker_serve(struct worker *worker, int fd, const struct sockaddr *peer, socklen_t length)
{
	struct handover given = {.fd = fd, .length = length};

	memcpy(&given.peer, peer, length);
	if (write(worker->inbox[1], &given, sizeof(given)) == (ssize_t)sizeof(given))
		return 0;
	close(fd);
	return -1;
}

void worker_stop(struct worker *worker)
{
	if (!worker->daemon)
		return;
	close(worker->inbox[1]);
	pthread_join(worker->thread, NULL);
	MHD_stop_daemon(TAKE(worker->daemon));
	close_own(worker);
}
