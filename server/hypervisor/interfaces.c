/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interfaces.c – the network interfaces of this machine, from /sys/class/net */
#include "server/hypervisor/interfaces.h"

#include "schema/base.h"

#include <dirent.h>
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

static int read_number(const char *interface, const char *name)
{
	char line[32];

	read_line(interface, name, line, sizeof(line));
	return (int)strtol(line, NULL, 0);
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

static void read_nic(const char *name, struct host_nic *nic)
{
	char text[32];

	*nic = (struct host_nic){.mtu = read_number(name, "mtu")};
	strcpy(nic->name, name);
	read_link(name, "master", text, sizeof(nic->bridge));
	if (*text && has(text, "bridge"))
		strcpy(nic->bridge, text);
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
}

static void take_interface(const char *name, struct host_facts *facts)
{
	if (has(name, "bridge") && facts->bridge_count < HOST_INTERFACES_MOST) {
		struct host_bridge *bridge = &facts->bridges[facts->bridge_count++];

		strcpy(bridge->name, name);
		bridge->mtu = read_number(name, "mtu");
	} else if (has(name, "device") && facts->nic_count < HOST_INTERFACES_MOST) {
		read_nic(name, &facts->nics[facts->nic_count++]);
	}
}

void interfaces_read(struct host_facts *facts)
{
	struct dirent **entries;
	int count = scandir(FOLDER, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (*name != '.' && strlen(name) < INTERFACE_NAME_SIZE)
			take_interface(name, facts);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}
