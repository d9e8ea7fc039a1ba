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

static int back_up(struct call *call, const char *folder, struct error *err)
{
	const char *name = argument_text(call, 0);
	AUTO_TEXT path = text_format("%s/%s", folder, name);
	AUTO_TEXT problem = NULL;

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

static int fail_busy(struct call *call, struct error *err)
{
	size_t count;
	struct record **pools = store_list(call->api->store, CLASS_pool, &count);

	fail(err, ERROR_OTHER_OPERATION_IN_PROGRESS, "pool",
	     count ? record_ref(pools[0]) : NULL_REF, "backup_database", NULL_REF);
	store_free_list(pools, count);
	return -1;
}

/* One at a time: they take a worker and the disk for as long as the database is large. */
int run_pool_backup_database(struct call *call, struct error *err)
{
	const char *folder = call->api->options.backup_folder;
	const char *name = argument_text(call, 0);
	int rc;

	if (!is_name(name))
		return fail(err, ERROR_INVALID_VALUE,
			    "name: letters, digits, dots and hyphens, ending in " SUFFIX, name);
	if (!folder)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, "the server has no backup-folder");
	if (atomic_flag_test_and_set(&call->api->backing_up))
		return fail_busy(call, err);
	rc = back_up(call, folder, err);
	atomic_flag_clear(&call->api->backing_up);
	return rc;
}
