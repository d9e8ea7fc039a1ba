/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* complete.h – what may stand on the command line next, for the shells' completions. */
#ifndef RPC_XM_COMPLETE_H
#define RPC_XM_COMPLETE_H

/* The exit status that says: names of files. */
#define COMPLETE_FILES 2

/*
 * The words behind `xm`, the last one being the one to complete, "" if nothing of it is there yet.
 * Prints a line for each way to go on: the word, and after a tab what it is. What ends in "=" or
 * "." is not a whole word yet. Says nothing of errors, and does not wait for a server that does not
 * answer.
 */
int complete_run(int count, char **words);

#endif
