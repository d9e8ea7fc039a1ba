/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_new.c – new and create: a configuration file becomes a VM, and what became of each of its
 * lines is told. */
#include "rpc/xm/config_file.h"
#include "rpc/xm/run.h"
#include "schema/error.h"

/* The file, and how many of the lines sent are its own. */
struct source {
	char *path;
	int lines;
};

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

static void print_row(const struct source *source, const struct value *row)
{
	int64_t line = amount_of(row, "line");
	const char *key = value_find_text(row, "key");
	const char *detail = value_find_text(row, "detail");
	AUTO_TEXT outcome = terminal_text(outcome_of(row));

	if (line > source->lines)
		fputs("  command line: ", stderr);
	else
		fprintf(stderr, "  line %lld: ", (long long)line);
	terminal_print(stderr, key ? key : "?", 0);
	fprintf(stderr, " is %s: ", outcome);
	terminal_print(stderr, detail ? detail : "", 0);
	fputc('\n', stderr);
}

/* Silent when everything was taken as it stands. */
static void tell_report(const struct source *source, const struct value *report)
{
	static const char *const outcomes[] = {"taken", "translated", "ignored", "unknown"};
	AUTO_TEXT path = terminal_text(source->path);
	const char *separator = ": ";
	bool silent = true;

	for (uint32_t i = 0; i < report->length; i++)
		silent = silent && strcmp(outcome_of(report->items[i]), "taken") == 0;
	if (silent)
		return;
	fputs(path, stderr);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		print_count(report, outcomes[i], &separator);
	fputc('\n', stderr);
	for (uint32_t i = 0; i < report->length; i++) {
		if (strcmp(outcome_of(report->items[i]), "taken") != 0)
			print_row(source, report->items[i]);
	}
}

/* "config (line 3: …; line 5: …)" and the text there: FILE: line 3: … */
static enum status report_refusal(struct xm *xm, const struct source *source)
{
	const char *code = failure_part(&xm->failure, 0);
	const char *where = failure_part(&xm->failure, 1);
	const char *what = failure_part(&xm->failure, 2);
	size_t length = where ? strlen(where) : 0;

	if (!code || !what || strcmp(code, error_info(ERROR_INVALID_VALUE)->name) != 0 ||
	    strncmp(where, "config (", 8) != 0 || where[length - 1] != ')')
		return xm_report(xm);
	AUTO_TEXT bare = text_format("%.*s", (int)(length - 9), where + 8);
	AUTO_TEXT path = terminal_text(source->path);
	AUTO_TEXT reason = terminal_text(bare);
	AUTO_TEXT shown = terminal_text(what);

	if (*shown)
		return xm_fail("%s: %s\n  %s", path, reason, shown);
	return xm_fail("%s: %s", path, reason);
}

static enum status send_config(struct xm *xm, const struct source *source,
			       const struct buffer *text)
{
	AUTO(value) result = NULL;
	const struct value *report;
	const struct value *ref;

	if (!xm_call(xm, "VM.create_from_config",
		     parameters_of(value_string_n(text->data ? text->data : "", text->length),
				   (struct value *)NULL),
		     &result))
		return report_refusal(xm, source);
	ref = result->kind == VALUE_MAP ? value_find(result, "ref") : NULL;
	report = ref ? value_find(result, "report") : NULL;
	if (!ref || ref->kind != VALUE_STRING || !report || report->kind != VALUE_SET)
		return xm_fail("the server does not say what it made");
	value_release(xm->subject.ref);
	xm->subject.ref = value_reference(ref);
	tell_report(source, report);
	return STATUS_DONE;
}

static enum status make_vm(struct xm *xm, struct source *source)
{
	AUTO_BUFFER text = {0};
	AUTO_TEXT reason = config_file_read(xm->arguments[0], &text, &source->path);

	if (reason) {
		AUTO_TEXT shown = terminal_text(reason);

		return xm_fail("%s", shown);
	}
	source->lines = config_file_lines(&text);
	for (int i = 1; i < xm->count; i++) {
		if (config_file_add(&text, xm->arguments[i]) < 0) {
			AUTO_TEXT shown = terminal_quoted(xm->arguments[i]);

			return xm_misuse(xm, "%s is not of the form KEY=VALUE", shown);
		}
	}
	return send_config(xm, source, &text);
}

enum status run_new(struct xm *xm)
{
	struct source source = {0};
	enum status status = make_vm(xm, &source);

	free(source.path);
	return status;
}

enum status run_create(struct xm *xm)
{
	enum status status = run_new(xm);

	if (status != STATUS_DONE)
		return status;
	xm_begin(xm, "starting", xm->arguments[0]);
	if (xm_call(xm, "VM.start",
		    parameters_of(value_reference(xm->subject.ref), value_bool(xm->options.paused),
				  (struct value *)NULL),
		    NULL))
		return STATUS_DONE;
	xm_report(xm);
	AUTO_TEXT name = vm_name(xm);

	fprintf(stderr, "%s is there, but not started; see xm start, xm delete.\n", name);
	return STATUS_FAILED;
}
