/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_keys.c – what becomes of each key that an xl.cfg sets. */
#include "server/import/xl_import.h"

#include "schema/buffer.h"
#include "schema/uuid.h"

#include <ctype.h>
#include <stdio.h>

static int take_ignored(TAKE_ARGUMENTS)
{
	outcome_set(outcome, OUTCOME_IGNORED, "%s", key->reason);
	return 0;
}

/* xl_import_basics has read it. */
static int take_basic(TAKE_ARGUMENTS)
{
	outcome_set(outcome, OUTCOME_TAKEN, "%s", key->target);
	return 0;
}

static int take_text(TAKE_ARGUMENTS)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	value_put(import->record, key->target, value_string(text));
	return take_basic(import, key, setting, outcome);
}

static int take_platform_text(TAKE_ARGUMENTS)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	value_put(import->platform, key->target, value_string(text));
	outcome_set(outcome, OUTCOME_TAKEN, "platform:%s", key->target);
	return 0;
}

static int take_platform_flag(TAKE_ARGUMENTS)
{
	int64_t flag = 0;

	if (setting->value->kind == VALUE_SET) {
		outcome_set(outcome, OUTCOME_IGNORED, "platform:%s is only true or false",
			    key->target);
		return 0;
	}
	if (xl_import_number(import, key->name, 0, 1, &flag) < 0)
		return -1;
	value_put(import->platform, key->target, value_string(flag ? "true" : "false"));
	outcome_set(outcome, OUTCOME_TRANSLATED, "platform:%s = %s", key->target,
		    flag ? "true" : "false");
	return 0;
}

static int take_uuid(TAKE_ARGUMENTS)
{
	const char *text;
	char uuid[UUID_SIZE] = "";

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	if (!uuid_is_valid(text))
		return xl_import_refuse(import, setting, "is no uuid");
	for (size_t i = 0; text[i]; i++)
		uuid[i] = (char)tolower((unsigned char)text[i]);
	value_put(import->record, key->target, value_string(uuid));
	return take_basic(import, key, setting, outcome);
}

static int take_scheduling(struct xl_import *import, const struct xl_key *key, int64_t min,
			   int64_t max, struct outcome *outcome)
{
	int64_t number = 0;

	if (xl_import_number(import, key->name, min, max, &number) < 0)
		return -1;
	value_put(import->vcpus_params, key->target,
		  value_string_format("%lld", (long long)number));
	outcome_set(outcome, OUTCOME_TAKEN, "VCPUs_params:%s", key->target);
	return 0;
}

/* The bounds are those of Xen's schedulers. */
static int take_weight(TAKE_ARGUMENTS)
{
	return take_scheduling(import, key, 1, 65535, outcome);
}

static int take_cap(TAKE_ARGUMENTS)
{
	return take_scheduling(import, key, 0, 65535, outcome);
}

/* The texts are the setting's; the array is to be freed. */
static const char **read_cpu_lists(const struct value *value, size_t *ret_count)
{
	size_t count = value->kind == VALUE_SET ? value->length : 1;
	const char **lists = allocate(count * sizeof(*lists) + 1);

	for (size_t i = 0; i < count; i++) {
		const struct value *item = value->kind == VALUE_SET ? value->items[i] : value;

		/* "": a list in the list */
		lists[i] = item->kind == VALUE_STRING ? item->text : "";
	}
	*ret_count = count;
	return lists;
}

static int take_cpus(TAKE_ARGUMENTS)
{
	size_t count;
	const char **lists = read_cpu_lists(setting->value, &count);
	const char *reason = NULL;
	AUTO_TEXT mask = xl_cpus_to_mask(lists, count, &reason);

	free(lists);
	if (!mask) {
		outcome_set(outcome, OUTCOME_IGNORED, "%s", reason);
		return 0;
	}
	value_put(import->vcpus_params, key->target, value_string(mask));
	outcome_set(outcome, OUTCOME_TRANSLATED, "VCPUs_params:mask = %s", mask);
	return 0;
}

/* What a multiplier of 1 means: the formula by which such a server counts a VM's overhead. */
static int64_t usual_shadow_mib(const struct xl_import *import)
{
	int64_t pages = 256 * import->vcpus_max + 2 * import->maximum_mib;
	int64_t mib = (pages + 255) / 256;

	return mib < 1 ? 1 : mib;
}

static int take_shadow(TAKE_ARGUMENTS)
{
	int64_t mib = 0, usual = usual_shadow_mib(import);

	if (xl_import_number(import, key->name, 0, INT32_MAX, &mib) < 0)
		return -1;
	if (mib < usual) {
		outcome_set(outcome, OUTCOME_IGNORED,
			    "HVM_shadow_multiplier is at least 1, which is %lld MiB here",
			    (long long)usual);
		return 0;
	}
	value_put(import->record, key->target, value_float((double)mib / (double)usual));
	outcome_set(outcome, OUTCOME_TRANSLATED, "HVM_shadow_multiplier = %g, of %lld MiB",
		    (double)mib / (double)usual, (long long)usual);
	return 0;
}

static int take_kernel(TAKE_ARGUMENTS)
{
	const char *text, *name;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	name = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
	if (strcmp(import->domain_type, "hvm") == 0 && strcmp(name, "hvmloader") == 0) {
		outcome_set(outcome, OUTCOME_IGNORED, "an HVM guest gets hvmloader anyway");
		return 0;
	}
	return take_text(import, key, setting, outcome);
}

static int take_arguments(TAKE_ARGUMENTS)
{
	if (strcmp(key->name, "cmdline") && xl_import_find(import, "cmdline"))
		outcome_set(outcome, OUTCOME_IGNORED, "cmdline is set, and says it all");
	else if (strcmp(key->name, "root") == 0)
		outcome_set(outcome, OUTCOME_TRANSLATED, "PV_args, as root=");
	else
		outcome_set(outcome, OUTCOME_TAKEN, "PV_args");
	return 0;
}

/* Whether it can be one of several that are separated by blanks. */
static bool is_word(const struct value *item)
{
	if (item->kind != VALUE_STRING || !item->length)
		return false;
	for (const char *p = item->text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\'')
			return false;
	return true;
}

/* A list is joined, which is its inverse only where no argument holds a blank. */
static int take_bootloader(TAKE_ARGUMENTS)
{
	const struct value *list = setting->value;
	AUTO_BUFFER joined = {0};

	if (list->kind != VALUE_SET)
		return take_text(import, key, setting, outcome);
	for (uint32_t i = 0; i < list->length; i++) {
		if (!is_word(list->items[i])) {
			outcome_set(outcome, OUTCOME_IGNORED,
				    "PV_bootloader_args has no form for such an argument");
			return 0;
		}
		buffer_add_format(&joined, "%s%s", i ? " " : "", list->items[i]->text);
	}
	value_put(import->record, key->target, value_string(joined.data ? joined.data : ""));
	outcome_set(outcome, OUTCOME_TRANSLATED, "PV_bootloader_args, separated by blanks");
	return 0;
}

static int take_boot(TAKE_ARGUMENTS)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	if (strcmp(import->domain_type, "hvm") != 0) {
		outcome_set(outcome, OUTCOME_IGNORED, "only an HVM guest has a boot order");
		return 0;
	}
	value_put(import->boot_params, key->target, value_string(text));
	outcome_set(outcome, OUTCOME_TAKEN, "HVM_boot_params:%s", key->target);
	return 0;
}

static int take_bios(TAKE_ARGUMENTS)
{
	const char *text, *firmware;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	firmware = strcmp(text, "ovmf") == 0 ? "uefi" : "bios";
	if (strcmp(import->domain_type, "hvm") != 0) {
		outcome_set(outcome, OUTCOME_IGNORED, "only an HVM guest has a BIOS");
		return 0;
	}
	if (strcmp(text, "ovmf") && strcmp(text, "seabios") && strcmp(text, "rombios"))
		return xl_import_refuse(import, setting, "must be seabios, rombios or ovmf");
	value_put(import->boot_params, key->target, value_string(firmware));
	outcome_set(outcome, OUTCOME_TRANSLATED, "HVM_boot_params:firmware = %s", firmware);
	return 0;
}

/* xl's word, the API's, and whether they mean the same. */
struct action {
	const char *xl;
	const char *api;
	bool same;
};

static int take_action(struct xl_import *import, const struct xl_key *key,
		       const struct setting *setting, const struct action *actions,
		       struct outcome *outcome)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	while (actions->xl && strcmp(actions->xl, text) != 0)
		actions++;
	if (!actions->xl)
		return xl_import_refuse(import, setting,
					"must be destroy, restart, rename-restart, preserve, "
					"coredump-destroy, coredump-restart or soft-reset");
	value_put(import->record, key->target, value_string(actions->api));
	if (!actions->same)
		outcome_set(outcome, OUTCOME_TRANSLATED, "%s = %s; it has no %s", key->target,
			    actions->api, text);
	else if (strcmp(actions->api, text) != 0)
		outcome_set(outcome, OUTCOME_TRANSLATED, "%s = %s", key->target, actions->api);
	else
		outcome_set(outcome, OUTCOME_TAKEN, "%s", key->target);
	return 0;
}

static int take_normal_exit(TAKE_ARGUMENTS)
{
	static const struct action actions[] = {
		{"destroy", "destroy", true},
		{"restart", "restart", true},
		{"rename-restart", "restart", false},
		{"soft-reset", "restart", false},
		{"coredump-restart", "restart", false},
		{"coredump-destroy", "destroy", false},
		/* what is kept for ever keeps its memory for ever */
		{"preserve", "destroy", false},
		{0},
	};

	return take_action(import, key, setting, actions, outcome);
}

static int take_crash(TAKE_ARGUMENTS)
{
	static const struct action actions[] = {
		{"destroy", "destroy", true},
		{"restart", "restart", true},
		{"preserve", "preserve", true},
		{"coredump-destroy", "coredump_and_destroy", true},
		{"coredump-restart", "coredump_and_restart", true},
		/* there is rename_restart, but no VM with it can be started */
		{"rename-restart", "restart", false},
		{"soft-reset", "restart", false},
		{0},
	};

	return take_action(import, key, setting, actions, outcome);
}

static int take_soft_reset(TAKE_ARGUMENTS)
{
	static const struct action actions[] = {
		{"soft-reset", "soft_reboot", true},	{"destroy", "destroy", true},
		{"restart", "restart", true},		{"preserve", "preserve", true},
		{"rename-restart", "restart", false},	{"coredump-restart", "restart", false},
		{"coredump-destroy", "destroy", false}, {0},
	};

	return take_action(import, key, setting, actions, outcome);
}

static int take_autostart(TAKE_ARGUMENTS)
{
	const char *text;
	bool starts;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	starts = strcmp(text, "start") == 0;
	if (!starts && strcmp(text, "ignore") != 0)
		return xl_import_refuse(import, setting, "must be start or ignore");
	value_put(import->record, key->target, value_bool(starts));
	outcome_set(outcome, OUTCOME_TRANSLATED, "%s = %s", key->target, starts ? "true" : "false");
	return 0;
}

static int take_device_model(TAKE_ARGUMENTS)
{
	const char *text, *model = NULL;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	if (strcmp(text, "qemu-xen") == 0)
		model = "qemu-upstream";
	else if (strcmp(text, "qemu-xen-traditional") == 0)
		model = "qemu-trad";
	else
		return xl_import_refuse(import, setting,
					"must be qemu-xen or qemu-xen-traditional");
	value_put(import->platform, key->target, value_string(model));
	outcome_set(outcome, OUTCOME_TRANSLATED, "platform:device-model = %s", model);
	return 0;
}

static const struct xl_key keys[] = {
#define KEY(name, how, target, reason) {#name, take_##how, target, reason},
#include "server/import/xl_keys.def"
};

static const struct xl_key field_key = {"xenapi.", take_field, "", ""};

const struct xl_key *xl_key_find(const char *name)
{
	if (strncmp(name, field_key.name, strlen(field_key.name)) == 0)
		return &field_key;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(name, keys[i].name) == 0)
			return &keys[i];
	return NULL;
}
