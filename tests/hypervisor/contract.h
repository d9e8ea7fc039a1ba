/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* contract.h – what the parts of the contract test share: the adapter, its guests, what is waited
 * for and how exact it has to be */
#ifndef TESTS_HYPERVISOR_CONTRACT_H
#define TESTS_HYPERVISOR_CONTRACT_H

#include "tests/hypervisor/fixture.h"

/* As hypervisor.h says: how far what a guest has may be from its target. */
#define GUEST_TOLERANCE MIB
#define MEMORY (128 * MIB)
#define MEMORY_LESS (112 * MIB)
#define MEMORY_MOST (192 * MIB)
#define OVERHEAD (8 * MIB)
/* How far the host's free memory may be from what the guests explain: Xen has needs of its own. */
#define HOST_TOLERANCE (12 * MIB)
#define VCPUS_MOST 2

struct contract {
	struct hypervisor *hypervisor;
	bool simulated;
	enum guest_type type;
	const char *kernel;
	const char *ramdisk;
	const char *arguments;
	char a[UUID_SIZE]; /* its domains */
	char b[UUID_SIZE];
};

extern struct contract contract;

/* MEMORY of MEMORY_MOST, 1 vCPU of VCPUS_MOST, a name that says whose it is. */
struct domain_config contract_config(const char *uuid);
/* Starts it, which has to succeed; its domid. */
int contract_start(const char *uuid, bool paused);
/* The path of an image, named as those of VMs are; to be freed. */
char *contract_image(const char *what);
/* Destroys whatever this program has made and is still there. */
void contract_clean_up(void);

/* The call that returned `rc` has succeeded. */
bool contract_done(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The result of a call was a refusal of this kind, and it says why. */
void contract_refused(int rc, enum hypervisor_error_kind kind, const char *what);
/* Every op that names a domain says that there is none. */
void contract_nobody(const char *uuid, const char *what);

/* From now on the guest, which has to be up, does not do what shutdown asks, or does so again. */
void contract_guest_ignores(const char *uuid, bool ignores);

/* One result; when it fails nothing that follows makes sense: cleans up and ends the program. */
void contract_need(bool condition, const char *what);
/* Each is such a result, waited for as long as a guest on a slow machine may need. */
void contract_await(const char *uuid,
		    bool (*reached)(const struct domain_info *info, int64_t value), int64_t value,
		    const char *what);
bool contract_has_memory(const struct domain_info *info, int64_t bytes);
bool contract_has_vcpus(const struct domain_info *info, int64_t count);
bool contract_is_up(const struct domain_info *info, int64_t unused);
/* The host's free memory comes to be that, or more. */
void contract_await_free(int64_t bytes, const char *what);
/* Events come until there is this one; others may come before it. */
void contract_expect_event(enum hypervisor_event_kind kind, const char *uuid,
			   enum shutdown_reason reason);

/* contract_disk.c. Of the domain contract.a, which is up and has no disks. */
void contract_test_disks(void);

/* contract_end.c. One after the other, of contract.a, and contract.b that is to shut down late;
 * both are up, and have shut down at the end. */
void contract_test_suspend(void);
void contract_test_resume(void);
void contract_test_shutdown(void);
void contract_test_shutdown_late(void);

/* contract_live.c. Of the domain contract.a, which is up. */
void contract_test_memory(void);
void contract_test_maximum(void);
void contract_test_memory_runs_out(void);
void contract_test_vcpus(void);
void contract_test_scheduling(void);
void contract_test_shadow(void);
void contract_test_threads(void); /* and of contract.b */

#endif
