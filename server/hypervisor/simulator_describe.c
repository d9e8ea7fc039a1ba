/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_describe.c – what is known of a domain that somebody else made */
#include "server/hypervisor/description.h"
#include "server/hypervisor/simulator.h"
#include "server/hypervisor/simulator_ops.h"

static const struct {
	const char *kept; /* in built_from */
	const char *key;
} texts[] = {
	{"kernel", "kernel"},	  {"ramdisk", "ramdisk"},
	{"arguments", "cmdline"}, {"bootloader", "bootloader"},
	{"boot_order", "boot"},	  {"bootloader_arguments", "bootloader_args"},
};

static bool is_xl_key(const char *key)
{
	return *key && !key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

/* Whoever made it through the control socket said its platform in the words of xl.cfg(5). */
static void describe_platform(json_t *platform, struct buffer *config, struct buffer *unknown)
{
	const char *key;
	json_t *value;

	json_object_foreach(platform, key, value)
	{
		const char *text = json_string_value(value);

		if (strcmp(key, "vif") == 0 || strcmp(key, "disk") == 0)
			description_add_list(config, key, &text, 1);
		else if (is_xl_key(key))
			description_add_text(config, key, text);
		else
			description_add_unknown(unknown, "platform", "xl has no word for %s", key);
	}
}

static void describe(const struct guest *guest, struct buffer *config, struct buffer *unknown)
{
	json_t *platform = json_object_get(guest->built_from, "platform");
	bool boots = guest->type == GUEST_HVM || json_object_get(platform, "kernel");

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text =
			json_string_value(json_object_get(guest->built_from, texts[i].kept));

		description_add_text(config, texts[i].key, text);
		boots = boots || (text && *text);
	}
	description_add_text(config, "cpus", guest->mask);
	if (!boots)
		description_add_unknown(unknown, "kernel",
					"nobody has told the simulator what it was built from");
	describe_platform(platform, config, unknown);
}

int simulator_describe_domain(void *adapter, const char *uuid,
			      struct domain_description *ret_description,
			      struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_describe_domain, err);
	struct guest *guest = simulator_find_guest(simulator, uuid, err);
	AUTO_BUFFER config = {0};
	AUTO_BUFFER unknown = {0};

	if (!guest)
		return -1;
	describe(guest, &config, &unknown);
	*ret_description = (struct domain_description){
		.config = buffer_take(&config),
		.unknown = buffer_take(&unknown),
		.dynamic_min = guest->dynamic_min,
		.dynamic_max = guest->dynamic_max,
	};
	return 0;
}
