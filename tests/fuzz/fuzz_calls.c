/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_calls – lines of METHOD [PARAMETER, …] as calls of one client on a server of its own, with
 * the simulator; afterwards the database holds what the clients were shown.
 */
#include "rpc/json_read.h"
#include "rpc/provision_read.h"
#include "rpc/xmlrpc.h"
#include "schema/clock.h"
#include "schema/log.h"
#include "server/host/rules.h"
#include "tests/api/caller.h"
#include "tests/fuzz/calls.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 40
#define INPUTS_PER_SERVER 50
/* Whoever is not answered by then leaves, as clients do. */
#define PATIENCE_MS 30

static const struct rpc_limits limits = {.depth = 16, .elements = 1000};
static struct caller caller;
static char sr_folder[128];
static char disk_folder[128];
static const char *const sr_folders[] = {sr_folder, NULL};
static const char *const disk_folders[] = {disk_folder, NULL};

static void start_server(void)
{
	const struct host_rules rules = {.sr_folders = sr_folders, .disk_folders = disk_folders};

	host_set_rules(&rules);
	caller_make(&caller);
	snprintf(sr_folder, sizeof(sr_folder), "%s/sr", caller.folder);
	snprintf(disk_folder, sizeof(disk_folder), "%s/disks", caller.folder);
	caller.options.sr_folders = sr_folders;
	caller.options.disk_folders = disk_folders;
	caller.options.kernel_folders = disk_folders;
	caller.options.write_result = xmlrpc_write_value;
	caller.options.read_provision = provision_read;
	caller.options.operation_wait_ms = 20;
	caller.options.shutdown_timeout_ms = 20;
	caller.options.metrics_interval_ms = 20;
	caller.options.guest_restart_delay_ms = 5;
	caller_open(&caller, "simulator");
}

struct client {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool done;
};

static void defer(struct api_call *call)
{
	(void)call;
}

static void finish(struct api_call *call)
{
	struct client *client = call->context;

	pthread_mutex_lock(&client->lock);
	client->done = true;
	pthread_cond_signal(&client->finished);
	pthread_mutex_unlock(&client->lock);
}

static void wait_for(struct client *client, struct api_call *call)
{
	int64_t until = clock_ns() + (int64_t)PATIENCE_MS * 1000000;

	pthread_mutex_lock(&client->lock);
	while (!client->done && clock_ns() < until)
		clock_wait(&client->finished, &client->lock, until);
	if (!client->done) {
		pthread_mutex_unlock(&client->lock);
		api_call_leave(caller.api, call);
		pthread_mutex_lock(&client->lock);
	}
	while (!client->done)
		pthread_cond_wait(&client->finished, &client->lock);
	pthread_mutex_unlock(&client->lock);
}

static void check_outcome(const struct api_call *call)
{
	AUTO_BUFFER out = {0};

	assert((call->error.code == ERROR_NONE) == (call->result != NULL));
	for (size_t i = 0; i < error_parameter_count(call->error.code); i++)
		assert(call->error.parameters[i]);
	if (call->result)
		xmlrpc_write_value(&out, call->result);
}

static void run(const char *method, struct value *parameters)
{
	struct client client = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct api_call call = {.method = method,
				.parameters = parameters,
				.origin = {.is_unix = true, .address = "unix"},
				.defer = defer,
				.done = finish,
				.context = &client};

	clock_init_condition(&client.finished);
	if (!api_start(caller.api, &call))
		wait_for(&client, &call);
	check_outcome(&call);
	api_call_clear(&call);
	pthread_cond_destroy(&client.finished);
}

/* "$VM" stands for the newest VM, "$0VM" for the first one, "$folder" for where SRs may be. */
static struct value *named(const char *text)
{
	bool first = *text == '0';
	const struct class_info *cls = schema_class(text + first);
	struct record **records;
	struct value *found = NULL;
	size_t count;

	if (strcmp(text, "folder") == 0)
		return value_string(sr_folder);
	if (!cls)
		return value_string(text);
	records = store_list(caller.store, cls->id, &count);
	if (count)
		found = value_reference(records[first ? 0 : count - 1]->ref);
	store_free_list(records, count);
	return found ? found : value_string(NULL_REF);
}

/* The same value with what $ names in its place. */
static struct value *with_names(const struct value *given)
{
	struct value *value;

	if (given->kind == VALUE_STRING && *given->text == '$')
		return named(given->text + 1);
	if (given->kind != VALUE_SET && given->kind != VALUE_MAP)
		return value_reference(given);
	value = given->kind == VALUE_SET ? value_set() : value_map();
	for (uint32_t i = 0; i < given->length; i++) {
		if (given->kind == VALUE_SET)
			value_append(value, with_names(given->items[i]));
		else
			value_put_member(value, with_names(given->members[i].key),
					 with_names(given->members[i].value));
	}
	return value;
}

static void run_line(const char *line)
{
	size_t length = strcspn(line, " ");
	AUTO_TEXT method = text_format("%.*s", (int)length, line);
	AUTO(value) said = NULL;
	struct value *parameters;

	/* it ends the process, as it is to */
	if (strstr(method, "shutdown_agent") || strstr(method, "restart_agent"))
		return;
	if (!rpc_is_method_name(line, length) ||
	    json_read(&limits, line + length, strlen(line + length), &said))
		return;
	parameters = value_set();
	if (strncmp(method, "session.login", strlen("session.login")) != 0)
		value_append(parameters, value_string(caller.session));
	for (uint32_t i = 0; said->kind == VALUE_SET && i < said->length; i++)
		value_append(parameters, with_names(said->items[i]));
	run(method, parameters);
}

/* A session, whatever the last line has done with it. */
static void sign_in(void)
{
	AUTO_ERROR err = {0};
	AUTO(value) records = NULL;

	*caller.session = '\0';
	records = caller_ask(&caller, &err, "VM.get_all_records");
	assert(records && records->length);
}

static void check_stored(struct record *before, const struct record *after)
{
	assert(after);
	for (int i = 0; i < before->cls->field_count; i++)
		if (before->cls->fields[i].storage == STORED)
			assert(value_equal(before->fields[i], after->fields[i]));
}

/* What was shown is what is there after a restart, whole. */
static void stop_server(void)
{
	struct store_options options = {.path = caller.path};
	struct record **lists[CLASS_COUNT];
	size_t counts[CLASS_COUNT];
	struct store *store;
	char *problem;

	api_close(TAKE(caller.api));
	for (int c = 0; c < CLASS_COUNT; c++)
		lists[c] = store_list(caller.store, c, &counts[c]);
	caller_close(&caller);
	store = store_open(&options, &problem);
	assert(store);
	for (int c = 0; c < CLASS_COUNT; c++) {
		bool stored = !(schema_classes[c]->flags & CLASS_VOLATILE);

		assert(store_count(store, c) == (stored ? counts[c] : 0));
		for (size_t i = 0; stored && i < counts[c]; i++) {
			AUTO(record) after = store_read(store, c, record_ref(lists[c][i]));

			check_stored(lists[c][i], after);
		}
		store_free_list(lists[c], counts[c]);
	}
	store_close(store);
	caller_remove(&caller);
}

/* Each input of a corpus has a server of its own; libFuzzer's share one for a while, or it would
 * mostly start servers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int inputs;
	AUTO_TEXT text = allocate(size + 1);
	char *state = NULL;
	int lines = 0;

	if (!caller.api) {
		schema_init();
		log_set_level(LOG_LEVEL_ERROR);
		setenv("PATH", "/nowhere", 1); /* no program of this host has a part in it */
		start_server();
	}
	sign_in();
	memcpy(text, data, size);
	for (char *line = strtok_r(text, "\n", &state); line && lines < LINES_MAX;
	     line = strtok_r(NULL, "\n", &state), lines++)
		run_line(line);
	sign_in();
	if (!calls_may_share_server() || ++inputs % INPUTS_PER_SERVER == 0)
		stop_server();
	return 0;
}
