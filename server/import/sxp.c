/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp.c – XenD's config.sxp to settings: S-expressions, as leaves. */
#include "schema/buffer.h"
#include "server/import/sxp_leaves.h"

#include <ctype.h>

#define DEPTH_MAX 32
/* Of names joined. */
#define PATH_MAX_LENGTH 1000

struct reader {
	struct leaves *leaves;
	const char *at;
	int line;
	int groups;
};

static int refuse(struct reader *reader, const char *reason)
{
	AUTO_TEXT rest = xl_import_shorten(reader->at, strcspn(reader->at, "\n"));

	return xl_import_refuse_line(reader->leaves->import, reader->line, reason, rest);
}

static char peek(struct reader *reader)
{
	for (;; reader->at++) {
		if (*reader->at == '#' || *reader->at == ';')
			reader->at += strcspn(reader->at, "\n");
		if (!*reader->at || !isspace((unsigned char)*reader->at))
			return *reader->at;
		reader->line += *reader->at == '\n';
	}
}

static bool add_quoted(struct reader *reader, struct buffer *out)
{
	char quote = *reader->at++;

	for (; *reader->at && *reader->at != quote; reader->at++) {
		bool escaped = *reader->at == '\\' && reader->at[1];

		reader->at += escaped;
		reader->line += *reader->at == '\n';
		buffer_add_char(out, escaped && *reader->at == 'n' ? '\n' : *reader->at);
	}
	return *reader->at++ == quote;
}

/* NULL after having said what is wrong. */
static char *read_atom(struct reader *reader)
{
	AUTO_BUFFER atom = {0};
	size_t length;

	if (*reader->at == '\'' || *reader->at == '"') {
		if (add_quoted(reader, &atom))
			return buffer_take(&atom);
		reader->at--;
		refuse(reader, "a text does not end");
		return NULL;
	}
	length = strcspn(reader->at, "() \t\r\n");
	buffer_add(&atom, reader->at, length);
	reader->at += length;
	return buffer_take(&atom);
}

/* (a (b c)) after its bracket, as a value: each list is a set. NULL: it is wrong. */
static struct value *read_list(struct reader *reader, int depth)
{
	AUTO(value) list = value_set();
	char next;

	if (depth > DEPTH_MAX) {
		refuse(reader, "it is nested too deeply");
		return NULL;
	}
	while ((next = peek(reader)) && next != ')') {
		struct value *item = NULL;

		if (next == '(') {
			reader->at++;
			item = read_list(reader, depth + 1);
		} else {
			AUTO_TEXT atom = read_atom(reader);

			item = atom ? value_string(atom) : NULL;
		}
		if (!item)
			return NULL;
		value_append(list, item);
	}
	if (next != ')') {
		refuse(reader, "a bracket is not closed");
		return NULL;
	}
	reader->at++;
	return TAKE(list);
}

/* What follows the name, until the bracket: one text; a list becomes a list. */
static int add_leaf(struct reader *reader, const char *path, int group, int line, int depth)
{
	AUTO(value) list = read_list(reader, depth);
	AUTO_BUFFER text = {0};

	if (!list)
		return -1;
	if (list->length == 1 && list->items[0]->kind == VALUE_SET) {
		leaves_add(reader->leaves, path, group, line, value_reference(list->items[0]));
		return 0;
	}
	for (uint32_t i = 0; i < list->length; i++) {
		if (i)
			buffer_add_char(&text, ' ');
		if (list->items[i]->kind == VALUE_STRING)
			buffer_add_text(&text, list->items[i]->text);
		else
			settings_write_value(&text, list->items[i]);
	}
	leaves_add(reader->leaves, path, group, line, value_string(text.data ? text.data : ""));
	return 0;
}

static int read_node(struct reader *reader, const char *path, int group, int depth);

/* Whether what stands in a bracket begins with a bracket: (image (linux …)) is a branch, (pci
 * ((…))) is not. */
static bool is_branch(struct reader *reader, const char *path)
{
	return peek(reader) == '(' && reader->at[1 + strspn(reader->at + 1, " \t\r\n")] != '(' &&
	       !sxp_is_whole(path);
}

static int read_branch(struct reader *reader, const char *path, int group, int depth)
{
	for (;;) {
		int line = reader->line;
		char next = peek(reader);

		if (next == ')') {
			reader->at++;
			return 0;
		}
		if (next == '(') {
			if (read_node(reader, path, group, depth + 1) < 0)
				return -1;
			continue;
		}
		if (!next)
			return refuse(reader, "a bracket is not closed");
		AUTO_TEXT atom = read_atom(reader);

		if (!atom)
			return -1;
		leaves_add(reader->leaves, path, group, line, value_string(atom));
	}
}

/* (name …), below a path */
static int read_node(struct reader *reader, const char *parent, int group, int depth)
{
	AUTO_TEXT name = NULL;
	AUTO_TEXT path = NULL;
	int line = reader->line;

	if (depth > DEPTH_MAX || strlen(parent) > PATH_MAX_LENGTH)
		return refuse(reader, "it is nested too deeply");
	reader->at++;
	if (strchr("()", peek(reader)))
		return refuse(reader, "a name is missing after the bracket");
	name = read_atom(reader);
	if (!name)
		return -1;
	path = text_format("%s%s%s", parent, *parent ? "/" : "", name);
	if (strcmp(path, "device") == 0)
		group = ++reader->groups;
	if (is_branch(reader, path))
		return read_branch(reader, path, group, depth);
	return add_leaf(reader, path, group, line, depth);
}

/* (domain …) or, of old, (vm …); one of them */
static int read_domain(struct reader *reader)
{
	AUTO_TEXT name = NULL;

	if (peek(reader) != '(')
		return refuse(reader, "there must be one (domain …)");
	reader->at++;
	if (isspace((unsigned char)*reader->at) || strchr("()", *reader->at))
		return refuse(reader, "there must be one (domain …)");
	name = read_atom(reader);
	if (!name)
		return -1;
	if (strcmp(name, "domain") != 0 && strcmp(name, "vm") != 0)
		return refuse(reader, "there must be one (domain …)");
	if (read_branch(reader, "", 0, 0) < 0)
		return -1;
	return peek(reader) ? refuse(reader, "there is more than one (domain …)") : 0;
}

/* (image (hvm …)) */
static void set_type(struct leaves *leaves)
{
	static const struct {
		const char *prefix, *type;
	} kinds[] = {{"image/linux/", "pv"},
		     {"image/pv/", "pv"},
		     {"image/pvh/", "pvh"},
		     {"image/hvm/", "hvm"}};

	for (int i = 0; i < leaves->count && !leaves_find(leaves, "type", -1); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (strncmp(leaves->items[i].path, kinds[k].prefix,
				    strlen(kinds[k].prefix)) != 0)
				continue;
			leaves_set(leaves, &leaves->items[i], "type", kinds[k].type, true);
			return;
		}
	}
}

int read_sxp(struct xl_import *import, const char *text)
{
	struct leaves leaves = {.import = import, .rules = sxp_rules};
	struct reader reader = {.leaves = &leaves, .at = text, .line = 1};
	int rc = read_domain(&reader);

	if (rc == 0) {
		set_type(&leaves);
		rc = leaves_take(&leaves);
	}
	leaves_clear(&leaves);
	return rc;
}
