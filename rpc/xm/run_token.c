/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_token.c – token-create, token-list and token-revoke. */
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"

#include <time.h>

#define DAYS_MOST 36500
#define DAY_SECONDS 86400

static const char *const names[] = {"name_label", "uuid", NULL};

enum status run_token_create(struct xm *xm)
{
	static const char *const role_names[] = {"name_label", NULL};
	AUTO_OBJECT role = {0};
	AUTO(value) secret = NULL;
	AUTO(value) expires = NULL;
	int64_t days;
	enum status status;

	if (!amount_read_count(xm->arguments[2], 1, DAYS_MOST, &days))
		return xm_misuse(xm, "%s is no number of days, from 1 to %d", xm->arguments[2],
				 DAYS_MOST);
	status = object_find(xm, "role", role_names, xm->arguments[1], &role);
	if (status != STATUS_DONE)
		return status;
	expires = value_datetime_of(time(NULL) + days * DAY_SECONDS);
	if (!xm_call(xm, "token.create",
		     parameters_of(value_string(xm->arguments[0]), value_reference(role.ref),
				   value_string(expires->text), (struct value *)NULL),
		     &secret))
		return xm_report(xm);
	if (secret->kind != VALUE_STRING)
		return xm_fail("the server's token is no text");
	/* alone, for scripts */
	terminal_print(stdout, secret->text, 0);
	putchar('\n');
	fprintf(stderr, "It is not shown again. It signs in as token:%s.\n", xm->arguments[0]);
	return STATUS_DONE;
}

static void print_date(const struct value *token, const char *field, const char *never)
{
	time_t seconds = (time_t)date_seconds(token, field);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts);
	printf(" %-16s", seconds > 0 ? text : never);
}

static const char *role_name_of(const struct value *roles, const struct value *token)
{
	const struct value *role = value_find(roles, object_text(token, "role"));

	return role ? object_text(role, "name_label") : "";
}

enum status run_token_list(struct xm *xm)
{
	AUTO(value) tokens = NULL;
	AUTO(value) roles = NULL;
	enum status status = object_read_all(xm, "token", &tokens);

	if (status == STATUS_DONE)
		status = object_read_all(xm, "role", &roles);
	if (status != STATUS_DONE)
		return status;
	printf("%-20s %-14s %-16s %-16s %s\n", "Name", "Role", "Expires (UTC)", "Last used",
	       "Description");
	for (uint32_t i = 0; i < tokens->length; i++) {
		const struct value *token = tokens->members[i].value;

		terminal_print(stdout, object_text(token, "name_label"), 20);
		printf(" %-14s", role_name_of(roles, token));
		print_date(token, "expires", "");
		print_date(token, "last_used", "never");
		putchar(' ');
		terminal_print(stdout, object_text(token, "name_description"), 0);
		putchar('\n');
	}
	return STATUS_DONE;
}

enum status run_token_revoke(struct xm *xm)
{
	AUTO_OBJECT token = {0};
	enum status status = object_find(xm, "token", names, xm->arguments[0], &token);

	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, "token.destroy",
		     parameters_of(value_reference(token.ref), (struct value *)NULL), NULL))
		return xm_report(xm);
	return STATUS_DONE;
}
