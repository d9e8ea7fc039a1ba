/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain.c – the patterns of errors.def, filled with an error's parameters and the names of the
 * objects that they refer to. */
#include "schema/explain_private.h"

#include "schema/value.h"

#include <assert.h>
#include <ctype.h>

#define MIB ((int64_t)1 << 20)
#define REF "OpaqueRef:"
#define NULL_REF "OpaqueRef:NULL"
#define NAME_MOST 200

/* Where refs are looked for, and what people call an object there; others go by name_label. */
static const struct naming {
	const char *cls;
	const char *word; /* before it */
	const char *field;
	const char *owner; /* the field that says whose it is */
} namings[] = {
	{"VM", "", "name_label", NULL},
	{"VDI", "", "name_label", NULL},
	{"SR", "", "name_label", NULL},
	{"network", "", "name_label", NULL},
	{"host", "", "name_label", NULL},
	{"VM_appliance", "", "name_label", NULL},
	{"task", "", "name_label", NULL},
	{"VBD", "drive ", "userdevice", "VM"},
	{"VIF", "interface ", "device", "VM"},
	{"PIF", "", "device", NULL},
	{"PPCI", "", "name", NULL},
	{"pool", "", "name_label", NULL},
};

/* The parameter at that place behind the code; NULL: it was not sent. */
static const char *parameter_at(const struct explainer *explainer, size_t index)
{
	const struct value *description = explainer->description;

	if (index + 1 >= description->length)
		return NULL;
	return description->items[index + 1]->kind == VALUE_STRING ?
		       description->items[index + 1]->text :
		       NULL;
}

/* −1: errors.def does not give the error that parameter. */
static int index_of(const struct error_info *info, const char *name, size_t length)
{
	for (int i = 0; info->parameters[i]; i++)
		if (strlen(info->parameters[i]) == length &&
		    strncmp(info->parameters[i], name, length) == 0)
			return i;
	return -1;
}

const char *explain_parameter(const struct explainer *explainer, const char *name)
{
	int index = index_of(explainer->info, name, strlen(name));
	const char *text = index < 0 ? NULL : parameter_at(explainer, (size_t)index);

	return text ? text : "";
}

static char *ask(struct explainer *explainer, const char *cls, const char *ref, const char *field)
{
	return explainer->objects ?
		       explainer->objects->field(explainer->objects->context, cls, ref, field) :
		       NULL;
}

/* Not in the middle of a character. */
static void cut(char *name)
{
	size_t length = NAME_MOST;

	if (strlen(name) <= NAME_MOST)
		return;
	while ((name[length] & 0xC0) == 0x80)
		length--;
	name[length] = '\0';
}

static char *name_in(struct explainer *explainer, const struct naming *naming, const char *ref)
{
	char *name = ask(explainer, naming->cls, ref, naming->field);

	if (name && !*name) {
		free(name);
		name = ask(explainer, naming->cls, ref, "uuid");
	}
	if (name)
		cut(name);
	return name;
}

/* The class is set too. */
static char *find_name(struct explainer *explainer, const char *ref,
		       const struct naming **ret_naming)
{
	if (strncmp(ref, REF, strlen(REF)) != 0 || strcmp(ref, NULL_REF) == 0 ||
	    explainer->names == EXPLAIN_NAMES_MOST)
		return NULL;
	explainer->names++;
	for (size_t i = 0; i < ARRAY_SIZE(namings); i++) {
		char *name = name_in(explainer, &namings[i], ref);

		*ret_naming = &namings[i];
		if (name)
			return name;
	}
	return NULL;
}

/* "drive 0 of demo" */
static char *title_of(struct explainer *explainer, const char *ref)
{
	const struct naming *naming = NULL;
	AUTO_TEXT name = find_name(explainer, ref, &naming);
	AUTO_TEXT owner = name && naming->owner ? ask(explainer, naming->cls, ref, naming->owner) :
						  NULL;
	AUTO_TEXT whose = owner ? name_in(explainer, &namings[0], owner) : NULL;

	if (!name)
		return NULL;
	return text_format("%s%s%s%s", naming->word, name, whose ? " of " : "", whose ? whose : "");
}

char *explain_find(struct explainer *explainer, const char *ref)
{
	const struct naming *naming = NULL;
	AUTO_TEXT name = find_name(explainer, ref, &naming);

	return name ? text_format("%s %s", naming->cls, name) : NULL;
}

void explain_add_memory(struct buffer *out, const char *bytes)
{
	int64_t number = strtoll(bytes, NULL, 10);

	if (number % MIB == 0)
		buffer_add_format(out, "%lld MiB", (long long)(number / MIB));
	else if (number >= MIB)
		buffer_add_format(out, "%.1f MiB (%lld bytes)", (double)number / (double)MIB,
				  (long long)number);
	else
		buffer_add_format(out, "%lld bytes", (long long)number);
}

bool explain_is_about_memory(const char *text)
{
	return strstr(text, "memory") || strstr(text, "bytes");
}

static bool is_joined(char character)
{
	return isalnum((unsigned char)character) || character == '-' || character == '_' ||
	       character == '.';
}

/* How many digits of a number of bytes start here: one that stands alone and is so large. */
static size_t bytes_at(const char *text, const char *at)
{
	size_t digits = strspn(at, "0123456789");
	const char *revision = "revision ";
	size_t before = strlen(revision);

	if (!digits || digits > 18 || (at > text && is_joined(at[-1])) ||
	    (is_joined(at[digits]) && at[digits] != '.') || strtoll(at, NULL, 10) < MIB)
		return 0;
	if ((size_t)(at - text) >= before && strncmp(at - before, revision, before) == 0)
		return 0;
	return digits;
}

/* A text in which refs are named; `amounts`: and numbers of bytes are told as MiB. */
static void add_text(struct explainer *explainer, const char *text, bool amounts)
{
	struct buffer *out = &explainer->text;
	const char *at = text;

	while (*at) {
		size_t length = amounts ? bytes_at(text, at) : 0;

		if (length) {
			explain_add_memory(out, at);
		} else if (strncmp(at, REF, strlen(REF)) == 0) {
			length = strlen(REF) +
				 strspn(at + strlen(REF), "0123456789abcdefghijklmnopqrstuvwxyz-");
			AUTO_TEXT ref = text_format("%.*s", (int)length, at);
			AUTO_TEXT title = title_of(explainer, ref);

			buffer_add_text(out, title ? title : ref);
		} else {
			buffer_add_char(out, *at);
			length = 1;
		}
		at += length;
	}
}

static void add_plain(struct explainer *explainer, const char *value, const char *next)
{
	(void)next;
	add_text(explainer, *value ? value : "(nothing)", false);
}

static void add_quoted(struct buffer *out, const char *name)
{
	bool single = !strchr(name, '\'');

	buffer_add_char(out, single ? '\'' : '"');
	for (; *name; name++) {
		if (!single && strchr("\"$`\\", *name))
			buffer_add_char(out, '\\');
		buffer_add_char(out, *name);
	}
	buffer_add_char(out, single ? '\'' : '"');
}

/* A name as a shell takes it; any, when it is not known. */
static void add_argument(struct explainer *explainer, const char *value, const char *next)
{
	const struct naming *naming = NULL;
	AUTO_TEXT name = find_name(explainer, value, &naming);
	bool plain = name && *name != '-';

	(void)next;
	for (const char *p = name; plain && *p; p++)
		plain = is_joined(*p);
	if (plain || !name)
		buffer_add_text(&explainer->text, name ? name : "DOMAIN");
	else
		add_quoted(&explainer->text, name);
}

static void add_uuid(struct explainer *explainer, const char *value, const char *next)
{
	AUTO_TEXT uuid = ask(explainer, "task", value, "uuid");

	(void)next;
	buffer_add_text(&explainer->text, uuid ? uuid : "UUID");
}

/* "paused, suspended" and "Paused;Suspended" are both sent: "Paused or Suspended". */
static void add_states(struct explainer *explainer, const char *value, const char *next)
{
	struct buffer *out = &explainer->text;

	(void)next;
	while (*value) {
		size_t length = strcspn(value, ",; ");

		buffer_add_char(out, (char)toupper((unsigned char)*value));
		buffer_add(out, value + 1, length ? length - 1 : 0);
		value += length;
		value += strspn(value, ",; ");
		if (*value)
			buffer_add_text(out, strpbrk(value, ",; ") ? ", " : " or ");
	}
}

static void add_memory(struct explainer *explainer, const char *value, const char *next)
{
	(void)next;
	explain_add_memory(&explainer->text, value);
}

static void add_literal(struct explainer *explainer, const char *value, const char *next)
{
	(void)next;
	buffer_add_text(&explainer->text, value);
}

static void add_sizes(struct explainer *explainer, const char *value, const char *next)
{
	(void)next;
	add_text(explainer, value, true);
}

static void add_amounts(struct explainer *explainer, const char *value, const char *next)
{
	(void)next;
	add_text(explainer, *value ? value : "(nothing)", explain_is_about_memory(value));
}

/* Whether it is one of memory says the field. */
static void add_amount(struct explainer *explainer, const char *value, const char *next)
{
	bool memory = explain_is_about_memory(explain_parameter(explainer, "field"));

	(void)next;
	add_text(explainer, *value ? value : "(nothing)", memory);
}

static void add_said(struct explainer *explainer, const char *value, const char *next)
{
	(void)next;
	if (*value) {
		buffer_add_text(&explainer->text, ": ");
		add_text(explainer, value, false);
	}
}

/* `shown` is what a document says in its place; NULL: the parameter's name. */
static const struct format {
	const char *name;
	explain_format_fn add;
	const char *shown;
} formats[] = {
	{"", add_plain, NULL},
	{"literal", add_literal, NULL},
	{"name", add_plain, NULL},
	{"argument", add_argument, "DOMAIN"},
	{"uuid", add_uuid, "UUID"},
	{"states", add_states, NULL},
	{"memory", add_memory, NULL},
	{"sizes", add_sizes, NULL},
	{"amount", add_amount, NULL},
	{"amounts", add_amounts, NULL},
	{"said", add_said, ": what it said"},
	{"way", explain_way, "the command and the message that bring it there"},
	{"meant", explain_meant, "what it is instead: a uuid, a name, an object of another class"},
	{"similar", explain_similar, "the name that is most like it"},
	{"signature", explain_signature, "how it is called"},
	{"role", explain_role, "the least role that may"},
	{"nearest", explain_nearest, "the nearest value that is accepted"},
	{"lack", explain_lack, "how much is lacking, and how to make do or make room"},
};

static const struct format *format_named(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strlen(formats[i].name) == length &&
		    strncmp(formats[i].name, name, length) == 0)
			return &formats[i];
	return NULL;
}

/* One {name:format}. */
struct place {
	const char *name;
	size_t length; /* of the name */
	const struct format *format;
	const char *end; /* behind the } */
};

static struct place read_place(const char *at)
{
	struct place place = {.name = at + 1, .length = strcspn(at + 1, ":}")};
	const char *format = place.name + place.length;
	size_t length = 0;

	if (*format == ':')
		length = strcspn(++format, "}");
	place.format = format_named(format, length);
	place.end = format + length + 1;
	assert(place.format && place.end[-1] == '}');
	return place;
}

void explain_add(struct explainer *explainer, const char *pattern)
{
	while (*pattern) {
		struct place place;
		int index;
		const char *value, *next;

		if (*pattern != '{') {
			buffer_add_char(&explainer->text, *pattern++);
			continue;
		}
		place = read_place(pattern);
		index = index_of(explainer->info, place.name, place.length);
		assert(index >= 0);
		value = parameter_at(explainer, (size_t)index);
		next = parameter_at(explainer, (size_t)index + 1);
		if (value)
			place.format->add(explainer, value, next ? next : "");
		else
			explainer->missing = true;
		pattern = place.end;
	}
}

void explain_add_pattern(struct buffer *out, const char *pattern)
{
	while (*pattern) {
		struct place place;

		if (*pattern != '{') {
			buffer_add_char(out, *pattern++);
			continue;
		}
		place = read_place(pattern);
		if (place.format->shown)
			buffer_add_text(out, place.format->shown);
		else
			buffer_add_format(out, "*%.*s*", (int)place.length, place.name);
		pattern = place.end;
	}
}

/* To be freed; NULL: a parameter is missing, or there is nothing to say. */
static char *fill(struct explainer *explainer, const char *pattern)
{
	explainer->missing = false;
	explain_add(explainer, pattern);
	if (explainer->missing || !explainer->text.length) {
		buffer_free(&explainer->text);
		return NULL;
	}
	return buffer_take(&explainer->text);
}

/* A code of another server, or one with parameters of its own. */
static char *as_it_came(struct explainer *explainer)
{
	const struct value *description = explainer->description;

	buffer_add_text(&explainer->text, "the server refused: ");
	for (uint32_t i = 0; i < description->length; i++) {
		const struct value *part = description->items[i];

		if (i > 0)
			buffer_add_text(&explainer->text, i == 1 ? " [" : ", ");
		add_text(explainer, part->kind == VALUE_STRING ? part->text : "?", false);
	}
	if (description->length > 1)
		buffer_add_char(&explainer->text, ']');
	return buffer_take(&explainer->text);
}

struct explanation explain(const struct value *description, const struct explain_objects *objects)
{
	struct explainer explainer = {.description = description, .objects = objects};
	struct explanation explanation = {0};

	for (int code = ERROR_NONE + 1; code < ERROR_COUNT && description->length; code++) {
		const struct error_info *info = error_info((enum error_code)code);

		if (description->items[0]->kind == VALUE_STRING &&
		    strcmp(info->name, description->items[0]->text) == 0)
			explainer.info = info;
	}
	if (explainer.info)
		explanation.words = fill(&explainer, explainer.info->words);
	explanation.is_known = explanation.words;
	if (explanation.words)
		explanation.advice = fill(&explainer, explainer.info->advice);
	else
		explanation.words = as_it_came(&explainer);
	return explanation;
}

char *explain_inside(const struct error *err)
{
	AUTO(value) description = value_set();
	AUTO_EXPLANATION explanation = {0};

	value_append(description, value_string(error_info(err->code)->name));
	for (size_t i = 0; i < error_parameter_count(err->code); i++)
		value_append(description, value_string(err->parameters[i]));
	explanation = explain(description, NULL);
	return TAKE(explanation.words);
}

void explanation_clear(struct explanation *explanation)
{
	free(explanation->words);
	free(explanation->advice);
	*explanation = (struct explanation){0};
}
