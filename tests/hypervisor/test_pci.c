/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_pci.c – PCI devices of a machine, from files like those of /sys and of pci.ids */
#include "server/hypervisor/pci.h"

#include "schema/base.h"
#include "tests/hypervisor/fixture.h"
#include "tests/tap.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *name, const char *text)
{
	AUTO_TEXT path = fixture_path(name);

	fixture_write(path, text);
}

static void make_device(const char *id, const char *const numbers[6])
{
	static const char *const names[] = {
		"class", "vendor", "device", "subsystem_vendor", "subsystem_device", "revision"};
	AUTO_TEXT path = fixture_path(id);

	mkdir(path, 0700);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_TEXT name = text_format("%s/%s", id, names[i]);

		if (numbers[i])
			write_file(name, numbers[i]);
	}
}

static void make_all(void)
{
	static const char *const card[] = {"0x020000\n", "0x8086\n", "0x10d3\n",
					   "0x1028\n",	 "0x0abc\n", "0x02\n"};
	static const char *const odd[] = {"0x088000\n", "0xffff\n", NULL, NULL, NULL, NULL};
	AUTO_TEXT link = fixture_path("0001:02:1f.7/driver");

	make_device("0001:02:1f.7", card);
	make_device("0000:00:00.0", odd);
	make_device("not-a-device", odd);
	if (symlink("../../../bus/pci/drivers/e1000e", link) < 0)
		abort();
	write_file("pci.ids", "# comment\n1028  Dell\n\t0abc  Not this one\n"
			      "8086  Intel Corporation\n\t10d2  Another\n\t10d3  82574L Gigabit\n"
			      "\t\t1028 0abc  The card\n\t\t1028 0abd  Another card\n"
			      "C 02  Network controller\n\t00  Ethernet controller\n"
			      "\t80  Network controller\nC 08  Generic peripheral\n\t00  PIC\n");
}

static void test_card(const struct host_pci *card)
{
	is_str(card->id, "0001:02:1f.7", "its address");
	is_int((int)card->domain, 1, "its domain");
	is_int((int)card->bus, 2, "its bus");
	is_int((int)card->slot, 0x1f, "its slot");
	is_int((int)card->function, 7, "its function");
	is_int((int)card->class_code, 0x020000, "its class");
	is_int((int)card->vendor, 0x8086, "its vendor");
	is_int((int)card->device, 0x10d3, "its number");
	is_int((int)card->revision, 2, "its revision");
	is_str(card->class_name, "Ethernet controller", "the name of its subclass");
	is_str(card->vendor_name, "Intel Corporation", "of its vendor");
	is_str(card->device_name, "82574L Gigabit", "its own");
	is_str(card->subsystem_vendor_name, "Dell", "of the card's vendor");
	is_str(card->subsystem_device_name, "The card", "and the card's");
	is_str(card->driver, "e1000e", "its driver");
}

int main(void)
{
	AUTO_TEXT names = fixture_path("pci.ids");
	struct host_pci *devices;
	size_t count;

	make_all();
	pci_list(fixture_folder(), names, &devices, &count);
	is_int((int)count, 2, "two devices");
	is_str(devices[0].id, "0000:00:00.0", "in order");
	is_str(devices[0].class_name, "Generic peripheral", "a class without that subclass");
	is_str(devices[0].vendor_name, "", "a vendor that is not known");
	is_str(devices[0].driver, "", "no driver");
	test_card(&devices[1]);
	free(devices);
	pci_list(fixture_folder(), "/nowhere/pci.ids", &devices, &count);
	is_int((int)count, 2, "without names");
	is_str(devices[1].vendor_name, "", "they are empty");
	free(devices);
	pci_list("/nowhere", names, &devices, &count);
	is_int((int)count, 0, "a machine without PCI");
	free(devices);
	return done_testing();
}
