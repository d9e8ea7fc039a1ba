/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_import.c – import: files of xl, the old xm, XenD and libvirt become VMs, one each. */
#include "rpc/xm/config_file.h"
#include "rpc/xm/plan.h"
#include "rpc/xm/report.h"
#include "rpc/xm/run.h"

static struct value *options_of(const struct xm *xm, bool dry_run)
{
	const char *format = xm->options.format;
	struct value *options = value_map();

	value_put(options, "format", value_string(format ? format : "auto"));
	value_put(options, "dry_run", value_bool(dry_run));
	return options;
}

static enum status import_text(struct xm *xm, const char *path, const struct buffer *text,
			       bool dry_run)
{
	AUTO(value) result = NULL;

	if (!xm_call(xm, "VM.create_from_config",
		     parameters_of(value_string_n(text->data ? text->data : "", text->length),
				   options_of(xm, dry_run), (struct value *)NULL),
		     &result))
		return report_refusal(xm, path);
	if (report_table(path, result) != STATUS_DONE)
		return STATUS_FAILED;
	if (dry_run)
		plan_print_changes(result);
	return STATUS_DONE;
}

static enum status import_file(struct xm *xm, const char *name, bool dry_run)
{
	AUTO_BUFFER text = {0};
	AUTO_TEXT path = NULL;
	AUTO_TEXT reason = config_file_read(name, &text, &path);

	if (reason) {
		AUTO_TEXT shown = terminal_text(reason);

		return xm_fail("%s", shown);
	}
	return import_text(xm, path, &text, dry_run);
}

enum status run_import(struct xm *xm)
{
	bool dry_run = xm->options.dry_run || xm->plans;
	int refused = 0;

	xm->plans = false; /* the message says it itself, with the report */
	for (int i = 0; i < xm->count; i++)
		refused += import_file(xm, xm->arguments[i], dry_run) != STATUS_DONE;
	if (refused && xm->count > 1)
		fprintf(stderr, "%d of %d files did not become a VM.\n", refused, xm->count);
	return refused ? STATUS_FAILED : STATUS_DONE;
}
