/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rate.h – limits of what a network interface sends, as xl-network-configuration(5) writes them. */
#ifndef SCHEMA_RATE_H
#define SCHEMA_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "10Mb/s", "250KB/s@20ms": KiB per second, at least 1. The interval behind @ is judged and left
 * out: how often an allowance is renewed is the backend's matter. False: it is no such text, or
 * more than fits.
 */
bool rate_read(const char *text, int64_t *ret_kib);

#endif
