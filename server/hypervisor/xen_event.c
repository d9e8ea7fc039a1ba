/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_event.c – what guests did by themselves: differences of the list of domains */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Nobody says when a domain is paused or unpaused. */
#define LOOK_MS 500

/*
 * xenstore says that some domain has come, stopped or gone, not which, and says several at once as
 * one. So each time the list is compared with what it was. One thread only, hence no lock; wake_fd
 * is for the others.
 */
struct xen_events {
	struct xs_handle *watcher;
	int wake_fd;
	xc_domaininfo_t *known;
	size_t known_count;
	struct hypervisor_event *queue;
	size_t queued;
};

void xen_events_close(struct xen_events *events)
{
	if (events->watcher)
		xs_close(events->watcher);
	if (events->wake_fd >= 0)
		close(events->wake_fd);
	free(events->known);
	free(events->queue);
	free(events);
}

static int fail_open(struct xen_events *events, struct hypervisor_error *err)
{
	hypervisor_fail(err, HYPERVISOR_FAILED, "xenstore cannot be watched: %s", strerror(errno));
	xen_events_close(events);
	return -1;
}

/* The list is read when it is watched already, so that nothing is missed. */
static int begin(struct xen *xen, struct xen_events *events, struct hypervisor_error *err)
{
	events->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	events->watcher = xs_open(0);
	if (events->wake_fd < 0 || !events->watcher ||
	    !xs_watch(events->watcher, "@introduceDomain", "") ||
	    !xs_watch(events->watcher, "@releaseDomain", ""))
		return fail_open(events, err);
	if (xen_read_domains(xen, &events->known, &events->known_count, err) == 0)
		return 0;
	xen_events_close(events);
	return -1;
}

struct xen_events *xen_events_open(struct xen *xen, struct hypervisor_error *err)
{
	struct xen_events *events = allocate(sizeof(*events));

	return begin(xen, events, err) < 0 ? NULL : events;
}

static void queue(struct xen_events *events, enum hypervisor_event_kind kind,
		  const xc_domaininfo_t *domain)
{
	struct hypervisor_event *event;

	events->queue = reallocate(events->queue, (events->queued + 1) * sizeof(*events->queue));
	event = &events->queue[events->queued++];
	*event = (struct hypervisor_event){.kind = kind, .domid = domain->domain};
	if (kind == EVENT_DOMAIN_SHUTDOWN)
		event->reason = xen_reason_of(domain);
	xen_uuid_of(domain, event->uuid);
}

static const xc_domaininfo_t *find(const xc_domaininfo_t *domains, size_t count,
				   const xc_domaininfo_t *domain)
{
	for (size_t i = 0; i < count; i++)
		if (domains[i].domain == domain->domain &&
		    memcmp(domains[i].handle, domain->handle, sizeof(domain->handle)) == 0)
			return &domains[i];
	return NULL;
}

static bool is_paused(const xc_domaininfo_t *domain)
{
	return domain->flags & XEN_DOMINF_paused;
}

static int compare(struct xen *xen, struct xen_events *events, struct hypervisor_error *err)
{
	xc_domaininfo_t *now;
	size_t count;

	if (xen_read_domains(xen, &now, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < events->known_count; i++)
		if (!find(now, count, &events->known[i]))
			queue(events, EVENT_DOMAIN_GONE, &events->known[i]);
	for (size_t i = 0; i < count; i++) {
		const xc_domaininfo_t *before = find(events->known, events->known_count, &now[i]);

		if (!before)
			queue(events, EVENT_DOMAIN_APPEARED, &now[i]);
		if (before && is_paused(before) != is_paused(&now[i]))
			queue(events, EVENT_DOMAIN_PAUSED, &now[i]);
		if (xen_is_shut_down(&now[i]) && (!before || !xen_is_shut_down(before)))
			queue(events, EVENT_DOMAIN_SHUTDOWN, &now[i]);
	}
	free(events->known);
	events->known = now;
	events->known_count = count;
	return 0;
}

/* 1: somebody woke us; 0: we have looked what is new, which is then in the queue. */
static int wait_once(struct xen *xen, struct xen_events *events, int wait_ms,
		     struct hypervisor_error *err)
{
	struct pollfd fds[] = {{.fd = xs_fileno(events->watcher), .events = POLLIN},
			       {.fd = events->wake_fd, .events = POLLIN}};
	eventfd_t count;
	int ready = poll(fds, ARRAY_SIZE(fds), wait_ms);
	bool look = ready == 0;

	if (ready < 0)
		return errno == EINTR ?
			       0 :
			       hypervisor_fail(err, HYPERVISOR_FAILED, "poll: %s", strerror(errno));
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "xenstore has gone");
	for (char **event; (event = xs_check_watch(events->watcher)); look = true)
		free(event);
	if (look && compare(xen, events, err) < 0)
		return -1;
	return events->queued == 0 && fds[1].revents && eventfd_read(events->wake_fd, &count) == 0;
}

static void take_first(struct xen_events *events, struct hypervisor_event *ret_event)
{
	*ret_event = events->queue[0];
	events->queued--;
	memmove(events->queue, events->queue + 1, events->queued * sizeof(*events->queue));
}

int xen_wait_event(void *adapter, int timeout_ms, struct hypervisor_event *ret_event,
		   struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	struct xen_events *events = xen->events;
	int64_t until_ms = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;

	while (events->queued == 0) {
		int64_t rest_ms = greater_of(until_ms - clock_ms(), 0);
		int rc = wait_once(xen, events, (int)lesser_of(rest_ms, LOOK_MS), err);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (events->queued == 0 && rest_ms == 0)
			return 0;
	}
	take_first(events, ret_event);
	return 1;
}

void xen_wake(void *adapter)
{
	struct xen *xen = adapter;

	eventfd_write(xen->events->wake_fd, 1);
}
