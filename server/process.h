/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.h – what the daemon asks of the operating system for itself. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Before any thread is started, as they inherit it: SIGTERM, SIGINT, SIGHUP and SIGUSR1 come
 * through process_wait_signal. */
void process_block_signals(void);
int process_wait_signal(void);
/* From now on SIGTERM and SIGINT end the process at once. */
void process_unblock_signals(void);

/* Room for that many connections; a warning in the log when the hard limit does not allow it. */
void process_raise_file_limit(int64_t connections);

/* With parents (0755). False: it is not there and can not be made; errno says why. */
bool process_make_folder(const char *path, mode_t mode);
bool process_make_folder_of(const char *file, mode_t mode);

#endif
