/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_bridge.c – interfaces of the host, bridges and VLANs made and unmade by its kernel */
#include "server/hypervisor/xen.h"

#include "server/hypervisor/interfaces.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <linux/if_vlan.h>
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

static int change_port(int fd, unsigned long request, const char *bridge, unsigned index)
{
	struct ifreq port = {.ifr_ifindex = (int)index};

	snprintf(port.ifr_name, sizeof(port.ifr_name), "%s", bridge);
	return ioctl(fd, request, &port);
}

int xen_make_port(const char *interface, const char *bridge, struct hypervisor_error *err)
{
	unsigned index = if_nametoindex(interface);
	char before[INTERFACE_NAME_SIZE];
	int fd = open_socket(err);
	int rc = 0;

	if (fd < 0)
		return -1;
	interfaces_read_bridge(interface, before);
	if (*before)
		change_port(fd, SIOCBRDELIF, before, index);
	if (index == 0 || change_port(fd, SIOCBRADDIF, bridge, index) < 0) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "%s cannot be a port of %s: %s",
				     interface, bridge, strerror(errno));
		if (*before)
			change_port(fd, SIOCBRADDIF, before, index);
	}
	close(fd);
	return rc;
}

int xen_get_interfaces(void *adapter, struct host_interfaces *ret_interfaces,
		       struct hypervisor_error *err)
{
	(void)adapter;
	(void)err;
	interfaces_read(ret_interfaces);
	return 0;
}

int xen_set_interface_up(void *adapter, const char *name, bool up, struct hypervisor_error *err)
{
	struct ifreq request = {0};
	int fd = open_socket(err);
	int rc = 0;

	(void)adapter;
	if (fd < 0)
		return -1;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0 ||
	    set_flags(fd, name, up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP) < 0)
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the interface %s cannot be %s: %s",
				     name, up ? "brought up" : "taken down", strerror(errno));
	close(fd);
	return rc;
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

/* Of another kind it stays. */
static int remove_vlan(int fd, const char *name)
{
	struct vlan_ioctl_args request = {.cmd = DEL_VLAN_CMD};

	snprintf(request.device1, sizeof(request.device1), "%s", name);
	return ioctl(fd, SIOCSIFVLAN, &request);
}

/* The kernel names it; some hosts have told it to name VLANs otherwise. */
static int add_vlan(int fd, const struct host_vlan *vlan)
{
	struct vlan_ioctl_args request = {.cmd = ADD_VLAN_CMD, .u.VID = vlan->tag};

	snprintf(request.device1, sizeof(request.device1), "%s", vlan->parent);
	if (ioctl(fd, SIOCSIFVLAN, &request) < 0)
		return -1;
	return if_nametoindex(vlan->name) ? 0 : -1;
}

int xen_create_vlan(void *adapter, const struct host_vlan *vlan, struct hypervisor_error *err)
{
	int fd = open_socket(err);
	int rc = 0;

	(void)adapter;
	if (fd < 0)
		return -1;
	if (if_nametoindex(vlan->name)) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the host has an interface \"%s\"",
				     vlan->name);
	} else if (add_vlan(fd, vlan) < 0) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the VLAN %s cannot be made: %s",
				     vlan->name, strerror(errno));
	} else if (set_mtu(fd, vlan->name, vlan->mtu) < 0 ||
		   change_port(fd, SIOCBRADDIF, vlan->bridge, if_nametoindex(vlan->name)) < 0 ||
		   set_flags(fd, vlan->name, IFF_UP) < 0) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the VLAN %s cannot be set up: %s",
				     vlan->name, strerror(errno));
		remove_vlan(fd, vlan->name);
	}
	close(fd);
	return rc;
}

int xen_destroy_vlan(void *adapter, const char *name, struct hypervisor_error *err)
{
	int fd = open_socket(err);
	int rc = 0;

	(void)adapter;
	if (fd < 0)
		return -1;
	if (if_nametoindex(name) && remove_vlan(fd, name) < 0)
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "the VLAN %s cannot be deleted: %s",
				     name, strerror(errno));
	close(fd);
	return rc;
}
