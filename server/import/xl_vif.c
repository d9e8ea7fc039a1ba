/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_vif.c – `vif` of an xl.cfg: what xl-network-configuration(5) says of each interface. */
#include "schema/rate.h"
#include "server/import/xl_import.h"

#include "schema/buffer.h"

#include <stdio.h>

#define VIFS_MOST 256
/* xl's own, where none is named */
#define BRIDGE "xenbr0"
/* The script that a bridge gets anyway. */
#define SCRIPT "vif-bridge"

/* One interface under way: `vif` as VIF.create takes it, but for the name of a bridge. */
struct parsing {
	struct value *vif;
	struct value *other_config;
	struct buffer *left_out; /* names of what has no place, of all interfaces */
};

typedef bool (*take_fn)(struct parsing *parsing, const char *key, const char *text);

static void set(struct parsing *parsing, const char *field, struct value *value)
{
	struct value *vif = value_map_with(parsing->vif, field, value);

	value_release(parsing->vif);
	parsing->vif = vif;
}

static bool take_text(struct parsing *parsing, const char *key, const char *text)
{
	set(parsing, strcmp(key, "mac") == 0 ? "MAC" : key, value_string(text));
	return *text != '\0';
}

static bool take_number(struct parsing *parsing, const char *key, const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 5 || text[strspn(text, "0123456789")])
		return false;
	if (strcmp(key, "devid") == 0)
		set(parsing, "device", value_string_format("%d", atoi(text)));
	else
		set(parsing, "MTU", value_int(atoi(text)));
	return true;
}

static bool take_rate(struct parsing *parsing, const char *key, const char *text)
{
	struct value *params;
	int64_t kib;

	(void)key;
	if (!rate_read(text, &kib))
		return false;
	params = value_map();
	value_put(params, "kbps", value_string_format("%lld", (long long)kib));
	set(parsing, "qos_algorithm_type", value_string("ratelimit"));
	set(parsing, "qos_algorithm_params", params);
	return true;
}

/* Kept with the VIF, without an effect. */
static bool leave_out(struct parsing *parsing, const char *key, const char *text)
{
	AUTO_TEXT kept = text_format("xl:%s", key);
	AUTO_TEXT word = text_format(" %s,", key);
	struct value *other_config =
		value_map_with(parsing->other_config, kept, value_string(text));

	value_release(parsing->other_config);
	parsing->other_config = other_config;
	if (!parsing->left_out->length || !strstr(parsing->left_out->data, word))
		buffer_add_text(parsing->left_out, word);
	return true;
}

static bool take_script(struct parsing *parsing, const char *key, const char *text)
{
	const char *name = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;

	return strcmp(name, SCRIPT) == 0 || leave_out(parsing, key, text);
}

static const struct {
	const char *key;
	take_fn take;
} parts[] = {
	{"mac", take_text},	   {"bridge", take_text},      {"mtu", take_number},
	{"devid", take_number},	   {"rate", take_rate},	       {"script", take_script},
	{"type", leave_out},	   {"model", leave_out},       {"vifname", leave_out},
	{"ip", leave_out},	   {"backend", leave_out},     {"netdev", leave_out},
	{"gatewaydev", leave_out}, {"trusted", leave_out},     {"accel", leave_out},
	{"forwarddev", leave_out}, {"backendtype", leave_out},
};

bool vif_leaves_out(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(parts[i].key, key) == 0)
			return parts[i].take == leave_out || parts[i].take == take_script;
	return false;
}

static bool take_part(struct parsing *parsing, const char *part)
{
	size_t length = strcspn(part, "=");
	AUTO_TEXT key = text_format("%.*s", (int)length, part);

	for (size_t i = 0; part[length] && i < ARRAY_SIZE(parts); i++)
		if (strcmp(parts[i].key, key) == 0)
			return parts[i].take(parsing, key, part + length + 1);
	return false;
}

/* "mac=…, bridge=…"; returns what is not understood, to be freed, or NULL. */
static char *take_parts(struct parsing *parsing, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, ",");
		AUTO_TEXT part = text_format("%.*s", (int)length, text);

		if (length && !take_part(parsing, part))
			return TAKE(part);
		text += length;
		text += strspn(text, ", ");
	}
	return NULL;
}

/* The n-th interface; NULL after having said what is wrong with it. */
static struct value *read_vif(struct xl_import *import, const struct setting *setting, int n,
			      const char *text, struct buffer *left_out)
{
	struct parsing parsing = {value_map(), value_map(), left_out};
	AUTO_TEXT odd = NULL;
	AUTO_TEXT reason = NULL;

	set(&parsing, "device", value_string_format("%d", n));
	set(&parsing, "bridge", value_string(BRIDGE));
	odd = take_parts(&parsing, text + strspn(text, " "));
	set(&parsing, "other_config", parsing.other_config);
	if (!odd)
		return parsing.vif;
	value_release(parsing.vif);
	reason = text_format("has an interface whose \"%s\" is not understood", odd);
	xl_import_refuse(import, setting, reason);
	return NULL;
}

static bool has_device(const struct value *vifs, const char *device)
{
	for (uint32_t i = 0; i < vifs->length; i++)
		if (strcmp(value_find_text(vifs->items[i], "device"), device) == 0)
			return true;
	return false;
}

static int add_vif(struct xl_import *import, const struct setting *setting, struct value *vifs,
		   struct value *vif)
{
	const char *device = value_find_text(vif, "device");
	AUTO_TEXT reason = text_format("has two interfaces with the devid %s", device);
	bool is_second = has_device(vifs, device);

	value_append(vifs, vif);
	return is_second ? xl_import_refuse(import, setting, reason) : 0;
}

static int read_list(struct xl_import *import, const struct setting *setting, struct value *vifs,
		     struct buffer *left_out)
{
	const struct value *list = setting->value;

	for (int i = 0; i < (int)list->length && list->items[i]->kind == VALUE_STRING; i++) {
		struct value *vif;

		if (i == VIFS_MOST)
			return xl_import_refuse(import, setting, "has more than 256 interfaces");
		if (!xl_import_is_plain(list->items[i]->text))
			return xl_import_refuse(import, setting, "contains a control character");
		vif = read_vif(import, setting, i, list->items[i]->text, left_out);
		if (!vif || add_vif(import, setting, vifs, vif) < 0)
			return -1;
	}
	return 0;
}

int take_vif(TAKE_ARGUMENTS)
{
	AUTO(value) vifs = value_set();
	AUTO_BUFFER left_out = {0};

	if (setting->value->kind != VALUE_SET)
		return xl_import_refuse(import, setting, "must be a list");
	if (read_list(import, setting, vifs, &left_out) < 0)
		return -1;
	if (vifs->length != setting->value->length)
		return xl_import_refuse(import, setting, "must be a list of texts");
	value_put(import->record, key->target, value_reference(vifs));
	if (left_out.length)
		outcome_set(outcome, OUTCOME_TRANSLATED, "%s, without effect are%.*s", key->target,
			    (int)left_out.length - 1, left_out.data);
	else
		outcome_set(outcome, OUTCOME_TAKEN, "%s", key->target);
	return 0;
}
