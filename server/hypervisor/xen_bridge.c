/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_bridge.c – bridges of the host, made and unmade by its kernel */
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What can be said to the kernel about interfaces; −1 with *err. */
static int open_socket(struct hypervisor_error *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? hypervisor_fail(err, HYPERVISOR_FAILED, "socket: %s", strerror(errno)) : fd;
}

static int set_flags(int fd, const char *name, int flags)
{
	struct ifreq request = {.ifr_flags = (short)flags};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

static int set_mtu(int fd, const char *name, int mtu)
{
	struct ifreq request = {.ifr_mtu = mtu};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCSIFMTU, &request);
}

int xen_create_bridge(void *adapter, const struct host_bridge *bridge, struct hypervisor_error *err)
{
	int fd = open_socket(err);
	int rc = 0;

	(void)adapter;
	if (fd < 0)
		return -1;
	if (ioctl(fd, SIOCBRADDBR, bridge->name) < 0) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the bridge %s cannot be made: %s",
				     bridge->name, strerror(errno));
	} else if (set_mtu(fd, bridge->name, bridge->mtu) < 0 ||
		   set_flags(fd, bridge->name, IFF_UP) < 0) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the bridge %s cannot be set up: %s",
				     bridge->name, strerror(errno));
		ioctl(fd, SIOCBRDELBR, bridge->name);
	}
	close(fd);
	return rc;
}

int xen_destroy_bridge(void *adapter, const char *name, struct hypervisor_error *err)
{
	int fd = open_socket(err);
	int rc = 0;

	(void)adapter;
	if (fd < 0)
		return -1;
	/* one that is up cannot be deleted */
	if (set_flags(fd, name, 0) < 0 || ioctl(fd, SIOCBRDELBR, name) < 0)
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the bridge %s cannot be deleted: %s",
				     name, strerror(errno));
	close(fd);
	return rc;
}
