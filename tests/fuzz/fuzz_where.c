/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_where – any bytes as an expression of get_all_where; (x) and not not x mean what x means */
#include "server/api/where.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* −1: it is refused */
static int meaning(const struct record *vm, const char *text)
{
	AUTO(where) where = NULL;
	AUTO_ERROR err = {0};

	if (where_parse(vm->cls, text, &where, &err) < 0) {
		assert(err.code == ERROR_INVALID_VALUE && !where);
		return -1;
	}
	return where_match(where, vm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_TEXT text = allocate(size + 1);
	AUTO_TEXT enclosed = NULL;
	AUTO_TEXT twice = NULL;
	AUTO(record) vm = NULL;
	int means;

	schema_init();
	vm = record_new(schema_classes[CLASS_VM], "OpaqueRef:1");
	memcpy(text, data, size);
	means = meaning(vm, text);
	if (means < 0 || size > 60000)
		return 0;
	enclosed = text_format("(%s)", text);
	twice = text_format("not not (%s)", text);
	/* only what is as deep as may be is too deep then */
	assert(meaning(vm, enclosed) == means || meaning(vm, enclosed) < 0);
	assert(meaning(vm, twice) == means || meaning(vm, twice) < 0);
	return 0;
}
