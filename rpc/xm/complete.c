/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* complete.c – what may stand on the command line next, for the shells' completions. */
#include "rpc/xm/complete.h"

#include "rpc/xm/complete_kinds.h"

#include <ctype.h>

/* Somebody waits for it at a prompt. */
#define TIMEOUT_MS 1000

void complete_offer(const struct completion *completion, const char *before, const char *word,
		    const char *what)
{
	AUTO_TEXT whole = text_format("%s%s", before, word);
	AUTO_TEXT shown = terminal_text(whole);

	/* what cannot be typed is not offered: a name with a line break, say */
	if (strncmp(whole, completion->word, strlen(completion->word)) == 0 &&
	    strcmp(shown, whole) == 0)
		printf("%s%s%s\n", whole, *what ? "\t" : "", what);
}

static int complete_value(struct completion *completion, const char *before, const char *kind)
{
	completion->before = before;
	return complete_kind(completion, kind);
}

/* The value of an option that stands in the word before. */
static int complete_global_value(const char *name)
{
	const struct global_option *option;

	for (size_t i = 0; (option = global_option(i)); i++)
		if (strcmp(option->name, name) == 0 && strcmp(option->argument, "FILE") == 0)
			return COMPLETE_FILES;
	return 0;
}

static int complete_global(struct completion *completion)
{
	const struct global_option *option;

	for (size_t i = 0; (option = global_option(i)); i++) {
		AUTO_TEXT before = text_format("%s=", option->name);

		if (option->argument && strncmp(completion->word, before, strlen(before)) == 0)
			return complete_value(completion, before, option->argument);
		complete_offer(completion, "", option->argument ? before : option->name,
			       option->description);
	}
	return 0;
}

/* What --state= of a usage says it takes, to be freed. */
static char *value_kind(const struct command *command, const char *before)
{
	const char *found = strstr(command->usage, before);

	if (!found)
		return text_copy("");
	found += strlen(before);
	return text_format("%.*s", (int)strcspn(found, "] "), found);
}

static int complete_option(struct completion *completion, const struct command *command)
{
	bool takes_value;
	const char *name;

	for (size_t i = 0; (name = command_option(command, i, &takes_value)); i++) {
		AUTO_TEXT before = text_format("--%s%s", name, takes_value ? "=" : "");
		AUTO_TEXT kind = value_kind(command, before);

		if (takes_value && strncmp(completion->word, before, strlen(before)) == 0)
			return complete_value(completion, before, kind);
		complete_offer(completion, "", before, "");
	}
	complete_offer(completion, "", "--help", "");
	return 0;
}

/* Whether the word needs the next one as its value; *ret_kind is then to be freed. */
static bool wants_value(const struct command *command, const char *word, char **ret_kind)
{
	bool takes_value;
	const char *name;

	for (size_t i = 0; (name = command_option(command, i, &takes_value)); i++) {
		AUTO_TEXT before = text_format("--%s=", name);

		if (!takes_value || strncmp(word, "--", 2) != 0 || strcmp(word + 2, name) != 0)
			continue;
		*ret_kind = value_kind(command, before);
		return true;
	}
	return false;
}

/*
 * What a usage calls the n-th argument, to be freed: "DOMAIN" of "[--long] [DOMAIN]...". What ends
 * in dots stands for all that follow.
 */
static char *kind_of_argument(const char *usage, int number)
{
	while (*usage) {
		size_t length = strcspn(usage, " ");
		const char *name = usage + (*usage == '[');
		bool repeats = length > 3 && strncmp(usage + length - 3, "...", 3) == 0;

		if (*name != '-' && (repeats || number-- == 0))
			return text_format("%.*s", (int)strcspn(name, "[], ."), name);
		usage += length + (usage[length] == ' ');
	}
	return text_copy("");
}

/* The command is words[0]. */
static int complete_argument(struct completion *completion, int count, char **words)
{
	const struct command *command = command_find(words[0]);
	int number = 0;

	if (!command)
		return 0;
	for (int i = 1; i < count; i++) {
		AUTO_TEXT kind = NULL;

		if (wants_value(command, words[i], &kind)) {
			if (++i == count)
				return complete_kind(completion, kind);
		} else if (words[i][0] != '-' || !words[i][1]) {
			if (!number++)
				completion->domain = words[i];
		}
	}
	if (completion->word[0] == '-')
		return complete_option(completion, command);

	AUTO_TEXT kind = kind_of_argument(command->usage, number);

	return complete_kind(completion, kind);
}

static int complete_command(struct completion *completion)
{
	return complete_kind(completion, "COMMAND");
}

int complete_run(int count, char **words)
{
	struct completion completion = {.word = count ? words[count - 1] : "", .before = ""};
	int at = 0;
	int rc = 0;

	if (!count || !freopen("/dev/null", "w", stderr))
		return 0;
	globals_read_environment(&completion.globals);
	completion.timeout_ms = TIMEOUT_MS;
	/* the last word is not read: it is not whole yet */
	while (at < count - 1 && words[at][0] == '-') {
		int taken = globals_read(&completion.globals, count - at, words + at);

		if (!taken)
			return 0;
		if (at + taken == count)
			return complete_global_value(words[at]);
		at += taken;
	}
	if (at < count - 1)
		rc = complete_argument(&completion, count - 1 - at, words + at);
	else if (completion.word[0] == '-')
		rc = complete_global(&completion);
	else
		rc = complete_command(&completion);
	complete_close(&completion);
	return rc;
}
