/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.c – the PCI devices of this machine, from /sys, and their names, from the list of the PCI ID
 * project */
#include "server/hypervisor/pci.h"

#include "schema/base.h"
#include "server/hypervisor/adapter.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned read_hex(const char *folder, const char *device, const char *name)
{
	AUTO_TEXT path = text_format("%s/%s/%s", folder, device, name);
	FILE *file = fopen(path, "re");
	char line[32] = "";

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return (unsigned)strtoul(line, NULL, 16);
}

void pci_read_driver(const char *folder, const char *id, char *ret_driver, size_t size)
{
	AUTO_TEXT path = text_format("%s/%s/driver", folder, id);
	char target[512] = "";
	const char *slash;

	*ret_driver = '\0';
	if (readlink(path, target, sizeof(target) - 1) < 0)
		return;
	slash = strrchr(target, '/');
	if (slash && strlen(slash + 1) < size)
		strcpy(ret_driver, slash + 1);
}

int pci_refuse(const struct pci_config *device, struct hypervisor_error *err)
{
	return hypervisor_fail(err, HYPERVISOR_FAILED,
			       "the PCI device %04x:%02x:%02x.%x is not assignable", device->domain,
			       device->bus, device->slot, device->function);
}

/* False: that is no address. */
static bool read_device(const char *folder, const char *id, struct host_pci *ret_device)
{
	struct host_pci device = {0};
	char end;

	if (strlen(id) >= sizeof(device.id) ||
	    sscanf(id, "%x:%x:%x.%x%c", &device.domain, &device.bus, &device.slot, &device.function,
		   &end) != 4)
		return false;
	strcpy(device.id, id);
	device.class_code = read_hex(folder, id, "class");
	device.vendor = read_hex(folder, id, "vendor");
	device.device = read_hex(folder, id, "device");
	device.subsystem_vendor = read_hex(folder, id, "subsystem_vendor");
	device.subsystem_device = read_hex(folder, id, "subsystem_device");
	device.revision = read_hex(folder, id, "revision");
	pci_read_driver(folder, id, device.driver, sizeof(device.driver));
	*ret_device = device;
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct host_pci *)a)->id, ((const struct host_pci *)b)->id);
}

/* Where a line of the list stands: below which class or vendor, and which device of it. */
struct place {
	bool in_classes;
	unsigned outer;
	unsigned inner;
};

static void take(char *ret_name, const char *name)
{
	snprintf(ret_name, PCI_NAME_SIZE, "%s", name);
}

static void name_outer(struct host_pci *device, const struct place *place, const char *name)
{
	if (place->in_classes && device->class_code >> 16 == place->outer)
		take(device->class_name, name);
	if (place->in_classes)
		return;
	if (device->vendor == place->outer)
		take(device->vendor_name, name);
	if (device->subsystem_vendor == place->outer)
		take(device->subsystem_vendor_name, name);
}

/* A subclass says more than its class. */
static void name_inner(struct host_pci *device, const struct place *place, const char *name)
{
	if (place->in_classes && device->class_code >> 8 == (place->outer << 8 | place->inner))
		take(device->class_name, name);
	if (!place->in_classes && device->vendor == place->outer && device->device == place->inner)
		take(device->device_name, name);
}

static void name_subsystem(struct host_pci *device, const struct place *place, unsigned vendor,
			   unsigned number, const char *name)
{
	if (!place->in_classes && device->vendor == place->outer &&
	    device->device == place->inner && device->subsystem_vendor == vendor &&
	    device->subsystem_device == number)
		take(device->subsystem_device_name, name);
}

/* "vvvv  name", "\tdddd  name", "\t\tvvvv dddd  name", "C cc  name", "\tss  name" */
static void read_line(struct place *place, const char *line, struct host_pci *devices, size_t count)
{
	const char *name = strstr(line, "  ");
	unsigned first = 0, second = 0;

	if (!name || *line == '#')
		return;
	name += 2;
	if (*line == '\t') {
		bool deep = line[1] == '\t';
		int found = sscanf(line, "%x %x", &first, &second);

		place->inner = deep ? place->inner : first;
		for (size_t i = 0; found && i < count; i++)
			if (deep)
				name_subsystem(&devices[i], place, first, second, name);
			else
				name_inner(&devices[i], place, name);
		return;
	}
	place->in_classes = line[0] == 'C' && line[1] == ' ';
	place->outer = (unsigned)strtoul(line + (place->in_classes ? 2 : 0), NULL, 16);
	for (size_t i = 0; i < count; i++)
		name_outer(&devices[i], place, name);
}

static void read_names(const char *path, struct host_pci *devices, size_t count)
{
	FILE *file = fopen(path, "re");
	struct place place = {0};
	char *line = NULL;
	size_t capacity = 0;

	while (file && getline(&line, &capacity, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		read_line(&place, line, devices, count);
	}
	free(line);
	if (file)
		fclose(file);
}

void pci_list(const char *folder, const char *names, struct host_pci **ret_devices,
	      size_t *ret_count)
{
	DIR *list = opendir(folder);
	struct host_pci *devices = NULL;
	size_t count = 0;

	for (struct dirent *entry; list && (entry = readdir(list));) {
		devices = reallocate(devices, (count + 1) * sizeof(*devices));
		count += read_device(folder, entry->d_name, &devices[count]);
	}
	if (list)
		closedir(list);
	if (count) {
		qsort(devices, count, sizeof(*devices), compare);
		read_names(names, devices, count);
	}
	*ret_devices = devices;
	*ret_count = count;
}
