/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* child.c – runs programs of the host, and listens to them until they end. */
#include "server/host/child.h"

#include "schema/base.h"
#include "schema/buffer.h"
#include "schema/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMPLAINT_MOST 4096
#define WATCH_MS 500

/* What the child says on one of its two descriptors. */
struct listener {
	int fds[2]; /* of a pipe: ours, its */
	struct buffer text;
	size_t most;
	bool too_much;
};

struct run {
	const char *const *arguments;
	int timeout_ms;
	child_watch_fn watch; /* NULL: nobody does */
	void *argument;
	struct listener out;
	struct listener err;
};

static void close_end(struct listener *listener, int end)
{
	if (listener->fds[end] >= 0)
		close(listener->fds[end]);
	listener->fds[end] = -1;
}

static void close_both(struct listener *listener)
{
	close_end(listener, 0);
	close_end(listener, 1);
}

static int open_pipe(struct listener *listener)
{
	if (pipe2(listener->fds, O_CLOEXEC) < 0) {
		listener->fds[0] = listener->fds[1] = -1;
		return -1;
	}
	return fcntl(listener->fds[0], F_SETFL, O_NONBLOCK);
}

/* What there is to read now; closes it at its end. */
static void listen_to(struct listener *listener)
{
	char bytes[16384];

	while (listener->fds[0] >= 0) {
		ssize_t length = read(listener->fds[0], bytes, sizeof(bytes));
		size_t room = listener->most - listener->text.length;

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return;
		if (length == 0)
			close_end(listener, 0);
		listener->too_much |= (size_t)length > room;
		buffer_add(&listener->text, bytes, (size_t)length < room ? (size_t)length : room);
	}
}

/* The daemon's environment, in English: what the child says may be looked at. */
static char **environment(void)
{
	static char *const ours[] = {"LC_ALL=C.UTF-8", "LVM_SUPPRESS_FD_WARNINGS=1"};
	size_t count = 0;
	char **list;

	while (environ[count])
		count++;
	list = allocate((count + ARRAY_SIZE(ours) + 1) * sizeof(*list));
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		list[i] = ours[i];
	for (size_t i = 0, at = ARRAY_SIZE(ours); environ[i]; i++)
		if (strncmp(environ[i], "LC_ALL=", strlen("LC_ALL=")) != 0)
			list[at++] = environ[i];
	return list;
}

/* In a process group of its own, with signals as a shell would have them. */
static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETPGROUP);
}

/* Its pid; −1 with errno. */
static pid_t spawn(const struct run *run)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **variables = environment();
	pid_t pid;
	int number;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, run->out.fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, run->err.fds[1], STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	set_attributes(&attributes);
	number = posix_spawnp(&pid, run->arguments[0], &actions, &attributes,
			      (char *const *)(uintptr_t)run->arguments, variables);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(variables);
	errno = number;
	return number ? -1 : pid;
}

static bool is_stopped(const struct run *run)
{
	return run->watch &&
	       run->watch(run->argument, run->out.text.data ? run->out.text.data : "") < 0;
}

/* Until the child has ended: one of its own children may hold the pipes for longer. 0, or an errno.
 */
static int listen_until_end(struct run *run, int pidfd)
{
	int64_t until_ms = clock_ms() + run->timeout_ms;
	bool ended = false;

	while (!ended) {
		struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
				       {.fd = run->out.fds[0], .events = POLLIN},
				       {.fd = run->err.fds[0], .events = POLLIN}};
		int64_t left_ms = until_ms - clock_ms();

		if (left_ms <= 0)
			return ETIMEDOUT;
		poll(fds, ARRAY_SIZE(fds), (int)lesser_of(WATCH_MS, left_ms));
		ended = fds[0].revents != 0;
		listen_to(&run->out);
		listen_to(&run->err);
		if (run->out.too_much)
			return EMSGSIZE;
		if (is_stopped(run))
			return ECANCELED;
	}
	return 0;
}

/* −1 with errno: it did not end by itself. */
static int wait_for_end(struct run *run, pid_t pid)
{
	int pidfd = pidfd_open(pid, 0);
	int number = pidfd < 0 ? errno : listen_until_end(run, pidfd);
	int status = 0;

	if (number)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	if (!number && WIFEXITED(status))
		return WEXITSTATUS(status);
	errno = number ? number : EINTR;
	return -1;
}

static int run_it(struct run *run)
{
	pid_t pid = -1;

	if (open_pipe(&run->out) == 0 && open_pipe(&run->err) == 0)
		pid = spawn(run);
	if (pid < 0)
		return -1;
	close_end(&run->out, 1);
	close_end(&run->err, 1);
	return wait_for_end(run, pid);
}

int child_run_watched(const char *const *arguments, int timeout_ms, child_watch_fn watch,
		      void *argument, struct child_output *ret_output)
{
	struct run run = {.arguments = arguments,
			  .timeout_ms = timeout_ms,
			  .watch = watch,
			  .argument = argument,
			  .out = {.fds = {-1, -1}, .most = CHILD_OUTPUT_MOST},
			  .err = {.fds = {-1, -1}, .most = COMPLAINT_MOST}};
	struct buffer *complaint = &run.err.text;
	int rc = run_it(&run);
	int number = errno;

	close_both(&run.out);
	close_both(&run.err);
	while (complaint->length && complaint->data[complaint->length - 1] == '\n')
		complaint->data[--complaint->length] = '\0';
	ret_output->text = buffer_take(&run.out.text);
	ret_output->complaint = buffer_take(complaint);
	errno = number;
	return rc;
}

int child_run(const char *const *arguments, int timeout_ms, struct child_output *ret_output)
{
	return child_run_watched(arguments, timeout_ms, NULL, NULL, ret_output);
}

void child_output_clear(struct child_output *output)
{
	free(output->text);
	free(output->complaint);
	*output = (struct child_output){0};
}
