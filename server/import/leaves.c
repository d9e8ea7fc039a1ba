/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* leaves.c – a configuration that is a tree, as its leaves. */
#include "server/import/leaves.h"

#include "schema/buffer.h"

#include <stdio.h>

void leaves_clear(struct leaves *leaves)
{
	for (int i = 0; i < leaves->count; i++) {
		free(leaves->items[i].path);
		value_release(leaves->items[i].value);
	}
	for (int i = 0; i < leaves->device_count; i++)
		value_release(leaves->devices[i].parts);
	free(leaves->items);
	free(leaves->devices);
}

/* As a row of the report has it. */
static char *show(const struct value *value)
{
	AUTO_BUFFER shown = {0};

	if (value->kind == VALUE_STRING)
		return text_copy(value->text);
	settings_write_value(&shown, value);
	return buffer_take(&shown);
}

void leaves_add(struct leaves *leaves, const char *path, int group, int line, struct value *value)
{
	struct settings *settings = &leaves->import->settings;
	AUTO_TEXT shown = show(value);
	int row = settings_add_row(settings, path, shown, line);

	if (settings->overflow) {
		value_release(value);
		return;
	}
	/* leaves and rows are as many */
	if ((leaves->count & (leaves->count - 1)) == 0)
		leaves->items =
			reallocate(leaves->items, (size_t)(leaves->count ? 2 * leaves->count : 1) *
							  sizeof(*leaves->items));
	leaves->items[leaves->count++] = (struct leaf){
		.path = text_copy(path),
		.value = value,
		.text = value->kind == VALUE_STRING ? value->text : "",
		.group = group,
		.row = row,
	};
}

const struct leaf *leaves_find(const struct leaves *leaves, const char *path, int group)
{
	for (int i = 0; i < leaves->count; i++)
		if (strcmp(leaves->items[i].path, path) == 0 &&
		    (group < 0 || leaves->items[i].group == group))
			return &leaves->items[i];
	return NULL;
}

static void set_value(struct leaves *leaves, const struct leaf *leaf, const char *key,
		      struct value *value, bool changed)
{
	struct settings *settings = &leaves->import->settings;
	int found = settings_find(settings, key);

	if (found >= 0) {
		int line = settings->rows[settings->items[found].row].line;

		value_release(value);
		settings_decide(settings, leaf->row, OUTCOME_IGNORED,
				"line %d has said it already: keep one of the two", line);
		return;
	}
	settings_link(settings, leaf->row, settings_add(settings, key, value, leaf->row), changed);
}

void leaves_set(struct leaves *leaves, const struct leaf *leaf, const char *key, const char *text,
		bool changed)
{
	set_value(leaves, leaf, key, value_string(text), changed);
}

void leaves_ignore(struct leaves *leaves, const struct leaf *leaf, const char *reason)
{
	settings_decide(&leaves->import->settings, leaf->row, OUTCOME_IGNORED, "%s", reason);
}

int leaves_refuse(struct leaves *leaves, const struct leaf *leaf, const char *reason)
{
	const struct report_row *row = &leaves->import->settings.rows[leaf->row];
	AUTO_TEXT text = text_format("%s %s", leaf->path, reason);

	return xl_import_refuse_line(leaves->import, row->line, text, row->value);
}

void leaf_device_set(struct leaf_device *device, const char *part, const char *text)
{
	struct value *parts = value_map_with(device->parts, part, value_string(text));

	value_release(device->parts);
	device->parts = parts;
}

static struct leaf_device *find_device(struct leaves *leaves, const char *list, int length,
				       int group)
{
	struct leaf_device *device;

	for (int i = 0; i < leaves->device_count; i++) {
		device = &leaves->devices[i];
		if (device->group == group && device->list_length == length &&
		    memcmp(device->list, list, (size_t)length) == 0)
			return device;
	}
	leaves->devices = reallocate(leaves->devices,
				     (size_t)(leaves->device_count + 1) * sizeof(*leaves->devices));
	device = &leaves->devices[leaves->device_count++];
	*device = (struct leaf_device){list, length, group, value_map()};
	return device;
}

void leaves_touch(struct leaves *leaves, const struct leaf *leaf, const char *key)
{
	find_device(leaves, key, (int)strcspn(key, "."), leaf->group);
}

void leaves_set_part(struct leaves *leaves, const struct leaf *leaf, const char *key,
		     const char *text)
{
	int length = (int)strcspn(key, ".");
	struct leaf_device *device = find_device(leaves, key, length, leaf->group);
	const char *part = key + length + 1;

	/* the target is last, and its commas are its own */
	if (strpbrk(text, ",\n") && strcmp(part, "target") != 0)
		leaves_ignore(leaves, leaf, "nothing with a comma can be said of a device");
	else
		leaf_device_set(device, part, text);
}

int leaf_text(LEAF_ARGUMENTS)
{
	leaves_set(leaves, leaf, rule->key, leaf->text, false);
	return 0;
}

int leaf_list(LEAF_ARGUMENTS)
{
	/* the rule's path ends with the * that stands for the key */
	AUTO_TEXT key = text_format("%s%s", rule->key, leaf->path + strlen(rule->path) - 1);

	for (char *at = key; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
	set_value(leaves, leaf, key, value_reference(leaf->value), false);
	return 0;
}

int leaf_ignored(LEAF_ARGUMENTS)
{
	leaves_ignore(leaves, leaf, rule->reason);
	return 0;
}

/* Looked at when all settings are there. */
int leaf_with(LEAF_ARGUMENTS)
{
	(void)leaves;
	(void)leaf;
	(void)rule;
	return 0;
}

int leaf_part(LEAF_ARGUMENTS)
{
	leaves_set_part(leaves, leaf, rule->key, leaf->text);
	return 0;
}

static bool matches(const char *pattern, const char *path)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return strncmp(pattern, path, length - 1) == 0;
	return strcmp(pattern, path) == 0;
}

static const struct leaf_rule *find_rule(const struct leaves *leaves, const struct leaf *leaf)
{
	const struct leaf_rule *rule = leaves->rules;

	while (rule->path && !matches(rule->path, leaf->path))
		rule++;
	return rule->path ? rule : NULL;
}

/* "0000:03:00.0" */
static char *write_address(const struct value *parts)
{
	static const char *const names[] = {"domain", "bus", "slot", "function"};
	unsigned long numbers[ARRAY_SIZE(names)] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *text = value_find_text(parts, names[i]);

		numbers[i] = text ? strtoul(text, NULL, 16) & 0xffff : 0;
	}
	return text_format("%04lx:%02lx:%02lx.%lx", numbers[0], numbers[1], numbers[2], numbers[3]);
}

/* "vdev=xvda,access=rw,target=/x" */
static char *write_item(const struct leaf_device *device)
{
	const char *target = value_find_text(device->parts, "target");
	AUTO_BUFFER item = {0};

	if (strncmp(device->list, "pci", (size_t)device->list_length) == 0)
		return write_address(device->parts);
	for (uint32_t i = 0; i < device->parts->length; i++) {
		const struct member *part = &device->parts->members[i];

		if (strcmp(part->key->text, "target") != 0)
			buffer_add_format(&item, "%s%s=%s", item.length ? "," : "", part->key->text,
					  part->value->text);
	}
	if (target)
		buffer_add_format(&item, "%starget=%s", item.length ? "," : "", target);
	return buffer_take(&item);
}

/* Whether the rule's leaves become part of such devices. */
static bool is_part_of(const struct leaf_rule *rule, const char *list)
{
	size_t length = strlen(list);

	return rule && rule->key && strncmp(rule->key, list, length) == 0 &&
	       rule->key[length] == '.';
}

static int first_row(const struct leaves *leaves, const char *list)
{
	for (int i = 0; i < leaves->count; i++)
		if (is_part_of(find_rule(leaves, &leaves->items[i]), list))
			return leaves->items[i].row;
	return 0;
}

static void set_list(struct leaves *leaves, const char *list)
{
	struct settings *settings = &leaves->import->settings;
	struct value *items = value_set();
	int setting;

	for (int i = 0; i < leaves->device_count; i++) {
		const struct leaf_device *device = &leaves->devices[i];
		AUTO_TEXT item = NULL;

		if (strncmp(device->list, list, (size_t)device->list_length) != 0)
			continue;
		item = write_item(device);
		value_append(items, value_string(item));
	}
	if (!items->length || settings_find(settings, list) >= 0) {
		value_release(items);
		return;
	}
	setting = settings_add(settings, list, items, first_row(leaves, list));
	for (int i = 0; i < leaves->count; i++) {
		const struct leaf *leaf = &leaves->items[i];

		if (is_part_of(find_rule(leaves, leaf), list) &&
		    !settings->rows[leaf->row].outcome.detail)
			settings_link(settings, leaf->row, setting, true);
	}
}

static void set_lists(struct leaves *leaves)
{
	static const char *const lists[] = {"disk", "vif", "pci", "vfb"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		set_list(leaves, lists[i]);
}

static void join_others(struct leaves *leaves)
{
	struct settings *settings = &leaves->import->settings;

	for (int i = 0; i < leaves->count; i++) {
		const struct leaf *leaf = &leaves->items[i];
		const struct leaf_rule *rule = find_rule(leaves, leaf);
		int setting;

		if (!rule || rule->take != leaf_with)
			continue;
		setting = settings_find(settings, rule->key);
		if (setting >= 0)
			settings_link(settings, leaf->row, setting, true);
		else
			leaves_ignore(leaves, leaf, "what it belongs to is not there");
	}
}

int leaves_take(struct leaves *leaves)
{
	for (int i = 0; i < leaves->count; i++) {
		const struct leaf *leaf = &leaves->items[i];
		const struct leaf_rule *rule = find_rule(leaves, leaf);

		if (!rule)
			settings_decide(&leaves->import->settings, leaf->row, OUTCOME_UNKNOWN,
					"nothing is known of it: see whether the guest needs it");
		else if (rule->take(leaves, leaf, rule) < 0)
			return -1;
	}
	if (leaves->finish)
		leaves->finish(leaves);
	set_lists(leaves);
	join_others(leaves);
	return 0;
}
