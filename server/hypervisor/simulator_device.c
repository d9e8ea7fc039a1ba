/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_device.c – devices of the simulator's guests: what disks and network interfaces share
 */
#include "server/hypervisor/simulator_device.h"

#include "schema/base.h"

static const char *const words[SIMULATOR_DEVICES] = {
	[SIMULATOR_NICS] = "network interface",
	[SIMULATOR_DISKS] = "disk",
	[SIMULATOR_PCIS] = "PCI device",
};

static int number_of(const json_t *device)
{
	return (int)json_integer_value(json_object_get(device, "device"));
}

int simulator_find_device(const json_t *devices, int number)
{
	for (size_t i = 0; i < json_array_size(devices); i++)
		if (number_of(json_array_get(devices, i)) == number)
			return (int)i;
	return -1;
}

int simulator_add_device(json_t *devices, enum simulator_device kind, json_t *device,
			 struct hypervisor_error *err)
{
	if (!device)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "a text of the %s is not UTF-8",
				       words[kind]);
	if (simulator_find_device(devices, number_of(device)) >= 0) {
		hypervisor_fail(err, HYPERVISOR_FAILED, "there is a %s %d", words[kind],
				number_of(device));
		json_decref(device);
		return -1;
	}
	json_array_append_new(devices, device);
	return 0;
}

int simulator_get_devices(struct simulator *simulator, const char *uuid, enum simulator_device kind,
			  int *ret_numbers, size_t capacity, size_t *ret_count,
			  struct hypervisor_error *err)
{
	const struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	*ret_count = json_array_size(guest->devices[kind]);
	for (size_t i = 0; i < *ret_count && i < capacity; i++)
		ret_numbers[i] = number_of(json_array_get(guest->devices[kind], i));
	return 0;
}

int simulator_commit_devices(struct simulator *simulator, struct guest *guest,
			     enum simulator_device kind, json_t *devices,
			     struct hypervisor_error *err)
{
	json_decref(guest->devices[kind]);
	guest->devices[kind] = devices;
	return simulator_commit(simulator, err);
}

int simulator_attach_device(struct simulator *simulator, const char *uuid,
			    enum simulator_device kind, json_t *device,
			    struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *devices;

	if (!guest) {
		json_decref(device);
		return -1;
	}
	devices = json_copy(guest->devices[kind]);
	if (simulator_add_device(devices, kind, device, err) < 0) {
		json_decref(devices);
		return -1;
	}
	return simulator_commit_devices(simulator, guest, kind, devices, err);
}

int simulator_detach_device(struct simulator *simulator, const char *uuid,
			    enum simulator_device kind, int number, struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *devices;
	int place;

	if (!guest)
		return -1;
	place = simulator_find_device(guest->devices[kind], number);
	if (place < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no %s %d", words[kind],
				       number);
	devices = json_copy(guest->devices[kind]);
	json_array_remove(devices, (size_t)place);
	return simulator_commit_devices(simulator, guest, kind, devices, err);
}

json_t *simulator_copy_devices(const struct guest *guest, enum simulator_device kind, int number,
			       json_t **ret_devices, struct hypervisor_error *err)
{
	int place = simulator_find_device(guest->devices[kind], number);

	if (place < 0) {
		hypervisor_fail(err, HYPERVISOR_FAILED, "there is no %s %d", words[kind], number);
		return NULL;
	}
	*ret_devices = json_deep_copy(guest->devices[kind]);
	return json_array_get(*ret_devices, (size_t)place);
}

static uint64_t counter_of(const json_t *device, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(device, key));
}

int simulator_get_traffic(struct simulator *simulator, const char *uuid, enum simulator_device kind,
			  struct device_traffic *traffic, size_t count,
			  struct hypervisor_error *err)
{
	const struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int place = simulator_find_device(guest->devices[kind], traffic[i].device);
		const json_t *device =
			place < 0 ? NULL : json_array_get(guest->devices[kind], (size_t)place);

		traffic[i].read_bytes = counter_of(device, "read");
		traffic[i].written_bytes = counter_of(device, "written");
	}
	return 0;
}

static void add_to_counter(json_t *device, const char *key, uint64_t bytes)
{
	json_object_set_new(device, key,
			    json_integer((json_int_t)(counter_of(device, key) + bytes)));
}

int simulator_carry(struct simulator *simulator, const char *uuid, enum simulator_device kind,
		    const struct device_traffic *more, struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *devices;
	json_t *device = guest ? simulator_copy_devices(guest, kind, more->device, &devices, err) :
				 NULL;

	if (!device)
		return -1;
	add_to_counter(device, "read", more->read_bytes);
	add_to_counter(device, "written", more->written_bytes);
	return simulator_commit_devices(simulator, guest, kind, devices, err);
}
