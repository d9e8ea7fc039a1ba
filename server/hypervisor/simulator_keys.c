/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_keys.c – what the simulator's guests write for others to read */
#include "server/hypervisor/simulator.h"
#include "server/hypervisor/simulator_device.h"
#include "server/hypervisor/simulator_ops.h"

int simulator_read_guest(void *adapter, const char *uuid, struct guest_key *ret_keys,
			 size_t capacity, size_t *ret_count, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_read_guest, err);
	const struct guest *guest = simulator_find_guest(simulator, uuid, err);
	const char *path;
	json_t *value;

	if (!guest)
		return -1;
	*ret_count = 0;
	json_object_foreach(guest->keys, path, value)
	{
		struct guest_key *key = &ret_keys[*ret_count];

		if (*ret_count == capacity)
			return 0;
		strcpy(key->path, path);
		strcpy(key->value, json_string_value(value));
		++*ret_count;
	}
	return 0;
}

int simulator_write_key(struct simulator *simulator, const char *uuid, const char *path,
			const char *value, struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *keys;

	if (!guest)
		return -1;
	if (strlen(path) >= sizeof(((struct guest_key *)0)->path) ||
	    strlen(value) >= sizeof(((struct guest_key *)0)->value))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "a key or its value is too long");
	/* the object is the state file's too: what is changed is a copy */
	keys = json_copy(guest->keys);
	json_object_del(keys, path);
	if (*value)
		json_object_set_new(keys, path, json_string(value));
	json_decref(guest->keys);
	guest->keys = keys;
	return simulator_commit(simulator, err);
}
