/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listener.c – the sockets of one listening URI. */
#include "server/http/listener.h"

#include "schema/log.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int say_errno(char **ret_problem, const char *uri, const char *what)
{
	*ret_problem = text_format("can not listen on %s: %s: %s", uri, what, strerror(errno));
	return -1;
}

/* Binds to one address; the port of the first socket is that of all. Returns the socket, or −1 with
 * errno. */
static int bind_tcp(const struct addrinfo *info, struct inherited *inherited, uint16_t *port)
{
	struct sockaddr_storage bound;
	socklen_t length = info->ai_addrlen;
	int on = 1;
	int fd;

	memcpy(&bound, info->ai_addr, length);
	/* sin_port and sin6_port are at the same place */
	((struct sockaddr_in *)&bound)->sin_port = htons(*port);
	fd = inherited_take(inherited, (struct sockaddr *)&bound);
	if (fd >= 0)
		return fd;
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&bound, length) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &length) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	*port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

/* A machine without IPv6 still resolves localhost to ::1. */
static bool can_do_without(int error)
{
	return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static int open_tcp(struct listener *listener, const char *uri, struct inherited *inherited,
		    char **ret_problem)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	uint16_t port = listener->address.port;
	int status = getaddrinfo(listener->address.host, NULL, &hints, &found);

	if (status) {
		*ret_problem = text_format("can not listen on %s: %s", uri, gai_strerror(status));
		return -1;
	}
	for (const struct addrinfo *info = found; info; info = info->ai_next) {
		int fd = listener->count < LISTENER_SOCKETS_MAX ? bind_tcp(info, inherited, &port) :
								  -1;

		if (fd >= 0)
			listener->fds[listener->count++] = fd;
		else if (!can_do_without(errno) || (!info->ai_next && !listener->count))
			status = say_errno(ret_problem, uri, "bind");
		if (status)
			break;
	}
	freeaddrinfo(found);
	listener->uri = address_text(&listener->address, port);
	return status;
}

/* Somebody accepts connections there. */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	/* EAGAIN: it is there and its queue is full. */
	alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno == EAGAIN;
	close(fd);
	return alive;
}

static int remove_stale(const struct sockaddr_un *address, const char *uri, char **ret_problem)
{
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : say_errno(ret_problem, uri, "stat");
	if (!S_ISSOCK(status.st_mode)) {
		*ret_problem =
			text_format("can not listen on %s: there is a file that is no socket", uri);
		return -1;
	}
	if (is_alive(address)) {
		*ret_problem =
			text_format("can not listen on %s: another server listens there", uri);
		return -1;
	}
	if (unlink(address->sun_path) < 0)
		return say_errno(ret_problem, uri, "unlink");
	log_info("replaced the socket %s that nobody listened on", address->sun_path);
	return 0;
}

static int give_to_group(const char *path, const char *group, const char *uri, char **ret_problem)
{
	const struct group *found = *group ? getgrnam(group) : NULL;

	if (*group && !found) {
		*ret_problem =
			text_format("can not listen on %s: there is no group %s", uri, group);
		return -1;
	}
	if (found && chown(path, (uid_t)-1, found->gr_gid) < 0)
		return say_errno(ret_problem, uri, "chown");
	if (chmod(path, 0660) < 0)
		return say_errno(ret_problem, uri, "chmod");
	return 0;
}

static int make_unix(struct listener *listener, const struct sockaddr_un *address, const char *uri,
		     const char *group, char **ret_problem)
{
	struct stat status;
	int fd;

	if (remove_stale(address, uri, ret_problem) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return say_errno(ret_problem, uri, "socket");
	listener->fds[listener->count++] = fd;
	/* The file that bind makes gets the socket's mode: nobody else can connect before
	 * give_to_group. */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return say_errno(ret_problem, uri, "bind");
	if (lstat(address->sun_path, &status) == 0) {
		listener->device = status.st_dev;
		listener->inode = status.st_ino;
	}
	if (give_to_group(address->sun_path, group, uri, ret_problem) < 0)
		return -1;
	if (listen(fd, BACKLOG) < 0)
		return say_errno(ret_problem, uri, "listen");
	return 0;
}

static int open_unix(struct listener *listener, const char *uri, const char *group,
		     struct inherited *inherited, char **ret_problem)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strchr(listener->address.path, '_'))
		log_warning("%s has an underscore, which XenAPI.py takes for a slash", uri);
	strcpy(address.sun_path, listener->address.path);
	listener->uri = address_text(&listener->address, 0);
	fd = inherited_take(inherited, (struct sockaddr *)&address);
	if (fd < 0)
		return make_unix(listener, &address, uri, group, ret_problem);
	listener->fds[listener->count++] = fd;
	if (*group)
		log_warning("socket-group is not used for %s: systemd has made it, and the unit's "
			    "SocketGroup= says who may connect",
			    uri);
	return 0;
}

int listener_open(struct listener *listener, const char *uri, const char *group,
		  struct inherited *inherited, char **ret_problem)
{
	const char *wrong = address_parse(uri, &listener->address);
	int status;

	if (wrong) {
		*ret_problem = text_format("can not listen on %s: %s", uri, wrong);
		return -1;
	}
	if (listener->address.kind == ADDRESS_UNIX)
		status = open_unix(listener, uri, group, inherited, ret_problem);
	else
		status = open_tcp(listener, uri, inherited, ret_problem);
	if (status < 0)
		listener_close(listener);
	return status;
}

void listener_close(struct listener *listener)
{
	struct stat status;

	if (listener->inode && lstat(listener->address.path, &status) == 0 &&
	    status.st_dev == listener->device && status.st_ino == listener->inode)
		unlink(listener->address.path);
	for (size_t i = 0; i < listener->count; i++)
		close(listener->fds[i]);
	free(listener->uri);
	*listener = (struct listener){0};
}
