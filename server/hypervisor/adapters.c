/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adapters.c – which adapter a name picks */
#include "server/hypervisor/adapter.h"

#include "schema/buffer.h"
#include "schema/log.h"

#include <stdio.h>
#include <string.h>

#define ABSENT(name)
#define ADAPTER(name, argument) extern const struct hypervisor_ops adapter_##name;
#include "server/hypervisor/adapters.def"

static const struct adapter adapters[] = {
#define NO_ARGUMENT ""
#define STATE_FILE "[:STATE-FILE]"
#define ABSENT(name) {#name, "", NULL},
#define ADAPTER(name, argument) {#name, argument, &adapter_##name},
#include "server/hypervisor/adapters.def"
};

static bool is_name(const char *known, const char *name, size_t length)
{
	return strlen(known) == length && memcmp(known, name, length) == 0;
}

static const struct adapter *find_adapter(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(adapters); i++)
		if (is_name(adapters[i].name, name, length))
			return &adapters[i];
	return NULL;
}

/* Whether this is the domain that rules over a Xen host. */
static bool is_control_domain(void)
{
	FILE *file = fopen("/proc/xen/capabilities", "re");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "control_d");
	if (file)
		fclose(file);
	return found;
}

static const struct adapter *choose_automatically(void)
{
	const struct adapter *xen = is_control_domain() ? find_adapter("xen", 3) : NULL;

	if (xen && xen->ops)
		return xen;
	if (xen)
		log_warning(
			"this is a Xen host, but the xen adapter is not built into this program: "
			"records can be read and changed, nothing can be started");
	return find_adapter("none", 4);
}

static void fail_unknown(const char *name, size_t length, struct hypervisor_error *err)
{
	AUTO_BUFFER known = {0};

	for (size_t i = 0; i < ARRAY_SIZE(adapters); i++)
		buffer_add_format(&known, "%s%s%s", i + 1 < ARRAY_SIZE(adapters) ? ", " : " and ",
				  adapters[i].name, adapters[i].argument);
	hypervisor_fail(err, HYPERVISOR_UNSUPPORTED,
			"there is no hypervisor adapter \"%.*s\", only auto%s",
			length < 64 ? (int)length : 64, name, known.data);
}

const struct adapter *adapter_choose(const char *name, size_t length, struct hypervisor_error *err)
{
	const struct adapter *adapter = is_name("auto", name, length) ? choose_automatically() :
									find_adapter(name, length);

	if (adapter && adapter->ops)
		return adapter;
	if (adapter)
		hypervisor_fail(err, HYPERVISOR_UNSUPPORTED,
				"the %s adapter is not built into this program", adapter->name);
	else
		fail_unknown(name, length, err);
	return NULL;
}
