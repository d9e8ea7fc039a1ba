/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_new.c – new, create and adopt: a configuration file, or the domain of somebody else, becomes
 * a VM, and what became of each of its parts is told. */
#include "rpc/xm/config_file.h"
#include "rpc/xm/follow.h"
#include "rpc/xm/report.h"
#include "rpc/xm/run.h"

/* The file, and how many of the lines sent are its own. */
struct source {
	char *path;
	int lines;
};

static enum status send_config(struct xm *xm, const struct source *source,
			       const struct buffer *text)
{
	AUTO(value) result = NULL;

	if (!xm_call(xm, "VM.create_from_config",
		     parameters_of(value_string_n(text->data ? text->data : "", text->length),
				   (struct value *)NULL),
		     &result))
		return report_refusal(xm, source->path);
	return report_tell(xm, source->path, source->lines, result);
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

enum status run_adopt(struct xm *xm)
{
	enum status status = vm_find(xm, xm->arguments[0]);
	AUTO(value) result = NULL;

	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, "VM.adopt",
		     parameters_of(value_reference(xm->subject.ref), (struct value *)NULL),
		     &result))
		return xm_report(xm);
	AUTO_TEXT name = vm_name(xm);

	return report_tell(xm, name, -1, result);
}

enum status run_create(struct xm *xm)
{
	enum status status = run_new(xm);

	if (status != STATUS_DONE)
		return status;
	xm_begin(xm, "starting", xm->arguments[0]);
	status = follow_call(xm, "VM.start",
			     parameters_of(value_reference(xm->subject.ref),
					   value_bool(xm->options.paused), (struct value *)NULL));
	if (status == STATUS_DONE)
		return status;
	AUTO_TEXT name = vm_name(xm);

	fprintf(stderr, "%s is there, but not started; see xm start, xm delete.\n", name);
	return STATUS_FAILED;
}
