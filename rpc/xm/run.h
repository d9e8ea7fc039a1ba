/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run.h – the functions of commands.def, one for each command. */
#ifndef RPC_XM_RUN_H
#define RPC_XM_RUN_H

#include "rpc/xm/amount.h"
#include "rpc/xm/terminal.h"
#include "rpc/xm/vm.h"
#include "rpc/xm/xm.h"

#define COMMAND(name, function, ...) enum status run_##function(struct xm *xm);
#include "rpc/xm/commands.def"

#endif
