/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_host.c – what of the configuration the hypervisor and the host's own rules get */
#include "server/options_host.h"

#include "server/host/rules.h"

struct hypervisor_options options_for_hypervisor(const struct options *options)
{
	const char *control = options->simulator_control;

	return (struct hypervisor_options){.simulator_control = *control ? control : NULL,
					   .simulator_memory_bytes = options->simulator_memory,
					   .simulator_pcpus = (int)options->simulator_pcpus};
}

void options_set_host_rules(const struct options *options)
{
	static char *own[2];
	char **folders = options->sr_folders.count ? options->sr_folders.items : own;
	const struct host_rules rules = {.sr_folders = (const char *const *)folders,
					 .disk_folders =
						 (const char *const *)options->disk_folders.items,
					 .shutdown_command = options->shutdown_command,
					 .reboot_command = options->reboot_command,
					 .hostname_command = options->hostname_command};

	free(own[0]);
	own[0] = options_beside_database(options, "sr");
	host_set_rules(&rules);
}
