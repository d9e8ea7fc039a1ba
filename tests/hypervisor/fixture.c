/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fixture.c – what the tests of the adapters share */
#include "tests/hypervisor/fixture.h"

#include "schema/base.h"
#include "server/host/rules.h"
#include "server/privileged/privileged.h"
#include "server/privileged/serve.h"
#include "tests/tap.h"

#include <ftw.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct hypervisor_error fixture_error;

#define PATIENCE_MS 60000

static char folder[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fixture_folder(void)
{
	if (!*folder) {
		const char *parent = getenv("TMPDIR");

		snprintf(folder, sizeof(folder), "%.30s/xenapid-hypervisor-XXXXXX",
			 parent ? parent : "/tmp");
		if (!mkdtemp(folder))
			abort();
		atexit(remove_folder);
	}
	return folder;
}

char *fixture_path(const char *name)
{
	return text_format("%s/%s", fixture_folder(), name);
}

void fixture_write(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(content, file) < 0 || fclose(file) != 0)
		abort();
}

char *fixture_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text;
	size_t length;

	if (!file)
		return NULL;
	text = allocate(1 << 20);
	length = fread(text, 1, (1 << 20) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

struct domain_config fixture_config(const char *uuid, int64_t memory_mib)
{
	return (struct domain_config){
		.uuid = uuid,
		.name = "demo",
		.type = GUEST_PVH,
		.memory = {memory_mib * MIB, memory_mib * MIB, memory_mib * MIB},
		.memory_maximum = 2 * memory_mib * MIB,
		.memory_overhead = 8 * MIB,
		.shadow_multiplier = 1,
		.vcpus = 1,
		.vcpus_max = 8,
		.scheduling = {.weight = 0, .cap = -1},
		.kernel = "/boot/there-is-none",
	};
}

struct hypervisor *fixture_open(const char *state, int64_t memory_bytes)
{
	AUTO_TEXT control = fixture_path("control");
	AUTO_TEXT path = fixture_path(state ? state : "");
	AUTO_TEXT name = state ? text_format("simulator:%s", path) : text_copy("simulator");
	const struct hypervisor_options options = {.simulator_control = control,
						   .simulator_memory_bytes = memory_bytes};
	struct hypervisor_error err = {0};
	struct hypervisor *hypervisor = hypervisor_open(name, &options, &err);

	if (!hypervisor) {
		diag("%s", err.text);
		abort();
	}
	return hypervisor;
}

/* What the child does: it serves, until its parent ends. */
static void serve(const char *path)
{
	const char *const folders[] = {fixture_folder(), "/images", NULL};
	struct service_options options = {.path = path, .user = "", .rules = {0}};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_set_rules(&(struct host_rules){.sr_folders = folders});
	options.hypervisor = fixture_open("state", 0);
	options.rules =
		(struct check_rules){.suspend_folder = fixture_folder(), .bootloaders = "pygrub"};
	serve_begin(&options);
	for (;;)
		pause();
}

struct hypervisor *fixture_open_privileged(void)
{
	AUTO_TEXT path = fixture_path("lines");
	AUTO_TEXT problem = NULL;
	struct hypervisor_options options = {0};

	if (fork() == 0)
		serve(path);
	options.privileged = privileged_open(path, PATIENCE_MS, &problem);
	if (!options.privileged) {
		diag("%s", problem);
		abort();
	}
	return hypervisor_open_with(privileged_adapter(options.privileged), NULL, &options,
				    &fixture_error);
}

const char *fixture_ask(const char *format, ...)
{
	static char reply[1 << 18];
	AUTO_TEXT path = fixture_path("control");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t length = 0;
	ssize_t got;
	AUTO_TEXT line = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		abort();
	va_end(arguments);
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	/* it may hang up on what it does not like */
	send(fd, line, strlen(line), MSG_NOSIGNAL);
	send(fd, "\n", 1, MSG_NOSIGNAL);
	do {
		got = read(fd, reply + length, sizeof(reply) - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	} while (got > 0 && reply[length - 1] != '\n');
	close(fd);
	reply[length ? length - 1 : 0] = '\0';
	return reply;
}

struct domain_info fixture_get(struct hypervisor *hypervisor, const char *uuid)
{
	struct hypervisor_error err = {0};
	struct domain_info info = {.domid = -1};

	if (hypervisor_get_domain(hypervisor, uuid, &info, &err) < 0)
		diag("%s", err.text);
	return info;
}

int64_t fixture_memory_free(struct hypervisor *hypervisor)
{
	struct hypervisor_error err = {0};
	struct host_usage usage = {.memory_free = -1};

	if (hypervisor_get_host_usage(hypervisor, &usage, &err) < 0)
		diag("%s", err.text);
	return usage.memory_free;
}

int64_t fixture_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool fixture_await_memory(struct hypervisor *hypervisor, const char *uuid, int64_t bytes)
{
	int64_t until = fixture_now_ms() + 10000;

	while (fixture_now_ms() < until) {
		if (fixture_get(hypervisor, uuid).memory_actual == bytes)
			return true;
		usleep(1000);
	}
	return false;
}

int fixture_start(struct hypervisor *hypervisor, const char *uuid, int64_t memory_mib)
{
	struct domain_config config = fixture_config(uuid, memory_mib);
	int domid = -1;

	hypervisor_start(hypervisor, &config, false, &domid, &fixture_error);
	return domid;
}

int fixture_set_target(struct hypervisor *hypervisor, const char *uuid, int64_t bytes)
{
	const struct memory_range range = {bytes, bytes, bytes};

	return hypervisor_set_memory_target(hypervisor, uuid, &range, &fixture_error);
}

void fixture_refused(int rc, enum hypervisor_error_kind kind, const char *text)
{
	is_int(rc, -1, "refused: %s", text);
	is_int(fixture_error.kind, kind, "its kind");
	is_str(fixture_error.text, text, "its text");
}
