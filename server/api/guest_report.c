/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_report.c – what agents in guests write into xenstore, as VM_guest_metrics has it */
#include "server/api/guest_report.h"

#include "schema/xml_character.h"

#include <stdio.h>

#define KEYS_MOST 256

/* Where the agents of Xen's distributions write what. */
static const struct {
	const char *path;
	int field; /* a map */
	const char *key;
} texts[] = {
	{"data/os_name", VM_guest_metrics_os_version, "name"},
	{"data/os_distro", VM_guest_metrics_os_version, "distro"},
	{"data/os_uname", VM_guest_metrics_os_version, "uname"},
	{"data/os_majorver", VM_guest_metrics_os_version, "major"},
	{"data/os_minorver", VM_guest_metrics_os_version, "minor"},
	{"data/host_name", VM_guest_metrics_netbios_name, "host_name"},
	{"data/domain", VM_guest_metrics_netbios_name, "dns_domain"},
	{"attr/PVAddons/MajorVersion", VM_guest_metrics_PV_drivers_version, "major"},
	{"attr/PVAddons/MinorVersion", VM_guest_metrics_PV_drivers_version, "minor"},
	{"attr/PVAddons/MicroVersion", VM_guest_metrics_PV_drivers_version, "micro"},
	{"attr/PVAddons/BuildVersion", VM_guest_metrics_PV_drivers_version, "build"},
};

static const int maps[] = {VM_guest_metrics_os_version, VM_guest_metrics_netbios_name,
			   VM_guest_metrics_PV_drivers_version, VM_guest_metrics_networks,
			   VM_guest_metrics_other};
static const int flags[] = {VM_guest_metrics_PV_drivers_up_to_date, VM_guest_metrics_live,
			    VM_guest_metrics_PV_drivers_detected,
			    VM_guest_metrics_can_use_hotplug_vbd,
			    VM_guest_metrics_can_use_hotplug_vif};

/* A guest may write what a reply cannot hold. */
static bool is_text(const char *text)
{
	const char *end = text + strlen(text);
	size_t length;

	for (; *text; text += length) {
		length = xml_character(text, end);
		if (length == 0)
			return false;
	}
	return true;
}

static void put(struct record *report, int field, const char *key, const char *text)
{
	record_set(report, field,
		   value_map_with(record_get(report, field), key, value_string(text)));
}

/* attr/vif/0/ipv4/0, or attr/eth0/ip of older agents, is 0/ipv4/0; the first IPv4 address is 0/ip,
 * too. */
static void take_address(struct record *report, const struct guest_key *key)
{
	unsigned device, number;
	char family, rest, name[48];

	if (sscanf(key->path, "attr/vif/%5u/ipv%c/%5u%c", &device, &family, &number, &rest) == 3 &&
	    (family == '4' || family == '6')) {
		snprintf(name, sizeof(name), "%u/ipv%c/%u", device, family, number);
		put(report, VM_guest_metrics_networks, name, key->value);
		if (family == '6' || number != 0)
			return;
	} else if (sscanf(key->path, "attr/eth%5u/i%c%c", &device, &family, &rest) != 2 ||
		   family != 'p') {
		return;
	}
	snprintf(name, sizeof(name), "%u/ip", device);
	put(report, VM_guest_metrics_networks, name, key->value);
}

/* A driver in the guest is connected to a device of ours. */
static bool is_connected(const struct guest_key *key)
{
	size_t length = strlen(key->path);

	return strncmp(key->path, "device/", 7) == 0 && length > 6 &&
	       strcmp(key->path + length - 6, "/state") == 0 && strcmp(key->value, "4") == 0;
}

static void take_hotplug(struct record *report, const struct guest_key *key)
{
	const char *said = strcmp(key->value, "0") == 0 ? "no" : "yes";

	if (strcmp(key->path, "feature/hotplug/vbd") == 0)
		record_set_text(report, VM_guest_metrics_can_use_hotplug_vbd, said);
	else if (strcmp(key->path, "feature/hotplug/vif") == 0)
		record_set_text(report, VM_guest_metrics_can_use_hotplug_vif, said);
}

static void take_key(struct record *report, const struct guest_key *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(key->path, texts[i].path) == 0)
			put(report, texts[i].field, texts[i].key, key->value);
	take_address(report, key);
	take_hotplug(report, key);
	if (strncmp(key->path, "control/feature-", 16) == 0)
		put(report, VM_guest_metrics_other, key->path + 8, key->value);
	if (is_connected(key))
		record_set(report, VM_guest_metrics_PV_drivers_detected, value_bool(true));
}

/* A record of its own, of which only `maps` and `flags` count. */
static struct record *make_report(const struct guest_key *keys, size_t count)
{
	struct record *report = record_new(schema_classes[CLASS_VM_guest_metrics], NULL_REF);
	bool has_drivers, says_something = false;

	for (size_t i = 0; i < count; i++)
		if (is_text(keys[i].path) && is_text(keys[i].value))
			take_key(report, &keys[i]);
	has_drivers = record_bool(report, VM_guest_metrics_PV_drivers_detected) ||
		      record_get(report, VM_guest_metrics_PV_drivers_version)->length;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		says_something = says_something || record_get(report, maps[i])->length;
	record_set(report, VM_guest_metrics_PV_drivers_up_to_date, value_bool(has_drivers));
	record_set(report, VM_guest_metrics_live, value_bool(says_something));
	return report;
}

static bool take_over(struct record *metrics, const struct record *report, const int *fields,
		      size_t count)
{
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		if (value_equal(record_get(metrics, fields[i]), record_get(report, fields[i])))
			continue;
		record_set(metrics, fields[i], value_reference(record_get(report, fields[i])));
		changed = true;
	}
	return changed;
}

struct application {
	const char *vm;
	struct record *report;
};

static int apply(struct transaction *transaction, void *argument, struct error *err)
{
	const struct application *application = argument;
	const struct record *vm = transaction_read(transaction, CLASS_VM, application->vm);
	struct record *metrics = vm ? transaction_edit(transaction, CLASS_VM_guest_metrics,
						       record_text(vm, VM_guest_metrics)) :
				      NULL;
	bool changed;

	(void)err;
	if (!metrics)
		return 0;
	changed = take_over(metrics, application->report, maps, ARRAY_SIZE(maps));
	if (take_over(metrics, application->report, flags, ARRAY_SIZE(flags)) || changed)
		record_set(metrics, VM_guest_metrics_last_updated,
			   value_datetime_of((time_t)now_seconds()));
	return 0;
}

/* Whether there is something to store: mostly a guest says what it said before. */
static bool has_news(struct api *api, const struct record *vm, const struct record *report)
{
	AUTO(record) metrics =
		store_read(api->store, CLASS_VM_guest_metrics, record_text(vm, VM_guest_metrics));
	AUTO(record) copy = metrics ? record_copy(metrics) : NULL;

	return copy && (take_over(copy, report, maps, ARRAY_SIZE(maps)) ||
			take_over(copy, report, flags, ARRAY_SIZE(flags)));
}

void guest_report_sample(struct api *api, const struct record *vm)
{
	struct guest_key *keys = allocate(KEYS_MOST * sizeof(*keys));
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};
	size_t count;

	if (!record_bool(vm, VM_is_control_domain) &&
	    hypervisor_read_guest(api->hypervisor, record_uuid(vm), keys, KEYS_MOST, &count,
				  &reason) == 0) {
		AUTO(record) report = make_report(keys, count);
		struct application application = {record_ref(vm), report};

		if (has_news(api, vm, report))
			store_mutate(api->store, apply, &application, &ignored);
	}
	free(keys);
}
