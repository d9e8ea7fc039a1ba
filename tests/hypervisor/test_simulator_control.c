/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_simulator_control.c – the control socket: faults, delays, counts, guests that act by
 * themselves; many threads */
#include "schema/base.h"
#include "tests/hypervisor/fixture.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 50

static struct hypervisor_error err;

static int start(struct hypervisor *hypervisor, const char *uuid)
{
	struct domain_config config = fixture_config(uuid, 100);
	int domid = -1;

	hypervisor_start(hypervisor, &config, false, &domid, &err);
	return domid;
}

static const struct {
	const char *line;
	const char *reply;
} replies[] = {
	{"", "error commands: fail delay clear calls reset guest change destroy create speed state "
	     "carry write"},
	{"nonsense",
	 "error commands: fail delay clear calls reset guest change destroy create speed state "
	 "carry write"},
	{"fail", "error fail OP N [TEXT]"},
	{"fail nothing 1", "error there is no op \"nothing\""},
	{"fail pause", "error N is a number from 1 to 2147483647"},
	{"fail pause 0", "error N is a number from 1 to 2147483647"},
	{"fail pause 1x", "error N is a number from 1 to 2147483647"},
	{"delay pause", "error delay OP N|* MS"},
	{"delay pause * x", "error MS is a number from 0 to 3600000"},
	{"delay pause -1 5", "error N is a number from 1 to 2147483647"},
	{"guest", "error guest UUID ACTION"},
	{"guest " UUID_NONE " poweroff", "error there is no domain " UUID_NONE},
	{"guest " UUID_NONE " dance", "error there is no domain " UUID_NONE},
	{"guest " DOMAIN_0_UUID " dance",
	 "error a guest does poweroff, reboot, crash, ignore-shutdown, no-balloon or normal"},
	{"guest " DOMAIN_0_UUID " crash", "error domain 0 (Domain-0) does nothing by itself"},
	{"destroy", "error there is no domain "},
	{"destroy " DOMAIN_0_UUID, "error Domain-0 cannot be destroyed"},
	{"create", "error create NAME [UUID] [MEMORY_MIB] [VCPUS]"},
	{"create x y", "error \"y\" is not a uuid"},
	{"create x " UUID_A " 0", "error MEMORY_MIB is a number from 1 to 2147483647"},
	{"create x " UUID_A " 100 129", "error VCPUS is a number from 1 to 128"},
	{"create x " UUID_A " 1000000", "error the host has not enough free memory"},
	{"speed 0", "error the speed is a factor from 0.001 to 1000000"},
	{"speed nan", "error the speed is a factor from 0.001 to 1000000"},
	{"speed 1x", "error the speed is a factor from 0.001 to 1000000"},
	{"  speed   1  ", "ok"},
	{"clear", "ok"},
	{"reset", "ok"},
};

static void test_replies(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(replies); i++)
		is_str(fixture_ask("%s", replies[i].line), replies[i].reply, "\"%s\"",
		       replies[i].line);
}

static void test_socket(struct hypervisor *hypervisor)
{
	AUTO_TEXT path = fixture_path("control");
	struct hypervisor_options options = {.simulator_control = "/nowhere/control"};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fds[40];
	struct stat info;
	char reply[8] = "";

	is_int(stat(path, &info), 0, "there is a socket");
	is_int(info.st_mode & 0777, 0600, "for its owner only");
	ok(!hypervisor_open("simulator", &options, &err), "one that cannot be made");
	is_str(err.text, "/nowhere/control: No such file or directory", "its text");
	strcpy(address.sun_path, path);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		connect(fds[i], (struct sockaddr *)&address, sizeof(address));
	}
	ok(write(fds[31], "clear\nclear\ncl", 14) == 14, "some lines at once");
	ok(recv(fds[31], reply, 6, MSG_WAITALL) == 6, "two replies");
	is_str(reply, "ok\nok\n", "the replies");
	ok(write(fds[31], "ear\r\n", 5) == 5, "the rest of a line");
	ok(recv(fds[31], reply, 3, MSG_WAITALL) == 3, "its reply");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	is_str(fixture_ask("clear"), "ok", "more clients than it serves at once do no harm");
	is_str(fixture_ask("%5000s", "x"), "", "a line that is too long is hung up on");
	ok(hypervisor_name(hypervisor), "the simulator goes on");
}

static void fails_as(struct hypervisor *hypervisor, enum hypervisor_error_kind kind,
		     const char *text)
{
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), -1, "fails: %s", text);
	is_int(err.kind, kind, "its kind");
	is_str(err.text, text, "its text");
	is_str(err.operation, "pause", "its operation");
	ok(!fixture_get(hypervisor, UUID_A).paused, "nothing has changed");
}

static void test_faults(struct hypervisor *hypervisor)
{
	struct domain_info info;

	start(hypervisor, UUID_A);
	fixture_ask("fail pause 1");
	fails_as(hypervisor, HYPERVISOR_FAILED, "the simulator was told to fail this call");
	fixture_ask("fail pause 1 the kernel %%s is missing");
	fails_as(hypervisor, HYPERVISOR_FAILED, "the kernel %s is missing");
	fixture_ask("fail any 1 no-domain");
	fails_as(hypervisor, HYPERVISOR_NO_DOMAIN, "there is no such domain (as told)");
	fixture_ask("fail change 1 timeout");
	fails_as(hypervisor, HYPERVISOR_TIMEOUT, "it took too long (as told)");
	fixture_ask("fail pause 1 no-memory");
	fails_as(hypervisor, HYPERVISOR_NO_MEMORY, "there is not enough free memory (as told)");
	ok(err.needed > err.available && err.available > 0, "with figures");
	fixture_ask("fail change 3 third");
	fixture_get(hypervisor, UUID_A);
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), 0, "the first of three");
	is_int(hypervisor_unpause(hypervisor, UUID_A, &err), 0, "the second");
	fails_as(hypervisor, HYPERVISOR_FAILED, "third");
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), 0, "and no more");
	fixture_ask("fail get_domain 1 unreadable");
	is_int(hypervisor_get_domain(hypervisor, UUID_A, &info, &err), -1, "reading fails too");
	is_str(err.text, "unreadable", "its text");
	fixture_ask("fail any 1");
	fixture_ask("clear");
	is_int(hypervisor_destroy(hypervisor, UUID_A, &err), 0, "a fault that was cleared");
}

static void *pause_slowly(void *argument)
{
	struct hypervisor_error its_err = {0};

	is_int(hypervisor_pause(argument, UUID_A, &its_err), 0, "a delayed call succeeds");
	return NULL;
}

static void test_delays(struct hypervisor *hypervisor)
{
	int64_t begun_ms = fixture_now_ms();
	pthread_t thread;

	start(hypervisor, UUID_A);
	fixture_ask("delay pause 2 60000");
	fixture_ask("delay unpause * 20");
	is_int(hypervisor_pause(hypervisor, UUID_A, &err), 0, "the first is not delayed");
	is_int(hypervisor_unpause(hypervisor, UUID_A, &err), 0, "this one is");
	ok(fixture_now_ms() - begun_ms >= 20, "it took 20 ms");
	is_int(hypervisor_unpause(hypervisor, UUID_A, &err), 0, "every time");
	ok(fixture_now_ms() - begun_ms >= 40, "it took 20 ms more");
	fixture_ask("reset");
	pthread_create(&thread, NULL, pause_slowly, hypervisor);
	while (!strstr(fixture_ask("calls"), "pause=1"))
		usleep(1000);
	ok(!fixture_get(hypervisor, UUID_A).paused, "others are served meanwhile");
	fixture_ask("clear");
	pthread_join(thread, NULL);
	ok(fixture_now_ms() - begun_ms < 30000, "clear ends it");
	ok(fixture_get(hypervisor, UUID_A).paused, "it is done then");
	hypervisor_destroy(hypervisor, UUID_A, &err);
}

static void test_calls(struct hypervisor *hypervisor)
{
	fixture_ask("reset");
	is_str(fixture_ask("calls"), "ok |", "none yet");
	start(hypervisor, UUID_A);
	fixture_ask("fail set_vcpus 1");
	hypervisor_set_vcpus(hypervisor, UUID_A, 2, &err);
	hypervisor_set_vcpus(hypervisor, UUID_A, 2, &err);
	fixture_get(hypervisor, UUID_A);
	fixture_memory_free(hypervisor);
	hypervisor_destroy(hypervisor, UUID_A, &err);
	hypervisor_wake(hypervisor);
	is_str(fixture_ask("calls"),
	       "ok start=1 destroy=1 set_vcpus=2 | get_host_usage=1 get_domain=1",
	       "the failed one too");
	fixture_ask("reset");
	is_str(fixture_ask("calls"), "ok |", "none after reset");
}

static void expect_event(struct hypervisor *hypervisor, enum hypervisor_event_kind kind,
			 enum shutdown_reason reason, const char *what)
{
	struct hypervisor_event event = {0};
	int rc;

	do { /* a wake that came before ends a wait early; our own calls have made others */
		rc = hypervisor_wait_event(hypervisor, 5000, &event, &err);
	} while (rc == 0 || (rc == 1 && event.kind != kind));
	is_int(rc, 1, "%s: the event", what);
	is_int(event.reason, reason, "%s: the reason", what);
	is_str(event.uuid, UUID_A, "%s: the domain", what);
}

static void test_guests(struct hypervisor *hypervisor)
{
	static const struct {
		const char *action;
		enum shutdown_reason reason;
	} rows[] = {{"poweroff", SHUTDOWN_POWEROFF},
		    {"reboot", SHUTDOWN_REBOOT},
		    {"crash", SHUTDOWN_CRASH}};
	struct domain_info info;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		start(hypervisor, UUID_A);
		hypervisor_pause(hypervisor, UUID_A, &err);
		ok(strstr(fixture_ask("guest " UUID_A " %s", rows[i].action), "is paused"),
		   "a paused guest does nothing");
		hypervisor_unpause(hypervisor, UUID_A, &err);
		is_str(fixture_ask("guest " UUID_A " %s", rows[i].action), "ok", "%s",
		       rows[i].action);
		expect_event(hypervisor, EVENT_DOMAIN_SHUTDOWN, rows[i].reason, rows[i].action);
		info = fixture_get(hypervisor, UUID_A);
		ok(info.shutdown && info.reason == rows[i].reason, "%s: its state", rows[i].action);
		ok(strstr(fixture_ask("guest " UUID_A " crash"), "has shut down already"),
		   "it does nothing more");
		hypervisor_destroy(hypervisor, UUID_A, &err);
	}
}

static void test_foreign(struct hypervisor *hypervisor)
{
	struct domain_info info;
	char uuid[64] = "";
	int domid = 0;

	ok(strncmp(fixture_ask("create foreign " UUID_A " 256 2"), "ok " UUID_A " ", 40) == 0,
	   "somebody made a domain");
	expect_event(hypervisor, EVENT_DOMAIN_APPEARED, SHUTDOWN_POWEROFF, "create");
	info = fixture_get(hypervisor, UUID_A);
	is_str(info.name, "foreign", "its name");
	is_int(info.memory_actual, 256 * MIB, "its memory");
	is_int(info.vcpus_online, 2, "its vCPUs");
	is_str(fixture_ask("destroy " UUID_A), "ok", "somebody destroyed it");
	expect_event(hypervisor, EVENT_DOMAIN_GONE, SHUTDOWN_POWEROFF, "destroy");
	is_int(sscanf(fixture_ask("create other"), "ok %40s %d", uuid, &domid), 2, "another");
	is_int(fixture_get(hypervisor, uuid).domid, domid, "has a uuid of its own");
	fixture_ask("destroy %s", uuid);
}

static void test_change(struct hypervisor *hypervisor)
{
	static const char *const refused[] = {"vcpus 0",  "vcpus 9", "weight 0", "weight 65536",
					      "paused 2", "cap -1",  "cap x",	 "nonsense 1"};
	struct domain_info info;

	start(hypervisor, UUID_A);
	is_str(fixture_ask("change " UUID_A " target 50"), "ok", "somebody takes its memory");
	is_str(fixture_ask("change " UUID_A " maximum 2000"), "ok", "lets it have more");
	is_str(fixture_ask("change " UUID_A " vcpus 3"), "ok", "gives it vCPUs");
	is_str(fixture_ask("change " UUID_A " weight 512"), "ok", "makes it heavier");
	is_str(fixture_ask("change " UUID_A " cap 70"), "ok", "holds it back");
	is_str(fixture_ask("change " UUID_A " paused 1"), "ok", "stops it");
	is_str(fixture_ask("change " UUID_A " name its new name"), "ok", "and calls it otherwise");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		ok(strncmp(fixture_ask("change " UUID_A " %s", refused[i]), "error ", 6) == 0,
		   "%s is refused", refused[i]);
	is_str(fixture_ask("change " UUID_A " vcpus"), "error change UUID WHAT VALUE", "no value");
	ok(strstr(fixture_ask("change " UUID_B " vcpus 1"), "no domain"), "nor domain");
	info = fixture_get(hypervisor, UUID_A);
	is_int(info.memory_target, 50 * MIB, "its target");
	is_int(info.memory_maximum, 2000 * MIB, "its maximum");
	is_int(info.vcpus_target, 3, "the vCPUs it was told");
	is_int(info.weight, 512, "its weight");
	is_int(info.cap, 70, "its cap");
	ok(info.paused, "it is paused");
	is_str(info.name, "its new name", "its name");
	hypervisor_destroy(hypervisor, UUID_A, &fixture_error);
}

static void test_no_balloon(struct hypervisor *hypervisor)
{
	const struct memory_range range = {50 * MIB, 50 * MIB, 50 * MIB};

	start(hypervisor, UUID_A);
	fixture_ask("guest " UUID_A " no-balloon");
	fixture_ask("speed 100000");
	ok(!fixture_get(hypervisor, UUID_A).balloons, "it says so");
	is_int(hypervisor_set_memory_target(hypervisor, UUID_A, &range, &err), 0, "a target");
	usleep(2000);
	is_int(fixture_get(hypervisor, UUID_A).memory_actual, 100 * MIB, "that it ignores");
	fixture_ask("guest " UUID_A " normal");
	ok(fixture_await_memory(hypervisor, UUID_A, 64 * MIB), "until it is normal");
	hypervisor_destroy(hypervisor, UUID_A, &err);
}

static void test_stale_socket(void)
{
	AUTO_TEXT path = fixture_path("control");
	struct hypervisor_options options = {.simulator_control = path};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char name[200];

	strcpy(address.sun_path, path);
	is_int(access(path, F_OK), -1, "closing removes the socket");
	is_int(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0, "one that was left");
	close(fd);
	hypervisor_close(fixture_open(NULL, 0));
	is_int(access(path, F_OK), -1, "was replaced");
	fixture_write(path, "x");
	ok(!hypervisor_open("simulator", &options, &err), "a file in its place");
	ok(strstr(err.text, "Address already in use"), "is left alone: %s", err.text);
	unlink(path);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	options.simulator_control = name;
	ok(!hypervisor_open("simulator", &options, &err), "too long a name");
	ok(strstr(err.text, "too long for a socket"), "its text");
}

struct worker {
	struct hypervisor *hypervisor;
	int number;
	int failures;
};

/* Every thread has a domain of its own, and none of its calls may fail. */
static void *work(void *argument)
{
	struct worker *worker = argument;
	struct hypervisor *hypervisor = worker->hypervisor;
	AUTO_TEXT uuid = text_format("c0000000-0000-4000-8000-0000000000%02d", worker->number);
	struct domain_config config = fixture_config(uuid, 100);
	const struct memory_range range = {150 * MIB, 150 * MIB, 150 * MIB};
	struct hypervisor_error its_err = {0};
	struct domain_info *domains, info;
	size_t count;
	int domid;

	for (int i = 0; i < ROUNDS; i++) {
		worker->failures += hypervisor_start(hypervisor, &config, i % 2, &domid, &its_err) <
				    0;
		worker->failures += hypervisor_set_vcpus(hypervisor, uuid, 1 + i % 8, &its_err) < 0;
		worker->failures +=
			hypervisor_set_memory_target(hypervisor, uuid, &range, &its_err) < 0;
		worker->failures += hypervisor_get_domain(hypervisor, uuid, &info, &its_err) < 0;
		if (hypervisor_list_domains(hypervisor, &domains, &count, &its_err) == 0)
			free(domains);
		worker->failures += hypervisor_unpause(hypervisor, uuid, &its_err) < 0;
		worker->failures +=
			hypervisor_shutdown(hypervisor, uuid, SHUTDOWN_REBOOT, 60000, &its_err) < 0;
		worker->failures += hypervisor_destroy(hypervisor, uuid, &its_err) < 0;
	}
	return NULL;
}

static void *collect_events(void *argument)
{
	struct hypervisor_event event;
	struct hypervisor_error its_err = {0};
	int *count = allocate(sizeof(*count));

	while (hypervisor_wait_event(argument, -1, &event, &its_err) == 1)
		*count += event.kind == EVENT_DOMAIN_SHUTDOWN;
	return count;
}

static void test_threads(const char *state)
{
	struct hypervisor *hypervisor = fixture_open(state, 0);
	struct worker workers[THREADS];
	pthread_t threads[THREADS], collector;
	void *events;
	int failures = 0;

	fixture_ask("speed 1000");
	pthread_create(&collector, NULL, collect_events, hypervisor);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.hypervisor = hypervisor, .number = 10 + i};
		pthread_create(&threads[i], NULL, work, &workers[i]);
	}
	for (int i = 0; i < 20; i++)
		fixture_ask("state");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		failures += workers[i].failures;
	}
	hypervisor_wake(hypervisor);
	pthread_join(collector, &events);
	is_int(failures, 0, "%d threads: no call failed", THREADS);
	is_int(*(int *)events, THREADS * ROUNDS, "an event for each guest that shut down");
	is_int(fixture_memory_free(hypervisor), 60 * GIB, "all memory is back");
	free(events);
	hypervisor_close(hypervisor);
}

int main(void)
{
	struct hypervisor *hypervisor = fixture_open(NULL, 0);

	test_replies();
	test_socket(hypervisor);
	test_faults(hypervisor);
	test_delays(hypervisor);
	test_calls(hypervisor);
	test_guests(hypervisor);
	test_foreign(hypervisor);
	test_change(hypervisor);
	test_no_balloon(hypervisor);
	hypervisor_close(hypervisor);
	test_stale_socket();
	test_threads(NULL);
	test_threads("threads");
	return done_testing();
}
