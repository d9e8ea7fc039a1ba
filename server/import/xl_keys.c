/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_keys.c – what becomes of each key that an xl.cfg sets. */
#include "server/import/xl_import.h"

#include "schema/buffer.h"
#include "schema/uuid.h"

#include <ctype.h>
#include <stdio.h>

#define TAKE_ARGUMENTS                                                                            \
	struct xl_import *import, const struct xl_key *key, const struct xl_statement *statement, \
		struct xl_outcome *outcome

static int take_ignored(TAKE_ARGUMENTS)
{
	xl_outcome_set(outcome, XL_IGNORED, "%s", key->reason);
	return 0;
}

/* xl_import_basics has read it. */
static int take_basic(TAKE_ARGUMENTS)
{
	xl_outcome_set(outcome, XL_TAKEN, "%s", key->target);
	return 0;
}

static int take_text(TAKE_ARGUMENTS)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	value_put(import->record, key->target, value_string(text));
	return take_basic(import, key, statement, outcome);
}

static int take_platform_text(TAKE_ARGUMENTS)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	value_put(import->platform, key->target, value_string(text));
	xl_outcome_set(outcome, XL_TAKEN, "platform:%s", key->target);
	return 0;
}

static int take_platform_flag(TAKE_ARGUMENTS)
{
	int64_t flag = 0;

	if (xlu_cfg_get_list(import->config, key->name, NULL, NULL, 1) == 0) {
		xl_outcome_set(outcome, XL_IGNORED, "platform:%s is only true or false",
			       key->target);
		return 0;
	}
	if (xl_import_number(import, key->name, 0, 1, &flag) < 0)
		return -1;
	value_put(import->platform, key->target, value_string(flag ? "true" : "false"));
	xl_outcome_set(outcome, XL_TRANSLATED, "platform:%s = %s", key->target,
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
		return xl_import_refuse(import, statement, "is no uuid");
	for (size_t i = 0; text[i]; i++)
		uuid[i] = (char)tolower((unsigned char)text[i]);
	value_put(import->record, key->target, value_string(uuid));
	return take_basic(import, key, statement, outcome);
}

static int take_scheduling(struct xl_import *import, const struct xl_key *key, int64_t min,
			   int64_t max, struct xl_outcome *outcome)
{
	int64_t number = 0;

	if (xl_import_number(import, key->name, min, max, &number) < 0)
		return -1;
	value_put(import->vcpus_params, key->target,
		  value_string_format("%lld", (long long)number));
	xl_outcome_set(outcome, XL_TAKEN, "VCPUs_params:%s", key->target);
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

/* The texts are the configuration's; the array is to be freed. */
static const char **read_cpu_lists(struct xl_import *import, const char *key, size_t *ret_count)
{
	XLU_ConfigList *list;
	const char **lists;
	int count;

	if (xlu_cfg_get_list(import->config, key, &list, &count, 1) != 0) {
		lists = allocate(sizeof(*lists));
		*ret_count = xlu_cfg_get_string(import->config, key, lists, 1) == 0;
		return lists;
	}
	lists = allocate((size_t)count * sizeof(*lists) + 1);
	for (int i = 0; i < count; i++) {
		lists[i] = xlu_cfg_get_listitem(list, i);
		/* a list in the list */
		if (!lists[i])
			lists[i] = "";
	}
	*ret_count = (size_t)count;
	return lists;
}

static int take_cpus(TAKE_ARGUMENTS)
{
	size_t count;
	const char **lists = read_cpu_lists(import, key->name, &count);
	const char *reason = NULL;
	AUTO_TEXT mask = xl_cpus_to_mask(lists, count, &reason);

	free(lists);
	if (!mask) {
		xl_outcome_set(outcome, XL_IGNORED, "%s", reason);
		return 0;
	}
	value_put(import->vcpus_params, key->target, value_string(mask));
	xl_outcome_set(outcome, XL_TRANSLATED, "VCPUs_params:mask = %s", mask);
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
		xl_outcome_set(outcome, XL_IGNORED,
			       "HVM_shadow_multiplier is at least 1, which is %lld MiB here",
			       (long long)usual);
		return 0;
	}
	value_put(import->record, key->target, value_float((double)mib / (double)usual));
	xl_outcome_set(outcome, XL_TRANSLATED, "HVM_shadow_multiplier = %g, of %lld MiB",
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
		xl_outcome_set(outcome, XL_IGNORED, "an HVM guest gets hvmloader anyway");
		return 0;
	}
	return take_text(import, key, statement, outcome);
}

static int take_arguments(TAKE_ARGUMENTS)
{
	if (strcmp(key->name, "cmdline") && xl_import_find(import, "cmdline"))
		xl_outcome_set(outcome, XL_IGNORED, "cmdline is set, and says it all");
	else if (strcmp(key->name, "root") == 0)
		xl_outcome_set(outcome, XL_TRANSLATED, "PV_args, as root=");
	else
		xl_outcome_set(outcome, XL_TAKEN, "PV_args");
	return 0;
}

/* A list is joined, which is its inverse only where no argument holds a blank. */
static int take_bootloader(TAKE_ARGUMENTS)
{
	AUTO_BUFFER joined = {0};
	XLU_ConfigList *list;
	const char *item;
	int count;

	if (xlu_cfg_get_list(import->config, key->name, &list, &count, 1) != 0)
		return take_text(import, key, statement, outcome);
	for (int i = 0; i < count; i++) {
		item = xlu_cfg_get_listitem(list, i);
		for (const char *p = item; p && *p; p++) {
			if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\'')
				item = NULL;
		}
		if (!item || !*item) {
			xl_outcome_set(outcome, XL_IGNORED,
				       "PV_bootloader_args has no form for such an argument");
			return 0;
		}
		buffer_add_format(&joined, "%s%s", i ? " " : "", item);
	}
	value_put(import->record, key->target, value_string(joined.data ? joined.data : ""));
	xl_outcome_set(outcome, XL_TRANSLATED, "PV_bootloader_args, separated by blanks");
	return 0;
}

static int take_boot(TAKE_ARGUMENTS)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	if (strcmp(import->domain_type, "hvm") != 0) {
		xl_outcome_set(outcome, XL_IGNORED, "only an HVM guest has a boot order");
		return 0;
	}
	value_put(import->boot_params, key->target, value_string(text));
	xl_outcome_set(outcome, XL_TAKEN, "HVM_boot_params:%s", key->target);
	return 0;
}

static int take_bios(TAKE_ARGUMENTS)
{
	const char *text, *firmware;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	firmware = strcmp(text, "ovmf") == 0 ? "uefi" : "bios";
	if (strcmp(import->domain_type, "hvm") != 0) {
		xl_outcome_set(outcome, XL_IGNORED, "only an HVM guest has a BIOS");
		return 0;
	}
	if (strcmp(text, "ovmf") && strcmp(text, "seabios") && strcmp(text, "rombios"))
		return xl_import_refuse(import, statement, "must be seabios, rombios or ovmf");
	value_put(import->boot_params, key->target, value_string(firmware));
	xl_outcome_set(outcome, XL_TRANSLATED, "HVM_boot_params:firmware = %s", firmware);
	return 0;
}

/* xl's word, the API's, and whether they mean the same. */
struct action {
	const char *xl;
	const char *api;
	bool same;
};

static int take_action(struct xl_import *import, const struct xl_key *key,
		       const struct xl_statement *statement, const struct action *actions,
		       struct xl_outcome *outcome)
{
	const char *text;

	if (xl_import_text(import, key->name, &text) < 0)
		return -1;
	while (actions->xl && strcmp(actions->xl, text) != 0)
		actions++;
	if (!actions->xl)
		return xl_import_refuse(import, statement,
					"must be destroy, restart, rename-restart, preserve, "
					"coredump-destroy, coredump-restart or soft-reset");
	value_put(import->record, key->target, value_string(actions->api));
	if (!actions->same)
		xl_outcome_set(outcome, XL_TRANSLATED, "%s = %s; it has no %s", key->target,
			       actions->api, text);
	else if (strcmp(actions->api, text) != 0)
		xl_outcome_set(outcome, XL_TRANSLATED, "%s = %s", key->target, actions->api);
	else
		xl_outcome_set(outcome, XL_TAKEN, "%s", key->target);
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

	return take_action(import, key, statement, actions, outcome);
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

	return take_action(import, key, statement, actions, outcome);
}

static int take_soft_reset(TAKE_ARGUMENTS)
{
	static const struct action actions[] = {
		{"soft-reset", "soft_reboot", true},	{"destroy", "destroy", true},
		{"restart", "restart", true},		{"preserve", "preserve", true},
		{"rename-restart", "restart", false},	{"coredump-restart", "restart", false},
		{"coredump-destroy", "destroy", false}, {0},
	};

	return take_action(import, key, statement, actions, outcome);
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
		return xl_import_refuse(import, statement,
					"must be qemu-xen or qemu-xen-traditional");
	value_put(import->platform, key->target, value_string(model));
	xl_outcome_set(outcome, XL_TRANSLATED, "platform:device-model = %s", model);
	return 0;
}

static const struct xl_key keys[] = {
#define KEY(name, how, target, reason) {#name, take_##how, target, reason},
#include "server/import/xl_keys.def"
};

const struct xl_key *xl_key_find(const struct xl_statement *statement)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (xl_statement_is(statement, keys[i].name))
			return &keys[i];
	}
	return NULL;
}
