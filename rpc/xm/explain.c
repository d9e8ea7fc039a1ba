/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain.c – a failure as a sentence. */
#include "rpc/xm/explain.h"

#include "rpc/xm/terminal.h"
#include "schema/explain.h"

char *explain_failure(const struct failure *failure, const struct explain_objects *objects)
{
	const char *code = failure_part(failure, 0);
	AUTO_EXPLANATION explanation = {0};
	AUTO_TEXT words = NULL;
	AUTO_TEXT advice = NULL;

	if (!code)
		return terminal_text(failure->reason ? failure->reason : "the call failed");
	explanation = explain(failure->description, objects);
	words = terminal_text(explanation.words);
	if (!explanation.is_known)
		return TAKE(words);
	advice = explanation.advice ? terminal_text(explanation.advice) : NULL;
	return text_format("%s (%s)%s%s", words, code, advice ? "\n  " : "", advice ? advice : "");
}
