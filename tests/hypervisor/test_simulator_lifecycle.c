/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_simulator_lifecycle.c – pause, shutdown, suspend, resume; the state file across restarts and
 * kills */
#include "schema/base.h"
#include "tests/hypervisor/fixture.h"
#include "tests/tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_shutdown(struct hypervisor *hypervisor)
{
	int64_t begun_ms = fixture_now_ms();

	fixture_start(hypervisor, UUID_A, 100);
	is_int(hypervisor_shutdown(hypervisor, UUID_A, SHUTDOWN_REBOOT, 10000, &fixture_error), 0,
	       "reboot");
	ok(fixture_now_ms() - begun_ms >= 99, "the guest took its time");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
}

static void test_shutdown_late(struct hypervisor *hypervisor)
{
	struct hypervisor_event event = {0};

	fixture_start(hypervisor, UUID_A, 100);
	while (hypervisor_wait_event(hypervisor, 0, &event, &fixture_error) == 1)
		;
	fixture_ask("speed 0.2"); /* it takes half a second */
	fixture_refused(hypervisor_shutdown(hypervisor, UUID_A, SHUTDOWN_POWEROFF, 1,
					    &fixture_error),
			HYPERVISOR_TIMEOUT, "domain 2 (demo) has not shut down in time");
	is_int(hypervisor_wait_event(hypervisor, 10000, &event, &fixture_error), 1,
	       "it shuts down after the timeout");
	fixture_ask("speed 1");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
	fixture_start(hypervisor, UUID_A, 100);
	fixture_ask("guest " UUID_A " ignore-shutdown");
	fixture_refused(hypervisor_shutdown(hypervisor, UUID_A, SHUTDOWN_POWEROFF, 150,
					    &fixture_error),
			HYPERVISOR_TIMEOUT, "domain 3 (demo) has not shut down in time");
	ok(!fixture_get(hypervisor, UUID_A).shutdown, "or never");
	fixture_ask("guest " UUID_A " normal");
	fixture_ask("speed 1000");
	is_int(hypervisor_shutdown(hypervisor, UUID_A, SHUTDOWN_POWEROFF, 90, &fixture_error), 0,
	       "quickly");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
	fixture_ask("speed 1");
}

static void *shut_down(void *argument)
{
	struct hypervisor_error its_err = {0};

	is_int(hypervisor_shutdown(argument, UUID_A, SHUTDOWN_POWEROFF, 60000, &its_err), -1,
	       "the wait ends");
	is_int(its_err.kind, HYPERVISOR_NO_DOMAIN, "no domain any more");
	return NULL;
}

static void test_destroy_wakes_shutdown(struct hypervisor *hypervisor)
{
	int64_t begun_ms = fixture_now_ms();
	pthread_t thread;

	fixture_start(hypervisor, UUID_A, 100);
	fixture_ask("guest " UUID_A " ignore-shutdown");
	fixture_ask("reset");
	pthread_create(&thread, NULL, shut_down, hypervisor);
	while (!strstr(fixture_ask("calls"), "shutdown=1"))
		usleep(1000);
	is_int(hypervisor_destroy(hypervisor, UUID_A, &fixture_error), 0, "destroy while it waits");
	fixture_start(hypervisor, UUID_A, 100);
	pthread_join(thread, NULL);
	ok(fixture_now_ms() - begun_ms < 30000, "at once");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
}

static void test_suspend(struct hypervisor *hypervisor)
{
	AUTO_TEXT path = fixture_path("image");
	AUTO_TEXT temporary = fixture_path("image.tmp");
	struct domain_config config = fixture_config(UUID_A, 100);
	struct domain_info info;
	int domid = -1;

	fixture_start(hypervisor, UUID_A, 200);
	is_int(hypervisor_suspend(hypervisor, UUID_A, path, &fixture_error), 0, "suspend");
	info = fixture_get(hypervisor, UUID_A);
	ok(info.shutdown && info.reason == SHUTDOWN_SUSPEND, "it waits to be destroyed");
	ok(access(path, F_OK) == 0 && access(temporary, F_OK) < 0, "there is an image");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
	config.memory_maximum = 400 * MIB;
	is_int(hypervisor_resume(hypervisor, &config, path, true, &domid, &fixture_error), 0,
	       "resume");
	info = fixture_get(hypervisor, UUID_A);
	ok(info.paused && info.domid == domid && !info.shutdown, "a new domain, paused");
	is_int(info.memory_actual, 200 * MIB, "with the memory it had");
	is_int(info.memory_target, 100 * MIB, "and its new target");
	fixture_refused(hypervisor_suspend(hypervisor, UUID_A, path, &fixture_error),
			HYPERVISOR_FAILED, "domain 7 (demo) is paused");
	hypervisor_unpause(hypervisor, UUID_A, &fixture_error);
	fixture_refused(hypervisor_suspend(hypervisor, UUID_A, "/nowhere/image", &fixture_error),
			HYPERVISOR_FAILED, "/nowhere/image: No such file or directory");
	ok(!fixture_get(hypervisor, UUID_A).shutdown, "it runs on");
	fixture_ask("guest " UUID_A " ignore-shutdown");
	fixture_refused(hypervisor_suspend(hypervisor, UUID_A, path, &fixture_error),
			HYPERVISOR_TIMEOUT, "domain 7 (demo) has not suspended itself");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
}

static void test_resume_refusals(struct hypervisor *hypervisor)
{
	AUTO_TEXT path = fixture_path("image");
	AUTO_TEXT bad = fixture_path("bad");
	AUTO_TEXT whose = text_format("%s: is the image of " UUID_A ", not of " UUID_B, path);
	AUTO_TEXT damaged =
		text_format("%s: is not an image of this simulator, or is damaged", bad);
	struct domain_config config = fixture_config(UUID_B, 100);
	int domid = 77;

	fixture_refused(hypervisor_resume(hypervisor, &config, path, false, &domid, &fixture_error),
			HYPERVISOR_FAILED, whose);
	fixture_write(bad, "{}");
	fixture_refused(hypervisor_resume(hypervisor, &config, bad, false, &domid, &fixture_error),
			HYPERVISOR_FAILED, damaged);
	fixture_write(bad, "");
	is_int(hypervisor_resume(hypervisor, &config, bad, false, &domid, &fixture_error), -1,
	       "empty");
	ok(strncmp(fixture_error.text, bad, strlen(bad)) == 0, "names the file: %s",
	   fixture_error.text);
	is_int(hypervisor_resume(hypervisor, &config, "/nowhere", false, &domid, &fixture_error),
	       -1, "none");
	ok(strstr(fixture_error.text, "/nowhere"), "names the file: %s", fixture_error.text);
	is_int(domid, 77, "the domid is untouched");
}

/* Makes a domain and is killed without closing anything. */
static void be_killed(const char *state)
{
	AUTO_TEXT path = fixture_path(state);
	pid_t child = fork();

	if (child == 0) {
		AUTO_TEXT name = text_format("simulator:%s", path);
		struct hypervisor *hypervisor = hypervisor_open(name, NULL, &fixture_error);

		fixture_start(hypervisor, UUID_B, 300);
		hypervisor_pause(hypervisor, UUID_B, &fixture_error);
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
}

static void test_state(void)
{
	const struct scheduling scheduling = {.weight = 512, .cap = 50, .mask = "0,1;2"};
	struct hypervisor *hypervisor;
	struct domain_info before, after;

	hypervisor = fixture_open("state", 0);
	after = fixture_get(hypervisor, UUID_B);
	ok(after.paused && after.domid == 1, "it outlives a killed daemon");
	fixture_start(hypervisor, UUID_A, 500);
	hypervisor_set_vcpus(hypervisor, UUID_A, 5, &fixture_error);
	hypervisor_set_scheduling(hypervisor, UUID_A, &scheduling, &fixture_error);
	fixture_set_target(hypervisor, UUID_A, 400 * MIB);
	hypervisor_destroy(hypervisor, UUID_B, &fixture_error);
	fixture_ask("guest " UUID_A " no-balloon");
	before = fixture_get(hypervisor, UUID_A);
	hypervisor_close(hypervisor);
	hypervisor = fixture_open("state", 0);
	after = fixture_get(hypervisor, UUID_A);
	ok(after.cpu_time_ns >= before.cpu_time_ns, "CPU time goes on");
	after.cpu_time_ns = before.cpu_time_ns;
	is_str(after.uuid, before.uuid, "the uuid");
	is_str(after.name, before.name, "the name");
	is_int(after.domid, before.domid, "the domid");
	is_int(after.type, before.type, "the type");
	is_int(after.memory_actual, before.memory_actual, "the memory");
	is_int(after.memory_target, 400 * MIB, "the target");
	is_int(after.memory_maximum, 1000 * MIB, "the maximum");
	is_int(after.vcpus_online, 5, "the vCPUs");
	is_int(after.start_time, before.start_time, "the start time");
	ok(strstr(fixture_ask("state"), "\"weight\":512,\"cap\":50,"), "the scheduling");
	ok(strstr(fixture_ask("state"), "\"mask\":\"0,1;2\""), "the mask");
	ok(strstr(fixture_ask("state"), "\"kernel\":\"/boot/there-is-none\""), "the kernel's name");
	is_int(fixture_start(hypervisor, UUID_B, 100), 3, "no domid is used again");
	hypervisor_close(hypervisor);
}

/* Guests go on while the daemon is away. */
static void test_state_time(void)
{
	struct hypervisor *hypervisor = fixture_open("time", 0);
	struct domain_info info;

	fixture_start(hypervisor, UUID_A, 500);
	fixture_start(hypervisor, UUID_B, 500);
	fixture_ask("speed 50");
	fixture_set_target(hypervisor, UUID_A, 1000 * MIB);
	hypervisor_shutdown(hypervisor, UUID_B, SHUTDOWN_POWEROFF, 0, &fixture_error);
	hypervisor_close(hypervisor);
	usleep(100000);
	hypervisor = fixture_open("time", 0);
	is_int(fixture_get(hypervisor, UUID_A).memory_actual, 1000 * MIB, "the balloon has moved");
	info = fixture_get(hypervisor, UUID_B);
	ok(info.shutdown && info.reason == SHUTDOWN_POWEROFF, "the other has shut down");
	hypervisor_close(hypervisor);
}

static void test_broken_state(void)
{
	static const struct {
		const char *content;
		const char *text; /* after the file's name */
	} rows[] = {
		{"", ":1: '[' or '{' expected near end of file"},
		{"{\n\"a\": 1,\n", ":2: string or '}' expected near end of file"},
		{"[]", ": is not a state file of this simulator, or is damaged"},
		{"{\"format\": \"xenapid-simulator-1\", \"speed\": 1.0, \"next_domid\": 1, "
		 "\"past_time_ns\": 0, \"domains\": [{}]}",
		 ": is not a state file of this simulator, or is damaged"},
	};
	AUTO_TEXT path = fixture_path("broken");
	AUTO_TEXT name = text_format("simulator:%s", path);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_TEXT text = text_format("%s%s", path, rows[i].text);
		AUTO_TEXT left = NULL;

		fixture_write(path, rows[i].content);
		ok(!hypervisor_open(name, NULL, &fixture_error), "broken state file %zu", i);
		if (rows[i].text[1] == ':' || rows[i].text[1] == ' ')
			is_str(fixture_error.text, text, "its text");
		else
			ok(strncmp(fixture_error.text, path, strlen(path)) == 0, "%s",
			   fixture_error.text);
		left = fixture_read(path);
		is_str(left, rows[i].content, "it is left as it is");
	}
}

/* What cannot be kept has not happened. */
static void test_unwritable_state(void)
{
	AUTO_TEXT folder = fixture_path("gone");
	AUTO_TEXT moved = fixture_path("moved");
	struct hypervisor *hypervisor;
	int domid;

	if (mkdir(folder, 0700) < 0)
		abort();
	hypervisor = fixture_open("gone/state", 0);
	domid = fixture_start(hypervisor, UUID_A, 100);
	if (rename(folder, moved) < 0)
		abort();
	is_int(fixture_start(hypervisor, UUID_B, 100), -1, "a start that cannot be kept");
	ok(strstr(fixture_error.text, "/gone/state: No such file or directory"), "%s",
	   fixture_error.text);
	is_int(hypervisor_set_vcpus(hypervisor, UUID_A, 5, &fixture_error), -1, "nor a change");
	is_int(hypervisor_destroy(hypervisor, UUID_A, &fixture_error), -1, "nor an end");
	if (rename(moved, folder) < 0)
		abort();
	is_int(fixture_get(hypervisor, UUID_A).vcpus_online, 1, "nothing has changed");
	is_int(fixture_start(hypervisor, UUID_B, 100), domid + 1, "once it can be written");
	hypervisor_close(hypervisor);
}

int main(void)
{
	struct hypervisor *hypervisor;

	be_killed("state"); /* forks, hence before there are threads */
	hypervisor = fixture_open(NULL, 0);
	test_shutdown(hypervisor);
	test_shutdown_late(hypervisor);
	test_destroy_wakes_shutdown(hypervisor);
	hypervisor_close(hypervisor);
	hypervisor = fixture_open("own", 0);
	for (int i = 0; i < 5; i++) {
		fixture_start(hypervisor, UUID_A, 100);
		hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
	}
	test_suspend(hypervisor);
	test_resume_refusals(hypervisor);
	hypervisor_close(hypervisor);
	test_state();
	test_state_time();
	test_broken_state();
	test_unwritable_state();
	return done_testing();
}
