/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt_leaves.c – what becomes of what libvirt's domain XML says. */
#include "server/import/libvirt_leaves.h"

#include "schema/buffer.h"

#include <errno.h>
#include <stdio.h>

static int decide(struct leaves *leaves, const struct leaf *leaf, enum outcome_kind kind,
		  const char *detail)
{
	settings_decide(&leaves->import->settings, leaf->row, kind, "%s", detail);
	return 0;
}

static int leaf_kind(LEAF_ARGUMENTS)
{
	(void)rule;
	if (strcmp(leaf->text, "xen") == 0)
		return decide(leaves, leaf, OUTCOME_TAKEN, "all guests here are Xen's");
	if (strcmp(leaf->text, "lxc") == 0 || strcmp(leaf->text, "openvz") == 0)
		return leaves_refuse(leaves, leaf, "is a container, which can be no VM");
	return decide(leaves, leaf, OUTCOME_TRANSLATED,
		      "it becomes Xen's: the guest needs drivers for Xen's disks and network");
}

/* In bytes; 0: unknown */
static int64_t unit_of(const char *name)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {
		{"b", 1},
		{"bytes", 1},
		{"KB", 1000},
		{"k", 1024},
		{"KiB", 1024},
		{"MB", 1000000},
		{"M", 1 << 20},
		{"MiB", 1 << 20},
		{"GB", 1000000000},
		{"G", 1 << 30},
		{"GiB", 1 << 30},
		{"TB", 1000000000000},
		{"T", INT64_C(1) << 40},
		{"TiB", INT64_C(1) << 40},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(units[i].name, name) == 0)
			return units[i].bytes;
	return 0;
}

/* A number of some unit, KiB if none is said, to MiB; what is begun is whole. */
static int leaf_memory(LEAF_ARGUMENTS)
{
	AUTO_TEXT unit_path = text_format("%s@unit", leaf->path);
	const struct leaf *unit = leaves_find(leaves, unit_path, leaf->group);
	int64_t bytes = unit ? unit_of(unit->text) : 1024, number, product;
	AUTO_TEXT mib = NULL;
	char *end;

	if (!bytes)
		return leaves_refuse(leaves, unit, "must be b, KiB, MiB, GiB, TiB or the like");
	errno = 0;
	number = strtoll(leaf->text, &end, 10);
	if (errno || *end || end == leaf->text || number < 0 ||
	    __builtin_mul_overflow(number, bytes, &product) || product > INT64_MAX - (1 << 20))
		return leaves_refuse(leaves, leaf, "must be a whole number that is not too large");
	mib = text_format("%lld", (long long)((product + (1 << 20) - 1) >> 20));
	leaves_set(leaves, leaf, rule->key, mib, true);
	return 0;
}

static int leaf_vcpus(LEAF_ARGUMENTS)
{
	bool alone = !leaves_find(leaves, "vcpu@current", leaf->group);

	leaves_set(leaves, leaf, alone ? "vcpus" : rule->key, leaf->text, false);
	return 0;
}

static int leaf_placement(LEAF_ARGUMENTS)
{
	(void)rule;
	if (strcmp(leaf->text, "static") == 0)
		return decide(leaves, leaf, OUTCOME_TAKEN, "as it is always");
	return decide(leaves, leaf, OUTCOME_IGNORED,
		      "Xen's scheduler places vCPUs; pin them with VM.VCPUs_params:mask");
}

/* The vCPU's own CPUs, or NULL. */
static const char *pinned_to(const struct leaves *leaves, unsigned long vcpu)
{
	AUTO_TEXT number = text_format("%lu", vcpu);

	for (int i = 0; i < leaves->count; i++) {
		const struct leaf *leaf = &leaves->items[i];
		const struct leaf *set;

		if (strcmp(leaf->path, "cputune/vcpupin@vcpu") != 0 ||
		    strcmp(leaf->text, number) != 0)
			continue;
		set = leaves_find(leaves, "cputune/vcpupin@cpuset", leaf->group);
		if (set)
			return set->text;
	}
	return NULL;
}

/* A mask of several lists needs one for each vCPU. */
static int leaf_pin(LEAF_ARGUMENTS)
{
	struct settings *settings = &leaves->import->settings;
	const struct leaf *all = leaves_find(leaves, "vcpu", -1);
	unsigned long count = all ? strtoul(all->text, NULL, 10) : 0;
	AUTO(value) lists = value_set();

	if (settings_find(settings, rule->key) >= 0) {
		settings_link(settings, leaf->row, settings_find(settings, rule->key), true);
		return 0;
	}
	for (unsigned long i = 0; i < count && i < ROWS_MAX; i++) {
		const char *own = pinned_to(leaves, i);

		if (!own)
			return decide(leaves, leaf, OUTCOME_IGNORED,
				      "a mask has lists for all vCPUs: pin the others too");
		value_append(lists, value_string(own));
	}
	settings_link(settings, leaf->row,
		      settings_add(settings, rule->key, value_reference(lists), leaf->row), true);
	return 0;
}

/* One word for another. */
struct word {
	const char *from, *to;
};

static int take_word(LEAF_ARGUMENTS, const struct word *words, const char *reason)
{
	while (words->from && strcmp(words->from, leaf->text) != 0)
		words++;
	if (!words->from)
		return decide(leaves, leaf, OUTCOME_IGNORED, reason);
	leaves_set(leaves, leaf, rule->key, words->to, strcmp(words->from, words->to) != 0);
	return 0;
}

static int leaf_type(LEAF_ARGUMENTS)
{
	static const struct word words[] = {
		{"hvm", "hvm"},	 {"linux", "pv"},   {"xen", "pv"},
		{"xenpv", "pv"}, {"xenpvh", "pvh"}, {0},
	};

	if (strcmp(leaf->text, "exe") == 0)
		return leaves_refuse(leaves, leaf, "is a container, which can be no VM");
	return take_word(leaves, leaf, rule, words, "must be hvm, linux or xenpvh");
}

static int leaf_firmware(LEAF_ARGUMENTS)
{
	static const struct word words[] = {{"efi", "ovmf"}, {"bios", "seabios"}, {0}};

	return take_word(leaves, leaf, rule, words, "must be bios or efi");
}

/* Only which of the two it is matters: both are the host's own. */
static int leaf_loader(LEAF_ARGUMENTS)
{
	const struct leaf *kind = leaves_find(leaves, "os/loader@type", leaf->group);
	bool is_uefi = (kind && strcmp(kind->text, "pflash") == 0) || strstr(leaf->text, "OVMF") ||
		       strstr(leaf->text, "ovmf");

	if (!is_uefi)
		return decide(leaves, leaf, OUTCOME_IGNORED, "the firmware is the host's own");
	leaves_set(leaves, leaf, rule->key, "ovmf", true);
	return 0;
}

/* One letter for each element, in order. */
static int leaf_boot(LEAF_ARGUMENTS)
{
	static const struct word words[] = {
		{"hd", "c"}, {"cdrom", "d"}, {"network", "n"}, {"fd", "a"}, {0}};
	struct settings *settings = &leaves->import->settings;
	int found = settings_find(settings, rule->key);
	const struct word *word = words;
	struct setting *setting;
	struct value *joined;

	if (found < 0)
		return take_word(leaves, leaf, rule, words, "must be hd, cdrom or network");
	while (word->from && strcmp(word->from, leaf->text) != 0)
		word++;
	if (!word->from)
		return decide(leaves, leaf, OUTCOME_IGNORED, "must be hd, cdrom or network");
	setting = &settings->items[found];
	joined = value_string_format("%s%s", setting->value->text, word->to);
	value_release(setting->value);
	setting->value = joined;
	settings_link(settings, leaf->row, found, true);
	return 0;
}

static int leaf_yes(LEAF_ARGUMENTS)
{
	static const struct word words[] = {{"yes", "1"}, {"no", "0"}, {0}};

	return take_word(leaves, leaf, rule, words, "must be yes or no");
}

static int leaf_on(LEAF_ARGUMENTS)
{
	static const struct word words[] = {{"on", "1"}, {"off", "0"}, {0}};

	return take_word(leaves, leaf, rule, words, "must be on or off");
}

static int leaf_present(LEAF_ARGUMENTS)
{
	leaves_set(leaves, leaf, rule->key, "1", true);
	return 0;
}

static int leaf_offset(LEAF_ARGUMENTS)
{
	static const struct word words[] = {{"utc", "0"}, {"localtime", "1"}, {0}};

	return take_word(leaves, leaf, rule, words,
			 "the guest's clock is UTC or the host's local time");
}

static int leaf_disk_type(LEAF_ARGUMENTS)
{
	leaves_touch(leaves, leaf, rule->key);
	if (strcmp(leaf->text, "file") == 0 || strcmp(leaf->text, "block") == 0)
		return 0;
	return decide(leaves, leaf, OUTCOME_IGNORED,
		      "only files and block devices of the host can be disks: make one available "
		      "as such");
}

static int leaf_disk_device(LEAF_ARGUMENTS)
{
	if (strcmp(leaf->text, "cdrom") == 0)
		leaves_set_part(leaves, leaf, rule->key, "cdrom");
	else if (strcmp(leaf->text, "disk") != 0 && strcmp(leaf->text, "lun") != 0)
		return decide(leaves, leaf, OUTCOME_IGNORED, "drives are disks or CDs");
	return 0;
}

static int leaf_readonly(LEAF_ARGUMENTS)
{
	leaves_set_part(leaves, leaf, rule->key, "ro");
	return 0;
}

static int leaf_nic_type(LEAF_ARGUMENTS)
{
	if (strcmp(leaf->text, "hostdev") == 0)
		return decide(leaves, leaf, OUTCOME_IGNORED, "pass the device itself: DPCI.create");
	leaves_touch(leaves, leaf, rule->key);
	if (strcmp(leaf->text, "bridge") == 0 || strcmp(leaf->text, "network") == 0)
		return 0;
	return decide(leaves, leaf, OUTCOME_TRANSLATED,
		      "an interface is on a bridge, here xenbr0: VIF.move gives it another");
}

/* libvirt calls the bridge of its network default virbr0; others are called as people like. */
static int leaf_network(LEAF_ARGUMENTS)
{
	leaves_set_part(leaves, leaf, rule->key,
			strcmp(leaf->text, "default") == 0 ? "virbr0" : leaf->text);
	return 0;
}

/* KiB in a second */
static int leaf_rate(LEAF_ARGUMENTS)
{
	int64_t kib = strtoll(leaf->text, NULL, 10);
	AUTO_TEXT rate = text_format("%lldB/s", (long long)kib * 1024);

	if (kib <= 0 || kib > INT32_MAX)
		return decide(leaves, leaf, OUTCOME_IGNORED, "must be a number of KiB in a second");
	leaves_set_part(leaves, leaf, rule->key, rate);
	return 0;
}

const struct leaf_rule libvirt_rules[] = {
#define LEAF(path, how, key, reason) {path, leaf_##how, key, reason},
#include "server/import/libvirt_leaves.def"
	{0},
};

static bool is_taken(const struct leaves *leaves, const char *vdev)
{
	for (int i = 0; i < leaves->device_count; i++) {
		const char *own = value_find_text(leaves->devices[i].parts, "vdev");

		if (own && strcmp(own, vdev) == 0)
			return true;
	}
	return false;
}

/* vda and sda are hardware that Xen has not: xvda, or the next letter that is free. */
static void rename_drive(struct leaves *leaves, struct leaf_device *device)
{
	const char *own = value_find_text(device->parts, "vdev");
	char name[] = "xvda";

	if (!own || strlen(own) != 3 || strncmp(own, "hd", 2) == 0 || own[1] != 'd')
		return;
	name[3] = own[2];
	if (is_taken(leaves, name) || name[3] < 'a' || name[3] > 'z')
		for (name[3] = 'a'; name[3] < 'z' && is_taken(leaves, name);)
			name[3]++;
	leaf_device_set(device, "vdev", name);
}

void libvirt_finish(struct leaves *leaves)
{
	for (int i = 0; i < leaves->device_count; i++)
		rename_drive(leaves, &leaves->devices[i]);
}
