/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_xl_config – any bytes as an xl.cfg; what is kept verbatim must read the same again */

#include "server/import/import.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that was kept, alone in a file, is kept as the same text. */
static void check_kept(const char *key, const char *text)
{
	AUTO_TEXT config = text_format("name = 'x'\nmemory = 1\n%s = %s", key, text);
	AUTO_TEXT kept = text_format("xl:%s", key);
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	const struct value *other_config;
	const char *again;

	/* name and memory say otherwise, and some texts are too long by now */
	if (import_config(config, "xl", &record, &report, &err) < 0)
		return;
	other_config = value_find(record, "other_config");
	again = other_config ? value_find_text(other_config, kept) : NULL;
	/* what was ignored only because of another key is taken now */
	assert(!again || strcmp(again, text) == 0);
}

/* libxlutil 4.17 loses a string when a list has a syntax error; nothing of ours can free it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_TEXT text = allocate(size + 1);
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	const struct value *kept;

	memcpy(text, data, size);
	if (import_config(text, "xl", &record, &report, &err) < 0) {
		assert(err.code == ERROR_INVALID_VALUE && !record && !report);
		/* the scanner must understand whatever libxlutil does */
		assert(strcmp(err.parameters[0], "config (not understood)") != 0);
		return 0;
	}
	assert(value_find_text(record, "name_label") && report->length);
	kept = value_find(record, "other_config");
	for (uint32_t i = 0; kept && i < kept->length && i < 10; i++)
		check_kept(kept->members[i].key->text + 3, kept->members[i].value->text);
	return 0;
}
