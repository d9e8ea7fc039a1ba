/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity.c – which kind of hypervisor and which machine a database belongs to. */
#include "server/api/identity.h"

#include "server/store/store.h"

#include <stdio.h>

/* Records made under Xen can be read and edited when the host was booted without it; a simulator's
 * are another world. */
static void set_world(const char *adapter, struct identity *identity)
{
	bool is_xen = strcmp(adapter, "none") == 0 || strcmp(adapter, "auto") == 0;

	snprintf(identity->world, sizeof(identity->world), "%.*s", (int)strcspn(adapter, ":"),
		 is_xen ? "xen" : adapter);
}

/* A simulator's host is nowhere. */
void identity_now(const char *adapter, struct identity *ret_identity)
{
	FILE *file;
	char *machine = ret_identity->machine;

	set_world(adapter, ret_identity);
	file = strcmp(ret_identity->world, "xen") == 0 ? fopen("/etc/machine-id", "re") : NULL;
	if (!file || !fgets(machine, sizeof(ret_identity->machine), file))
		strcpy(machine, "none");
	machine[strcspn(machine, "\n")] = '\0';
	if (file)
		fclose(file);
}

static char *belongs_to(const char *what, const char *known, const char *now)
{
	return text_format(
		"the database belongs to the %s %s, this is %s: choose another database, or take this one "
		"over with --force-adapter",
		what, known, now);
}

char *identity_differs(struct store *store, const struct identity *now, bool *ret_is_new)
{
	AUTO_TEXT world = store_get_setting(store, "hypervisor");
	AUTO_TEXT machine = store_get_setting(store, "machine");

	*ret_is_new = !world || !machine;
	if (world && strcmp(world, now->world) != 0)
		return belongs_to("hypervisor", world, now->world);
	if (machine && strcmp(machine, now->machine) != 0 && strcmp(machine, "none") != 0)
		return belongs_to("machine", machine, now->machine);
	return NULL;
}
