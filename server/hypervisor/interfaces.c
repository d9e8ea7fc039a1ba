/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interfaces.c – the network interfaces of this machine, from /sys/class/net */
#include "server/hypervisor/interfaces.h"

#include "schema/base.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#define FOLDER "/sys/class/net"

/* The first line of a file of the interface; empty where there is none, or it cannot be read now.
 */
static void read_line(const char *interface, const char *name, char *ret_line, int size)
{
	AUTO_TEXT path = text_format(FOLDER "/%s/%s", interface, name);
	FILE *file = fopen(path, "re");

	if (!file || !fgets(ret_line, size, file))
		ret_line[0] = '\0';
	ret_line[strcspn(ret_line, "\n")] = '\0';
	if (file)
		fclose(file);
}

static uint64_t read_counter(const char *interface, const char *name)
{
	char line[32];

	read_line(interface, name, line, sizeof(line));
	return strtoull(line, NULL, 0);
}

static int read_number(const char *interface, const char *name)
{
	return (int)read_counter(interface, name);
}

uint64_t interfaces_read_received(const char *name)
{
	return read_counter(name, "statistics/rx_bytes");
}

uint64_t interfaces_read_sent(const char *name)
{
	return read_counter(name, "statistics/tx_bytes");
}

static bool has(const char *interface, const char *name)
{
	AUTO_TEXT path = text_format(FOLDER "/%s/%s", interface, name);

	return access(path, F_OK) == 0;
}

/* What a link of the interface leads to, without the path; empty when there is none, or it is too
 * long. */
static void read_link(const char *interface, const char *name, char *ret_target, size_t size)
{
	AUTO_TEXT path = text_format(FOLDER "/%s/%s", interface, name);
	char target[512] = "";
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *slash = length > 0 ? strrchr(target, '/') : NULL;

	ret_target[0] = '\0';
	if (slash && strlen(slash + 1) < size)
		strcpy(ret_target, slash + 1);
}

void interfaces_read_bridge(const char *name, char ret_bridge[INTERFACE_NAME_SIZE])
{
	char master[INTERFACE_NAME_SIZE];

	read_link(name, "master", master, sizeof(master));
	ret_bridge[0] = '\0';
	if (*master && has(master, "bridge"))
		strcpy(ret_bridge, master);
}

static void take_address(const struct ifaddrs *found, struct host_nic *nic)
{
	const struct sockaddr_in *address = (const void *)found->ifa_addr;
	const struct sockaddr_in *netmask = (const void *)found->ifa_netmask;

	if (*nic->ip || !address || !netmask || address->sin_family != AF_INET ||
	    (strcmp(found->ifa_name, nic->name) != 0 && strcmp(found->ifa_name, nic->bridge) != 0))
		return;
	inet_ntop(AF_INET, &address->sin_addr, nic->ip, sizeof(nic->ip));
	inet_ntop(AF_INET, &netmask->sin_addr, nic->netmask, sizeof(nic->netmask));
}

static void read_addresses(struct host_interfaces *interfaces)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		for (int i = 0; i < interfaces->nic_count; i++)
			take_address(one, &interfaces->nics[i]);
	freeifaddrs(all);
}

static void read_nic(const char *name, struct host_nic *nic)
{
	char text[32];

	nic->mtu = read_number(name, "mtu");
	strcpy(nic->name, name);
	interfaces_read_bridge(name, nic->bridge);
	read_line(name, "address", nic->mac, sizeof(nic->mac));
	nic->up = read_number(name, "flags") & IFF_UP;
	nic->carrier = read_number(name, "carrier") == 1;
	read_line(name, "duplex", text, sizeof(text));
	nic->full_duplex = strcmp(text, "full") == 0;
	nic->speed_mbits = read_number(name, "speed");
	if (nic->speed_mbits < 0)
		nic->speed_mbits = 0;
	read_link(name, "device", nic->pci_path, sizeof(nic->pci_path));
	read_line(name, "device/vendor", nic->vendor, sizeof(nic->vendor));
	read_line(name, "device/device", nic->device, sizeof(nic->device));
	nic->received_bytes = interfaces_read_received(name);
	nic->sent_bytes = interfaces_read_sent(name);
}

/* A guest's: the end of its interface on this side is a device too. */
static bool is_of_guest(const char *name)
{
	char bus[32];

	read_link(name, "device/subsystem", bus, sizeof(bus));
	return strcmp(bus, "xen-backend") == 0;
}

/* False: it is none. */
static bool read_vlan(const char *name, struct host_nic *nic)
{
	AUTO_TEXT path = text_format("/proc/net/vlan/%s", name);
	FILE *file = fopen(path, "re");
	char line[256];
	struct host_nic found = {0};

	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "%*s VID: %d", &found.tag);
		sscanf(line, "Device: %15s", found.parent);
	}
	if (file)
		fclose(file);
	if (!found.tag || !*found.parent)
		return false;
	*nic = found;
	return true;
}

static void take_interface(const char *name, struct host_interfaces *ret_interfaces)
{
	if (has(name, "bridge") && ret_interfaces->bridge_count < HOST_INTERFACES_MOST) {
		struct host_bridge *bridge =
			&ret_interfaces->bridges[ret_interfaces->bridge_count++];

		strcpy(bridge->name, name);
		bridge->mtu = read_number(name, "mtu");
	} else if (ret_interfaces->nic_count < HOST_INTERFACES_MOST) {
		struct host_nic *nic = &ret_interfaces->nics[ret_interfaces->nic_count];

		if (has(name, "device") ? !is_of_guest(name) : read_vlan(name, nic)) {
			read_nic(name, nic);
			ret_interfaces->nic_count++;
		}
	}
}

void interfaces_read(struct host_interfaces *ret_interfaces)
{
	struct dirent **entries;
	int count;

	*ret_interfaces = (struct host_interfaces){0};
	count = scandir(FOLDER, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (*name != '.' && strlen(name) < INTERFACE_NAME_SIZE)
			take_interface(name, ret_interfaces);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	read_addresses(ret_interfaces);
}
