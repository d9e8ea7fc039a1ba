/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print.h – the whole API as a document, from the tables. */
#ifndef SCHEMA_PRINT_H
#define SCHEMA_PRINT_H

#include "schema/schema.h"

#include <stdio.h>

struct buffer;
struct error_info;

/* A reference for people. */
void print_api_markdown(FILE *file);
/* docs/errors.md */
void print_errors_markdown(FILE *file);
/* docs/live-and-next-boot.md */
void print_running_markdown(FILE *file);
/*
 * {"classes": [{"name", "description", "fields": [{"name", "type", "qualifier", "default",
 * "stored", "description"}], "messages": [{"name" (without the class), "params": [{"name", "type",
 * "optional" (its default as text, where it has one)}], "result", "role", "async",
 * "description"}]}], "enums": [{"name", "values"}], "errors": [{"name", "params", "description",
 * "words", "advice"}]}: all that is served, the generated messages and the pseudo class "system"
 * included.
 */
void print_api_json(FILE *file);

/* The three messages that are about the others, and need no session. */
struct system_message {
	const char *name;      /* "system.methodHelp" */
	const char *parameter; /* a string; NULL: there is none */
	const char *result;    /* as type_text */
	const char *description;
};
#define SYSTEM_MESSAGES 3
extern const struct system_message system_messages[SYSTEM_MESSAGES];

/* "void VM.start(ref session session_id, ref VM vm, bool start_paused, bool force = false)" */
void print_add_signature(struct buffer *out, const struct message_info *message);
void print_add_system_signature(struct buffer *out, const struct system_message *message);

/* The beginning of a row about an error: its name and parameters. */
void print_add_error(struct buffer *out, const struct error_info *info);

/* print_operations.c: what can be done with a VM in which power state */
void print_add_operations(struct buffer *out);
/* "Halted, Running" */
void print_add_states(struct buffer *out, enum operation_id operation);

/* "RO dynamic" */
const char *print_qualifier(const struct field_info *field);

#endif
