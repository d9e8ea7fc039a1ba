/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.c – xm -n: what a call would change, in the place of the call. */
#include "rpc/xm/plan.h"

#include "rpc/xm/amount.h"
#include "rpc/xm/field.h"
#include "rpc/xm/terminal.h"
#include "schema/schema.h"

static const char *bare_name(const char *method)
{
	const char *async = "Async.";

	return method + (strncmp(method, async, strlen(async)) == 0 ? strlen(async) : 0);
}

bool plan_is_due(const char *method)
{
	const struct message_info *message = schema_message(bare_name(method));

	return message && schema_changes(message);
}

static void print_value(const char *field, const struct value *value)
{
	AUTO_TEXT text = value ? field_text(field, value) : text_copy("");

	terminal_print(stdout, text, 0);
}

static void print_fields(const struct value *fields, bool is_new)
{
	for (uint32_t i = 0; fields && fields->kind == VALUE_MAP && i < fields->length; i++) {
		const char *field = fields->members[i].key->text;
		const struct value *both = fields->members[i].value;

		fputs("  ", stdout);
		terminal_print(stdout, field, 0);
		fputs(is_new ? " " : ": ", stdout);
		if (!is_new) {
			print_value(field, value_find(both, "old"));
			fputs(" -> ", stdout);
		}
		print_value(field, value_find(both, "new"));
		putchar('\n');
	}
}

static void print_change(const struct value *change)
{
	const char *operation = value_find_text(change, "operation");
	const char *cls = value_find_text(change, "class");
	const char *name = value_find_text(change, "name_label");
	const char *uuid = value_find_text(change, "uuid");
	bool is_new = operation && strcmp(operation, "add") == 0;
	bool goes = operation && strcmp(operation, "del") == 0;

	fputs(is_new ? "makes the " : goes ? "deletes the " : "changes the ", stdout);
	terminal_print(stdout, cls ? cls : "", 0);
	/* a new one's uuid is another each time */
	if (!name || !*name)
		name = is_new ? NULL : uuid;
	if (name) {
		putchar(' ');
		terminal_print(stdout, name, 0);
	}
	putchar('\n');
	print_fields(value_find(change, "fields"), is_new);
}

static void print_domain(const struct value *plan)
{
	const char *domain = value_find_text(plan, "domain");
	const struct value *host = value_find(plan, "host");

	if (domain && *domain) {
		fputs("the domain ", stdout);
		terminal_print(stdout, domain, 0);
		putchar('\n');
	}
	if (host && value_find(host, "memory_needed")) {
		AUTO_TEXT needed = amount_text(amount_of(host, "memory_needed"));
		AUTO_TEXT free = amount_text(amount_of(host, "memory_free"));

		printf("it needs %s MiB; the host has %s MiB free\n", needed, free);
	}
}

static void print_warnings(const struct value *warnings)
{
	for (uint32_t i = 0; warnings && warnings->kind == VALUE_SET && i < warnings->length; i++) {
		if (warnings->items[i]->kind != VALUE_STRING)
			continue;
		fputs("warning: ", stdout);
		terminal_print(stdout, warnings->items[i]->text, 0);
		putchar('\n');
	}
}

void plan_print_changes(const struct value *plan)
{
	const struct value *changes = value_find(plan, "changes");

	for (uint32_t i = 0; changes && changes->kind == VALUE_SET && i < changes->length; i++)
		print_change(changes->items[i]);
	print_domain(plan);
	if (!changes || changes->kind != VALUE_SET || !changes->length)
		puts("nothing is changed");
	print_warnings(value_find(plan, "warnings"));
}

bool plan_show(struct xm *xm, const char *method, struct value *parameters)
{
	AUTO_TEXT plan = text_format("Plan.%s", bare_name(method));
	AUTO(value) result = NULL;

	if (client_call(xm->client, plan, parameters, &result, &xm->failure) < 0)
		return false;
	plan_print_changes(result);
	return true;
}
