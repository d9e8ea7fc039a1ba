/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tool.c – makes the words of a program from its row and the caller's arguments, and runs it. */
#include "server/host/tool.h"

#include "schema/base.h"
#include "schema/buffer.h"
#include "schema/log.h"
#include "server/host/child.h"
#include "server/host/rules.h"
#include "server/host/tool_argument.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#define WORDS_MOST 40
#define SHOWN_MOST 256

struct row {
	const char *words;
	const char *key; /* of a command of the configuration */
	size_t member;	 /* its offset in struct host_rules */
	int patience_ms;
};

static const struct row rows[] = {
#define TOOL(NAME, patience, words) {words, NULL, 0, patience},
#define COMMAND(NAME, member, key, patience, words) \
	{words, key, offsetof(struct host_rules, member), patience},
#include "server/host/tools.def"
};

struct filling {
	const struct row *row;
	const char *const *arguments;
	char *words[WORDS_MOST + 1];
	size_t count;
	int descriptors[TOOL_ARGUMENTS_MOST]; /* −1: it needs none */
	size_t taken;			      /* arguments so far */
	char *problem;
};

static const char *command_of(const struct row *row)
{
	const char *text =
		*(const char *const *)(const void *)((const char *)host_rules() + row->member);

	return text ? text : "";
}

/* As a problem calls it: all of a configured command, otherwise the name of the program. */
static char *name_of(const struct row *row)
{
	return row->key ? text_copy(command_of(row)) :
			  text_format("%.*s", (int)strcspn(row->words, " "), row->words);
}

static int refuse(struct filling *filling, const char *kind, size_t length, const char *text)
{
	int number = errno;
	AUTO_TEXT name = name_of(filling->row);

	filling->problem = text_format("%s: %.*s %s: %s", name, (int)length, kind,
				       strlen(text) > SHOWN_MOST ? "that is too long" : text,
				       strerror(number));
	errno = number;
	return -1;
}

/* *at is behind the < of a kind, and then behind its >. */
static int add_argument(struct filling *filling, const char **at, struct buffer *out)
{
	const char *kind = *at;
	size_t length = strcspn(kind, ">");
	size_t number = filling->taken++;
	const char *text = filling->arguments[number];
	AUTO_TEXT word = tool_take_argument(kind, length, text, &filling->descriptors[number]);

	if (!word)
		return refuse(filling, kind, length, text);
	buffer_add_text(out, word);
	*at = kind + length + 1;
	return 0;
}

/* The next word, up to a space or the end. */
static int add_word(struct filling *filling, const char **at)
{
	AUTO_BUFFER out = {0};

	assert(filling->count < WORDS_MOST && filling->taken <= TOOL_ARGUMENTS_MOST);
	while (**at && **at != ' ') {
		size_t plain = strcspn(*at, "< ");

		buffer_add(&out, *at, plain);
		*at += plain;
		if (**at != '<')
			continue;
		++*at;
		if (add_argument(filling, at, &out) < 0)
			return -1;
	}
	*at += strspn(*at, " ");
	filling->words[filling->count++] = buffer_take(&out);
	return 0;
}

/* Half of the words at most: the row's come behind them. */
static int add_command(struct filling *filling)
{
	AUTO_TEXT copy = text_copy(command_of(filling->row));
	char *at;

	for (char *word = strtok_r(copy, " ", &at); word && filling->count < WORDS_MOST / 2;
	     word = strtok_r(NULL, " ", &at))
		filling->words[filling->count++] = text_copy(word);
	if (filling->count)
		return 0;
	filling->problem =
		text_format("the key %s of the configuration is empty", filling->row->key);
	errno = EPERM;
	return -1;
}

static int fill(struct filling *filling)
{
	const char *at = filling->row->words;

	if (filling->row->key && add_command(filling) < 0)
		return -1;
	while (*at)
		if (add_word(filling, &at) < 0)
			return -1;
	return 0;
}

static void empty(struct filling *filling)
{
	int number = errno;

	for (size_t i = 0; i < filling->count; i++)
		free(filling->words[i]);
	for (size_t i = 0; i < filling->taken; i++)
		if (filling->descriptors[i] >= 0)
			close(filling->descriptors[i]);
	free(filling->problem);
	errno = number;
}

static struct filling filling_of(enum tool tool, const char *const *arguments)
{
	assert(tool < TOOLS);
	return (struct filling){.row = &rows[tool], .arguments = arguments};
}

/* In words; NULL: it has ended well. */
static char *problem_of(const struct row *row, int status, const char *complaint)
{
	AUTO_TEXT name = name_of(row);

	if (status == 0)
		return NULL;
	if (status < 0)
		return text_format("%s: %s", name, strerror(errno));
	return row->key ? text_format("%s: exit status %d: %s", name, status, complaint) :
			  text_format("%s: %s", name, complaint);
}

static int run(const struct filling *filling, tool_watch_fn watch, void *argument,
	       struct tool_output *output)
{
	const struct row *row = filling->row;
	AUTO_CHILD_OUTPUT said = {0};
	int status, number;

	if (row->key)
		log_info("running %s", command_of(row));
	status = child_run_watched((const char *const *)filling->words, row->patience_ms, watch,
				   argument, &said);
	number = errno;
	output->problem = problem_of(row, status, said.complaint);
	output->text = TAKE(said.text);
	errno = number;
	return status;
}

size_t tool_count_arguments(enum tool tool)
{
	size_t count = 0;

	for (const char *at = rows[tool].words; (at = strchr(at, '<')); at++)
		count++;
	return count;
}

int tool_run(enum tool tool, const char *const *arguments, tool_watch_fn watch, void *argument,
	     struct tool_output *ret_output)
{
	const struct host_proxy *proxy = host_proxy();
	struct filling filling = filling_of(tool, arguments);
	struct tool_output output = {0};
	int status;

	if (proxy)
		return proxy->run_tool(proxy->context, (int)tool, arguments, watch, argument,
				       ret_output);
	status = fill(&filling);
	if (status == 0) {
		status = run(&filling, watch, argument, &output);
	} else {
		output.text = text_copy("");
		output.problem = TAKE(filling.problem);
	}
	empty(&filling);
	*ret_output = output;
	return status;
}

char *tool_refuses(enum tool tool, const char *const *arguments)
{
	struct filling filling = filling_of(tool, arguments);
	char *problem = NULL;

	if (fill(&filling) < 0)
		problem = TAKE(filling.problem);
	empty(&filling);
	return problem;
}

void tool_output_clear(struct tool_output *output)
{
	free(output->text);
	free(output->problem);
	*output = (struct tool_output){0};
}
