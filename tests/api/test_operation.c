/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_operation.c – an operation that is over leaves its VM, whatever the disk says. */
#include "tests/api/caller.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define DAY_MS (24 * 60 * 60 * 1000)

static struct caller caller;

static int touch(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	transaction_touch(transaction, CLASS_VM, argument);
	return 0;
}

static char *start_vm(void)
{
	AUTO_ERROR err = {0};
	AUTO(value) fields = value_map();
	struct value *parameters = value_set();
	AUTO(value) none = caller_ask(&caller, &err, "VM.get_all");
	AUTO(value) ref = NULL;
	AUTO(value) started = NULL;

	value_put(fields, "memory_static_max", value_string("268435456"));
	value_append(parameters, value_string(caller.session));
	value_append(parameters, value_reference(fields));
	ref = caller_run(&caller, &err, "VM.create", parameters);
	if (!ref)
		abort();
	parameters = value_set();
	value_append(parameters, value_string(caller.session));
	value_append(parameters, value_reference(ref));
	value_append(parameters, value_bool(false));
	started = caller_run(&caller, &err, "VM.start", parameters);
	if (!ok(started != NULL, "a VM runs"))
		diag("%s", error_text(&err));
	return text_copy(ref->text);
}

/* Until the change after the next has to write how far revisions are reserved. */
static void use_up_revisions(const char *vm)
{
	AUTO_TEXT text = store_get_setting(caller.store, "reserved_revision");
	uint64_t reserved = strtoull(text, NULL, 10);

	while (store_revision(caller.store) + 2 < reserved) {
		AUTO_ERROR err = {0};

		if (store_mutate(caller.store, touch, (void *)(uintptr_t)vm, &err) < 0)
			break;
	}
	diag("revision %" PRIu64 " of %" PRIu64, store_revision(caller.store), reserved);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void *wait_for_memory(void *argument)
{
	AUTO_ERROR err = {0};

	return caller_ask(&caller, &err, "VM.wait_memory_target_live", argument);
}

/* Reads the log until that stands there. */
static bool is_told(FILE *log, const char *part)
{
	char line[1024];

	while (fgets(line, sizeof(line), log))
		if (strstr(line, part))
			return true;
	return false;
}

static size_t count_operations(const char *vm)
{
	AUTO(record) record = store_read(caller.store, CLASS_VM, vm);

	return record_get(record, VM_current_operations)->length;
}

static void test_full_disk(void)
{
	AUTO_TEXT vm = start_vm();
	pthread_t thread;
	void *result;
	int pipes[2];
	size_t busy;
	bool told;
	FILE *log;

	use_up_revisions(vm);
	ok(pipe(pipes) == 0 && dup2(pipes[1], STDERR_FILENO) >= 0, "the log is heard");
	log = fdopen(pipes[0], "r");
	signal(SIGXFSZ, SIG_IGN);
	limit_files(0);
	pthread_create(&thread, NULL, wait_for_memory, vm);
	told = is_told(log, "stays busy until its record can be changed");
	busy = count_operations(vm);
	limit_files(RLIM_INFINITY);
	pthread_join(thread, &result);
	ok(told, "an operation that can not leave its VM says so");
	is_int((int)busy, 1, "the VM is busy");
	ok(result, "once there is room the call is answered");
	is_int((int)count_operations(vm), 0, "and the VM is free");
	value_release(result);
	fclose(log);
}

int main(void)
{
	schema_init();
	caller_make(&caller);
	caller.options.metrics_interval_ms = DAY_MS;
	caller_open(&caller, "simulator");
	test_full_disk();
	caller_remove(&caller);
	return done_testing();
}
