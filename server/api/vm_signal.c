/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_signal.c – keys and buttons for guests. */
#include "server/api/vm.h"

int run_VM_send_sysrq(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	const char *key = argument_text(call, 1);
	struct hypervisor_error reason = {0};

	if (strlen(key) != 1 || *key <= ' ' || *key > '~')
		return fail(err, ERROR_INVALID_VALUE, "key: one letter, digit or mark of ASCII",
			    key);
	if (hypervisor_send_sysrq(call->api->hypervisor, record_uuid(operation->vm), *key,
				  &reason) < 0)
		return fail_hypervisor(err, operation->vm, operation->id, &reason);
	return 0;
}

static const char *const triggers[] = {
	[TRIGGER_POWER] = "power", [TRIGGER_SLEEP] = "sleep", [TRIGGER_NMI] = "nmi",
	[TRIGGER_INIT] = "init",   [TRIGGER_RESET] = "reset", [TRIGGER_S3RESUME] = "s3resume"};

static int read_trigger(const char *name, enum guest_trigger *ret_trigger, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(triggers); i++) {
		if (strcmp(triggers[i], name) == 0) {
			*ret_trigger = (enum guest_trigger)i;
			return 0;
		}
	}
	return fail(err, ERROR_INVALID_VALUE, "trigger: power, sleep, nmi, init, reset or s3resume",
		    name);
}

int run_VM_send_trigger(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	struct hypervisor_error reason = {0};
	enum guest_trigger trigger = TRIGGER_POWER;

	if (read_trigger(argument_text(call, 1), &trigger, err) < 0)
		return -1;
	if (hypervisor_send_trigger(call->api->hypervisor, record_uuid(operation->vm), trigger,
				    &reason) < 0)
		return fail_hypervisor(err, operation->vm, operation->id, &reason);
	return 0;
}
