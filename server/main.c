/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c – xenapid: reads its options, serves until it is told to stop. */
#include "schema/log.h"
#include "schema/print.h"
#include "schema/schema.h"
#include "server/doctor.h"
#include "server/journal.h"
#include "server/maintenance.h"
#include "server/options.h"
#include "server/process.h"
#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

/* systemd starts it again after EXIT_RESTART, which is a failure to it. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_WRONG_OPTIONS = 2, EXIT_RESTART = 75 };

static void apply_log_level(const struct options *options)
{
	enum log_level level;

	if (log_level_from_name(options->log_level, &level))
		log_set_level(level);
}

static void print_uris(const struct server *server)
{
	const char *uri;

	for (size_t i = 0; (uri = server_uri(server, i)); i++) {
		log_info("listening on %s", uri);
		printf("listening on %s\n", uri);
		fflush(stdout);
	}
}

/* A configuration that is not right changes nothing. */
static void reload(struct server *server, struct options *options, int argc, char *const argv[])
{
	AUTO_BUFFER problems = {0};
	AUTO_BUFFER needs_restart = {0};
	struct options fresh = {0};
	char *state = NULL;

	if (options_read(&fresh, argc, argv, &problems) < 0) {
		char *line = strtok_r(problems.data, "\n", &state);

		for (; line; line = strtok_r(NULL, "\n", &state))
			log_error("%s", line);
		log_error("the configuration was not reloaded");
		return;
	}
	options_reload(options, &fresh, &needs_restart);
	options_free(&fresh);
	apply_log_level(options);
	server_reload(server);
	if (needs_restart.length)
		log_warning("changed, but only a restart makes it take effect: %s",
			    needs_restart.data);
	log_info("the configuration was reloaded");
}

static void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static int serve(struct options *options, int argc, char *const argv[])
{
	AUTO_TEXT problem = NULL;
	struct server *server;
	int signal;

	process_block_signals();
	server = server_open(options, &problem);
	if (!server) {
		log_error("%s", problem);
		return EXIT_FAILED;
	}
	print_uris(server);
	sd_notify(0, "READY=1");
	while ((signal = process_wait_signal()) == SIGHUP) {
		notify_reloading();
		reload(server, options, argc, argv);
		sd_notify(0, "READY=1");
	}
	sd_notify(0, "STOPPING=1");
	log_info("stopping");
	process_unblock_signals();
	server_close(server);
	log_info("stopped");
	return signal == SIGUSR1 ? EXIT_RESTART : EXIT_FINE;
}

static void print_api(const char *form)
{
	if (strcmp(form, "json") == 0)
		print_api_json(stdout);
	else if (strcmp(form, "running") == 0)
		print_running_markdown(stdout);
	else if (strcmp(form, "errors") == 0)
		print_errors_markdown(stdout);
	else
		print_api_markdown(stdout);
}

static void print_manual(const char *list)
{
	if (strcmp(list, "keys") == 0)
		options_print_manual_keys(stdout);
	else
		options_print_manual_options(stdout);
}

static int run(struct options *options, int argc, char *const argv[])
{
	switch (options->action) {
	case ACTION_HELP:
		options_print_help(stdout);
		return EXIT_FINE;
	case ACTION_VERSION:
		puts("xenapid " PACKAGE_VERSION);
		return EXIT_FINE;
	case ACTION_PRINT_CONFIG:
		options_print_config(stdout);
		return EXIT_FINE;
	case ACTION_CHECK_CONFIG:
		puts("configuration is fine");
		return EXIT_FINE;
	case ACTION_BACKUP:
		return maintenance_backup(options) ? EXIT_FINE : EXIT_FAILED;
	case ACTION_RESTORE:
		return maintenance_restore(options) ? EXIT_FINE : EXIT_FAILED;
	case ACTION_DOCTOR:
		return doctor_run(options) ? EXIT_FINE : EXIT_FAILED;
	case ACTION_PRINT_API:
		print_api(options->form);
		return EXIT_FINE;
	case ACTION_PRINT_MANUAL:
		print_manual(options->form);
		return EXIT_FINE;
	default:
		return serve(options, argc, argv);
	}
}

int main(int argc, char *argv[])
{
	AUTO_BUFFER problems = {0};
	struct options options = {0};
	int status;

	if (options_read(&options, argc, argv, &problems) < 0) {
		fputs(problems.data, stderr);
		return EXIT_WRONG_OPTIONS;
	}
	/* whatever is made is root's own: the database, images; the socket says itself who may
	 * connect */
	umask(077);
	schema_init();
	log_open(journal_send);
	if (options.action == ACTION_RUN)
		apply_log_level(&options);
	status = run(&options, argc, argv);
	options_free(&options);
	return status;
}
