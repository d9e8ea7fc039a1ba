/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_power.c – the host is shut down, started anew or named, by commands that the administrator
 * has configured. */
#include "server/api/private.h"

#include "server/api/dry_run.h"
#include "server/api/vm.h"
#include "server/host/tool.h"
#include "server/host/tool_argument.h"

static int run_command(enum tool tool, const char *name, struct error *err)
{
	const char *const arguments[] = {name};
	AUTO_TEXT refusal = tool_refuses(tool, arguments);
	AUTO_TOOL_OUTPUT output = {0};

	if (refusal)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, refusal);
	if (dry_run_is_on() || tool_run(tool, arguments, NULL, NULL, &output) == 0)
		return 0;
	return fail(err, ERROR_INTERNAL_ERROR, output.problem);
}

/* A VM with a domain, whoever has made it, or with something under way; NULL: there is none. To be
 * released. */
static struct record *find_in_use(struct api *api)
{
	struct record *found = NULL;
	size_t count;
	struct record **vms = store_list(api->store, CLASS_VM, &count);

	for (size_t i = 0; i < count && !found; i++)
		if (!record_bool(vms[i], VM_is_control_domain) &&
		    (vm_is_live(vms[i]) || record_get(vms[i], VM_current_operations)->length))
			found = record_reference(vms[i]);
	store_free_list(vms, count);
	return found;
}

/* Nothing begins on a host that is disabled, so what is not there now does not come. */
static int check_unused(struct call *call, struct error *err)
{
	AUTO(record) host = store_read(call->api->store, CLASS_host, record_ref(call->self));
	AUTO(record) vm = NULL;

	if (!host || record_bool(host, host_enabled))
		return fail(err, ERROR_HOST_NOT_DISABLED);
	vm = find_in_use(call->api);
	if (vm)
		return fail(err, ERROR_HOST_IN_USE, record_ref(host), "VM", record_ref(vm));
	return 0;
}

int run_host_shutdown(struct call *call, struct error *err)
{
	if (check_unused(call, err) < 0)
		return -1;
	return run_command(TOOL_SHUT_DOWN, NULL, err);
}

int run_host_reboot(struct call *call, struct error *err)
{
	if (check_unused(call, err) < 0)
		return -1;
	return run_command(TOOL_REBOOT, NULL, err);
}

struct naming {
	const char *ref;
	const char *name;
};

static int note_name(struct transaction *transaction, void *argument, struct error *err)
{
	const struct naming *naming = argument;
	struct record *host = transaction_edit(transaction, CLASS_host, naming->ref);

	if (!host)
		return fail(err, ERROR_HANDLE_INVALID, "host", naming->ref);
	record_set_text(host, host_hostname, naming->name);
	return 0;
}

int run_host_set_hostname_live(struct call *call, struct error *err)
{
	struct naming naming = {record_ref(call->self), argument_text(call, 1)};

	if (!tool_is_hostname(naming.name))
		return fail(err, ERROR_INVALID_VALUE,
			    "hostname: letters, digits, hyphens and dots, 1 to 64", naming.name);
	if (run_command(TOOL_SET_HOSTNAME, naming.name, err) < 0)
		return -1;
	return store_mutate(call->api->store, note_name, &naming, err);
}
