/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* globals.h – the options of xm that stand before the command. */
#ifndef RPC_XM_GLOBALS_H
#define RPC_XM_GLOBALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct globals {
	const char *server, *user, *password_file, *cacert, *cert;
	bool insecure, version, help, plans;
};

struct global_option {
	const char *name;     /* with its dashes */
	const char *letter;   /* "-n", or NULL */
	const char *argument; /* NULL: takes none */
	const char *variable; /* of the environment, or NULL */
	size_t place;	      /* in struct globals, of a text or, without an argument, a bool */
	const char *description;
};

/* NULL behind the last. */
const struct global_option *global_option(size_t number);

/* What the environment says. */
void globals_read_environment(struct globals *globals);
/* Returns how many arguments it took, 0: it is no such option, or its value is missing. */
int globals_read(struct globals *globals, int argc, char **argv);
/* A line each. */
void globals_print(FILE *file);

#endif
