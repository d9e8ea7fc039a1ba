/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_give.c – fields of a VM as keys of xl.cfg: the rows of xl_keys.def, the other way round. */
#include "server/import/xl_give.h"

#include "schema/buffer.h"
#include "server/import/xl_import.h"

#include <inttypes.h>
#include <stdio.h>

#define MIB_SHIFT 20

#define GIVE_ARGUMENTS \
	struct settings *settings, const struct value *fields, const char *name, const char *target

void xl_give_text(struct settings *settings, const char *key, const char *text)
{
	int row = settings_add_row(settings, key, "", 0);

	settings_add(settings, key, value_string(text), row);
}

static const char *text_of(const struct value *fields, const char *field)
{
	const char *text = value_find_text(fields, field);

	return text ? text : "";
}

static int64_t int_of(const struct value *fields, const char *field)
{
	const struct value *value = value_find(fields, field);

	return value && value->kind == VALUE_INT ? value->integer : 0;
}

static const char *member_of(const struct value *fields, const char *map, const char *key)
{
	const struct value *value = value_find(fields, map);

	return value ? value_find_text(value, key) : NULL;
}

const char *xl_give_type(const struct value *fields)
{
	const char *type = text_of(fields, "domain_type");

	if (strcmp(type, "unspecified") == 0 || !*type)
		return *text_of(fields, "HVM_boot_policy") ? "hvm" : "pv";
	return strcmp(type, "pv_in_pvh") == 0 ? "pvh" : type;
}

static void give_ignored(GIVE_ARGUMENTS)
{
	(void)settings;
	(void)fields;
	(void)name;
	(void)target;
}

/* What is a line of its own, xenapi.FIELD. */
#define give_shadow give_ignored
#define give_autostart give_ignored

static void give_number(struct settings *settings, const char *key, int64_t number)
{
	AUTO_TEXT text = text_format("%" PRId64, number);

	xl_give_text(settings, key, text);
}

static int64_t mebibytes(int64_t bytes)
{
	return bytes > 0 ? bytes >> MIB_SHIFT : 0;
}

static void give_name(struct settings *settings, const struct value *fields)
{
	const char *label = text_of(fields, "name_label");

	xl_give_text(settings, "name",
		     *label && xl_import_is_plain(label) ? label : text_of(fields, "uuid"));
}

/* Where both do not fit xl's rules, lines of their own say what they are. */
static void give_basic(GIVE_ARGUMENTS)
{
	int64_t most = mebibytes(int_of(fields, "memory_static_max"));
	int64_t vcpus = greater_of(int_of(fields, "VCPUs_at_startup"), 1);

	(void)target;
	if (strcmp(name, "name") == 0)
		give_name(settings, fields);
	else if (strcmp(name, "type") == 0)
		xl_give_text(settings, name, xl_give_type(fields));
	else if (strcmp(name, "memory") == 0)
		give_number(settings, name,
			    lesser_of(mebibytes(int_of(fields, "memory_target")), most));
	else if (strcmp(name, "maxmem") == 0)
		give_number(settings, name, most);
	else if (strcmp(name, "vcpus") == 0)
		give_number(settings, name, lesser_of(vcpus, INT32_MAX));
	else if (strcmp(name, "maxvcpus") == 0)
		give_number(settings, name,
			    lesser_of(greater_of(int_of(fields, "VCPUs_max"), vcpus), INT32_MAX));
}

static void give_text(GIVE_ARGUMENTS)
{
	const char *text = text_of(fields, target);

	if (*text && xl_import_is_plain(text))
		xl_give_text(settings, name, text);
}

#define give_uuid give_text
#define give_kernel give_text
#define give_bootloader give_text

static void give_arguments(GIVE_ARGUMENTS)
{
	if (strcmp(name, "cmdline") == 0)
		give_text(settings, fields, name, target);
}

static void give_platform_text(GIVE_ARGUMENTS)
{
	const char *text = member_of(fields, "platform", target);

	if (text && xl_import_is_plain(text))
		xl_give_text(settings, name, text);
}

/* A word of the API's as xl's. */
struct word {
	const char *api, *xl;
};

static void give_word(struct settings *settings, const char *key, const char *text,
		      const struct word *words)
{
	for (; text && words->api; words++)
		if (strcmp(words->api, text) == 0)
			xl_give_text(settings, key, words->xl);
}

static void give_platform_flag(GIVE_ARGUMENTS)
{
	static const struct word words[] = {{"true", "1"}, {"false", "0"}, {0}};

	give_word(settings, name, member_of(fields, "platform", target), words);
}

static void give_device_model(GIVE_ARGUMENTS)
{
	static const struct word words[] = {
		{"qemu-upstream", "qemu-xen"}, {"qemu-trad", "qemu-xen-traditional"}, {0}};

	give_word(settings, name, member_of(fields, "platform", target), words);
}

static void give_bios(GIVE_ARGUMENTS)
{
	static const struct word words[] = {{"uefi", "ovmf"}, {"bios", "seabios"}, {0}};

	if (strcmp(xl_give_type(fields), "hvm") == 0)
		give_word(settings, name, member_of(fields, "HVM_boot_params", target), words);
}

static void give_boot(GIVE_ARGUMENTS)
{
	const char *order = member_of(fields, "HVM_boot_params", target);

	if (order && strcmp(xl_give_type(fields), "hvm") == 0 && xl_import_is_plain(order))
		xl_give_text(settings, name, order);
}

static void give_action(GIVE_ARGUMENTS)
{
	static const struct word words[] = {{"destroy", "destroy"},
					    {"restart", "restart"},
					    {"preserve", "preserve"},
					    {"coredump_and_destroy", "coredump-destroy"},
					    {"coredump_and_restart", "coredump-restart"},
					    {"soft_reboot", "soft-reset"},
					    {0}};

	give_word(settings, name, text_of(fields, target), words);
}

#define give_normal_exit give_action
#define give_crash give_action
#define give_soft_reset give_action

/* Digits that both of xl's bounds allow. */
static void give_scheduling(GIVE_ARGUMENTS, int least)
{
	const char *text = member_of(fields, "VCPUs_params", target);
	size_t length = text ? strlen(text) : 0;

	if (length && length <= 5 && strspn(text, "0123456789") == length &&
	    (*text != '0' || length == 1) && atoi(text) >= least && atoi(text) <= 65535)
		xl_give_text(settings, name, text);
}

static void give_weight(GIVE_ARGUMENTS)
{
	give_scheduling(settings, fields, name, target, 1);
}

static void give_cap(GIVE_ARGUMENTS)
{
	give_scheduling(settings, fields, name, target, 0);
}

/* "0,2;1": a list for each vCPU */
static void give_cpus(GIVE_ARGUMENTS)
{
	const char *mask = member_of(fields, "VCPUs_params", target);
	AUTO(value) lists = value_set();

	if (!mask || !*mask || mask[strspn(mask, "0123456789,;")])
		return;
	if (!strchr(mask, ';')) {
		xl_give_text(settings, name, mask);
		return;
	}
	for (;; mask++) {
		size_t length = strcspn(mask, ";");

		value_append(lists, value_string_n(mask, length));
		mask += length;
		if (!*mask)
			break;
	}
	settings_add(settings, name, value_reference(lists),
		     settings_add_row(settings, name, "", 0));
}

static void give_list(struct settings *settings, const char *name, const struct value *devices,
		      char *(*write)(const struct value *device))
{
	struct value *items = value_set();

	for (uint32_t i = 0; devices && i < devices->length; i++) {
		AUTO_TEXT item = write(devices->items[i]);

		value_append(items, value_string(item));
	}
	if (items->length)
		settings_add(settings, name, items, settings_add_row(settings, name, "", 0));
	else
		value_release(items);
}

/* xl takes all behind target= as it is. */
static char *write_disk(const struct value *vbd)
{
	const char *path = text_of(vbd, "path"), *format = text_of(vbd, "format");
	bool is_cd = strcmp(text_of(vbd, "type"), "CD") == 0;
	bool writes = strcmp(text_of(vbd, "mode"), "RW") == 0;

	return text_format("vdev=%s,access=%s%s%s%s%s%s", text_of(vbd, "userdevice"),
			   writes ? "rw" : "ro", is_cd ? ",devtype=cdrom" : "",
			   *format ? ",format=" : "", format, *path ? ",target=" : "", path);
}

static void give_disk(GIVE_ARGUMENTS)
{
	give_list(settings, name, value_find(fields, target), write_disk);
}

/* What an import has left with the interface. */
static void add_left_out(struct buffer *item, const struct value *vif)
{
	const struct value *map = value_find(vif, "other_config");

	for (uint32_t i = 0; map && i < map->length; i++) {
		const char *key = map->members[i].key->text;
		const char *text = map->members[i].value->text;

		if (strncmp(key, "xl:", 3) == 0 && vif_leaves_out(key + 3) &&
		    !strpbrk(text, ",\n\"") && xl_import_is_plain(text))
			buffer_add_format(item, ",%s=%s", key + 3, text);
	}
}

static char *write_vif(const struct value *vif)
{
	AUTO_BUFFER item = {0};
	const char *rate = member_of(vif, "qos_algorithm_params", "kbps");

	buffer_add_format(&item, "devid=%s,mac=%s,bridge=%s,mtu=%" PRId64, text_of(vif, "device"),
			  text_of(vif, "MAC"), text_of(vif, "bridge"), int_of(vif, "MTU"));
	if (rate && *rate && strlen(rate) <= 9 && !rate[strspn(rate, "0123456789")] &&
	    strcmp(text_of(vif, "qos_algorithm_type"), "ratelimit") == 0)
		buffer_add_format(&item, ",rate=%lldB/s", atoll(rate) * 1024);
	add_left_out(&item, vif);
	return buffer_take(&item);
}

static void give_vif(GIVE_ARGUMENTS)
{
	give_list(settings, name, value_find(fields, target), write_vif);
}

static const struct {
	const char *name;
	void (*give)(GIVE_ARGUMENTS);
	const char *target;
} rows[] = {
#define KEY(name, how, target, reason) {#name, give_##how, target},
#include "server/import/xl_keys.def"
};

void xl_give(const struct value *fields, struct settings *settings)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i].give(settings, fields, rows[i].name, rows[i].target);
}
