/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_control.c – the control socket: one thread that answers each line with a line */
#include "server/hypervisor/simulator.h"

#include "schema/buffer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 32
#define LINE_MAX_BYTES 4096

struct client {
	int fd;
	size_t length;
	char line[LINE_MAX_BYTES];
};

struct control {
	struct simulator *simulator;
	struct sockaddr_un address;
	pthread_t thread;
	int listen_fd;
	int stop_fd;
	struct client *clients[CLIENTS_MAX];
	size_t count;
};

static int send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -1;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int answer(struct control *control, struct client *client, char *line)
{
	AUTO_BUFFER reply = {0};

	line[strcspn(line, "\r")] = '\0';
	simulator_command(control->simulator, line, &reply);
	buffer_add_char(&reply, '\n');
	return send_all(client->fd, reply.data, reply.length);
}

/* Runs the whole lines that have come. −1: the client left, or does not keep to lines. */
static int serve_client(struct control *control, struct client *client)
{
	size_t room = sizeof(client->line) - client->length;
	ssize_t got = read(client->fd, client->line + client->length, room);
	char *start = client->line, *end;

	if (got <= 0)
		return got < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1;
	client->length += (size_t)got;
	while ((end = memchr(start, '\n', client->length))) {
		*end = '\0';
		if (answer(control, client, start) < 0)
			return -1;
		client->length -= (size_t)(end + 1 - start);
		start = end + 1;
	}
	memmove(client->line, start, client->length);
	return client->length < sizeof(client->line) ? 0 : -1;
}

static void drop_client(struct control *control, size_t index)
{
	close(control->clients[index]->fd);
	free(control->clients[index]);
	control->clients[index] = control->clients[--control->count];
}

/* A client that does not read what it asked for is not waited for long. */
static void accept_client(struct control *control)
{
	const struct timeval patience = {.tv_sec = 5};
	int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct client *client;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	client = allocate(sizeof(*client));
	client->fd = fd;
	control->clients[control->count++] = client;
}

static void serve_ready(struct control *control, const struct pollfd *polled)
{
	/* from the last to the first, since a dropped one's place is taken by the last */
	for (size_t i = control->count; i-- > 0;) {
		if (polled[i + 2].revents && serve_client(control, control->clients[i]) < 0)
			drop_client(control, i);
	}
	if (polled[1].revents)
		accept_client(control);
}

static void *run_control(void *argument)
{
	struct control *control = argument;
	struct pollfd polled[CLIENTS_MAX + 2];

	for (;;) {
		bool full = control->count == CLIENTS_MAX;

		polled[0] = (struct pollfd){.fd = control->stop_fd, .events = POLLIN};
		polled[1] = (struct pollfd){.fd = full ? -1 : control->listen_fd, .events = POLLIN};
		for (size_t i = 0; i < control->count; i++)
			polled[i + 2] =
				(struct pollfd){.fd = control->clients[i]->fd, .events = POLLIN};
		if (poll(polled, control->count + 2, -1) < 0)
			continue;
		if (polled[0].revents)
			return NULL;
		serve_ready(control, polled);
	}
}

/* A socket left by a process that was killed is in the way; anything else is not touched. */
static int listen_at(const struct sockaddr_un *address, struct hypervisor_error *err)
{
	const char *path = address->sun_path;
	struct stat info;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "socket: %s", strerror(errno));
	if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
		unlink(path);
	/* before bind, so that nobody else gets in even for a moment */
	if (fchmod(fd, 0600) == 0 &&
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
	    listen(fd, CLIENTS_MAX) == 0)
		return fd;
	hypervisor_fail(err, HYPERVISOR_FAILED, "%s: %s", path, strerror(errno));
	close(fd);
	return -1;
}

/* Signals are for the daemon's own threads. */
static int start_thread(struct control *control)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&control->thread, NULL, run_control, control);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct control *simulator_open_control(struct simulator *simulator, const char *path,
				       struct hypervisor_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *control;
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path)) {
		hypervisor_fail(err, HYPERVISOR_FAILED, "%s: too long for a socket", path);
		return NULL;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = listen_at(&address, err);
	if (fd < 0)
		return NULL;
	control = allocate(sizeof(*control));
	*control = (struct control){.simulator = simulator,
				    .address = address,
				    .listen_fd = fd,
				    .stop_fd = eventfd(0, EFD_CLOEXEC)};
	rc = control->stop_fd < 0 ? errno : start_thread(control);
	if (rc == 0)
		return control;
	hypervisor_fail(err, HYPERVISOR_FAILED, "%s: %s", path, strerror(rc));
	close(control->stop_fd);
	close(fd);
	free(control);
	return NULL;
}

void simulator_close_control(struct control *control)
{
	eventfd_write(control->stop_fd, 1);
	pthread_join(control->thread, NULL);
	unlink(control->address.sun_path);
	while (control->count > 0)
		drop_client(control, control->count - 1);
	close(control->listen_fd);
	close(control->stop_fd);
	free(control);
}
