/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* acceptor.c – the thread that accepts connections and watches them. */
#include "server/http/acceptor.h"

#include "schema/clock.h"
#include "schema/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 64
#define ACCEPTS_AT_ONCE 64
/* Deadlines are set without telling this thread, so it looks again at least this often while
 * anybody is connected. */
#define CHECK_MS 1000
/* A refusal may be a flood: one line for all of that time. */
#define REFUSALS_MS 60000

struct acceptor {
	struct acceptor_options options;
	pthread_t thread;
	int epoll_fd;
	int wake_fd;  /* readable: end */
	int spare_fd; /* given up to accept and close one when there are no more */
	int64_t refusals_said_ms;
};

/* In epoll_event.data: connections by fd and serial, so that a late event is not taken for the next
 * owner of the fd. */
static uint64_t event_key(int fd, uint64_t serial)
{
	return (uint64_t)(uint32_t)serial << 32 | (uint32_t)fd;
}

static int watch(const struct acceptor *acceptor, int fd, uint64_t serial, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = event_key(fd, serial)};

	return epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void say_refused(struct acceptor *acceptor, const char *reason)
{
	int64_t now = clock_ms();

	if (acceptor->refusals_said_ms && now - acceptor->refusals_said_ms < REFUSALS_MS)
		return;
	acceptor->refusals_said_ms = now;
	log_warning("a connection was refused: %s; more of these are not logged for a minute",
		    reason);
}

/* A peer that vanished without a word is noticed within two minutes, also during a long call. */
static void set_keepalive(int fd)
{
	const int on = 1;
	const int idle_seconds = 60;
	const int interval_seconds = 15;
	const int probes = 4;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(interval_seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void admit(struct acceptor *acceptor, const struct listener *listener, int fd,
		  const struct sockaddr *peer, socklen_t length)
{
	const struct acceptor_options *options = &acceptor->options;
	bool tls = listener->address.kind == ADDRESS_HTTPS;
	const char *reason = NULL;
	struct connection *connection =
		connections_add(options->connections, fd, peer,
				clock_ms() + atomic_load(options->request_timeout_ms), &reason);

	if (!connection) {
		close(fd);
		say_refused(acceptor, reason);
		return;
	}
	if (peer->sa_family != AF_UNIX)
		set_keepalive(fd);
	if (watch(acceptor, fd, connection->serial, EPOLLRDHUP | EPOLLET) < 0)
		log_warning("can not watch a connection: %s", strerror(errno));
	if (options->serve(options->context, tls, fd, peer, length) < 0) {
		log_warning("libmicrohttpd did not take a connection");
		connections_remove(options->connections, connection);
	}
}

/* No file descriptors are left: takes the next connection only to close it, or epoll would report
 * it for ever. */
static void drop_one(struct acceptor *acceptor, int listening_fd)
{
	int fd;

	say_refused(acceptor, strerror(errno));
	close(acceptor->spare_fd);
	fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	acceptor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_some(struct acceptor *acceptor, const struct listener *listener,
			int listening_fd)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		union {
			struct sockaddr any;
			struct sockaddr_storage storage;
		} peer = {0};
		socklen_t length = sizeof(peer);
		int fd = accept4(listening_fd, &peer.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			admit(acceptor, listener, fd, &peer.any, length);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			drop_one(acceptor, listening_fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static const struct listener *listener_of(const struct acceptor *acceptor, int fd)
{
	for (size_t i = 0; i < acceptor->options.listener_count; i++) {
		const struct listener *listener = &acceptor->options.listeners[i];

		for (size_t j = 0; j < listener->count; j++) {
			if (listener->fds[j] == fd)
				return listener;
		}
	}
	return NULL;
}

/* A client that shuts down only its sending side counts as gone too: nothing tells it from one that
 * closed. */
static void note_gone(const struct acceptor *acceptor, int fd, uint64_t serial)
{
	struct connection *connection = connections_find(acceptor->options.connections, fd, serial);

	if (!connection)
		return;
	connection_leave(connection);
	connection_release(connection);
}

static bool handle_event(struct acceptor *acceptor, uint64_t key)
{
	int fd = (int)(uint32_t)key;
	uint64_t serial = key >> 32;

	if (fd == acceptor->wake_fd)
		return false;
	if (serial)
		note_gone(acceptor, fd, serial);
	else
		accept_some(acceptor, listener_of(acceptor, fd), fd);
	return true;
}

static int next_wait_ms(struct acceptor *acceptor)
{
	int64_t now = clock_ms();
	int64_t deadline = connections_check(acceptor->options.connections, now);

	if (!deadline)
		return -1;
	return deadline - now < CHECK_MS ? (int)(deadline - now) : CHECK_MS;
}

static void *run(void *argument)
{
	struct acceptor *acceptor = argument;
	struct epoll_event events[EVENTS];
	bool go_on = true;

	pthread_setname_np(pthread_self(), "accept");
	while (go_on) {
		int count = epoll_wait(acceptor->epoll_fd, events, EVENTS, next_wait_ms(acceptor));

		for (int i = 0; i < count && go_on; i++)
			go_on = handle_event(acceptor, events[i].data.u64);
	}
	return NULL;
}

static void close_all(struct acceptor *acceptor)
{
	close(acceptor->epoll_fd);
	close(acceptor->wake_fd);
	close(acceptor->spare_fd);
	free(acceptor);
}

static int watch_all(const struct acceptor *acceptor)
{
	if (watch(acceptor, acceptor->wake_fd, 0, EPOLLIN) < 0)
		return -1;
	for (size_t i = 0; i < acceptor->options.listener_count; i++) {
		const struct listener *listener = &acceptor->options.listeners[i];

		for (size_t j = 0; j < listener->count; j++) {
			if (watch(acceptor, listener->fds[j], 0, EPOLLIN) < 0)
				return -1;
		}
	}
	return 0;
}

struct acceptor *acceptor_start(const struct acceptor_options *options)
{
	struct acceptor *acceptor = allocate(sizeof(*acceptor));

	acceptor->options = *options;
	acceptor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	acceptor->wake_fd = eventfd(0, EFD_CLOEXEC);
	acceptor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (acceptor->epoll_fd < 0 || acceptor->wake_fd < 0 || watch_all(acceptor) < 0)
		goto failed;
	errno = pthread_create(&acceptor->thread, NULL, run, acceptor);
	if (errno)
		goto failed;
	return acceptor;
failed:
	close_all(acceptor);
	return NULL;
}

void acceptor_stop(struct acceptor *acceptor)
{
	if (!acceptor)
		return;
	eventfd_write(acceptor->wake_fd, 1);
	pthread_join(acceptor->thread, NULL);
	close_all(acceptor);
}
