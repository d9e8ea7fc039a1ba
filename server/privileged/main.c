/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c – xenapid-privileged: calls the hypervisor and checks passwords for a xenapid that may
 * not. */
#include "schema/log.h"
#include "server/hypervisor/hypervisor.h"
#include "server/journal.h"
#include "server/options_host.h"
#include "server/privileged/serve.h"
#include "server/process.h"

#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_WRONG_OPTIONS = 2 };

static struct hypervisor *open_hypervisor(const struct options *options)
{
	const struct hypervisor_options hypervisor_options = options_for_hypervisor(options);
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor =
		hypervisor_open(options->hypervisor, &hypervisor_options, &err);

	if (!hypervisor)
		log_error("the hypervisor (%s) can not be used: %s", options->hypervisor, err.text);
	return hypervisor;
}

static int serve(const struct options *options)
{
	AUTO_TEXT suspend_folder = options_suspend_folder(options);
	struct hypervisor *hypervisor;
	struct service *service;

	process_block_signals();
	hypervisor = open_hypervisor(options);
	if (!hypervisor)
		return EXIT_FAILED;
	options_set_host_rules(options);
	service = serve_begin(&(struct service_options){
		.path = options->privileged_socket,
		.user = options->user,
		.hypervisor = hypervisor,
		.rules = {.kernel_folders = (const char *const *)options->kernel_folders.items,
			  .suspend_folder = suspend_folder,
			  .bootloaders = hypervisor_host(hypervisor)->supported_bootloaders}});
	log_info("serving %s with the hypervisor %s", options->privileged_socket,
		 hypervisor_name(hypervisor));
	sd_notify(0, "READY=1");
	while (process_wait_signal() == SIGHUP)
		log_warning("only a restart makes a change of the configuration take effect here");
	sd_notify(0, "STOPPING=1");
	log_info("stopping");
	process_unblock_signals();
	serve_end(service, (int)options->stop_timeout);
	log_info("stopped");
	/* its lines are used until the process ends */
	_exit(EXIT_FINE);
}

int main(int argc, char *argv[])
{
	AUTO_BUFFER problems = {0};
	struct options options = {0};
	int status = EXIT_FAILED;

	if (options_read(&options, argc, argv, &problems) < 0) {
		fputs(problems.data, stderr);
		return EXIT_WRONG_OPTIONS;
	}
	umask(077);
	log_open(journal_send);
	if (options.action != ACTION_RUN)
		fputs("xenapid-privileged takes the options of xenapid that configure it; see "
		      "xenapid-privileged(8)\n",
		      options.action == ACTION_HELP ? stdout : stderr);
	else if (!*options.privileged_socket)
		log_error(
			"privileged-socket is empty in the configuration: xenapid does everything "
			"itself, and there is nothing to serve");
	else
		status = serve(&options);
	if (options.action == ACTION_HELP)
		status = EXIT_FINE;
	options_free(&options);
	return status;
}
