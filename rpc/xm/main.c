/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c – the program xm. */
#include "rpc/xm/xm.h"

int main(int argc, char **argv)
{
	return xm_run(argc, argv);
}
