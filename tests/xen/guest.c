/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.c – all that runs in a guest of the rig: reports what it sees, does what it is asked
 *
 * It reports every second in its folder of xenstore, all in data/report, a key being what costs
 * time: "TICK; memory_kib=N; cpus=LIST; uptime=SECONDS; nics=LIST; disks=LIST". It does what is
 * written to data/ask there, a row of `deeds`; data/obeyed then says what.
 * As poweroff or reboot it is what the kernel runs when control/shutdown asks for it. No shell:
 * emulated, each program that is started costs what a real guest does in minutes.
 *
 * A NIC gets the address 10.9.0.N, N being the last byte of its MAC.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#define IGNORES_SHUTDOWN "/ignore-shutdown"
#define CPUS "/sys/devices/system/cpu/"
#define MODULES "/lib/modules/order"

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

/* "xvdb TEXT": the line is the disk's first, and on it when this returns */
static void write_disk(const char *argument)
{
	char block[512] = "", path[32];
	const char *text = argument + strcspn(argument, " ");
	int fd;

	snprintf(path, sizeof(path), "/dev/%.*s", (int)(text - argument), argument);
	snprintf(block, sizeof(block), "%s\n", text + strspn(text, " "));
	fd = open(path, O_WRONLY | O_CLOEXEC | O_SYNC);
	if (fd < 0 || write(fd, block, sizeof(block)) != sizeof(block))
		perror(path);
	close(fd);
}

static const struct {
	const char *word;
	void (*run)(void);
	void (*run_with)(const char *argument);
} deeds[] = {{"poweroff", power_off, NULL},
	     {"reboot", restart, NULL},
	     {"crash", crash, NULL},
	     {"ignore-shutdown", ignore_shutdown, NULL},
	     {"obey-shutdown", obey_shutdown, NULL},
	     {"write", NULL, write_disk}};

static void do_deed(const char *deed)
{
	size_t length = strcspn(deed, " ");

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strlen(deeds[i].word) != length || strncmp(deeds[i].word, deed, length) != 0)
			continue;
		if (deeds[i].run)
			deeds[i].run();
		else
			deeds[i].run_with(deed + length + strspn(deed + length, " "));
	}
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

static bool has_any(struct xs_handle *xenstore, const char *kind)
{
	unsigned count = 0;
	char **names = xs_directory(xenstore, XBT_NULL, kind, &count);

	free(names);
	return count > 0;
}

/* The drivers; they take their time, and only a guest with devices at its start is given more. */
static void load_modules(void)
{
	FILE *order = fopen(MODULES, "re");
	char path[128];

	while (order && fgets(path, sizeof(path), order)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			perror(path);
		close(fd);
	}
	if (order)
		fclose(order);
}

/* One that is up already stays as it is. */
static void bring_up(const char *name, const char *mac)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	const char *last = strrchr(mac, ':');

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && !(request.ifr_flags & IFF_UP)) {
		address->sin_family = AF_INET;
		address->sin_addr.s_addr =
			htonl(0x0a090000 | (last ? strtoul(last + 1, NULL, 16) : 0));
		ioctl(fd, SIOCSIFADDR, &request);
		request.ifr_flags = IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
			perror(name);
	}
	close(fd);
}

/* As an agent does. */
static void tell_address(struct xs_handle *xenstore, const char *name, const char *mac)
{
	char path[64], node[64], key[64], address[32];
	const char *number, *last = strrchr(mac, ':');

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/device/nodename", name);
	read_line(path, node, sizeof(node));
	number = strrchr(node, '/');
	if (!number || !last)
		return;
	snprintf(key, sizeof(key), "attr/vif/%.8s/ipv4/0", number + 1);
	snprintf(address, sizeof(address), "10.9.0.%lu", strtoul(last + 1, NULL, 16));
	put(xenstore, key, address);
}

/* " eth0=MAC" of each */
static void list_nics(struct xs_handle *xenstore, char *ret_text, size_t size)
{
	DIR *folder = opendir("/sys/class/net");
	size_t length = 0;

	*ret_text = '\0';
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char path[300], mac[32];

		if (strncmp(entry->d_name, "eth", 3) != 0 || length > size - 64)
			continue;
		snprintf(path, sizeof(path), "/sys/class/net/%s/address", entry->d_name);
		read_line(path, mac, sizeof(mac));
		bring_up(entry->d_name, mac);
		tell_address(xenstore, entry->d_name, mac);
		length += (size_t)snprintf(ret_text + length, size - length, " %.15s=%.17s",
					   entry->d_name, mac);
	}
	if (folder)
		closedir(folder);
}

/* " xvdb=BYTES:TEXT" of each, TEXT being what was written there as a line */
static void list_disks(char *ret_text, size_t size)
{
	DIR *folder = opendir("/sys/block");
	size_t length = 0;

	*ret_text = '\0';
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char path[300], sectors[32], text[32];

		if (strncmp(entry->d_name, "xvd", 3) != 0 || length > size - 96)
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s/size", entry->d_name);
		read_line(path, sectors, sizeof(sectors));
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		read_line(path, text, sizeof(text));
		length += (size_t)snprintf(ret_text + length, size - length, " %.15s=%ld:%s",
					   entry->d_name, 512 * strtol(sectors, NULL, 10), text);
	}
	if (folder)
		closedir(folder);
}

static void report(struct xs_handle *xenstore, int tick)
{
	static char last[128];
	char memory[64], cpus[64], uptime[64], seen[sizeof(memory) + sizeof(cpus)];
	char nics[512], disks[512], text[1400];
	long memory_kib;

	read_line("/proc/meminfo", memory, sizeof(memory));
	memory_kib = strtol(memory + strcspn(memory, "0123456789"), NULL, 10);
	read_line(CPUS "online", cpus, sizeof(cpus));
	read_line("/proc/uptime", uptime, sizeof(uptime));
	uptime[strcspn(uptime, " ")] = '\0';
	list_nics(xenstore, nics, sizeof(nics));
	list_disks(disks, sizeof(disks));
	snprintf(text, sizeof(text), "%d; memory_kib=%ld; cpus=%s; uptime=%s; nics=%s; disks=%s",
		 tick, memory_kib, cpus, uptime, nics, disks);
	put(xenstore, "data/report", text);
	snprintf(seen, sizeof(seen), "MemTotal %ld kB, CPUs %s", memory_kib, cpus);
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
	if (has_any(xenstore, "device/vif") || has_any(xenstore, "device/vbd"))
		load_modules();
	/* whoever starts the guest has made this key writable if it wants to know that there is a
	 * balloon */
	put(xenstore, "control/feature-balloon", "1");
	put(xenstore, "data/os_name", "xenapid test guest");
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
