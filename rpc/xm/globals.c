/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* globals.c – the options of xm that stand before the command. */
#include "rpc/xm/globals.h"

#include "schema/base.h"

static const struct global_option rows[] = {
	{"--server", NULL, "URI", "XM_SERVER", offsetof(struct globals, server),
	 "unix:/PATH, http://HOST:PORT or https://HOST:PORT"},
	{"--user", NULL, "NAME", "XM_USER", offsetof(struct globals, user),
	 "who signs in; root by default"},
	{"--password-file", NULL, "FILE", "XM_PASSWORD_FILE",
	 offsetof(struct globals, password_file), "its first line is the password"},
	{"--cacert", NULL, "FILE", "XM_CACERT", offsetof(struct globals, cacert),
	 "certificates to trust with https"},
	{"--cert", NULL, "FILE", "XM_CERT", offsetof(struct globals, cert),
	 "a certificate and its key to show with https"},
	{"--insecure", NULL, NULL, NULL, offsetof(struct globals, insecure),
	 "trusts any certificate"},
	{"--dry-run", "-n", NULL, NULL, offsetof(struct globals, plans),
	 "only says what the command would change"},
	{"--version", NULL, NULL, NULL, offsetof(struct globals, version), "prints the version"},
	{"--help", "-h", NULL, NULL, offsetof(struct globals, help), "prints this"},
};

const struct global_option *global_option(size_t number)
{
	return number < ARRAY_SIZE(rows) ? &rows[number] : NULL;
}

static void store(struct globals *globals, const struct global_option *row, const char *value)
{
	char *place = (char *)globals + row->place;

	if (row->argument)
		memcpy(place, &value, sizeof(value));
	else
		*(bool *)place = true;
}

void globals_read_environment(struct globals *globals)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = rows[i].variable ? getenv(rows[i].variable) : NULL;

		if (value && *value)
			store(globals, &rows[i], value);
	}
}

static bool is_named(const char *text, size_t length, const struct global_option *row)
{
	return (row->letter && strcmp(text, row->letter) == 0) ||
	       (strlen(row->name) == length && strncmp(row->name, text, length) == 0);
}

int globals_read(struct globals *globals, int argc, char **argv)
{
	size_t length = strcspn(argv[0], "=");
	const char *inside = argv[0][length] ? argv[0] + length + 1 : NULL;
	const char *value = inside ? inside : argc > 1 ? argv[1] : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct global_option *row = &rows[i];

		if (!is_named(argv[0], length, row) || (row->argument ? !value : inside != NULL))
			continue;
		store(globals, row, value);
		return row->argument && !inside ? 2 : 1;
	}
	return 0;
}

void globals_print(FILE *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct global_option *row = &rows[i];
		AUTO_TEXT name = text_format("%s%s%s%s%s", row->letter ? row->letter : "",
					     row->letter ? ", " : "", row->name,
					     row->argument ? "=" : "",
					     row->argument ? row->argument : "");

		fprintf(file, "  %-20s  %s%s%s\n", name, row->description,
			row->variable ? "; $" : "", row->variable ? row->variable : "");
	}
}
