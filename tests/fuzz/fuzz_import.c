/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_import – any bytes as a file of the old xm, of XenD or of libvirt; what is kept is xl.cfg */

#include "schema/buffer.h"
#include "server/import/import.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libxlutil 4.17 loses a string when a list has a syntax error; nothing of ours can free it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg";
}

static bool is_key(const char *key)
{
	return *key >= 'a' && *key <= 'z' &&
	       !key[strspn(key, "_.0123456789abcdefghijklmnopqrstuvwxyz")];
}

/* Beside a name and memory it can be read as xl.cfg. */
static void check_kept(const char *key, const char *text)
{
	AUTO_TEXT config = text_format("name = 'x'\nmemory = 1\n%s = %s", key, text);
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};

	if (!is_key(key) || strcmp(key, "name") == 0 || strcmp(key, "memory") == 0)
		return;
	if (import_config(config, "xl", &record, &report, &err) == 0)
		return;
	/* a value that cannot be, or a text that is too long by now; but never a line that is none
	 */
	assert(!strstr(err.parameters[0], "near `"));
}

static void read_as(const char *text, const char *format)
{
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	const struct value *kept;

	if (import_config(text, format, &record, &report, &err) < 0) {
		assert(err.code == ERROR_INVALID_VALUE && !record && !report);
		return;
	}
	assert(value_find_text(record, "name_label") && report->length);
	for (uint32_t i = 0; i < report->length; i++)
		assert(*value_find_text(report->items[i], "detail"));
	kept = value_find(record, "other_config");
	for (uint32_t i = 0; kept && i < kept->length && i < 10; i++)
		if (strncmp(kept->members[i].key->text, "xl:", 3) == 0)
			check_kept(kept->members[i].key->text + 3, kept->members[i].value->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_TEXT text = allocate(size + 1);

	memcpy(text, data, size);
	read_as(text, "python");
	read_as(text, "sxp");
	read_as(text, "libvirt");
	read_as(text, import_recognise(text));
	return 0;
}
