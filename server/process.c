/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.c – what the daemon asks of the operating system for itself. */
#include "server/process.h"

#include "schema/base.h"
#include "schema/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Files that are no connections: the database, the log, the hypervisor, eventfds; and some to
 * spare. */
#define OTHER_FILES 128

static sigset_t handled_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	return signals;
}

void process_block_signals(void)
{
	sigset_t signals = handled_signals();

	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* a file that may not grow is an error of that write, as a full disk is */
	signal(SIGXFSZ, SIG_IGN);
}

int process_wait_signal(void)
{
	sigset_t signals = handled_signals();
	int number = 0;

	while (sigwait(&signals, &number) != 0)
		;
	return number;
}

void process_unblock_signals(void)
{
	sigset_t signals = handled_signals();

	/* Started in the background by a shell without job control, SIGINT may be ignored. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigdelset(&signals, SIGHUP);
	sigdelset(&signals, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

void process_raise_file_limit(int64_t connections)
{
	rlim_t wanted = (rlim_t)(2 * connections + OTHER_FILES); /* TCP and Unix */
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted)
		log_warning("max-connections needs %ju open files, %ju are allowed (LimitNOFILE)",
			    (uintmax_t)wanted, (uintmax_t)limit.rlim_cur);
}

static bool make_one(const char *path, mode_t mode)
{
	struct stat status;

	/* the umask is for files: a socket's folder is for others as well */
	if (mkdir(path, mode) == 0 && chmod(path, mode) == 0) {
		log_info("made the folder %s", path);
		return true;
	}
	if (errno != EEXIST)
		return false;
	if (stat(path, &status) < 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(status.st_mode);
}

bool process_make_folder(const char *path, mode_t mode)
{
	AUTO_TEXT parent = text_copy(path);

	for (char *slash = parent + 1; *parent && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (!make_one(parent, 0755))
			return false;
		*slash = '/';
	}
	return make_one(path, mode);
}

bool process_make_folder_of(const char *file, mode_t mode)
{
	AUTO_TEXT folder = text_copy(file);
	char *slash = strrchr(folder, '/');

	if (!slash || slash == folder)
		return true;
	*slash = '\0';
	return process_make_folder(folder, mode);
}
