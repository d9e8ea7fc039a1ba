/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.h – what the server says of a VM that it made of something: ref and report. */
#ifndef RPC_XM_REPORT_H
#define RPC_XM_REPORT_H

#include "rpc/xm/xm.h"

/*
 * Tells the user what was not taken as it stands, and makes the VM the command's subject. `lines`:
 * so many lines are the file's own, those behind them the command line's; −1: it had no lines.
 */
enum status report_tell(struct xm *xm, const char *title, int lines, const struct value *result);
/* All of it, a line for each key. */
enum status report_table(const char *title, const struct value *result);
/* The last call was refused. "config (line 3: …; line 5: …)" and the text there are said as
 * TITLE: line 3: …. Always STATUS_FAILED. */
enum status report_refusal(struct xm *xm, const char *title);

#endif
