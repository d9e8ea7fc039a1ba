/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inherited.c – the listening sockets that systemd has opened for the daemon. */
#include "server/http/inherited.h"

#include "schema/base.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

union any_address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static union any_address address_of(int fd)
{
	union any_address address = {0};
	/* a path may be as long as its array, without a 0 behind it */
	socklen_t length = sizeof(address) - 1;

	getsockname(fd, &address.any, &length);
	return address;
}

static bool same_address(const union any_address *a, const struct sockaddr *b)
{
	const struct sockaddr_in6 *ipv6 = (const void *)b;
	const struct sockaddr_in *ipv4 = (const void *)b;

	if (a->any.sa_family != b->sa_family)
		return false;
	switch (b->sa_family) {
	case AF_UNIX:
		return strcmp(a->local.sun_path, ((const struct sockaddr_un *)b)->sun_path) == 0;
	case AF_INET:
		return a->ipv4.sin_port == ipv4->sin_port &&
		       a->ipv4.sin_addr.s_addr == ipv4->sin_addr.s_addr;
	case AF_INET6:
		return a->ipv6.sin6_port == ipv6->sin6_port &&
		       IN6_ARE_ADDR_EQUAL(&a->ipv6.sin6_addr, &ipv6->sin6_addr);
	default:
		return false;
	}
}

static char *in_words(int fd)
{
	union any_address address = address_of(fd);
	char host[NI_MAXHOST] = "";
	char port[NI_MAXSERV] = "";

	if (address.any.sa_family == AF_UNIX)
		return text_copy(address.local.sun_path);
	getnameinfo(&address.any, sizeof(address), host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	return text_format(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* Otherwise the limits per address would take all of IPv4 for one network. */
static bool mixes_ipv4(int fd)
{
	union any_address address = address_of(fd);
	socklen_t length = sizeof(int);
	int only = 0;

	if (address.any.sa_family != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&address.ipv6.sin6_addr))
		return false;
	return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) < 0 || !only;
}

static int check(int fd, char **ret_problem)
{
	AUTO_TEXT name = NULL;

	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
		*ret_problem = text_format("systemd has handed over something (number %d) that is "
					   "no listening stream socket: Accept=no is needed",
					   fd);
		return -1;
	}
	name = in_words(fd);
	if (mixes_ipv4(fd)) {
		*ret_problem = text_format("systemd listens on %s for IPv4 as well: "
					   "BindIPv6Only=ipv6-only is needed",
					   name);
		return -1;
	}
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
		return 0;
	*ret_problem = text_format("can not listen on %s: %s", name, strerror(errno));
	return -1;
}

int inherited_receive(struct inherited *inherited, char **ret_problem)
{
	int count = sd_listen_fds(1);

	if (count < 0) {
		*ret_problem = text_format("can not take over the sockets of systemd: %s",
					   strerror(-count));
		return -1;
	}
	if (count > INHERITED_MAX) {
		*ret_problem = text_format("systemd listens on %d sockets, more than %d", count,
					   INHERITED_MAX);
		return -1;
	}
	for (int i = 0; i < count; i++)
		if (check(SD_LISTEN_FDS_START + i, ret_problem) < 0)
			return -1;
	for (int i = 0; i < count; i++)
		inherited->fds[inherited->count++] = SD_LISTEN_FDS_START + i;
	return 0;
}

int inherited_take(struct inherited *inherited, const struct sockaddr *address)
{
	for (size_t i = 0; i < inherited->count; i++) {
		union any_address its;
		int fd = inherited->fds[i];

		if (fd < 0)
			continue;
		its = address_of(fd);
		if (same_address(&its, address)) {
			inherited->fds[i] = -1;
			return fd;
		}
	}
	return -1;
}

char *inherited_rest(const struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++)
		if (inherited->fds[i] >= 0)
			return in_words(inherited->fds[i]);
	return NULL;
}
