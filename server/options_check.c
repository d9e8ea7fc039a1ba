/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_check.c – what only shows when all options are known. */
#include "server/options_table.h"

#include "server/http/address.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <unistd.h>

struct check {
	const struct options *options;
	option_where_fn *where;
	void *context;
	struct buffer *problems;
};

static void __attribute__((format(printf, 3, 4)))
add_problem(const struct check *check, const char *member, const char *format, ...)
{
	AUTO_TEXT where = check->where(check->context, member);
	AUTO_TEXT name = option_name(member);
	AUTO_TEXT text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	buffer_add_format(check->problems, "%s: %s = %s\n", where, name, text);
}

static void check_file(const struct check *check, const char *member, const char *path)
{
	if (*path && access(path, R_OK) < 0)
		add_problem(check, member, "%s: %s", path, strerror(errno));
}

static void check_group(const struct check *check, const char *member, const char *group)
{
	if (*group && !getgrnam(group))
		add_problem(check, member, "%s: there is no such group", group);
}

static void check_tls(const struct check *check)
{
	const struct options *options = check->options;

	if (!*options->tls_certificate != !*options->tls_key)
		add_problem(check, "listen",
			    "https://…: https needs both of tls-certificate and tls-key, or none");
	check_file(check, "tls_certificate", options->tls_certificate);
	check_file(check, "tls_key", options->tls_key);
	check_file(check, "tls_client_ca", options->tls_client_ca);
}

static void check_listeners(const struct check *check)
{
	const struct text_list *listen = &check->options->listen;
	bool open = strcmp(check->options->auth, "none") == 0;
	bool tls = false;

	for (size_t i = 0; i < listen->count; i++) {
		struct address address;

		address_parse(listen->items[i], &address);
		tls = tls || address.kind == ADDRESS_HTTPS;
		if (open && !address_is_local(&address))
			add_problem(
				check, "listen",
				"%s: with auth = none everybody who can connect is root; accepted "
				"are Unix sockets, localhost, 127.0.0.1 and [::1]",
				listen->items[i]);
	}
	if (tls)
		check_tls(check);
}

void options_check(const struct options *options, option_where_fn *where, void *context,
		   struct buffer *problems)
{
	const struct check check = {options, where, context, problems};

	check_listeners(&check);
	if (strncmp(options->auth, "file:", 5) == 0)
		check_file(&check, "auth", options->auth + 5);
	check_group(&check, "admin_group", options->admin_group);
	check_group(&check, "socket_group", options->socket_group);
}
