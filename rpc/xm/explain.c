/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain.c – a failure as a sentence. */
#include "rpc/xm/explain.h"

#include "rpc/xm/amount.h"
#include "rpc/xm/terminal.h"
#include "schema/error.h"

#include <ctype.h>

static const struct {
	enum error_code code;
	unsigned parts;
	const char *sentence;
} sentences[] = {
#define EXPLAIN(code, parts, sentence) {ERROR_##code, parts, sentence},
#include "rpc/xm/explain.def"
};

struct explanation {
	const struct failure *failure;
	explain_name_fn name;
	void *context;
	bool about_memory;
	struct buffer text;
};

static void add_escaped(struct buffer *out, const char *text)
{
	AUTO_TEXT escaped = terminal_text(text);

	buffer_add_text(out, escaped);
}

static void add_name(struct explanation *explanation, const char *ref)
{
	AUTO_TEXT name = explanation->name(explanation->context, ref);

	if (name)
		buffer_add_text(&explanation->text, name);
	else
		add_escaped(&explanation->text, ref);
}

/* "paused, suspended" and "Paused;Suspended" are both sent: "Paused or Suspended". */
static void add_states(struct buffer *out, const char *states)
{
	while (*states) {
		size_t length = strcspn(states, ",; ");
		AUTO_TEXT state = text_format("%.*s", (int)length, states);

		state[0] = (char)toupper((unsigned char)state[0]);
		add_escaped(out, state);
		states += length;
		states += strspn(states, ",; ");
		if (*states)
			buffer_add_text(out, strpbrk(states, ",; ") ? ", " : " or ");
	}
}

static void add_memory(struct buffer *out, const char *bytes)
{
	int64_t number = strtoll(bytes, NULL, 10);

	if (number % MIB == 0)
		buffer_add_format(out, "%lld MiB", (long long)(number / MIB));
	else if (number >= MIB)
		buffer_add_format(out, "%.1f MiB", (double)number / (double)MIB);
	else
		buffer_add_format(out, "%lld bytes", (long long)number);
}

/* A text about memory: the numbers in it that are so large are bytes. */
static void add_with_sizes(struct buffer *out, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "0123456789");
		size_t digits = strspn(text + plain, "0123456789");
		AUTO_TEXT words = text_format("%.*s", (int)plain, text);
		AUTO_TEXT number = text_format("%.*s", (int)digits, text + plain);

		add_escaped(out, words);
		if (strtoll(number, NULL, 10) >= MIB)
			add_memory(out, number);
		else
			buffer_add_text(out, number);
		text += plain + digits;
	}
}

static void add_part(struct explanation *explanation, char how, const char *part)
{
	struct buffer *text = &explanation->text;

	if (how == '@')
		add_name(explanation, part);
	else if (how == '^')
		add_states(text, part);
	else if (how == '#')
		add_memory(text, part);
	else if (how == '~' || (explanation->about_memory && *part))
		add_with_sizes(text, part);
	else
		add_escaped(text, *part ? part : "(nothing)");
}

static void add_sentence(struct explanation *explanation, const char *sentence)
{
	for (const char *p = sentence; *p; p++) {
		if (strchr("$@^#~", *p) && isdigit((unsigned char)p[1])) {
			add_part(explanation, *p,
				 failure_part(explanation->failure, (uint32_t)(p[1] - '0')));
			p++;
		} else {
			buffer_add_char(&explanation->text, *p);
		}
	}
	buffer_add_format(&explanation->text, " (%s)", failure_part(explanation->failure, 0));
}

/* A code of another server, or one with parameters of its own. */
static void add_unknown(struct explanation *explanation)
{
	const struct failure *failure = explanation->failure;

	buffer_add_text(&explanation->text, "the server refused: ");
	for (uint32_t i = 0; i < failure->description->length; i++) {
		const char *part = failure_part(failure, i);

		if (i > 0)
			buffer_add_text(&explanation->text, i == 1 ? " [" : ", ");
		add_escaped(&explanation->text, part ? part : "?");
	}
	if (failure->description->length > 1)
		buffer_add_char(&explanation->text, ']');
}

char *explain_failure(const struct failure *failure, bool about_memory, explain_name_fn name,
		      void *context)
{
	struct explanation explanation = {failure, name, context, about_memory, {0}};
	const char *code = failure_part(failure, 0);

	if (!code)
		return terminal_text(failure->reason ? failure->reason : "the call failed");
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		if (strcmp(error_info(sentences[i].code)->name, code) != 0)
			continue;
		if (!failure_part(failure, sentences[i].parts))
			break;
		add_sentence(&explanation, sentences[i].sentence);
		return buffer_take(&explanation.text);
	}
	add_unknown(&explanation);
	return buffer_take(&explanation.text);
}
