/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_wait.c – calls that wait for events, and the one thread that answers them. */
#include "server/api/event.h"

#include "schema/clock.h"
#include "schema/meter.h"
#include "schema/thread.h"

#include <sys/queue.h>

/*
 * A client is answered no sooner than PACE after it asked, and a moment after the first change, so
 * that one answer has many changes: most calls make several. Whoever waits only for tasks is
 * answered at once.
 */
#define PACE_NS INT64_C(50000000)
#define GATHER_NS INT64_C(10000000)
/*
 * How often all who wait are looked through at most; and never so often that answering them takes
 * more than half of the time: what comes meanwhile is in the next answer.
 */
#define LOOK_NS INT64_C(5000000)
#define REST_MAX_NS INT64_C(500000000)
/*
 * Answers that are being sent: the HTTP threads have other calls to answer as well. Those whose
 * clients do not read them for so long do not count any more.
 */
#define IN_FLIGHT_MAX 32
#define SLOW_NS INT64_C(100000000)
#define TIMEOUT_MAX_MS (10 * 60 * 1000)

struct waiter {
	STAILQ_ENTRY(waiter) next;
	struct call *call;
	struct subscriptions *subscriptions; /* NULL: what the session has registered */
	uint64_t classes;
	uint64_t since;
	int64_t not_before_ns;
	int64_t deadline_ns;
	bool prompt;
	bool dirty;   /* something may have changed for it */
	bool checked; /* its session may have ended */
};

STAILQ_HEAD(waiters, waiter);

struct events {
	struct api *api;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct waiters waiting;
	uint64_t changed;    /* classes, since the last look */
	int64_t next_ns;     /* when to look if nothing changes */
	int64_t soonest_ns;  /* and if something does */
	size_t in_flight;    /* answers of this round that are not sent yet */
	unsigned round;	     /* the next one begins when those of one are slow */
	pthread_cond_t room; /* there is some again */
	atomic_bool stopping;
	bool ending;
};

/* On the committer's thread. */
static void hear(void *context, uint64_t classes)
{
	struct events *events = context;

	pthread_mutex_lock(&events->lock);
	events->changed |= classes;
	/* a session's end is of concern also when nobody waits */
	if (!STAILQ_EMPTY(&events->waiting) || classes & UINT64_C(1) << CLASS_session)
		pthread_cond_signal(&events->wake);
	pthread_mutex_unlock(&events->lock);
}

static void finish(struct waiter *waiter)
{
	struct call *call = waiter->call;

	meter_add(METER_waiting_clients, -1);
	subscriptions_release(waiter->subscriptions);
	free(waiter);
	call_finish(call);
}

/* Looking through all. Under the lock. */

static void note_changes(struct waiter *waiter, uint64_t changed, int64_t now)
{
	if (changed & UINT64_C(1) << CLASS_session)
		waiter->checked = true;
	if (!(changed & waiter->classes) || waiter->dirty)
		return;
	waiter->dirty = true;
	if (!waiter->prompt)
		waiter->not_before_ns = greater_of(waiter->not_before_ns, now + GATHER_NS);
}

static int64_t due_ns(const struct events *events, const struct waiter *waiter)
{
	if (atomic_load(&events->stopping) || waiter->checked ||
	    atomic_load(&waiter->call->outer->left))
		return 0;
	return waiter->dirty ? lesser_of(waiter->not_before_ns, waiter->deadline_ns) :
			       waiter->deadline_ns;
}

/* Moves those that are due, and says when the next will be. */
static void take_due(struct events *events, struct waiters *ret_due)
{
	struct waiters rest = STAILQ_HEAD_INITIALIZER(rest);
	int64_t now = clock_ns();
	struct waiter *waiter;

	events->next_ns = INT64_MAX;
	while ((waiter = STAILQ_FIRST(&events->waiting))) {
		int64_t due;

		STAILQ_REMOVE_HEAD(&events->waiting, next);
		note_changes(waiter, events->changed, now);
		due = due_ns(events, waiter);
		STAILQ_INSERT_TAIL(due <= now ? ret_due : &rest, waiter, next);
		if (due > now)
			events->next_ns = lesser_of(events->next_ns, due);
	}
	STAILQ_CONCAT(&events->waiting, &rest);
	events->changed = 0;
}

static void look_at(struct events *events, int64_t time_ns)
{
	if (time_ns >= events->next_ns)
		return;
	events->next_ns = time_ns;
	pthread_cond_broadcast(&events->wake);
}

static void add(struct events *events, struct waiter *waiter)
{
	STAILQ_INSERT_TAIL(&events->waiting, waiter, next);
	look_at(events, due_ns(events, waiter));
}

/* Answering one. Without the lock. */

static struct value *reply_of(struct event_report *report)
{
	struct value *reply;

	if (!report->counts)
		return TAKE(report->events);
	reply = value_map();
	value_put(reply, "events", TAKE(report->events));
	value_put(reply, "valid_ref_counts", TAKE(report->counts));
	value_put(reply, "token", event_token(report->revision));
	return reply;
}

/* Returns whether the call is to be finished with call->result or *err. `now` is its session, whose
 * role may have changed while it waited. */
static bool report(struct events *events, struct waiter *waiter, const struct record *now,
		   struct error *err)
{
	struct registrations *registrations = events->api->registrations;
	const char *session = record_ref(now);
	uint64_t visible = event_classes_for((enum role)record_int(now, session_role));
	bool is_from = waiter->subscriptions;
	struct event_report report = {0};
	bool over = atomic_load(&events->stopping) || waiter->deadline_ns <= clock_ns();

	if (!is_from && registrations_read(registrations, session, &waiter->subscriptions,
					   &waiter->since, err) < 0)
		return true;
	over = event_report(events->api->store, waiter->subscriptions, visible, waiter->since,
			    is_from, &report, err) < 0 ||
	       report.events->length || over;
	if (!is_from)
		subscriptions_release(TAKE(waiter->subscriptions));
	if (!is_from && over)
		registrations_advance(registrations, session, report.revision);
	if (over && report.events)
		waiter->call->result = reply_of(&report);
	waiter->since = report.revision;
	event_report_clear(&report);
	return over;
}

/* The HTTP threads are not to be buried under what nobody else waits for. */
static void wait_for_room(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	if (events->in_flight >= IN_FLIGHT_MAX &&
	    !clock_wait(&events->room, &events->lock, clock_ns() + SLOW_NS)) {
		events->round++;
		events->in_flight = 0;
	}
	pthread_mutex_unlock(&events->lock);
}

static void hand_over(struct events *events, struct waiter *waiter)
{
	struct api_call *outer = waiter->call->outer;

	pthread_mutex_lock(&events->lock);
	events->in_flight++;
	outer->events_round = events->round;
	pthread_mutex_unlock(&events->lock);
	outer->events = events;
	outer->repeatable = waiter->subscriptions;
	finish(waiter);
}

/* Answers it, or returns it to those that wait. */
static void serve(struct events *events, struct waiter *waiter)
{
	struct call *call = waiter->call;
	AUTO(record) session =
		store_read(events->api->store, CLASS_session, record_ref(call->session));
	bool ready;

	wait_for_room(events);
	if (atomic_load(&call->outer->left)) {
		finish(waiter);
		return;
	}
	if (!session || session_is_over(events->api, session)) {
		fail(&call->error, ERROR_SESSION_INVALID, record_ref(call->session));
		hand_over(events, waiter);
		return;
	}
	ready = report(events, waiter, session, &call->error);
	if (ready) {
		hand_over(events, waiter);
		return;
	}
	waiter->dirty = waiter->checked = false;
	pthread_mutex_lock(&events->lock);
	add(events, waiter);
	pthread_mutex_unlock(&events->lock);
}

static void serve_all(struct events *events, struct waiters *due)
{
	struct waiter *waiter;

	while ((waiter = STAILQ_FIRST(due))) {
		STAILQ_REMOVE_HEAD(due, next);
		serve(events, waiter);
	}
}

static int64_t rest_after(int64_t took_ns)
{
	return greater_of(LOOK_NS, lesser_of(took_ns, REST_MAX_NS));
}

/* Under the lock. */
static void wait_for_work(struct events *events)
{
	while (!events->ending) {
		int64_t until = events->changed ? 0 : events->next_ns;

		if (!atomic_load(&events->stopping))
			until = greater_of(until, events->soonest_ns);
		if (until <= clock_ns())
			return;
		clock_wait(&events->wake, &events->lock, until);
	}
}

static void *run(void *argument)
{
	struct events *events = argument;

	pthread_mutex_lock(&events->lock);
	while (!events->ending) {
		struct waiters due = STAILQ_HEAD_INITIALIZER(due);
		int64_t begin = clock_ns();

		if (events->changed >> CLASS_session & 1)
			registrations_sweep(events->api->registrations, events->api->store);
		take_due(events, &due);
		pthread_mutex_unlock(&events->lock);
		serve_all(events, &due);
		pthread_mutex_lock(&events->lock);
		events->soonest_ns = clock_ns() + rest_after(clock_ns() - begin);
		wait_for_work(events);
	}
	pthread_mutex_unlock(&events->lock);
	return NULL;
}

struct events *events_new(struct api *api)
{
	struct events *events = allocate(sizeof(*events));

	events->api = api;
	pthread_mutex_init(&events->lock, NULL);
	clock_init_condition(&events->wake);
	clock_init_condition(&events->room);
	STAILQ_INIT(&events->waiting);
	events->next_ns = INT64_MAX;
	store_set_listener(api->store, hear, events);
	thread_start(&events->thread, "events", run, events);
	return events;
}

void events_look(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	look_at(events, 0);
	pthread_mutex_unlock(&events->lock);
}

void events_stop(struct events *events)
{
	atomic_store(&events->stopping, true);
	events_look(events);
}

void events_free(struct events *events)
{
	store_set_listener(events->api->store, NULL, NULL);
	pthread_mutex_lock(&events->lock);
	events->ending = true;
	pthread_cond_broadcast(&events->wake);
	pthread_mutex_unlock(&events->lock);
	pthread_join(events->thread, NULL);
	pthread_cond_destroy(&events->wake);
	pthread_cond_destroy(&events->room);
	pthread_mutex_destroy(&events->lock);
	free(events);
}

void events_wait(struct call *call, struct subscriptions *subscriptions, uint64_t since,
		 int64_t timeout_ms)
{
	struct events *events = call->api->events;
	struct waiter *waiter = allocate(sizeof(*waiter));
	int64_t now = clock_ns();

	waiter->call = call;
	waiter->subscriptions = subscriptions;
	waiter->classes = subscriptions ? subscriptions_classes(subscriptions) : event_classes();
	waiter->since = since;
	waiter->prompt = waiter->classes == UINT64_C(1) << CLASS_task;
	waiter->not_before_ns = waiter->prompt || (subscriptions && !since) ? now : now + PACE_NS;
	waiter->deadline_ns = now + lesser_of(timeout_ms, TIMEOUT_MAX_MS) * 1000000;
	meter_add(METER_waiting_clients, 1);
	pthread_mutex_lock(&events->lock);
	/* what is published from here on is heard of */
	waiter->dirty = !subscriptions || since != store_revision(call->api->store);
	add(events, waiter);
	pthread_mutex_unlock(&events->lock);
}

void events_end_reply(struct api_call *call)
{
	struct events *events = call->events;

	pthread_mutex_lock(&events->lock);
	if (call->events_round == events->round && events->in_flight-- == IN_FLIGHT_MAX / 2)
		pthread_cond_signal(&events->room);
	pthread_mutex_unlock(&events->lock);
}
