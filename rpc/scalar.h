/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scalar.h – what a number, a truth or base64 is in text, as any XML-RPC client writes it. */
#ifndef RPC_SCALAR_H
#define RPC_SCALAR_H

#include "schema/value.h"

/*
 * The text ends with a NUL after its length. White space around it is fine. What is no int of 64
 * bits, no finite float, neither 0 nor 1, stays a VALUE_STRING of the whole text: the check of the
 * parameter names it then.
 */
struct value *scalar_int(const char *text, size_t length);
struct value *scalar_float(const char *text, size_t length);
struct value *scalar_bool(const char *text, size_t length);
/* The decoded text. NULL when it is no base64 or not text that XML could carry as well. */
struct value *scalar_base64(const char *text, size_t length);

/* Digits without an exponent that give the same float when they are read again, whatever the
 * locale. */
#define SCALAR_FLOAT_SIZE 400
size_t scalar_float_text(char digits[SCALAR_FLOAT_SIZE], double number);

/* A space as XML means it: space, tab, carriage return, line feed. */
static inline bool is_space(char character)
{
	return character == ' ' || character == '\n' || character == '\t' || character == '\r';
}
bool is_all_space(const char *text, size_t length);

#endif
