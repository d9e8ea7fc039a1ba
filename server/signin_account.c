/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signin_account.c – accounts of the system and their groups. */
#include "server/signin_method.h"

#include "schema/base.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

static size_t buffer_size(int name)
{
	long size = sysconf(name);

	return size > 65536 ? (size_t)size : 65536;
}

/* False: there is no such account. */
static bool find(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	size_t size = buffer_size(_SC_GETPW_R_SIZE_MAX);
	AUTO_TEXT buffer = allocate(size);
	struct passwd *found = NULL;
	struct passwd entry;

	if (getpwnam_r(user, &entry, buffer, size, &found) != 0 || !found)
		return false;
	*ret_uid = entry.pw_uid;
	*ret_gid = entry.pw_gid;
	return true;
}

bool signin_account_in_group(const char *user, const char *group)
{
	size_t size = buffer_size(_SC_GETGR_R_SIZE_MAX);
	AUTO_TEXT buffer = allocate(size);
	struct group *found = NULL;
	struct group entry;
	uid_t uid;
	gid_t primary;

	if (!find(user, &uid, &primary) || getgrnam_r(group, &entry, buffer, size, &found) != 0 ||
	    !found)
		return false;
	if (entry.gr_gid == primary)
		return true;
	for (char **member = entry.gr_mem; *member; member++) {
		if (strcmp(*member, user) == 0)
			return true;
	}
	return false;
}

bool signin_account_is_root(const char *user)
{
	uid_t uid;
	gid_t gid;

	return find(user, &uid, &gid) && uid == 0;
}

char *signin_account_name(uid_t uid)
{
	size_t size = buffer_size(_SC_GETPW_R_SIZE_MAX);
	AUTO_TEXT buffer = allocate(size);
	struct passwd *found = NULL;
	struct passwd entry;

	if (getpwuid_r(uid, &entry, buffer, size, &found) != 0 || !found)
		return NULL;
	return text_copy(entry.pw_name);
}
