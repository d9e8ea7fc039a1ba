/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain_hints.c – advice that takes more than filling in: which command leads to a power state,
 * what was probably meant, the nearest value. */
#include "schema/explain_private.h"

#include "schema/key_role.h"
#include "schema/print.h"
#include "schema/uuid.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

/* From one power state to another; of several that are expected the first one here is advised. */
static const struct {
	const char *from, *to;
	const char *advice;
} ways[] = {
	{"halted", "running", "xm start {vm:argument} (VM.start) makes it Running"},
	{"paused", "running", "xm unpause {vm:argument} (VM.unpause) makes it Running"},
	{"suspended", "running", "xm resume {vm:argument} (VM.resume) makes it Running"},
	{"running", "halted", "xm shutdown {vm:argument} (VM.clean_shutdown) makes it Halted"},
	{"paused", "halted",
	 "xm destroy {vm:argument} (VM.hard_shutdown) makes it Halted, as if the power failed"},
	{"suspended", "halted",
	 "xm destroy {vm:argument} (VM.hard_shutdown) makes it Halted; what it had in memory is lost"},
	{"halted", "paused", "xm start -p {vm:argument} (VM.start) makes it Paused"},
	{"running", "paused", "xm pause {vm:argument} (VM.pause) makes it Paused"},
	{"suspended", "paused", "xm resume -p {vm:argument} (VM.resume) makes it Paused"},
	{"running", "suspended", "xm suspend {vm:argument} (VM.suspend) makes it Suspended"},
	{"paused", "suspended",
	 "xm unpause {vm:argument} (VM.unpause) and xm suspend {vm:argument} (VM.suspend) make it "
	 "Suspended"},
	{"halted", "suspended",
	 "xm start {vm:argument} (VM.start) and xm suspend {vm:argument} (VM.suspend) make it "
	 "Suspended"},
};

/* Separators and case differ between servers. */
static bool has_state(const char *states, const char *state)
{
	while (*states) {
		size_t length = strcspn(states, ",; ");

		if (length == strlen(state) && strncasecmp(states, state, length) == 0)
			return true;
		states += length;
		states += strspn(states, ",; ");
	}
	return false;
}

void explain_way(struct explainer *explainer, const char *value, const char *next)
{
	const char *actual = explain_parameter(explainer, "actual");

	(void)value;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcasecmp(ways[i].from, actual) != 0 || !has_state(next, ways[i].to))
			continue;
		explain_add(explainer, ways[i].advice);
		break;
	}
	if (strcasecmp(next, "halted") == 0 && strcasecmp(actual, "halted") != 0)
		buffer_add_text(&explainer->text,
				"; if it is a setting, it can wait for the next start: xm set "
				"--next-boot (VM.update)");
}

static bool is_ref(const char *text)
{
	return strncmp(text, "OpaqueRef:", strlen("OpaqueRef:")) == 0;
}

/* What was given in the place of a reference or a uuid. */
void explain_meant(struct explainer *explainer, const char *value, const char *next)
{
	const char *cls = explain_parameter(explainer, "class");
	bool wants_ref = *explain_parameter(explainer, "ref");
	AUTO_TEXT other = explain_find(explainer, value);
	struct buffer *out = &explainer->text;

	(void)next;
	if (!*value || strcmp(value, "OpaqueRef:NULL") == 0)
		buffer_add_format(out, "no %s was named", cls);
	else if (other && wants_ref)
		buffer_add_format(out, "the reference is that of the %s", other);
	else if (other)
		buffer_add_format(out, "%s is the reference of the %s, not a uuid", value, other);
	else if (is_ref(value) && !wants_ref)
		buffer_add_format(out, "%s is a reference, not a uuid", value);
	else if (is_ref(value))
		buffer_add_format(out,
				  "it was destroyed, or never was; %s.get_all lists those that "
				  "there are%s",
				  cls,
				  strcmp(cls, "VM") == 0 ?
					  ", xm history (VM.history) tells what became of one" :
					  "");
	else if (uuid_is_valid(value) && wants_ref)
		buffer_add_format(
			out, "%s is a uuid, and none of a %s; %s.get_by_uuid finds one by its uuid",
			value, cls, cls);
	else if (uuid_is_valid(value))
		buffer_add_format(out, "%s.get_all_records shows those that there are", cls);
	else
		buffer_add_format(out,
				  "%s may be a name: %s.get_by_name_label finds those of a name",
				  value, cls);
}

/* How many letters have to be changed, added or left out; texts longer than `most` are not alike.
 */
#define LENGTH_MOST 64
static int distance(const char *a, const char *b)
{
	int row[LENGTH_MOST + 1];
	int length = (int)strlen(b);

	if (length > LENGTH_MOST || strlen(a) > LENGTH_MOST)
		return LENGTH_MOST;
	for (int i = 0; i <= length; i++)
		row[i] = i;
	for (int i = 1; *a; a++, i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= length; j++) {
			int above = row[j];
			int change = diagonal + (tolower((unsigned char)*a) !=
						 tolower((unsigned char)b[j - 1]));

			row[j] = (int)lesser_of(change, lesser_of(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[length];
}

/* Without Async. or Plan. */
static const char *bare(const char *method)
{
	const char *dot = strchr(method, '.');

	return dot && strchr(dot + 1, '.') ? dot + 1 : method;
}

void explain_similar(struct explainer *explainer, const char *value, const char *next)
{
	const char *name = bare(value);
	const struct message_info *best = NULL;
	int least = (int)strlen(name) / 4 + 1;

	(void)next;
	for (size_t i = 0; i < schema_message_count(); i++) {
		const struct message_info *message = schema_message_at(i);
		int changes = distance(name, message->name);

		if (changes < least) {
			least = changes;
			best = message;
		}
	}
	if (best && strcmp(best->name, value) == 0)
		buffer_add_text(&explainer->text, "it is of another version than this program");
	else if (best && strcmp(best->name, name) == 0)
		buffer_add_format(&explainer->text, "there is a plain %s", name);
	else if (best)
		buffer_add_format(&explainer->text, "%s may be meant", best->name);
	else
		buffer_add_text(&explainer->text, "system.listMethods lists those that there are");
}

void explain_signature(struct explainer *explainer, const char *value, const char *next)
{
	const struct message_info *message = schema_message(bare(value));

	(void)next;
	if (!message)
		return;
	buffer_add_text(&explainer->text, "it is called as ");
	print_add_signature(&explainer->text, message);
}

/* "vm.start", "vm.add_to_other_config/key:folder": the least role of that key. */
static enum role role_of_key(const struct message_info *message, const char *key)
{
	const struct key_role *row;

	for (size_t i = 0; (row = key_role_at(i)); i++)
		if (row->cls == message->cls->id && row->field == message->field &&
		    strcasecmp(row->key, key) == 0)
			return row->role;
	return message->role;
}

void explain_role(struct explainer *explainer, const char *value, const char *next)
{
	const char *key = strstr(value, "/key:");
	size_t length = key ? (size_t)(key - value) : strlen(value);

	(void)next;
	for (size_t i = 0; i < schema_message_count(); i++) {
		const struct message_info *message = schema_message_at(i);
		enum role role;

		if (strlen(message->name) != length ||
		    strncasecmp(message->name, value, length) != 0)
			continue;
		role = key ? role_of_key(message, key + strlen("/key:")) : message->role;
		buffer_add_format(&explainer->text, "%s takes the role %s; ", message->name,
				  role_name(role));
		break;
	}
	buffer_add_text(&explainer->text, "an administrator gives roles with subject.add_to_roles");
}

/* A whole number and nothing else. */
static bool read_number(const char *text, int64_t *ret_number)
{
	char *end;

	*ret_number = strtoll(text, &end, 10);
	return end != text && !*end;
}

/* The number that begins behind these words of a text. */
static bool number_after(const char *text, const char *words, int64_t *ret_number)
{
	const char *at = strstr(text, words);
	char *end;

	if (!at)
		return false;
	at += strlen(words);
	/* "at least memory_target, 104857600" */
	at += strcspn(at, "-0123456789;");
	*ret_number = strtoll(at, &end, 10);
	return end != at;
}

/* "1 to 64" */
static bool read_range(const char *text, int64_t *ret_low, int64_t *ret_high)
{
	for (const char *at = strstr(text, " to "); at; at = strstr(at + 1, " to ")) {
		const char *start = at;
		char *end;

		while (start > text && (isdigit((unsigned char)start[-1]) || start[-1] == '-'))
			start--;
		*ret_low = strtoll(start, &end, 10);
		if (end != at)
			continue;
		*ret_high = strtoll(at + strlen(" to "), &end, 10);
		if (end != at + strlen(" to "))
			return true;
	}
	return false;
}

/* What is accepted, as the error's first parameter says it behind the field's name. */
void explain_nearest(struct explainer *explainer, const char *value, const char *next)
{
	const char *accepted = explain_parameter(explainer, "field");
	int64_t low = INT64_MIN, high = INT64_MAX;
	AUTO_TEXT nearest = NULL;
	double number;
	char *end;

	(void)next;
	number = strtod(value, &end);
	if (end == value || *end)
		return;
	if (!read_range(accepted, &low, &high)) {
		number_after(accepted, "at least ", &low);
		number_after(accepted, "at most ", &high);
		if (strstr(accepted, ": 0 or more"))
			low = 0;
	}
	if (low > high || (low == INT64_MIN && high == INT64_MAX) ||
	    !(number < (double)low || number > (double)high))
		return;
	nearest = text_format("%" PRId64, number < (double)low ? low : high);
	buffer_add_text(&explainer->text, "the nearest value that is accepted is ");
	if (explain_is_about_memory(accepted))
		explain_add_memory(&explainer->text, nearest);
	else
		buffer_add_text(&explainer->text, nearest);
}

void explain_lack(struct explainer *explainer, const char *value, const char *next)
{
	int64_t needed, available;
	AUTO_TEXT lack = NULL;

	if (!read_number(value, &needed) || !read_number(next, &available) || needed < available)
		return;
	lack = text_format("%" PRId64, needed - available);
	explain_add_memory(&explainer->text, lack);
	buffer_add_text(
		&explainer->text,
		" are lacking: give it less (xm mem-set, VM.set_memory_target), or take some "
		"from those that run (xm list shows what they have)");
}
