/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_hypervisor.c – the choice of the adapter, the wrappers, the adapter "none" */
#include "schema/base.h"
#include "tests/hypervisor/fixture.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void test_names(void)
{
	static const struct {
		const char *name;
		const char *opened; /* NULL: refused with text */
		const char *text;
	} rows[] = {
		{"simulator", "simulator", NULL},
		{"none", "none", NULL},
		{"none:x", NULL, "the none adapter takes no argument, not \"x\""},
		{"simulator:", NULL, "\"simulator:\" is to be followed by a state file"},
		{"simulator:/nowhere/at/all", NULL, "/nowhere/at/all: No such file or directory"},
		{"xen2", NULL,
		 "there is no hypervisor adapter \"xen2\", only auto, xen, none and "
		 "simulator[:STATE-FILE]"},
		{"", NULL,
		 "there is no hypervisor adapter \"\", only auto, xen, none and "
		 "simulator[:STATE-FILE]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hypervisor_error err = {0};
		struct hypervisor *hypervisor = hypervisor_open(rows[i].name, NULL, &err);

		is_str(hypervisor ? hypervisor_name(hypervisor) : NULL, rows[i].opened, "open %s",
		       rows[i].name);
		if (rows[i].text) {
			is_str(err.text, rows[i].text, "%s: its text", rows[i].name);
			is_str(err.operation, "open", "%s: its operation", rows[i].name);
		}
		hypervisor_close(hypervisor);
	}
}

static void test_xen(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor;

	if (access("/proc/xen/capabilities", F_OK) == 0) {
		skip("xen is refused: this machine has Xen");
		return;
	}
	hypervisor = hypervisor_open("xen", NULL, &err);
	ok(!hypervisor, "xen is refused without Xen");
#ifdef HAVE_XEN
	ok(strstr(err.text, "this is not the control domain of a Xen host: "), "%s", err.text);
	is_int(err.kind, HYPERVISOR_FAILED, "xen: its kind");
	ok(!hypervisor_open("xen:x", NULL, &err), "xen: an argument is refused");
	is_str(err.text, "the xen adapter takes no argument, not \"x\"", "xen:x: its text");
#else
	is_str(err.text, "the xen adapter is not built into this program", "xen: its text");
#endif
}

static void test_auto(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor = hypervisor_open("auto", NULL, &err);

	ok(hypervisor, "auto opens");
	if (access("/proc/xen/capabilities", F_OK) == 0)
		skip("auto is none: this machine has Xen");
	else
		is_str(hypervisor_name(hypervisor), "none", "auto is none without Xen");
	hypervisor_close(hypervisor);
}

static void test_none_facts(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor = hypervisor_open("none", NULL, &err);
	const struct host_facts *host = hypervisor_host(hypervisor);
	struct domain_info *domains = NULL;
	struct host_usage usage = {0};
	size_t count = 1;

	is_int(host->pcpus, sysconf(_SC_NPROCESSORS_ONLN), "none: pCPUs");
	ok(host->memory_total > 0, "none: memory");
	ok(host->cpu_sockets > 0 && host->cpu_threads_per_core > 0, "none: sockets and threads");
	ok(!host->hvm && !*host->xen_version, "none: no Xen");
	is_int(hypervisor_list_domains(hypervisor, &domains, &count, &err), 0, "none: list");
	is_int((int64_t)count, 0, "none: no domains");
	is_int(hypervisor_get_host_usage(hypervisor, &usage, &err), 0, "none: usage");
	ok(usage.memory_free > 0 && usage.memory_free <= host->memory_total, "none: free memory");
	ok(usage.cpu_time_ns > 0, "none: CPU time");
	free(domains);
	hypervisor_close(hypervisor);
}

static void check_refusal(int rc, const struct hypervisor_error *err, const char *op)
{
	AUTO_TEXT text = text_format("the none adapter cannot %s", op);

	is_int(rc, -1, "none: %s is refused", op);
	is_int(err->kind, HYPERVISOR_UNSUPPORTED, "none: %s is unsupported", op);
	is_str(err->operation, op, "none: %s: its operation", op);
	is_str(err->text, text, "none: %s: its text", op);
}

static void test_none_refuses(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *h = hypervisor_open("none", NULL, &err);
	struct domain_config config = fixture_config(UUID_A, 100);
	const struct scheduling scheduling = {0};
	struct domain_info info;
	size_t count;
	int domid;

	check_refusal(hypervisor_get_domain(h, UUID_A, &info, &err), &err, "get_domain");
	check_refusal(hypervisor_get_vcpus(h, UUID_A, NULL, 0, &count, &err), &err, "get_vcpus");
	check_refusal(hypervisor_start(h, &config, false, &domid, &err), &err, "start");
	check_refusal(hypervisor_pause(h, UUID_A, &err), &err, "pause");
	check_refusal(hypervisor_unpause(h, UUID_A, &err), &err, "unpause");
	check_refusal(hypervisor_shutdown(h, UUID_A, SHUTDOWN_REBOOT, 1, &err), &err, "shutdown");
	check_refusal(hypervisor_destroy(h, UUID_A, &err), &err, "destroy");
	check_refusal(hypervisor_suspend(h, UUID_A, "/x", &err), &err, "suspend");
	check_refusal(hypervisor_go_on(h, UUID_A, &err), &err, "go_on");
	check_refusal(hypervisor_send_sysrq(h, UUID_A, 'h', &err), &err, "send_sysrq");
	check_refusal(hypervisor_send_trigger(h, UUID_A, TRIGGER_NMI, &err), &err, "send_trigger");
	check_refusal(hypervisor_resume(h, &config, "/x", false, &domid, &err), &err, "resume");
	check_refusal(hypervisor_set_memory_target(h, UUID_A, &config.memory, &err), &err,
		      "set_memory_target");
	check_refusal(hypervisor_set_memory_maximum(h, UUID_A, 1, &err), &err,
		      "set_memory_maximum");
	check_refusal(hypervisor_set_vcpus(h, UUID_A, 1, &err), &err, "set_vcpus");
	check_refusal(hypervisor_set_scheduling(h, UUID_A, &scheduling, &err), &err,
		      "set_scheduling");
	check_refusal(hypervisor_set_shadow_memory(h, UUID_A, 1, &err), &err, "set_shadow_memory");
	hypervisor_close(h);
}

static void *wait_for_ever(void *argument)
{
	struct hypervisor_event event;
	struct hypervisor_error err = {0};

	is_int(hypervisor_wait_event(argument, -1, &event, &err), 0, "wake ends a wait");
	return NULL;
}

static void test_wake(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor = hypervisor_open("none", NULL, &err);
	struct hypervisor_event event;
	pthread_t thread;

	is_int(hypervisor_wait_event(hypervisor, 1, &event, &err), 0, "nothing in time");
	pthread_create(&thread, NULL, wait_for_ever, hypervisor);
	hypervisor_wake(hypervisor);
	pthread_join(thread, NULL);
	hypervisor_wake(hypervisor);
	is_int(hypervisor_wait_event(hypervisor, -1, &event, &err), 0,
	       "a wake before the wait counts");
	is_int(hypervisor_wait_event(hypervisor, 1, &event, &err), 0, "once");
	hypervisor_close(hypervisor);
}

enum {
#define OP(name, ...) OP_##name,
#include "server/hypervisor/ops.def"
	OP_COUNT
};

static void test_statistics(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor = hypervisor_open("none", NULL, &err);
	struct hypervisor_statistics statistics[64];
	struct hypervisor_event event;
	size_t count;

	hypervisor_pause(hypervisor, UUID_A, &err);
	hypervisor_pause(hypervisor, UUID_A, &err);
	hypervisor_wait_event(hypervisor, 2, &event, &err);
	count = hypervisor_get_statistics(hypervisor, statistics, ARRAY_SIZE(statistics));
	is_int((int64_t)count, OP_COUNT, "an entry for each op");
	for (size_t i = 0; i < count; i++) {
		bool is_pause = strcmp(statistics[i].operation, "pause") == 0;
		bool is_wait = strcmp(statistics[i].operation, "wait_event") == 0;

		is_int((int64_t)statistics[i].calls,
		       is_pause ? 2 :
		       is_wait	? 1 :
				  0,
		       "%s: calls", statistics[i].operation);
		is_int((int64_t)statistics[i].failures, is_pause ? 2 : 0, "%s: failures",
		       statistics[i].operation);
		if (is_wait)
			ok(statistics[i].time_ns >= 1000000, "the wait's time counts");
	}
	is_int((int64_t)hypervisor_get_statistics(hypervisor, NULL, 0), (int64_t)count,
	       "asked for the number only");
	hypervisor_close(hypervisor);
}

/* The trace goes to standard error, which is a file meanwhile. */
static void test_trace(void)
{
	AUTO_TEXT path = fixture_path("trace");
	AUTO_TEXT text = NULL;
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor;
	int saved = dup(2);

	setenv("XENAPID_TRACE_HYPERVISOR", "1", 1);
	hypervisor = hypervisor_open("simulator", NULL, &err);
	unsetenv("XENAPID_TRACE_HYPERVISOR");
	if (!freopen(path, "w", stderr))
		abort();
	hypervisor_set_vcpus(hypervisor, DOMAIN_0_UUID, 2, &err);
	hypervisor_set_vcpus(hypervisor, DOMAIN_0_UUID, 99, &err);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	text = fixture_read(path);
	ok(strstr(text, "hypervisor: simulator set_vcpus " DOMAIN_0_UUID ": ok ("), "trace: ok");
	ok(strstr(text, ": 99 vCPUs cannot be online, only 1 to 4 ("), "trace: a refusal");
	hypervisor_close(hypervisor);
}

static void test_rehearsal(void)
{
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor = hypervisor_open("simulator", NULL, &err);
	const struct host_bridge bridge = {.name = "br7"};
	struct host_interfaces before, after;

	hypervisor_get_interfaces(hypervisor, &before, &err);
	hypervisor_rehearse(true);
	is_int(hypervisor_create_bridge(hypervisor, &bridge, &err), 0, "a rehearsal succeeds");
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), 0, "whatever there is");
	is_int(hypervisor_get_interfaces(hypervisor, &after, &err), 0, "what only reads is asked");
	is_int(after.bridge_count, before.bridge_count, "and nothing has happened");
	hypervisor_rehearse(false);
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), -1, "after it calls are meant");
	hypervisor_close(hypervisor);
	hypervisor = hypervisor_open("none", NULL, &err);
	hypervisor_rehearse(true);
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), -1, "what cannot be done is refused");
	hypervisor_rehearse(false);
	hypervisor_close(hypervisor);
}

int main(void)
{
	test_names();
	test_xen();
	test_auto();
	test_none_facts();
	test_none_refuses();
	test_wake();
	test_statistics();
	test_trace();
	test_rehearsal();
	hypervisor_close(NULL);
	return done_testing();
}
