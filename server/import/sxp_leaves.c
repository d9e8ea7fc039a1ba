/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp_leaves.c – what becomes of what XenD's config.sxp says. */
#include "server/import/sxp_leaves.h"

#include "schema/buffer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

/* XenD has the maximum here, and a map of those that are online beside it. */
static int leaf_vcpus(LEAF_ARGUMENTS)
{
	bool alone = !leaves_find(leaves, "vcpu_avail", -1) &&
		     !leaves_find(leaves, "online_vcpus", -1);

	leaves_set(leaves, leaf, alone ? "vcpus" : rule->key, leaf->text, false);
	return 0;
}

static int leaf_avail(LEAF_ARGUMENTS)
{
	const struct leaf *all = leaves_find(leaves, "vcpus", -1);
	unsigned long most = all ? strtoul(all->text, NULL, 10) : 64;
	unsigned long long map;
	AUTO_TEXT count = NULL;
	char *end;

	errno = 0;
	map = strtoull(leaf->text, &end, 10);
	if (errno || *end || end == leaf->text)
		return leaves_refuse(leaves, leaf, "is no map of vCPUs");
	if (most < 64)
		map &= (1ULL << most) - 1;
	count = text_format("%d", map ? __builtin_popcountll(map) : 1);
	leaves_set(leaves, leaf, rule->key, count, true);
	return 0;
}

/* (cpus ((0 1) (2))): of each vCPU; (cpus (0 1)) of old: of all. */
static char *write_cpus(const struct value *list)
{
	AUTO_BUFFER cpus = {0};

	for (uint32_t i = 0; i < list->length; i++) {
		if (list->items[i]->kind != VALUE_STRING)
			return NULL;
		buffer_add_format(&cpus, "%s%s", i ? "," : "", list->items[i]->text);
	}
	return buffer_take(&cpus);
}

static int leaf_cpus(LEAF_ARGUMENTS)
{
	AUTO(value) items = value_set();
	AUTO_TEXT all = leaf->value->kind == VALUE_SET ? write_cpus(leaf->value) : NULL;
	AUTO_BUFFER joined = {0};

	if (all || leaf->value->kind == VALUE_STRING) {
		const char *text = all ? all : leaf->text;

		if (!*text)
			leaves_ignore(leaves, leaf, "all CPUs are allowed without a mask");
		else
			leaves_set(leaves, leaf, rule->key, text, true);
		return 0;
	}
	for (uint32_t i = 0; i < leaf->value->length; i++) {
		AUTO_TEXT own = leaf->value->items[i]->kind == VALUE_SET ?
					write_cpus(leaf->value->items[i]) :
					NULL;

		if (!own || !*own) {
			leaves_ignore(leaves, leaf, "all CPUs are allowed without a mask");
			return 0;
		}
		value_append(items, value_string(own));
	}
	settings_link(&leaves->import->settings, leaf->row,
		      settings_add(&leaves->import->settings, rule->key, value_reference(items),
				   leaf->row),
		      true);
	return 0;
}

/* 256.0 */
static int leaf_whole(LEAF_ARGUMENTS)
{
	size_t length = strspn(leaf->text, "0123456789");
	AUTO_TEXT whole = text_format("%.*s", (int)length, leaf->text);

	if (leaf->text[length] == '.' &&
	    !leaf->text[length + 1 + strspn(leaf->text + length + 1, "0")])
		leaves_set(leaves, leaf, rule->key, whole, true);
	else
		leaves_set(leaves, leaf, rule->key, leaf->text, false);
	return 0;
}

/* coredump-restart, and coredump_restart of old */
static int leaf_action(LEAF_ARGUMENTS)
{
	AUTO_TEXT action = text_copy(leaf->text);

	for (char *at = action; *at; at++)
		*at = *at == '_' ? '-' : *at;
	leaves_set(leaves, leaf, rule->key, action, strcmp(action, leaf->text) != 0);
	return 0;
}

static int leaf_mebibytes(LEAF_ARGUMENTS)
{
	int64_t mib;
	char *end;
	AUTO_TEXT bytes = NULL;

	errno = 0;
	mib = strtoll(leaf->text, &end, 10);
	if (errno || *end || end == leaf->text || mib < 0 || mib > INT64_MAX >> 20)
		return leaves_refuse(leaves, leaf, "must be a number of MiB");
	bytes = text_format("%lld", (long long)mib << 20);
	leaves_set(leaves, leaf, rule->key, bytes, true);
	return 0;
}

/* What an xl.cfg calls by the same name. */
static int leaf_image(LEAF_ARGUMENTS)
{
	const char *key = strrchr(leaf->path, '/') + 1;

	(void)rule;
	if (xl_key_find(key) && strncmp(key, "xenapi.", 7) != 0)
		leaves_set(leaves, leaf, key, leaf->text, false);
	else
		settings_decide(&leaves->import->settings, leaf->row, OUTCOME_UNKNOWN,
				"nothing is known of it: see whether the guest needs it");
	return 0;
}

/* phy:vg/disk, file:/disk.img, tap:qcow2:/disk, tap2:aio:/disk */
static int leaf_uname(LEAF_ARGUMENTS)
{
	const char *path = leaf->text;
	bool is_device = strncmp(path, "phy:", 4) == 0;
	AUTO_TEXT target = NULL;

	if (is_device || strncmp(path, "file:", 5) == 0) {
		path = strchr(path, ':') + 1;
	} else if (strncmp(path, "tap", 3) == 0 && strchr(path, ':')) {
		const char *kind = strchr(path, ':') + 1;
		size_t length = strcspn(kind, ":");
		AUTO_TEXT format = text_format("%.*s", (int)length, kind);

		if (strcmp(format, "aio") != 0 && strcmp(format, "sync") != 0 && kind[length])
			leaves_set_part(leaves, leaf, "disk.format", format);
		path = kind + length + (kind[length] == ':');
	}
	target = text_format("%s%s", is_device && *path && *path != '/' ? "/dev/" : "", path);
	leaves_set_part(leaves, leaf, rule->key, target);
	return 0;
}

/* xvda, hda:disk, hdc:cdrom */
static int leaf_dev(LEAF_ARGUMENTS)
{
	size_t length = strcspn(leaf->text, ":");
	AUTO_TEXT vdev = text_format("%.*s", (int)length, leaf->text);

	leaves_set_part(leaves, leaf, rule->key, vdev);
	if (strcmp(leaf->text + length, ":cdrom") == 0)
		leaves_set_part(leaves, leaf, "disk.devtype", "cdrom");
	return 0;
}

static int leaf_mode(LEAF_ARGUMENTS)
{
	if (strcmp(leaf->text, "r") && strcmp(leaf->text, "ro") && strcmp(leaf->text, "w") &&
	    strcmp(leaf->text, "rw") && strcmp(leaf->text, "w!"))
		return leaves_refuse(leaves, leaf, "must be r or w");
	leaves_set_part(leaves, leaf, rule->key,
			*leaf->text == 'r' && leaf->text[1] != 'w' ? "ro" : "rw");
	return 0;
}

static int leaf_backend(LEAF_ARGUMENTS)
{
	(void)rule;
	if (strcmp(leaf->text, "0") == 0 || strcmp(leaf->text, "Domain-0") == 0)
		leaves_ignore(leaves, leaf, "it is this host, as always here");
	else
		leaves_set_part(leaves, leaf,
				strncmp(leaf->path, "device/vif", 10) == 0 ? "vif.backend" :
									     "disk.backend",
				leaf->text);
	return 0;
}

const struct leaf_rule sxp_rules[] = {
#define LEAF(path, how, key, reason) {path, leaf_##how, key, reason},
#include "server/import/sxp_leaves.def"
	{0},
};

bool sxp_is_whole(const char *path)
{
	return strcmp(path, "cpus") == 0 || strncmp(path, "xl/", 3) == 0 ||
	       strncmp(path, "xenapi/", 7) == 0;
}

bool sxp_is_inverse(const struct leaf_rule *rule)
{
	return rule->take == leaf_text || rule->take == leaf_vcpus || rule->take == leaf_action ||
	       rule->take == leaf_whole;
}
