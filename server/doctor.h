/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor.h – xenapid doctor: what is wrong with a database, and what to do about it. */
#ifndef SERVER_DOCTOR_H
#define SERVER_DOCTOR_H

#include "server/options.h"

/* Says it on standard output. True: nothing is wrong (any more). */
bool doctor_run(const struct options *options);

#endif
