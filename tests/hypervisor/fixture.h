/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fixture.h – what the tests of the adapters share: a private folder, configurations, the control
 * socket */
#ifndef TESTS_HYPERVISOR_FIXTURE_H
#define TESTS_HYPERVISOR_FIXTURE_H

#include "server/hypervisor/hypervisor.h"

#define MIB ((int64_t)1024 * 1024)
#define GIB (1024 * MIB)
#define UUID_A "a0000000-0000-4000-8000-00000000000a"
#define UUID_B "b0000000-0000-4000-8000-00000000000b"
#define UUID_NONE "f0000000-0000-4000-8000-00000000000f"

/* A folder of its own, removed at exit with everything in it. */
const char *fixture_folder(void);
/* A file in it, to be freed. */
char *fixture_path(const char *name);
void fixture_write(const char *path, const char *content);
char *fixture_read(const char *path); /* to be freed; NULL: there is none */

/* PVH, 1 vCPU of 8, a maximum of twice the target, 8 MiB of overhead */
struct domain_config fixture_config(const char *uuid, int64_t memory_mib);

/* What the last call of those below, or of a test that uses it, failed with. */
extern struct hypervisor_error fixture_error;
/* Starts it unpaused; its domid, -1: refused. */
int fixture_start(struct hypervisor *hypervisor, const char *uuid, int64_t memory_mib);
/* Target and both bounds. */
int fixture_set_target(struct hypervisor *hypervisor, const char *uuid, int64_t bytes);
/* The result of a call was a refusal of this kind, in these words. */
void fixture_refused(int rc, enum hypervisor_error_kind kind, const char *text);

/* The simulator with a control socket in the folder; `state` is a file's name in it, or NULL. */
struct hypervisor *fixture_open(const char *state, int64_t memory_bytes);
/* The same in another process, which ends with this one: called before there are threads. */
struct hypervisor *fixture_open_privileged(void);
/* What the control socket of the simulator opened last says to a line; valid until the next. */
const char *fixture_ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct domain_info fixture_get(struct hypervisor *hypervisor, const char *uuid);
int64_t fixture_memory_free(struct hypervisor *hypervisor);
/* Asks for the domain until its memory is `bytes`; false: not within 10 s. */
bool fixture_await_memory(struct hypervisor *hypervisor, const char *uuid, int64_t bytes);
int64_t fixture_now_ms(void);

#endif
