/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator.h – what the simulator's files share: its host, its guests, their time */
#ifndef SERVER_HYPERVISOR_SIMULATOR_H
#define SERVER_HYPERVISOR_SIMULATOR_H

#include "schema/buffer.h"
#include "server/hypervisor/adapter.h"

#include <jansson.h>
#include <pthread.h>

#define SIMULATOR_VCPUS_MAX 128
#define SIMULATOR_GUESTS_MAX 4096
#define MIB ((int64_t)1024 * 1024)
#define GIB (1024 * MIB)
#define WHOLE_KIB(bytes) ((bytes) & ~(int64_t)1023) /* as Xen counts memory */

enum simulator_device { SIMULATOR_NICS, SIMULATOR_DISKS, SIMULATOR_PCIS, SIMULATOR_DEVICES };

/* A domain. Numbers and flags are rows of simulator_state.c too. */
struct guest {
	char uuid[UUID_SIZE];
	char name[DOMAIN_NAME_SIZE];
	int domid;
	enum guest_type type;
	bool paused;
	bool shutdown;
	enum shutdown_reason reason;
	int64_t memory_actual; /* moves towards the target, see simulator_advance */
	int64_t memory_target;
	int64_t memory_maximum;
	int64_t memory_floor; /* the guest does not go below by itself */
	int64_t memory_overhead;
	int64_t memory_shadow; /* is part of the overhead */
	int64_t dynamic_min;
	int64_t dynamic_max;
	int vcpus_online;
	int vcpus_max;
	uint64_t vcpu_time_ns[SIMULATOR_VCPUS_MAX];
	int weight;
	int cap;
	char *mask;	      /* never NULL */
	bool ignore_shutdown; /* told so through the control socket */
	bool no_balloon;
	int64_t start_time;	 /* seconds since 1970 */
	int64_t at_ns;		 /* how far its time has been computed */
	int64_t shutdown_due_ns; /* it was asked to shut down and will then; 0: it was not */
	enum shutdown_reason shutdown_as; /* what it was asked */
	/* arrays of what nic_config and disk_config say; the state file's too: what is changed is a
	 * copy */
	json_t *devices[SIMULATOR_DEVICES];
	json_t *keys;	    /* what it has written for others: path to text */
	json_t *built_from; /* what nothing here looks at: kernel, platform, … */
};

struct fault;
struct buffer;

/*
 * `lock` protects everything but what is set at open. Whatever changes a guest ends with
 * simulator_commit; what only time changes is computed when somebody looks (simulator_advance) and
 * needs no commit, since it is the same after a reload.
 */
struct simulator {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* monotonic; a domain, an event, a fault or the speed */
	struct host_facts host;
	char *state_path;  /* NULL: nothing is kept */
	json_t *committed; /* what the state file holds */
	int64_t wall_ns;   /* what CLOCK_MONOTONIC lacks to the time of day, as it was at open */
	struct control *control; /* NULL: none */
	struct guest *guests;	 /* by domid */
	size_t count;
	int next_domid;
	struct buffer console; /* its log */
	uint64_t past_time_ns; /* CPU time of the domains that are gone */
	double speed;

	struct hypervisor_event *events;
	size_t event_count;
	bool woken;

	struct fault *faults;
	size_t fault_count;
	uint64_t clears; /* how often the faults were cleared: ends delays */
	uint64_t calls[HYPERVISOR_OPS];
};

/* HELD simulator = simulator_enter(…): unlocked on every path out of the scope. */
#define HELD __attribute__((cleanup(simulator_leave))) struct simulator *
void simulator_leave(struct simulator **simulator);

/* simulator_fault.c. Locks it, counts the call, waits out its delays, advances time; NULL: the call
 * fails as told. */
struct simulator *simulator_enter(void *adapter, enum hypervisor_op op,
				  struct hypervisor_error *err);
/* `op` is also "any" or "change", `nth` 0 for every call; delay_ms < 0: it fails with kind and
 * text. 0 or −1. */
int simulator_add_fault(struct simulator *simulator, const char *op, int64_t nth, int64_t delay_ms,
			enum hypervisor_error_kind kind, const char *text,
			struct hypervisor_error *err);
void simulator_clear_faults(struct simulator *simulator);

/* simulator_guest.c, all with the lock held */
int64_t simulator_now(const struct simulator *simulator); /* ns since 1970, never goes back */
/* Computes what guests have done up to now: balloons, CPU time, shutting down when they were asked
 * to. */
void simulator_advance(struct simulator *simulator);
/* It has run at least once. */
bool simulator_has_booted(const struct guest *guest);
/* When the next guest shuts down; INT64_MAX: none is going to. */
int64_t simulator_next_due(const struct simulator *simulator);
/* Waits until something changed, at most until due_ns (of simulator_now), then advances. False: it
 * is due. */
bool simulator_wait(struct simulator *simulator, int64_t due_ns);
void simulator_queue_event(struct simulator *simulator, enum hypervisor_event_kind kind,
			   const struct guest *guest);
int64_t simulator_memory_free(const struct simulator *simulator);
/* What a guest holds or is going to hold, its overhead included. */
int64_t simulator_memory_held(const struct guest *guest);
/* NULL with HYPERVISOR_NO_DOMAIN set; find_live wants one that has not shut down. NULL too, with
 * *err as it is, when `simulator` is NULL: it could not be entered. */
struct guest *simulator_find_guest(struct simulator *simulator, const char *uuid,
				   struct hypervisor_error *err);
struct guest *simulator_find_live_guest(struct simulator *simulator, const char *uuid,
					struct hypervisor_error *err);
/* The guest stops as if by itself. */
void simulator_stop_guest(struct simulator *simulator, struct guest *guest,
			  enum shutdown_reason reason);

/* simulator_build.c, with the lock held. A guest that runs, not committed yet; NULL: refused. */
struct guest *simulator_add_guest(struct simulator *simulator, const struct domain_config *config,
				  int64_t memory_actual, struct hypervisor_error *err);
void simulator_add_domain_0(struct simulator *simulator);
void simulator_remove_guest(struct simulator *simulator, struct guest *guest);
void simulator_clear_guest(struct guest *guest); /* frees what it owns */
int simulator_check_scheduling(const struct simulator *simulator,
			       const struct scheduling *scheduling, struct hypervisor_error *err);
void simulator_apply_scheduling(struct guest *guest, const struct scheduling *scheduling);

/* simulator_state.c, with the lock held. A reference; NULL: a text is not UTF-8. */
json_t *simulator_dump(const struct simulator *simulator);
json_t *simulator_dump_guest(const struct guest *guest);
/* Reads the state file if there is one. On failure nothing has changed. */
int simulator_load(struct simulator *simulator, struct hypervisor_error *err);
/* Writes the state file and tells who waits. On failure the change is undone: guests must be looked
 * up again. */
int simulator_commit(struct simulator *simulator, struct hypervisor_error *err);
/* Writes a temporary file, then renames it; `sync`: it is on disk when this returns. */
int simulator_write_file(const char *path, const json_t *content, bool sync,
			 struct hypervisor_error *err);

/* simulator_command.c. Runs one line of the control socket; the reply is without its line feed. */
void simulator_command(struct simulator *simulator, char *line, struct buffer *reply);

/* simulator_control.c. A socket for its owner only, at `path`; NULL with *err set. */
struct control *simulator_open_control(struct simulator *simulator, const char *path,
				       struct hypervisor_error *err);
void simulator_close_control(struct control *control);

#endif
