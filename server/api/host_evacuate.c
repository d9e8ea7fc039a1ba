/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_evacuate.c – which VMs keep a host from being emptied: there is no other that could take
 * them. */
#include "server/api/private.h"

#include "schema/buffer.h"

#define REASON "NO_HOSTS_AVAILABLE"

static bool is_guest(struct api *api, const char *ref)
{
	AUTO(record) vm = store_read(api->store, CLASS_VM, ref);

	return vm && !record_bool(vm, VM_is_control_domain);
}

/* VM to the error that moving it would end with, and its parameter. */
int run_host_get_vms_which_prevent_evacuation(struct call *call, struct error *err)
{
	const struct value *residents = record_get(call->self, host_resident_VMs);

	(void)err;
	call->result = value_map();
	for (uint32_t i = 0; i < residents->length; i++) {
		const char *ref = residents->items[i]->text;
		struct value *reason;

		if (!is_guest(call->api, ref))
			continue;
		reason = value_set();
		value_append(reason, value_string(REASON));
		value_append(reason, value_string(ref));
		value_put(call->result, ref, reason);
	}
	return 0;
}

int run_host_assert_can_evacuate(struct call *call, struct error *err)
{
	const struct value *residents = record_get(call->self, host_resident_VMs);
	AUTO_BUFFER errors = {0};

	for (uint32_t i = 0; i < residents->length; i++) {
		const char *ref = residents->items[i]->text;

		if (is_guest(call->api, ref))
			buffer_add_format(&errors, "%s" REASON ",%s", errors.length ? "|" : "",
					  ref);
	}
	if (errors.length)
		return fail(err, ERROR_CANNOT_EVACUATE_HOST, errors.data);
	return 0;
}

int run_host_evacuate(struct call *call, struct error *err)
{
	return run_host_assert_can_evacuate(call, err);
}
