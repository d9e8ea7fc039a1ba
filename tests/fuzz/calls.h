/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* calls.h – how libFuzzer comes to calls that mean something: calls.c. */
#ifndef TESTS_FUZZ_CALLS_H
#define TESTS_FUZZ_CALLS_H

#include <stdbool.h>

/* libFuzzer runs, and makes thousands of inputs. */
bool calls_may_share_server(void);

#endif
