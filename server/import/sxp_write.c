/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp_write.c – settings as XenD's (domain …): the rows of sxp_leaves.def, the other way round. */
#include "server/import/sxp_write.h"

#include "schema/quote.h"
#include "server/import/fields.h"
#include "server/import/sxp_leaves.h"

/* "image/hvm/" */
static char *image_of(const char *type)
{
	return text_format("image/%s/", strcmp(type, "pv") == 0 ? "linux" : type);
}

/* The path below the branch ("" or "image/hvm/") that is the key as it stands; NULL: none. */
static const char *find_path(const struct setting *setting, const char *branch)
{
	size_t length = strlen(branch);

	for (const struct leaf_rule *rule = sxp_rules; rule->path; rule++)
		if (setting->value->kind == VALUE_STRING && strcmp(rule->key, setting->key) == 0 &&
		    sxp_is_inverse(rule) && strncmp(rule->path, branch, length) == 0 &&
		    !strchr(rule->path + length, '/'))
			return rule->path + length;
	return NULL;
}

static void write_value(struct buffer *out, const struct value *value)
{
	if (value->kind == VALUE_STRING) {
		quote_add(out, value->text);
		return;
	}
	buffer_add_char(out, '(');
	for (uint32_t i = 0; i < value->length; i++) {
		if (i)
			buffer_add_char(out, ' ');
		write_value(out, value->items[i]);
	}
	buffer_add_char(out, ')');
}

static void write_leaf(struct buffer *out, const char *indent, const char *name,
		       const struct value *value)
{
	buffer_add_format(out, "%s(%s ", indent, name);
	write_value(out, value);
	buffer_add_literal(out, ")\n");
}

static bool is_field(const struct setting *setting)
{
	return strncmp(setting->key, FIELD_PREFIX, strlen(FIELD_PREFIX)) == 0;
}

static void write_plain(struct buffer *out, const struct settings *settings)
{
	for (int i = 0; i < settings->count; i++) {
		const char *path = find_path(&settings->items[i], "");

		if (path)
			write_leaf(out, "    ", path, settings->items[i].value);
	}
}

/* Nothing when it is empty. */
static void write_group(struct buffer *out, const char *head, const struct buffer *group,
			const char *tail)
{
	if (group->length)
		buffer_add_format(out, "    %s\n%s    %s\n", head, group->data, tail);
}

static void write_image(struct buffer *out, const struct settings *settings, const char *image,
			const char *kind)
{
	AUTO_TEXT head = text_format("(image (%s", kind);
	AUTO_BUFFER group = {0};

	for (int i = 0; i < settings->count; i++) {
		const char *path = find_path(&settings->items[i], image);

		if (path)
			write_leaf(&group, "        ", path, settings->items[i].value);
	}
	write_group(out, head, &group, "))");
}

/* (xl …): what XenD has no name for; (xenapi …): fields. */
static void write_rest(struct buffer *out, const struct settings *settings, const char *image,
		       bool fields)
{
	AUTO_BUFFER group = {0};

	for (int i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->items[i];
		const char *name = setting->key + (fields ? strlen(FIELD_PREFIX) : 0);

		if (is_field(setting) == fields && !find_path(setting, "") &&
		    !find_path(setting, image))
			write_leaf(&group, "        ", name, setting->value);
	}
	write_group(out, fields ? "(xenapi" : "(xl", &group, ")");
}

void sxp_write(struct buffer *out, const struct settings *settings, const char *type)
{
	AUTO_TEXT image = image_of(type);
	const char *kind = strcmp(type, "pv") == 0 ? "linux" : type;

	buffer_add_literal(out, "(domain\n");
	write_plain(out, settings);
	write_image(out, settings, image, kind);
	write_rest(out, settings, image, false);
	write_rest(out, settings, image, true);
	buffer_add_literal(out, ")\n");
}
