/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen.h – what the files of the Xen adapter share: its handles, domains, xenstore, libxl. */
#ifndef SERVER_HYPERVISOR_XEN_H
#define SERVER_HYPERVISOR_XEN_H

#include "server/hypervisor/adapter.h"

#include <pthread.h>

/* Xen has one of its own, which it shares with guests. */
#define vcpu_info xen_vcpu_info
#include <libxl.h>
#include <xenctrl.h>
#include <xenstore.h>
#undef vcpu_info

#define XEN_PAGE 4096
#define XEN_STORE_PATH_SIZE 128

struct xen_events;

/* Memory that a domain which is being built is going to take. */
struct xen_promise {
	const char *uuid;
	int64_t bytes;
	struct xen_promise *next;
};

/*
 * Many threads, three kinds of handles:
 * - libxenctrl keeps the last error in its handle, so one handle and one lock, which is held for
 *   single hypercalls, microseconds each.
 * - libxenstore locks its handle itself; one for what is read and written. Who watches opens one of
 *   its own, since watches come to the handle, not to the thread.
 * - libxl takes seconds to build or save a domain, and reports through the logger of its context.
 *   So each call opens a context of its own (struct xen_libxl): nobody waits for it, and what it
 *   has logged belongs to that call.
 */
struct xen {
	pthread_mutex_t lock; /* of xc */
	xc_interface *xc;
	struct xs_handle *xs;
	uint32_t scheduler; /* XEN_SCHEDULER_… */
	int pcpus;
	int64_t idle_ns; /* as they were at open */
	int64_t clock_ns;

	/* Held from looking at the free memory until it is promised or asked for; taken before
	 * `lock`. */
	pthread_mutex_t memory_lock;
	struct xen_promise *promises;

	struct xen_events *events;
};

#define AUTO_UNLOCK __attribute__((cleanup(xen_unlock), unused)) pthread_mutex_t *
pthread_mutex_t *xen_lock(pthread_mutex_t *lock);
void xen_unlock(pthread_mutex_t **lock);

/* xen_host.c */
void xen_read_facts(struct xen *xen, const xc_physinfo_t *physical, struct host_facts *ret_facts);
int64_t xen_idle_ns(struct xen *xen); /* over all pCPUs */
/* What is free and that nobody is to get yet, in bytes; `but` is left out of account (or NULL).
 * With memory_lock held. */
int64_t xen_memory_free(struct xen *xen, const char *but);

/* xen_domain.c. A domain that is dying counts as gone; xen_look then fails without words. */
int xen_read_domains(struct xen *xen, xc_domaininfo_t **ret_domains, size_t *ret_count,
		     struct hypervisor_error *err);
int xen_find(struct xen *xen, const char *uuid, xc_domaininfo_t *ret_domain,
	     struct hypervisor_error *err);
/* one that has not shut down */
int xen_find_live(struct xen *xen, const char *uuid, xc_domaininfo_t *ret_domain,
		  struct hypervisor_error *err);
/* and is not Domain-0 */
int xen_find_guest(struct xen *xen, const char *uuid, bool live, xc_domaininfo_t *ret_domain,
		   struct hypervisor_error *err);
int xen_look(struct xen *xen, uint32_t domid, xc_domaininfo_t *ret_domain);
void xen_uuid_of(const xc_domaininfo_t *domain, char ret_uuid[UUID_SIZE]);
bool xen_is_shut_down(const xc_domaininfo_t *domain);
enum shutdown_reason xen_reason_of(const xc_domaininfo_t *domain);
enum guest_type xen_type_of(struct xen *xen, const xc_domaininfo_t *domain);
/* 0: one that is being made or unmade, whose max_vcpu_id is beyond all numbers */
uint32_t xen_vcpu_count(const xc_domaininfo_t *domain);
int64_t xen_memory_actual(const xc_domaininfo_t *domain);
int64_t xen_memory_target(struct xen *xen, const xc_domaininfo_t *domain);
int64_t xen_memory_maximum(struct xen *xen, const xc_domaininfo_t *domain);
/* HVM: the graphics card's; Xen counts it, memory/target does not */
int64_t xen_memory_video(struct xen *xen, const xc_domaininfo_t *domain);
void xen_name_of(struct xen *xen, uint32_t domid, char ret_name[DOMAIN_NAME_SIZE]);

/* xen_store.c. Keys are below /local/domain/DOMID. */
struct xen_key {
	char path[48];
	char value[32];
	bool guest_owned; /* so that the guest may write it */
};

/* NULL: it is not there; to be freed otherwise */
char *xen_store_read(struct xen *xen, uint32_t domid, const char *key);
int64_t xen_store_read_int(struct xen *xen, uint32_t domid, const char *key, int64_t otherwise);
/* all of them or none; nothing is made below a domain that is gone */
int xen_store_write(struct xen *xen, uint32_t domid, const struct xen_key *keys, size_t count,
		    struct hypervisor_error *err);
struct xen_key xen_key_kib(const char *path, int64_t bytes);
/* the balloon's target and range, as keys */
#define XEN_MEMORY_KEYS 3
void xen_memory_keys(const struct memory_range *range, int64_t video_bytes,
		     struct xen_key ret_keys[XEN_MEMORY_KEYS]);

/* xen_bridge.c. Makes an interface of this machine a port of that bridge, and of no other. */
int xen_make_port(const char *interface, const char *bridge, struct hypervisor_error *err);

/* xen_nic.c. Before the guest can send: what it may. */
int xen_filter_nics(uint32_t domid, const struct domain_config *config,
		    struct hypervisor_error *err);
/* No rules of a domain that is gone stay. */
void xen_forget_filters(struct xen *xen);

/* xen_libxl.c */
struct xen_libxl {
	xentoollog_logger logger; /* the first member: libxl hands it back */
	libxl_ctx *ctx;
	size_t length;
	char text[384]; /* libxl's own words, what it said first standing first */
};

#define AUTO_LIBXL __attribute__((cleanup(xen_libxl_close))) struct xen_libxl
int xen_libxl_open(struct xen_libxl *libxl, struct hypervisor_error *err);
void xen_libxl_close(struct xen_libxl *libxl);
/* xen_find_guest, and a context to ask libxl for something with it. */
int xen_open_guest(struct xen *xen, const char *uuid, bool live, xc_domaininfo_t *ret_domain,
		   struct xen_libxl *ret_libxl, struct hypervisor_error *err);
/* `format` says what could not be done, to which libxl's reason is added. Returns −1. */
int xen_libxl_fail(const struct xen_libxl *libxl, int rc, struct hypervisor_error *err,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* For xc_interface_open: keeps nothing, prints nothing. */
extern xentoollog_logger xen_quiet;

/* xen_config.c: the switches of xl.cfg that are a libxl_defbool of libxl_domain_build_info; a NULL
 * key ends them. */
struct xen_switch {
	const char *key;
	size_t offset;
	bool hvm_only;
	bool is_platform; /* a key of VM.platform, too */
};
extern const struct xen_switch xen_switches[];
/* xen_config.c. The same to libxl; to be disposed of, also after a failure. */
int xen_make_config(struct xen *xen, libxl_ctx *ctx, const struct domain_config *config,
		    int64_t memory_bytes, libxl_domain_config *ret_config,
		    struct hypervisor_error *err);

/* xen_disk.c, xen_nic.c. Those that the domain is built with. */
void xen_set_disks(libxl_domain_config *domain, const struct domain_config *config);
void xen_set_nics(libxl_domain_config *domain, const struct domain_config *config);

/* xen_build.c */
struct xen_image {
	int fd;
	int64_t memory_bytes;
	bool balloons;
};

/* From the image, or afresh when that is NULL. */
int xen_build(struct xen *xen, const struct domain_config *config, const struct xen_image *image,
	      bool paused, int *ret_domid, struct hypervisor_error *err);
int xen_unpause_domain(struct xen *xen, const xc_domaininfo_t *domain,
		       struct hypervisor_error *err);

/* xen_schedule.c */
/* Untouched where the domain's scheduler knows none. */
void xen_read_weight(struct xen *xen, uint32_t domid, int *ret_weight, int *ret_cap);
int xen_check_scheduling(const struct xen *xen, const struct scheduling *scheduling,
			 struct hypervisor_error *err);

/* xen_event.c */
struct xen_events *xen_events_open(struct xen *xen, struct hypervisor_error *err);
void xen_events_close(struct xen_events *events);

#endif
