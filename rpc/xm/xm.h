/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm.h – one run of xm, and what every command is given. */
#ifndef RPC_XM_XM_H
#define RPC_XM_XM_H

#include "rpc/xm/client.h"
#include "rpc/xm/globals.h"

#include <stdbool.h>
#include <stdio.h>

/* PLANNED: with -n, what the command would do has been told, and it ends. */
enum status { STATUS_DONE, STATUS_FAILED, STATUS_USAGE, STATUS_PLANNED };

struct xm;

struct command {
	const char *name;
	const char *usage; /* its arguments: "[-p] DOMAIN" */
	const char *summary;
	const char *help; /* its options and more, lines; may be "" */
	int least;	  /* arguments beside options */
	int most;	  /* −1: any number */
	enum status (*run)(struct xm *xm);
};

/* The VM that a command is about, as far as it is known yet. */
struct subject {
	struct value *ref;
	struct value *name; /* NULL: to be asked for when it is needed */
};

struct xm {
	struct client *client;
	bool is_local; /* the server is on this host */
	bool plans;    /* -n: nothing is changed */
	bool planned;  /* what would be has been told */
	const struct command *command;
	char **arguments; /* beside options */
	int count;
	struct {
		bool paused, wait, detailed, json, templates, force, memory, now, next_boot,
			dry_run, drop, again;
		const char *state, *fix, *format;
	} options;
	struct subject subject;
	char *doing;		/* "starting demo", shown while a call takes time */
	struct failure failure; /* of the last call */
};

/* main() without the process around it. */
int xm_run(int argc, char **argv);

/* The server that the options name; nothing is sent yet. `timeout_ms` is for each call, 0: none.
 * STATUS_DONE, or the user was told why not. */
enum status xm_open(struct xm *xm, const struct globals *globals, long timeout_ms);
void xm_close(struct xm *xm);

/*
 * One call. True and *ret_result, to be released (NULL: not wanted); false: xm->failure says why,
 * and xm_report tells the user. Takes the reference to `parameters`.
 */
bool xm_call(struct xm *xm, const char *method, struct value *parameters,
	     struct value **ret_result);
/* A call with one reference or text: what is answered, to be released; NULL: it failed. */
struct value *xm_ask(struct xm *xm, const char *method, const char *parameter);
/* Says what went wrong in the last call, as a sentence. Always STATUS_FAILED. */
enum status xm_report(struct xm *xm);
/* "Error: …" and a status */
enum status xm_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, with the usage of the command. */
enum status xm_misuse(const struct xm *xm, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What is shown while calls take long: "starting demo" */
void xm_begin(struct xm *xm, const char *doing, const char *name);

/* commands.c: the table. NULL: no such command. */
const struct command *command_find(const char *name);
const struct command *command_at(size_t number); /* NULL behind the last */
/* The name of an option that the command has, without dashes; NULL behind the last. */
const char *command_option(const struct command *command, size_t number, bool *ret_takes_value);
/* Of all commands, or of one. */
void command_print_all(FILE *file);
void command_print_help(FILE *file, const struct command *command);
/* Reads options into xm->options and leaves the rest in xm->arguments; −1: the user was told what
 * is wrong. */
int command_read_arguments(struct xm *xm, int argc, char **argv);

#endif
