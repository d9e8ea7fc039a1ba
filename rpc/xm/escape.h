/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* escape.h – characters that xmlrpc-c cannot carry, disguised as ones that it can, and back. */
#ifndef RPC_XM_ESCAPE_H
#define RPC_XM_ESCAPE_H

#include "schema/buffer.h"

/*
 * xmlrpc-c refuses characters outside the BMP and makes line feeds of carriage returns. So text is
 * disguised before it gets there, whole replies too, and the disguise taken off behind it:
 *
 *     outside the BMP    U+E000 + 10 bits, U+E400 + 10 bits
 *     carriage return    U+E800, r
 *     U+E000 … U+E800    U+E800, itself
 *
 * Every text comes back as it was, those in which such characters stood already included. Bytes
 * that are not UTF-8 pass unchanged: judging them is xmlrpc-c's affair.
 */
void escape_text(struct buffer *out, const char *text, size_t length);
void unescape_text(struct buffer *out, const char *text, size_t length);

/* The same for a document: character references are looked into (CDATA is not), carriage returns
 * become references. */
void escape_xml(struct buffer *out, const char *xml, size_t length);
void unescape_xml(struct buffer *out, const char *xml, size_t length);

#endif
