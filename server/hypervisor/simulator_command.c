/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_command.c – what can be said through the control socket: faults, counts, guests that
 * act by themselves */
/*
 * A command is a line, and so is its reply: "ok", what was asked for behind it, or "error" and why.
 *   fail OP N [TEXT]      the N-th next call of OP fails, before it does anything. OP is a name in
 *                         ops.def, "change" (each op that changes a domain) or "any"; TEXT is the
 *                         error's, or one of no-domain, no-memory, timeout for those kinds
 *   delay OP N|* MS       the N-th next call (* each) waits first, until `clear` at most
 *   clear                 forgets faults and delays
 *   calls                 OP=COUNT … | OP=COUNT …: changing ops | others, as far as called
 *   reset                 counts from 0
 *   guest UUID ACTION     poweroff, reboot, crash: at once, by itself; ignore-shutdown, no-balloon,
 *                         normal: how it behaves from now on
 *   change UUID WHAT VALUE   somebody else changes one: target, maximum (MiB), vcpus, weight, cap,
 *                         paused (0 or 1), name; xl:KEY: what is known of how it was built
 *   create NAME [UUID] [MEMORY_MIB] [VCPUS]   somebody else makes a domain: ok UUID DOMID
 *   destroy UUID          somebody else destroys one
 *   write UUID KEY [VALUE]   a guest writes a key for others to read, such as data/os_name; or
 *                         deletes it
 *   carry UUID DEVICE RECEIVED SENT   so many bytes more over a guest's network interface;
 *                         diskDEVICE: its drive; `carry host NAME …`: one of the host's
 *   speed FACTOR          of balloons, and of guests that are asked to shut down; kept as state
 *   state                 the state file's JSON on one line, with memory_free, memory_total
 *                         and interfaces
 */
#include "server/hypervisor/simulator.h"
#include "server/hypervisor/simulator_device.h"

#include "schema/buffer.h"
#include "schema/uuid.h"

#include <errno.h>
#include <inttypes.h>

#define FOREIGN_MEMORY_MIB 512
#define FOREIGN_OVERHEAD (8 * MIB)

/* The next word of *line, which is then behind it and the spaces after it; NULL: there is none. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " ");
	size_t length = strcspn(word, " ");

	if (length == 0)
		return NULL;
	*line = word + length;
	if (**line) {
		*(*line)++ = '\0';
		*line += strspn(*line, " ");
	}
	return word;
}

static int read_number(const char *word, int64_t least, int64_t most, const char *what,
		       int64_t *ret_number, struct hypervisor_error *err)
{
	char *end = NULL;
	long long number;

	errno = 0;
	number = word ? strtoll(word, &end, 10) : 0;
	if (!word || end == word || *end || errno || number < least || number > most)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%s is a number from %" PRId64 " to %" PRId64, what, least,
				       most);
	*ret_number = number;
	return 0;
}

static int run_fail(struct simulator *simulator, char *line, struct buffer *reply,
		    struct hypervisor_error *err)
{
	static const struct {
		const char *word;
		enum hypervisor_error_kind kind;
		const char *text;
	} kinds[] = {
		{"", HYPERVISOR_FAILED, "the simulator was told to fail this call"},
		{"no-domain", HYPERVISOR_NO_DOMAIN, "there is no such domain (as told)"},
		{"no-memory", HYPERVISOR_NO_MEMORY, "there is not enough free memory (as told)"},
		{"timeout", HYPERVISOR_TIMEOUT, "it took too long (as told)"},
	};
	const char *op = next_word(&line);
	int64_t nth;

	(void)reply;
	if (!op)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "fail OP N [TEXT]");
	if (read_number(next_word(&line), 1, INT32_MAX, "N", &nth, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(line, kinds[i].word) == 0)
			return simulator_add_fault(simulator, op, nth, -1, kinds[i].kind,
						   kinds[i].text, err);
	}
	return simulator_add_fault(simulator, op, nth, -1, HYPERVISOR_FAILED, line, err);
}

static int run_delay(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	const char *op = next_word(&line);
	const char *word = next_word(&line);
	int64_t nth = 0, delay_ms;

	(void)reply;
	if (!op || !word)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "delay OP N|* MS");
	if (strcmp(word, "*") != 0 && read_number(word, 1, INT32_MAX, "N", &nth, err) < 0)
		return -1;
	if (read_number(next_word(&line), 0, 3600000, "MS", &delay_ms, err) < 0)
		return -1;
	return simulator_add_fault(simulator, op, nth, delay_ms, HYPERVISOR_OK, "", err);
}

static int run_clear(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	(void)line;
	(void)reply;
	(void)err;
	simulator_clear_faults(simulator);
	return 0;
}

static void add_counts(const struct simulator *simulator, bool changing, struct buffer *reply)
{
	static const struct {
		const char *name;
		bool changes;
	} ops[] = {
#define OP(op, changes_it, ...) {#op, changes_it},
#include "server/hypervisor/ops.def"
	};

	for (size_t i = 0; i < HYPERVISOR_OPS; i++) {
		if (ops[i].changes == changing && simulator->calls[i])
			buffer_add_format(reply, " %s=%" PRIu64, ops[i].name, simulator->calls[i]);
	}
}

static int run_calls(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	(void)line;
	(void)err;
	add_counts(simulator, true, reply);
	buffer_add_text(reply, " |");
	add_counts(simulator, false, reply);
	return 0;
}

static int run_reset(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	(void)line;
	(void)reply;
	(void)err;
	memset(simulator->calls, 0, sizeof(simulator->calls));
	return 0;
}

/* A guest other than Domain-0 that runs, so that it can do something. */
static struct guest *find_acting_guest(struct simulator *simulator, const char *uuid,
				       struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid ? uuid : "", err);

	if (!guest || (guest->domid != 0 && !guest->paused))
		return guest;
	hypervisor_fail(err, HYPERVISOR_FAILED, "domain %d (%s) %s", guest->domid, guest->name,
			guest->domid == 0 ? "does nothing by itself" : "is paused");
	return NULL;
}

static int stop_guest(struct simulator *simulator, const char *uuid, enum shutdown_reason reason,
		      struct hypervisor_error *err)
{
	struct guest *guest = find_acting_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	simulator_stop_guest(simulator, guest, reason);
	return simulator_commit(simulator, err);
}

static int run_guest(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	const char *uuid = next_word(&line);
	const char *action = next_word(&line);
	struct guest *guest;

	(void)reply;
	if (!uuid || !action)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "guest UUID ACTION");
	if (strcmp(action, "poweroff") == 0)
		return stop_guest(simulator, uuid, SHUTDOWN_POWEROFF, err);
	if (strcmp(action, "reboot") == 0)
		return stop_guest(simulator, uuid, SHUTDOWN_REBOOT, err);
	if (strcmp(action, "crash") == 0)
		return stop_guest(simulator, uuid, SHUTDOWN_CRASH, err);
	guest = simulator_find_guest(simulator, uuid, err);
	if (!guest)
		return -1;
	if (strcmp(action, "ignore-shutdown") == 0)
		guest->ignore_shutdown = true;
	else if (strcmp(action, "no-balloon") == 0)
		guest->no_balloon = true;
	else if (strcmp(action, "normal") == 0)
		guest->ignore_shutdown = guest->no_balloon = false;
	else
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a guest does poweroff, reboot, crash, ignore-shutdown, "
				       "no-balloon or normal");
	return simulator_commit(simulator, err);
}

static int change_number(struct guest *guest, const char *what, const char *word,
			 struct hypervisor_error *err)
{
	int64_t number;

	if (read_number(word, 0, INT32_MAX, "VALUE", &number, err) < 0)
		return -1;
	if (strcmp(what, "target") == 0)
		guest->memory_target = number * MIB;
	else if (strcmp(what, "maximum") == 0)
		guest->memory_maximum = number * MIB;
	else if (strcmp(what, "vcpus") == 0 && number >= 1 && number <= guest->vcpus_max)
		guest->vcpus_online = (int)number;
	else if (strcmp(what, "weight") == 0 && number >= 1 && number <= 65535)
		guest->weight = (int)number;
	else if (strcmp(what, "cap") == 0 && number <= 65535)
		guest->cap = (int)number;
	else if (strcmp(what, "paused") == 0 && number <= 1)
		guest->paused = number == 1;
	else
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a domain's %s cannot be changed to %" PRId64, what, number);
	return 0;
}

/* Nothing is checked that the daemon would have checked: others need not have. */
static int run_change(struct simulator *simulator, char *line, struct buffer *reply,
		      struct hypervisor_error *err)
{
	const char *uuid = next_word(&line);
	const char *what = next_word(&line);
	struct guest *guest;

	(void)reply;
	if (!uuid || !what || !*line)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "change UUID WHAT VALUE");
	guest = simulator_find_live_guest(simulator, uuid, err);
	if (!guest)
		return -1;
	if (strcmp(what, "name") == 0)
		snprintf(guest->name, sizeof(guest->name), "%s", line);
	else if (strncmp(what, "xl:", 3) == 0)
		json_object_set_new(json_object_get(guest->built_from, "platform"), what + 3,
				    json_string(line));
	else if (change_number(guest, what, line, err) < 0)
		return -1;
	if (strcmp(what, "paused") == 0)
		simulator_queue_event(simulator, EVENT_DOMAIN_PAUSED, guest);
	return simulator_commit(simulator, err);
}

static int run_destroy(struct simulator *simulator, char *line, struct buffer *reply,
		       struct hypervisor_error *err)
{
	const char *uuid = next_word(&line);
	struct guest *guest = simulator_find_guest(simulator, uuid ? uuid : "", err);

	(void)reply;
	if (!guest)
		return -1;
	if (guest->domid == 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "Domain-0 cannot be destroyed");
	simulator_remove_guest(simulator, guest);
	return simulator_commit(simulator, err);
}

static int run_create(struct simulator *simulator, char *line, struct buffer *reply,
		      struct hypervisor_error *err)
{
	const char *name = next_word(&line), *uuid = next_word(&line);
	const char *memory = next_word(&line), *vcpus = next_word(&line);
	int64_t memory_mib = FOREIGN_MEMORY_MIB, count = 1;
	struct domain_config config = {.memory_overhead = FOREIGN_OVERHEAD};
	char drawn[UUID_SIZE];
	struct guest *guest;

	if (!name)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "create NAME [UUID] [MEMORY_MIB] [VCPUS]");
	if (memory && read_number(memory, 1, INT32_MAX, "MEMORY_MIB", &memory_mib, err) < 0)
		return -1;
	if (vcpus && read_number(vcpus, 1, SIMULATOR_VCPUS_MAX, "VCPUS", &count, err) < 0)
		return -1;
	uuid_draw(drawn);
	config.name = name;
	config.uuid = uuid ? uuid : drawn;
	config.memory = (struct memory_range){memory_mib * MIB, memory_mib * MIB, memory_mib * MIB};
	config.memory_maximum = memory_mib * MIB;
	config.vcpus = config.vcpus_max = (int)count;
	guest = simulator_add_guest(simulator, &config, config.memory.target, err);
	if (!guest)
		return -1;
	buffer_add_format(reply, " %s %d", guest->uuid, guest->domid);
	return simulator_commit(simulator, err);
}

static int run_write(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	const char *uuid = next_word(&line);
	const char *path = next_word(&line);

	(void)reply;
	if (!uuid || !path)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "write UUID KEY [VALUE]");
	return simulator_write_key(simulator, uuid, path, line, err);
}

static int run_carry(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	const char *uuid = next_word(&line);
	const char *name = next_word(&line);
	enum simulator_device kind = SIMULATOR_NICS;
	int64_t received, sent, device;

	(void)reply;
	if (!uuid || !name)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "carry UUID DEVICE RECEIVED SENT");
	if (read_number(next_word(&line), 0, INT64_MAX / 2, "RECEIVED", &received, err) < 0 ||
	    read_number(next_word(&line), 0, INT64_MAX / 2, "SENT", &sent, err) < 0)
		return -1;
	if (strcmp(uuid, "host") == 0)
		return simulator_carry_host(simulator, name, (uint64_t)received, (uint64_t)sent,
					    err);
	if (strncmp(name, "disk", 4) == 0) {
		kind = SIMULATOR_DISKS;
		name += 4;
	}
	if (read_number(name, 0, INT32_MAX, "DEVICE", &device, err) < 0)
		return -1;
	return simulator_carry(
		simulator, uuid, kind,
		&(struct device_traffic){(int)device, (uint64_t)received, (uint64_t)sent}, err);
}

/* Time that has passed counts at the old speed: the dispatcher has computed it. */
static int run_speed(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	const char *word = next_word(&line);
	char *end = NULL;
	double speed = word ? strtod(word, &end) : 0;

	(void)reply;
	if (!word || *end || !(speed >= 0.001 && speed <= 1e6))
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "the speed is a factor from 0.001 to 1000000");
	simulator->speed = speed;
	return simulator_commit(simulator, err);
}

static int run_state(struct simulator *simulator, char *line, struct buffer *reply,
		     struct hypervisor_error *err)
{
	json_t *state = simulator_dump(simulator);
	AUTO_TEXT text = NULL;

	(void)line;
	(void)err;
	json_object_set_new(state, "memory_free", json_integer(simulator_memory_free(simulator)));
	json_object_set_new(state, "memory_total", json_integer(simulator->host.memory_total));
	json_object_set_new(state, "interfaces", simulator_dump_interfaces(simulator));
	text = json_dumps(state, JSON_COMPACT);
	json_decref(state);
	buffer_add_char(reply, ' ');
	buffer_add_text(reply, text);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct simulator *simulator, char *line, struct buffer *reply,
		   struct hypervisor_error *err);
} commands[] = {
	{"fail", run_fail},	{"delay", run_delay},	  {"clear", run_clear},
	{"calls", run_calls},	{"reset", run_reset},	  {"guest", run_guest},
	{"change", run_change}, {"destroy", run_destroy}, {"create", run_create},
	{"speed", run_speed},	{"state", run_state},	  {"carry", run_carry},
	{"write", run_write},
};

static int run_command(struct simulator *simulator, char *line, struct buffer *reply,
		       struct hypervisor_error *err)
{
	const char *name = next_word(&line);

	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(simulator, line, reply, err);
	}
	return hypervisor_fail(
		err, HYPERVISOR_FAILED,
		"commands: fail delay clear calls reset guest change destroy create speed "
		"state carry write");
}

void simulator_command(struct simulator *simulator, char *line, struct buffer *reply)
{
	struct hypervisor_error err = {.operation = "control"};
	int rc;

	pthread_mutex_lock(&simulator->lock);
	simulator_advance(simulator);
	buffer_add_text(reply, "ok");
	rc = run_command(simulator, line, reply, &err);
	pthread_mutex_unlock(&simulator->lock);
	if (rc == 0)
		return;
	buffer_clear(reply);
	buffer_add_format(reply, "error %s", err.text);
}
