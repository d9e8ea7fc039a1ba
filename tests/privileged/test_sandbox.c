/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sandbox.c – what code inside the process that faces the network can still do: this program
 * gives up what that gives up, and tries
 *
 * As root it becomes nobody before, as the service's process is nobody's. */
#include "schema/base.h"
#include "server/privileged/sandbox.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NOBODY 65534

static int open_privcmd(void)
{
	return open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
}

static int open_shadow(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC);
}

static int open_memory(void)
{
	return open("/proc/1/mem", O_RDWR | O_CLOEXEC);
}

static int start_program(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int connect_inside(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX,
				      .sun_path = "/run/dbus/system_bus_socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int open_network(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static int listen_somewhere(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/xenapid-sandbox"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

static int trace(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int mount_something(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int make_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int clone_namespace(void)
{
	return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
}

static int become_root(void)
{
	return setuid(0);
}

static int load_module(void)
{
	return (int)syscall(SYS_init_module, "", 0, "");
}

static int use_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int use_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int make_device(void)
{
	return mknod("/tmp/xenapid-sandbox", S_IFBLK | 0600, 0x800);
}

static const struct {
	const char *what;
	int (*attempt)(void);
	int expected; /* errno; 0: whatever it is */
} attempts[] = {
	{"the hypervisor's device", open_privcmd, 0},
	{"the passwords of the system", open_shadow, EACCES},
	{"the memory of another process", open_memory, EACCES},
	{"a program", start_program, EPERM},
	{"a connection on this machine", connect_inside, EPERM},
	{"a socket of the network", open_network, EPERM},
	{"one to the kernel", open_netlink, EPERM},
	{"another listener", listen_somewhere, EPERM},
	{"tracing another process", trace, EPERM},
	{"a mount", mount_something, EPERM},
	{"a namespace", make_namespace, EPERM},
	{"a process in one", clone_namespace, EPERM},
	{"another user", become_root, EPERM},
	{"a module of the kernel", load_module, EPERM},
	{"BPF", use_bpf, EPERM},
	{"io_uring", use_io_uring, EPERM},
	{"a device", make_device, EPERM},
};

static void try_all(const char *who)
{
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		int rc, problem;

		errno = 0;
		rc = attempts[i].attempt();
		problem = errno;
		ok(rc < 0 && problem && (!attempts[i].expected || problem == attempts[i].expected),
		   "%s: %s: %s", who, attempts[i].what, rc < 0 ? strerror(problem) : "granted");
	}
}

static void *try_in_thread(void *argument)
{
	pthread_mutex_t *begin = argument;

	pthread_mutex_lock(begin);
	try_all("a thread that was there before");
	pthread_mutex_unlock(begin);
	return NULL;
}

static void *do_nothing(void *argument)
{
	return argument;
}

static void become_nobody(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		perror("nobody");
}

/* What it needs all the time. */
static void test_rest(void)
{
	char path[] = "/tmp/xenapid-sandbox-XXXXXX";
	int fd = mkstemp(path);
	pthread_t thread;

	ok(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && unlink(path) == 0,
	   "files are written");
	is_int(pthread_create(&thread, NULL, do_nothing, NULL), 0, "threads are started");
	pthread_join(thread, NULL);
	ok(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0, "systemd is told how it goes");
}

int main(void)
{
	pthread_mutex_t begin = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;

	become_nobody();
	pthread_mutex_lock(&begin);
	pthread_create(&thread, NULL, try_in_thread, &begin);
	if (!ok(sandbox_enter(), "all of it is given up"))
		return done_testing();
	pthread_mutex_unlock(&begin);
	pthread_join(thread, NULL);
	try_all("the process");
	test_rest();
	return done_testing();
}
