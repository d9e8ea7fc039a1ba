/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* api.h – from a call's name and values to its result: what the wire knows of the server. */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include "schema/buffer.h"
#include "schema/error.h"
#include "schema/log.h"
#include "schema/schema.h"
#include "schema/value.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct api;
struct store;
struct hypervisor;

/* Where a call came from. */
struct api_origin {
	bool is_unix;
	uid_t uid;	  /* of the peer of a Unix socket */
	char address[64]; /* of a TCP peer, without the port; "unix" otherwise: for logs and login
			     delays */
	/* Of a TLS client whose certificate is trusted: its name (RFC 4514) and "sha256:HEX"; NULL:
	 * there is none. Valid as long as the call. */
	const char *certificate;
	const char *fingerprint;
};

#define API_DIGEST_SIZE 65

/* What an authenticator says of who signs in. */
#define API_USER_MAX 256
struct api_grant {
	char user[API_USER_MAX + 1]; /* the account's name, where it is not the one that was given
				      */
	bool superuser;
	enum role role; /* by the configuration; the roles of a subject may give more */
};

/*
 * Who may sign in. Both are called on a worker thread, may block, and return 0 and *ret_grant, or
 * −1: refused.
 */
struct api_authenticator {
	/* It must take the same time whether or not the account exists. */
	int (*check)(void *context, const char *user, const char *password,
		     struct api_grant *ret_grant);
	/* Without a password: whom the connection itself shows to be that user, "" for whoever it
	 * is. NULL: nobody. */
	int (*recognize)(void *context, const struct api_origin *origin, const char *user,
			 struct api_grant *ret_grant);
	void *context;
	bool open_to_all; /* --auth none: any name and password */
};

/* One call. Whoever makes it owns it, and keeps it until it is finished. */
struct api_call {
	const char *method;	  /* as on the wire */
	struct value *parameters; /* a set; a session first where the message needs one */
	struct api_origin origin;
	/* Called on the calling thread just before the call goes on elsewhere: api_start will
	 * return false. */
	void (*defer)(struct api_call *call);
	/* Called once, from any thread, when a deferred call is finished; the call may be freed in
	 * it. */
	void (*done)(struct api_call *call);
	void *context;
	size_t bytes; /* that it had on the wire */
	struct log_request request;
	bool trusted; /* the server's own, for somebody who may read without a session */

	/* Set when it is finished: an error, or a result. */
	struct error error;
	struct value *result;
	bool repeatable; /* whoever is not given the result may ask again, and loses nothing */
	bool bare;	 /* the result goes without the Status envelope (system.*) */

	/* the API's own */
	atomic_bool left;
	struct events *events; /* they want to know when the answer is sent, and the call cleared */
	unsigned events_round;
};

/*
 * Runs the call. True: it is finished, `defer` and `done` were and will not be called. Never
 * blocks: what may take time (the disk, the hypervisor, a password) is deferred.
 */
bool api_start(struct api *api, struct api_call *call);
/* What calls under way hold, those included for which nobody waits any more. */
int64_t api_bytes_held(const struct api *api);
/* Whoever waited for a deferred call does not any more; it is finished nevertheless. */
void api_call_leave(struct api *api, struct api_call *call);
void api_call_clear(struct api_call *call); /* frees parameters, error and result; the answer is
					       sent */

struct api_options {
	struct api_authenticator authenticator;
	const char *suspend_folder; /* where suspend images go: an existing folder */
	const char *backup_folder;  /* where copies of the database go: made when it is needed */
	const char *const *kernel_folders; /* NULL-terminated: kernels and ramdisks only from below
					      these; NULL: any */
	const char *const *disk_folders;   /* NULL-terminated: existing disks only here or below;
					      NULL: none */
	const char *const *sr_folders;	   /* NULL-terminated: SRs of files only here or below */
	/* The certificate that https shows, PEM, to be freed; NULL: there is none. May block. */
	char *(*get_certificate)(void *context);
	void *certificate_context;
	int session_idle_seconds; /* 0: 24 hours */
	int session_limit;	  /* per user; 0: 500 */
	int operation_wait_ms; /* how long a call waits for another operation on its VM; 0: 30 s */
	int shutdown_timeout_ms; /* of clean_shutdown and clean_reboot; 0: 20 minutes */
	int guests_timeout_ms;	 /* of host.shutdown_guests, all of them together; 0: 5 minutes */
	const char *boot_id;	 /* a file: which boot of the host this is; NULL: the kernel's */
	int worker_threads;	 /* 0: 16 */
	int metrics_interval_ms; /* how often VM_metrics are sampled; 0: 5 s */
	int login_delay_ms;	 /* the first delay after a failed login; it doubles; 0: 250 ms */
	int guest_restart_delay_ms; /* before a guest that rebooted soon after its start is built
				       again; 0: 15 s */
	int guest_restart_window_s; /* what "soon" is, and when a crash is not answered with a
				       restart; 0: 120 s */
	/* How a value stands in task.result: the wire's encoder, as xapi has it. */
	void (*write_result)(struct buffer *out, const struct value *value);
	/* The disks of a template's other_config, in XML, as a set of maps; NULL: it is none. */
	struct value *(*read_provision)(const char *text);
	/* SHA-256 of a text, in hexadecimal digits; NULL: there are no tokens. */
	void (*digest)(const char *text, char ret_digest[API_DIGEST_SIZE]);
	const char *audit;  /* what is audited: api_set_audit */
	bool force_adapter; /* take a database that belongs to another host or kind of hypervisor */
};

/*
 * Makes records and hypervisor agree, starts the threads. Both stay the caller's and must outlive
 * it. NULL with *err when the database belongs to another host or adapter.
 */
struct api *api_open(struct store *store, struct hypervisor *hypervisor,
		     const struct api_options *options, struct error *err);
/* Which calls leave a line in the log: "all" that change something or are refused, "refused",
 * "none" (NULL). */
void api_set_audit(struct api *api, const char *what);
/* Calls that wait for events are finished now, with what there is. */
void api_stop_waiting(struct api *api);
/* Lets calls in progress finish, then stops. No call may be started any more. Guests go on. */
void api_close(struct api *api);

#endif
