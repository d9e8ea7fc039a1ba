/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.c – a VM was made of something that need not fit: what became of each part of it. */
#include "rpc/xm/report.h"

#include "rpc/xm/amount.h"
#include "rpc/xm/terminal.h"
#include "schema/error.h"

static const char *outcome_of(const struct value *row)
{
	const char *outcome = value_find_text(row, "outcome");

	return outcome ? outcome : "unknown";
}

static void print_count(const struct value *report, const char *outcome, const char **separator)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < report->length; i++)
		count += strcmp(outcome_of(report->items[i]), outcome) == 0;
	if (!count)
		return;
	fprintf(stderr, "%s%u %s", *separator, count, outcome);
	*separator = ", ";
}

static void print_row(int lines, const struct value *row)
{
	int64_t line = amount_of(row, "line");
	const char *key = value_find_text(row, "key");
	const char *detail = value_find_text(row, "detail");
	AUTO_TEXT outcome = terminal_text(outcome_of(row));

	if (lines < 0)
		fputs("  ", stderr);
	else if (line > lines)
		fputs("  command line: ", stderr);
	else
		fprintf(stderr, "  line %lld: ", (long long)line);
	terminal_print(stderr, key ? key : "?", 0);
	fprintf(stderr, " is %s: ", outcome);
	terminal_print(stderr, detail ? detail : "", 0);
	fputc('\n', stderr);
}

/* Silent when everything was taken as it stands. */
static void print_report(const char *title, int lines, const struct value *report)
{
	static const char *const outcomes[] = {"taken", "translated", "ignored", "unknown"};
	AUTO_TEXT shown = terminal_text(title);
	const char *separator = ": ";
	bool silent = true;

	for (uint32_t i = 0; i < report->length; i++)
		silent = silent && strcmp(outcome_of(report->items[i]), "taken") == 0;
	if (silent)
		return;
	fputs(shown, stderr);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		print_count(report, outcomes[i], &separator);
	fputc('\n', stderr);
	for (uint32_t i = 0; i < report->length; i++) {
		if (strcmp(outcome_of(report->items[i]), "taken") != 0)
			print_row(lines, report->items[i]);
	}
}

enum status report_tell(struct xm *xm, const char *title, int lines, const struct value *result)
{
	const struct value *ref = result->kind == VALUE_MAP ? value_find(result, "ref") : NULL;
	const struct value *report = ref ? value_find(result, "report") : NULL;

	if (!ref || ref->kind != VALUE_STRING || !report || report->kind != VALUE_SET)
		return xm_fail("the server does not say what it made");
	value_release(xm->subject.ref);
	xm->subject.ref = value_reference(ref);
	print_report(title, lines, report);
	return STATUS_DONE;
}

enum status report_refusal(struct xm *xm, const char *title)
{
	const char *code = failure_part(&xm->failure, 0);
	const char *where = failure_part(&xm->failure, 1);
	const char *what = failure_part(&xm->failure, 2);
	size_t length = where ? strlen(where) : 0;

	if (!code || !what || strcmp(code, error_info(ERROR_INVALID_VALUE)->name) != 0 ||
	    strncmp(where, "config (", 8) != 0 || where[length - 1] != ')')
		return xm_report(xm);
	AUTO_TEXT bare = text_format("%.*s", (int)(length - 9), where + 8);
	AUTO_TEXT path = terminal_text(title);
	AUTO_TEXT reason = terminal_text(bare);
	AUTO_TEXT shown = terminal_text(what);

	if (*shown)
		return xm_fail("%s: %s\n  %s", path, reason, shown);
	return xm_fail("%s: %s", path, reason);
}

/* The server's words for what became of a key, and a person's. */
static const struct {
	const char *outcome, *words;
} words[] = {
	{"taken", "taken over"},
	{"translated", "translated"},
	{"ignored", "not supported"},
	{"unknown", "not known"},
};

static const char *words_of(const struct value *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].outcome, outcome_of(row)) == 0)
			return words[i].words;
	return words[ARRAY_SIZE(words) - 1].words;
}

static void print_counts(const struct value *report)
{
	const char *separator = ": ";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		unsigned count = 0;

		for (uint32_t k = 0; k < report->length; k++)
			count += words_of(report->items[k]) == words[i].words;
		if (count)
			printf("%s%u %s", separator, count, words[i].words);
		separator = count ? ", " : separator;
	}
	putchar('\n');
}

static void print_table_row(const struct value *row)
{
	const char *key = value_find_text(row, "key");
	const char *detail = value_find_text(row, "detail");

	printf("  %4lld  ", (long long)amount_of(row, "line"));
	terminal_print(stdout, key ? key : "?", 28);
	printf("  %-13s  ", words_of(row));
	terminal_print(stdout, detail ? detail : "", 0);
	putchar('\n');
}

enum status report_table(const char *title, const struct value *result)
{
	const struct value *report = value_find(result, "report");
	const char *format = value_find_text(result, "format");
	AUTO_TEXT shown = terminal_text(title);

	if (!report || report->kind != VALUE_SET || !format)
		return xm_fail("the server does not say what it made");
	printf("%s (", shown);
	terminal_print(stdout, format, 0);
	putchar(')');
	print_counts(report);
	for (uint32_t i = 0; i < report->length; i++)
		print_table_row(report->items[i]);
	return STATUS_DONE;
}
