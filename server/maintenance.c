/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* maintenance.c – xenapid backup and xenapid restore. */
#include "server/maintenance.h"

#include "schema/log.h"
#include "server/store/backup.h"

bool maintenance_backup(const struct options *options)
{
	AUTO_TEXT problem = backup_copy(options->database, options->copy);

	if (problem)
		log_error("%s", problem);
	else
		printf("copied %s to %s\n", options->database, options->copy);
	return !problem;
}

bool maintenance_restore(const struct options *options)
{
	AUTO_TEXT kept = NULL;
	AUTO_TEXT problem = backup_restore(options->database, options->copy, &kept);

	if (problem) {
		log_error("%s", problem);
		return false;
	}
	printf("%s is now a copy of %s\n", options->database, options->copy);
	if (kept)
		printf("what was there is %s\n", kept);
	return true;
}
