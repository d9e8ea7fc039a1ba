/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_scan.h – which keys an xl.cfg sets, and with what text: libxlutil can look keys up, but not
 * list them. */
#ifndef SERVER_IMPORT_XL_SCAN_H
#define SERVER_IMPORT_XL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* More than any real file has; libxlutil needs quadratic time for `a += "x"`. */
#define XL_STATEMENTS_MAX 1000

/* One `key = value` or `key += value`; the texts point into what was scanned. */
struct xl_statement {
	const char *key;
	size_t key_length;
	const char *value; /* as it stands there: quotes, brackets, comments and all */
	size_t value_length;
	int line; /* of the key, from 1 */
	bool adds;
};

struct xl_statements {
	struct xl_statement items[XL_STATEMENTS_MAX];
	size_t count;
	bool overflow; /* there are more */
	int odd_line;  /* first line that is not understood, 0: none; libxlutil says what is wrong
			  there */
};

/* Linear in the text, which must stay as it is while the statements are used. */
void xl_scan_text(const char *text, struct xl_statements *ret_statements);
bool xl_statement_is(const struct xl_statement *statement, const char *key);

#endif
