/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_message.c – pool.backup_database. */
#include "server/store/backup.h"

#include "server/api/private.h"

#include "schema/log.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LENGTH_MAX 128
#define SUFFIX ".db"

/* A name that means nothing to SQLite, to a shell, or to whoever looks for copies. */
static bool is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-";
	size_t length = strlen(name);

	return length > strlen(SUFFIX) && length <= NAME_LENGTH_MAX && *name != '.' &&
	       *name != '-' && strspn(name, allowed) == length &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

int run_pool_backup_database(struct call *call, struct error *err)
{
	const char *name = argument_text(call, 0);
	const char *folder = call->api->options.backup_folder;
	AUTO_TEXT path = text_format("%s/%s", folder ? folder : "", name);
	AUTO_TEXT problem = NULL;

	if (!is_name(name))
		return fail(err, ERROR_INVALID_VALUE,
			    "name: letters, digits, dots and hyphens, ending in " SUFFIX, name);
	if (!folder)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, "the server has no backup-folder");
	if (access(path, F_OK) == 0)
		return fail(err, ERROR_INVALID_VALUE, "name: of no file in the backup-folder",
			    name);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		problem = text_format("%s: %m", folder);
	else
		problem = backup_copy(store_path(call->api->store), path);
	if (problem)
		return fail(err, ERROR_INTERNAL_ERROR, problem);
	log_info("the database was copied to %s", path);
	call->result = value_string(path);
	return 0;
}
