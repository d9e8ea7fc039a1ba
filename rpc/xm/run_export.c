/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_export.c – export: a domain as a configuration that it can be made of again. */
#include "rpc/xm/run.h"

#include <unistd.h>

/* To a file as it is; to a terminal such that it can do nothing there. */
static void print_text(const char *text)
{
	if (!isatty(STDOUT_FILENO)) {
		fputs(text, stdout);
		return;
	}
	while (*text) {
		size_t length = strcspn(text, "\n");
		AUTO_TEXT line = text_format("%.*s", (int)length, text);

		terminal_print(stdout, line, 0);
		putchar('\n');
		text += length + (text[length] == '\n');
	}
}

enum status run_export(struct xm *xm)
{
	const char *format = xm->options.format ? xm->options.format : "xl";
	enum status status = vm_find(xm, xm->arguments[0]);
	AUTO(value) text = NULL;

	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, "VM.export_config",
		     parameters_of(value_reference(xm->subject.ref), value_string(format),
				   (struct value *)NULL),
		     &text))
		return xm_report(xm);
	if (text->kind != VALUE_STRING)
		return xm_fail("the server does not say what the domain is");
	print_text(text->text);
	return STATUS_DONE;
}
