/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_build.c – makes and unmakes guests, after checking what they are to be made from */
#include "server/hypervisor/simulator.h"
#include "server/hypervisor/simulator_device.h"

#include "schema/base.h"
#include "server/hypervisor/scheduling.h"

#include <inttypes.h>

#define FLOOR (64 * MIB)
#define DOMAIN_0_MEMORY (4 * GIB)
#define DOMAIN_0_FLOOR (512 * MIB)
#define DOMAIN_0_VCPUS 4
#define DEFAULT_WEIGHT 256

int simulator_check_scheduling(const struct simulator *simulator,
			       const struct scheduling *scheduling, struct hypervisor_error *err)
{
	return scheduling_check(scheduling, simulator->host.pcpus, err);
}

void simulator_apply_scheduling(struct guest *guest, const struct scheduling *scheduling)
{
	char *mask = text_copy(scheduling->mask ? scheduling->mask : "");

	if (scheduling->weight > 0)
		guest->weight = scheduling->weight;
	if (scheduling->cap >= 0)
		guest->cap = scheduling->cap;
	free(guest->mask);
	guest->mask = mask;
}

static int check_config(struct simulator *simulator, const struct domain_config *config,
			struct hypervisor_error *err)
{
	struct hypervisor_error not_found;

	if (!uuid_is_valid(config->uuid))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "\"%.64s\" is not a uuid",
				       config->uuid);
	if (simulator_find_guest(simulator, config->uuid, &not_found))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is a domain %s already",
				       config->uuid);
	if (simulator->count >= SIMULATOR_GUESTS_MAX)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there are %zu domains already",
				       simulator->count);
	if (config->vcpus_max < 1 || config->vcpus_max > SIMULATOR_VCPUS_MAX)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a domain may have 1 to %d vCPUs, not %d",
				       SIMULATOR_VCPUS_MAX, config->vcpus_max);
	if (config->vcpus < 1 || config->vcpus > config->vcpus_max)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%d vCPUs cannot be online, only 1 to %d", config->vcpus,
				       config->vcpus_max);
	return simulator_check_scheduling(simulator, &config->scheduling, err);
}

static int check_memory(const struct simulator *simulator, const struct domain_config *config,
			int64_t memory_actual, struct hypervisor_error *err)
{
	int64_t target = config->memory.target;
	int64_t most = memory_actual > target ? memory_actual : target;
	int64_t available = simulator_memory_free(simulator);

	if (most > config->memory_maximum)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%" PRId64 " bytes of memory are more than the domain's "
				       "maximum of %" PRId64,
				       most, config->memory_maximum);
	if (most <= available && config->memory_overhead <= available - most)
		return 0;
	hypervisor_fail(err, HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
	err->needed = most < INT64_MAX - config->memory_overhead ? most + config->memory_overhead :
								   INT64_MAX;
	err->available = available;
	return -1;
}

/* As xapi counts it, in MiB of 256 pages; PV guests have none. */
static int64_t default_shadow(const struct domain_config *config)
{
	int64_t pages = 256 * (int64_t)config->vcpus_max + 2 * (config->memory_maximum / MIB);
	double mib = (double)((pages + 255) / 256) * config->shadow_multiplier;

	if (config->type == GUEST_PV)
		return 0;
	return mib >= 1 && mib < 1e9 ? (int64_t)mib * MIB : MIB;
}

static json_t *text_or_empty(const char *text)
{
	return json_string(text ? text : "");
}

static json_t *keep_map(const struct key_value *pairs, size_t count)
{
	json_t *map = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(map, pairs[i].key, text_or_empty(pairs[i].value));
	return map;
}

static json_t *keep_config(const struct domain_config *config)
{
	return json_pack("{so, so, so, so, so, so, so, so}", "kernel",
			 text_or_empty(config->kernel), "ramdisk", text_or_empty(config->ramdisk),
			 "arguments", text_or_empty(config->arguments), "bootloader",
			 text_or_empty(config->bootloader), "bootloader_arguments",
			 text_or_empty(config->bootloader_arguments), "boot_order",
			 text_or_empty(config->boot_order), "platform",
			 keep_map(config->platform, config->platform_count), "store",
			 keep_map(config->store, config->store_count));
}

/* Cuts between characters, not in one. */
static void copy_name(char *target, const char *name)
{
	size_t length = strlen(name);

	if (length >= DOMAIN_NAME_SIZE) {
		length = DOMAIN_NAME_SIZE - 1;
		while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(target, name, length);
	target[length] = '\0';
}

static void fill_guest(struct simulator *simulator, struct guest *guest,
		       const struct domain_config *config, int64_t memory_actual)
{
	int64_t now = simulator_now(simulator);

	memcpy(guest->uuid, config->uuid, UUID_SIZE);
	copy_name(guest->name, config->name);
	guest->domid = simulator->next_domid++;
	guest->type = config->type;
	guest->memory_actual = WHOLE_KIB(memory_actual);
	guest->memory_target = WHOLE_KIB(config->memory.target);
	guest->memory_maximum = WHOLE_KIB(config->memory_maximum);
	guest->memory_floor = guest->memory_target < FLOOR ? guest->memory_target : FLOOR;
	guest->memory_overhead = config->memory_overhead;
	guest->memory_shadow = default_shadow(config);
	guest->dynamic_min = config->memory.dynamic_min;
	guest->dynamic_max = config->memory.dynamic_max;
	guest->vcpus_online = config->vcpus;
	guest->vcpus_max = config->vcpus_max;
	guest->weight = DEFAULT_WEIGHT;
	simulator_apply_scheduling(guest, &config->scheduling);
	guest->start_time = now / 1000000000;
	guest->at_ns = now;
}

static struct guest *append_guest(struct simulator *simulator, const struct domain_config *config,
				  int64_t memory_actual)
{
	size_t size = (simulator->count + 1) * sizeof(*simulator->guests);
	struct guest *guest;

	simulator->guests = reallocate(simulator->guests, size);
	guest = &simulator->guests[simulator->count++];
	*guest = (struct guest){0};
	fill_guest(simulator, guest, config, memory_actual);
	return guest;
}

/* What is kept of them; NULL: one is not UTF-8. */
static json_t *check_texts(const struct domain_config *config, struct hypervisor_error *err)
{
	json_t *name = json_string(config->name);
	json_t *built_from = name ? keep_config(config) : NULL;

	json_decref(name);
	if (!built_from)
		hypervisor_fail(err, HYPERVISOR_FAILED, "a text of the domain is not UTF-8");
	return built_from;
}

static int make_devices(const struct simulator *simulator, const struct domain_config *config,
			json_t *ret_devices[SIMULATOR_DEVICES], struct hypervisor_error *err)
{
	json_t *nics = simulator_make_nics(simulator, config, err);
	json_t *disks = nics ? simulator_make_disks(config, err) : NULL;
	json_t *pcis = disks ? simulator_make_pcis(simulator, config, err) : NULL;

	if (!pcis) {
		json_decref(nics);
		json_decref(disks);
		return -1;
	}
	ret_devices[SIMULATOR_NICS] = nics;
	ret_devices[SIMULATOR_DISKS] = disks;
	ret_devices[SIMULATOR_PCIS] = pcis;
	return 0;
}

struct guest *simulator_add_guest(struct simulator *simulator, const struct domain_config *config,
				  int64_t memory_actual, struct hypervisor_error *err)
{
	json_t *devices[SIMULATOR_DEVICES], *built_from;
	struct guest *guest;

	if (check_config(simulator, config, err) < 0 ||
	    check_memory(simulator, config, memory_actual, err) < 0)
		return NULL;
	built_from = check_texts(config, err);
	if (!built_from)
		return NULL;
	if (make_devices(simulator, config, devices, err) < 0) {
		json_decref(built_from);
		return NULL;
	}
	guest = append_guest(simulator, config, memory_actual);
	memcpy(guest->devices, devices, sizeof(guest->devices));
	guest->keys = json_object();
	guest->built_from = built_from;
	simulator_queue_event(simulator, EVENT_DOMAIN_APPEARED, guest);
	return guest;
}

void simulator_add_domain_0(struct simulator *simulator)
{
	int64_t half = simulator->host.memory_total / 2;
	int64_t memory = half < DOMAIN_0_MEMORY ? half : DOMAIN_0_MEMORY;
	int pcpus = simulator->host.pcpus;
	int vcpus = pcpus < DOMAIN_0_VCPUS ? pcpus : DOMAIN_0_VCPUS;
	const struct domain_config config = {
		.uuid = DOMAIN_0_UUID,
		.name = "Domain-0",
		.memory = {memory, memory, memory},
		.memory_maximum = memory,
		.vcpus = vcpus,
		.vcpus_max = vcpus,
	};
	struct guest *guest = append_guest(simulator, &config, memory);

	guest->memory_floor = memory < DOMAIN_0_FLOOR ? memory : DOMAIN_0_FLOOR;
	for (int i = 0; i < SIMULATOR_DEVICES; i++)
		guest->devices[i] = json_array();
	guest->keys = json_object();
	guest->built_from = keep_config(&config);
}

void simulator_clear_guest(struct guest *guest)
{
	free(guest->mask);
	for (int i = 0; i < SIMULATOR_DEVICES; i++)
		json_decref(guest->devices[i]);
	json_decref(guest->keys);
	json_decref(guest->built_from);
	*guest = (struct guest){0};
}

void simulator_remove_guest(struct simulator *simulator, struct guest *guest)
{
	size_t after = simulator->count - (size_t)(guest - simulator->guests) - 1;

	for (int i = 0; i < guest->vcpus_max; i++)
		simulator->past_time_ns += guest->vcpu_time_ns[i];
	simulator_queue_event(simulator, EVENT_DOMAIN_GONE, guest);
	simulator_clear_guest(guest);
	memmove(guest, guest + 1, after * sizeof(*guest));
	simulator->count--;
}
