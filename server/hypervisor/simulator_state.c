/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_state.c – guests as JSON: in the state file, where they outlive the daemon as real ones
 * do */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "server/hypervisor/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FORMAT "xenapid-simulator-1"

/* struct guest's members by type; NUMBER(name, least, most) */
#define GUEST_NUMBERS                                \
	NUMBER(domid, 0, INT32_MAX)                  \
	NUMBER(memory_actual, 0, INT64_MAX / 8)      \
	NUMBER(memory_target, 0, INT64_MAX / 8)      \
	NUMBER(memory_maximum, 0, INT64_MAX)         \
	NUMBER(memory_floor, 0, INT64_MAX / 8)       \
	NUMBER(memory_overhead, 0, INT64_MAX / 8)    \
	NUMBER(memory_shadow, 0, INT64_MAX / 8)      \
	NUMBER(dynamic_min, INT64_MIN, INT64_MAX)    \
	NUMBER(dynamic_max, INT64_MIN, INT64_MAX)    \
	NUMBER(vcpus_max, 1, SIMULATOR_VCPUS_MAX)    \
	NUMBER(vcpus_online, 1, SIMULATOR_VCPUS_MAX) \
	NUMBER(weight, 1, 65535)                     \
	NUMBER(cap, 0, 65535)                        \
	NUMBER(start_time, 0, INT64_MAX)             \
	NUMBER(at_ns, 0, INT64_MAX)                  \
	NUMBER(shutdown_due_ns, 0, INT64_MAX)
#define GUEST_FLAGS           \
	FLAG(paused)          \
	FLAG(shutdown)        \
	FLAG(ignore_shutdown) \
	FLAG(no_balloon)

static const char *const type_names[] = {
	[GUEST_PV] = "pv", [GUEST_PVH] = "pvh", [GUEST_HVM] = "hvm"};
static const char *const reason_names[] = {[SHUTDOWN_POWEROFF] = "poweroff",
					   [SHUTDOWN_REBOOT] = "reboot",
					   [SHUTDOWN_SUSPEND] = "suspend",
					   [SHUTDOWN_CRASH] = "crash"};

static const char *const device_keys[] = {
	[SIMULATOR_NICS] = "nics", [SIMULATOR_DISKS] = "disks", [SIMULATOR_PCIS] = "pcis"};

json_t *simulator_dump_guest(const struct guest *guest)
{
	json_t *dump = json_object(), *times = json_array();

	json_object_set_new(dump, "uuid", json_string(guest->uuid));
	json_object_set_new(dump, "name", json_string(guest->name));
	json_object_set_new(dump, "type", json_string(type_names[guest->type]));
#define NUMBER(name, least, most) json_object_set_new(dump, #name, json_integer(guest->name));
	GUEST_NUMBERS
#undef NUMBER
#define FLAG(name) json_object_set_new(dump, #name, json_boolean(guest->name));
	GUEST_FLAGS
#undef FLAG
	json_object_set_new(dump, "reason", json_string(reason_names[guest->reason]));
	json_object_set_new(dump, "shutdown_as", json_string(reason_names[guest->shutdown_as]));
	json_object_set_new(dump, "mask", json_string(guest->mask));
	for (int i = 0; i < guest->vcpus_max; i++)
		json_array_append_new(times, json_integer((json_int_t)guest->vcpu_time_ns[i]));
	json_object_set_new(dump, "vcpu_time_ns", times);
	for (int i = 0; i < SIMULATOR_DEVICES; i++)
		json_object_set(dump, device_keys[i], guest->devices[i]);
	json_object_set(dump, "keys", guest->keys);
	json_object_set(dump, "built_from", guest->built_from);
	return dump;
}

json_t *simulator_dump(const struct simulator *simulator)
{
	json_t *domains = json_array();

	for (size_t i = 0; i < simulator->count; i++)
		json_array_append_new(domains, simulator_dump_guest(&simulator->guests[i]));
	return json_pack("{ss, si, sI, sf, so}", "format", FORMAT, "next_domid",
			 simulator->next_domid, "past_time_ns", (json_int_t)simulator->past_time_ns,
			 "speed", simulator->speed, "domains", domains);
}

/* The index of object[key] in names, or −1. */
static int read_name(const json_t *object, const char *key, const char *const *names, int count)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (int i = 0; text && i < count; i++) {
		if (strcmp(text, names[i]) == 0)
			return i;
	}
	return -1;
}

static bool read_number(const json_t *object, const char *key, int64_t least, int64_t most,
			int64_t *ret_number)
{
	const json_t *found = json_object_get(object, key);
	int64_t number = json_integer_value(found);

	if (!json_is_integer(found) || number < least || number > most)
		return false;
	*ret_number = number;
	return true;
}

static bool read_scalars(const json_t *dump, struct guest *guest)
{
	int type = read_name(dump, "type", type_names, ARRAY_SIZE(type_names));
	int reason = read_name(dump, "reason", reason_names, ARRAY_SIZE(reason_names));
	int as = read_name(dump, "shutdown_as", reason_names, ARRAY_SIZE(reason_names));
	int64_t number;

	if (type < 0 || reason < 0 || as < 0)
		return false;
	guest->type = (enum guest_type)type;
	guest->reason = (enum shutdown_reason)reason;
	guest->shutdown_as = (enum shutdown_reason)as;
#define NUMBER(name, least, most)                            \
	if (!read_number(dump, #name, least, most, &number)) \
		return false;                                \
	guest->name = (__typeof__(guest->name))number;
	GUEST_NUMBERS
#undef NUMBER
#define FLAG(name)                                          \
	if (!json_is_boolean(json_object_get(dump, #name))) \
		return false;                               \
	guest->name = json_is_true(json_object_get(dump, #name));
	GUEST_FLAGS
#undef FLAG
	return guest->vcpus_online <= guest->vcpus_max;
}

/* An earlier version had none. */
static bool has_devices(const json_t *dump)
{
	for (int i = 0; i < SIMULATOR_DEVICES; i++) {
		const json_t *devices = json_object_get(dump, device_keys[i]);

		if (devices && !json_is_array(devices))
			return false;
	}
	return true;
}

static void read_devices(const json_t *dump, struct guest *guest)
{
	for (int i = 0; i < SIMULATOR_DEVICES; i++) {
		json_t *devices = json_object_get(dump, device_keys[i]);

		guest->devices[i] = devices ? json_incref(devices) : json_array();
	}
}

static bool read_guest(const json_t *dump, struct guest *guest)
{
	const char *uuid = json_string_value(json_object_get(dump, "uuid"));
	const char *name = json_string_value(json_object_get(dump, "name"));
	const char *mask = json_string_value(json_object_get(dump, "mask"));
	const json_t *times = json_object_get(dump, "vcpu_time_ns");
	json_t *keys = json_object_get(dump, "keys");
	json_t *built_from = json_object_get(dump, "built_from");

	if (!uuid || !name || !mask || !uuid_is_valid(uuid) || strlen(name) >= DOMAIN_NAME_SIZE ||
	    !json_is_object(built_from) || !has_devices(dump) || !read_scalars(dump, guest) ||
	    json_array_size(times) != (size_t)guest->vcpus_max)
		return false;
	memcpy(guest->uuid, uuid, UUID_SIZE);
	memcpy(guest->name, name, strlen(name) + 1);
	for (size_t i = 0; i < json_array_size(times); i++)
		guest->vcpu_time_ns[i] = (uint64_t)json_integer_value(json_array_get(times, i));
	guest->mask = text_copy(mask);
	read_devices(dump, guest);
	/* an earlier version had none */
	guest->keys = json_is_object(keys) ? json_incref(keys) : json_object();
	guest->built_from = json_incref(built_from);
	return true;
}

static void clear_guests(struct guest *guests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		simulator_clear_guest(&guests[i]);
	free(guests);
}

/* The guests in `domains`, or NULL. */
static struct guest *read_guests(const json_t *domains)
{
	size_t count = json_array_size(domains);
	struct guest *guests;

	if (count == 0 || count > SIMULATOR_GUESTS_MAX)
		return NULL;
	guests = allocate(count * sizeof(*guests));
	for (size_t i = 0; i < count; i++) {
		if (!read_guest(json_array_get(domains, i), &guests[i])) {
			clear_guests(guests, count);
			return NULL;
		}
	}
	return guests;
}

static int read_state(struct simulator *simulator, const json_t *state,
		      struct hypervisor_error *err)
{
	const char *format = json_string_value(json_object_get(state, "format"));
	const json_t *domains = json_object_get(state, "domains");
	double speed = json_number_value(json_object_get(state, "speed"));
	int64_t next_domid, past_time_ns;
	struct guest *guests = NULL;

	if (format && strcmp(format, FORMAT) == 0 && speed > 0 &&
	    read_number(state, "next_domid", 1, INT32_MAX, &next_domid) &&
	    read_number(state, "past_time_ns", 0, INT64_MAX, &past_time_ns))
		guests = read_guests(domains);
	if (!guests)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%s: is not a state file of this simulator, or is damaged",
				       simulator->state_path);
	clear_guests(simulator->guests, simulator->count);
	simulator->guests = guests;
	simulator->count = json_array_size(domains);
	simulator->next_domid = (int)next_domid;
	simulator->past_time_ns = (uint64_t)past_time_ns;
	simulator->speed = speed;
	return 0;
}

int simulator_load(struct simulator *simulator, struct hypervisor_error *err)
{
	json_error_t syntax;
	json_t *state;
	FILE *file;
	int rc;

	if (!simulator->state_path)
		return 0;
	file = fopen(simulator->state_path, "re");
	if (!file && errno == ENOENT)
		return 0;
	if (!file)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "%s: %s", simulator->state_path,
				       strerror(errno));
	state = json_loadf(file, JSON_REJECT_DUPLICATES, &syntax);
	fclose(file);
	if (!state)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "%s:%d: %s", simulator->state_path,
				       syntax.line, syntax.text);
	rc = read_state(simulator, state, err);
	json_decref(state);
	return rc;
}

static void sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_TEXT folder = slash ? text_format("%.*s", (int)(slash - path) + 1, path) :
				   text_copy(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Returns 0, or −1 with errno set. */
static int write_text(const char *path, const char *text, bool sync)
{
	int fd = image_file_create(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool bad;

	if (!file)
		return -1;
	bad = fputs(text, file) < 0 || fputc('\n', file) < 0 || fflush(file) != 0 ||
	      (sync && fsync(fileno(file)) != 0);
	return fclose(file) != 0 || bad ? -1 : 0;
}

int simulator_write_file(const char *path, const json_t *content, bool sync,
			 struct hypervisor_error *err)
{
	AUTO_TEXT text = json_dumps(content, JSON_INDENT(2));
	AUTO_TEXT temporary = text_format("%s.tmp", path);

	if (!text)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "%s: cannot be put as JSON", path);
	if (write_text(temporary, text, sync) < 0 || rename(temporary, path) < 0) {
		hypervisor_fail(err, HYPERVISOR_FAILED, "%s: %s", path, strerror(errno));
		unlink(temporary);
		return -1;
	}
	if (sync)
		sync_folder_of(path);
	return 0;
}

/* The file is not synced: it must outlive the daemon, but no more than real domains the machine. */
static int write_state(struct simulator *simulator, struct hypervisor_error *err)
{
	struct hypervisor_error impossible;
	json_t *state = simulator_dump(simulator);

	if (simulator_write_file(simulator->state_path, state, false, err) == 0) {
		json_decref(simulator->committed);
		simulator->committed = state;
		return 0;
	}
	json_decref(state);
	if (simulator->committed)
		read_state(simulator, simulator->committed, &impossible);
	simulator_advance(simulator);
	return -1;
}

int simulator_commit(struct simulator *simulator, struct hypervisor_error *err)
{
	int rc = simulator->state_path ? write_state(simulator, err) : 0;

	pthread_cond_broadcast(&simulator->changed);
	return rc;
}
