/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* manual.h – the lists of the manual page xm(1). */
#ifndef RPC_XM_MANUAL_H
#define RPC_XM_MANUAL_H

/* Prints "options" or "commands" in the language of manual pages; returns the exit status. */
int manual_print(const char *list);

#endif
