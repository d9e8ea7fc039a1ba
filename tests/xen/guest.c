/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.c – all that runs in a guest of the rig: reports what it sees, does what it is asked
 *
 * It reports every second in its folder of xenstore (data/tick, memory_kib, cpus, uptime) and does
 * what is written to data/ask there, a row of `deeds`; data/obeyed then says what. As poweroff or
 * reboot it is what the kernel runs when control/shutdown asks for it. No shell: emulated, each
 * program that is started costs what a real guest does in minutes.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#define IGNORES_SHUTDOWN "/ignore-shutdown"
#define CPUS "/sys/devices/system/cpu/"

/* The first line of a file, without its end; "" if there is none. */
static const char *read_line(const char *path, char *ret_line, int size)
{
	FILE *file = fopen(path, "re");

	ret_line[0] = '\0';
	if (file && fgets(ret_line, size, file))
		ret_line[strcspn(ret_line, "\n")] = '\0';
	if (file)
		fclose(file);
	return ret_line;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void power_off(void)
{
	reboot(RB_POWER_OFF);
}

static void restart(void)
{
	reboot(RB_AUTOBOOT);
}

static void crash(void)
{
	write_file("/proc/sysrq-trigger", "c");
}

static void ignore_shutdown(void)
{
	write_file(IGNORES_SHUTDOWN, "");
}

static void obey_shutdown(void)
{
	unlink(IGNORES_SHUTDOWN);
}

static const struct {
	const char *word;
	void (*run)(void);
} deeds[] = {{"poweroff", power_off},
	     {"reboot", restart},
	     {"crash", crash},
	     {"ignore-shutdown", ignore_shutdown},
	     {"obey-shutdown", obey_shutdown}};

static void do_deed(const char *word)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (strcmp(deeds[i].word, word) == 0)
			deeds[i].run();
}

static void put(struct xs_handle *xenstore, const char *key, const char *value)
{
	xs_write(xenstore, XBT_NULL, key, value, (unsigned)strlen(value));
}

static void obey(struct xs_handle *xenstore)
{
	unsigned length;
	char *word = xs_read(xenstore, XBT_NULL, "data/ask", &length);

	if (word && *word) {
		printf("guest: asked: %s\n", word);
		do_deed(word);
		put(xenstore, "data/obeyed", word);
	}
	free(word);
}

/* What udev does elsewhere: a vCPU that appears is offline until somebody wants it. */
static void plug_vcpus(void)
{
	struct stat ignored;
	char path[64] = CPUS "cpu1";
	char state[8];

	for (int cpu = 1; stat(path, &ignored) == 0; cpu++) {
		snprintf(path, sizeof(path), CPUS "cpu%d/online", cpu);
		if (*read_line(path, state, sizeof(state)) == '0')
			write_file(path, "1");
		snprintf(path, sizeof(path), CPUS "cpu%d", cpu + 1);
	}
}

static void report(struct xs_handle *xenstore, int tick)
{
	static char last[128];
	char memory[64], cpus[64], uptime[64], seen[sizeof(memory) + sizeof(cpus)], number[16];

	read_line("/proc/meminfo", memory, sizeof(memory));
	snprintf(memory, sizeof(memory), "%ld",
		 strtol(memory + strcspn(memory, "0123456789"), NULL, 10));
	read_line(CPUS "online", cpus, sizeof(cpus));
	read_line("/proc/uptime", uptime, sizeof(uptime));
	uptime[strcspn(uptime, " ")] = '\0';
	snprintf(number, sizeof(number), "%d", tick);
	put(xenstore, "data/memory_kib", memory);
	put(xenstore, "data/cpus", cpus);
	put(xenstore, "data/uptime", uptime);
	put(xenstore, "data/tick", number);
	snprintf(seen, sizeof(seen), "MemTotal %s kB, CPUs %s", memory, cpus);
	if (strcmp(seen, last) != 0)
		printf("guest: tick %d, uptime %s, %s\n", tick, uptime, seen);
	snprintf(last, sizeof(last), "%s", seen);
}

/* Until a second is over. */
static void listen_for_asks(struct xs_handle *xenstore)
{
	struct pollfd fd = {.fd = xs_fileno(xenstore), .events = POLLIN};
	struct timespec start, now;
	int rest_ms = 1000;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (rest_ms > 0 && poll(&fd, 1, rest_ms) > 0) {
		for (char **event; (event = xs_check_watch(xenstore)); free(event))
			obey(xenstore);
		clock_gettime(CLOCK_MONOTONIC, &now);
		rest_ms = 1000 - (int)((now.tv_sec - start.tv_sec) * 1000 +
				       (now.tv_nsec - start.tv_nsec) / 1000000);
	}
}

static int run_guest(void)
{
	struct xs_handle *xenstore;
	char line[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	printf("guest: up, %s\n", read_line("/proc/cmdline", line, sizeof(line)));
	xenstore = xs_open(0);
	if (!xenstore) {
		perror("guest: xenstore");
		return 1;
	}
	/* whoever starts the guest has made this key writable if it wants to know that there is a
	 * balloon */
	put(xenstore, "control/feature-balloon", "1");
	xs_watch(xenstore, "data/ask", "");
	for (int tick = 1;; tick++) {
		plug_vcpus();
		report(xenstore, tick);
		listen_for_asks(xenstore);
	}
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argc ? argv[0] : "", '/');

	name = name ? name + 1 : argv[0];
	if (strcmp(name, "poweroff") != 0 && strcmp(name, "reboot") != 0)
		return run_guest();
	if (access(IGNORES_SHUTDOWN, F_OK) < 0)
		do_deed(name);
	return 0;
}
