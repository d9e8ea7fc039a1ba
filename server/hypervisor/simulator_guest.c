/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_guest.c – what guests do while time passes: balloon, use CPU time, shut down when asked
 */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "schema/clock.h"

#define BALLOON_BYTES_PER_NS (256.0 * 1024 * 1024 / 1e9)
/* An idle guest: this part of each vCPU's time is used. */
#define IDLE_SHARE 1000
/* What booting takes of the first vCPU's time. */
#define BOOT_TIME_NS 700000000

int64_t simulator_now(const struct simulator *simulator)
{
	return simulator->wall_ns + clock_ns();
}

/* Where its balloon is going. */
static int64_t memory_goal(const struct guest *guest)
{
	if (guest->no_balloon || guest->shutdown)
		return guest->memory_actual;
	return lesser_of(greater_of(guest->memory_target, guest->memory_floor),
			 guest->memory_maximum);
}

static void move_balloon(struct guest *guest, int64_t elapsed_ns, double speed)
{
	double step = (double)elapsed_ns * BALLOON_BYTES_PER_NS * speed;
	int64_t goal = memory_goal(guest);
	int64_t way = goal - guest->memory_actual;

	if ((double)(way < 0 ? -way : way) <= step)
		guest->memory_actual = goal;
	else
		guest->memory_actual += way < 0 ? -(int64_t)step : (int64_t)step;
}

bool simulator_has_booted(const struct guest *guest)
{
	return guest->vcpu_time_ns[0] > 0;
}

static void advance_guest(struct simulator *simulator, struct guest *guest, int64_t now)
{
	int64_t elapsed_ns = greater_of(now - guest->at_ns, 0);

	guest->at_ns = now;
	if (guest->paused || guest->shutdown)
		return;
	if (!simulator_has_booted(guest))
		guest->vcpu_time_ns[0] = BOOT_TIME_NS;
	for (int i = 0; i < guest->vcpus_online; i++)
		guest->vcpu_time_ns[i] += (uint64_t)elapsed_ns / IDLE_SHARE;
	move_balloon(guest, elapsed_ns, simulator->speed);
	if (!guest->shutdown_due_ns || now < guest->shutdown_due_ns)
		return;
	guest->shutdown_due_ns = 0;
	if (!guest->ignore_shutdown)
		simulator_stop_guest(simulator, guest, guest->shutdown_as);
}

void simulator_advance(struct simulator *simulator)
{
	int64_t now = simulator_now(simulator);

	for (size_t i = 0; i < simulator->count; i++)
		advance_guest(simulator, &simulator->guests[i], now);
}

int64_t simulator_next_due(const struct simulator *simulator)
{
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; i < simulator->count; i++) {
		const struct guest *guest = &simulator->guests[i];

		if (guest->shutdown_due_ns && !guest->paused && !guest->shutdown)
			due_ns = lesser_of(due_ns, guest->shutdown_due_ns);
	}
	return due_ns;
}

bool simulator_wait(struct simulator *simulator, int64_t due_ns)
{
	int64_t wake_ns = lesser_of(due_ns, simulator_next_due(simulator));

	if (wake_ns == INT64_MAX)
		pthread_cond_wait(&simulator->changed, &simulator->lock);
	else
		clock_wait(&simulator->changed, &simulator->lock,
			   greater_of(wake_ns - simulator->wall_ns, 0));
	simulator_advance(simulator);
	return simulator_now(simulator) < due_ns;
}

void simulator_queue_event(struct simulator *simulator, enum hypervisor_event_kind kind,
			   const struct guest *guest)
{
	struct hypervisor_event *event;

	simulator->events = reallocate(simulator->events,
				       (simulator->event_count + 1) * sizeof(*simulator->events));
	event = &simulator->events[simulator->event_count++];
	*event = (struct hypervisor_event){
		.kind = kind, .domid = guest->domid, .reason = guest->reason};
	memcpy(event->uuid, guest->uuid, UUID_SIZE);
	pthread_cond_broadcast(&simulator->changed);
}

int64_t simulator_memory_held(const struct guest *guest)
{
	return greater_of(guest->memory_actual, memory_goal(guest)) + guest->memory_overhead;
}

int64_t simulator_memory_free(const struct simulator *simulator)
{
	int64_t bytes = simulator->host.memory_total;

	for (size_t i = 0; i < simulator->count; i++)
		bytes -= simulator_memory_held(&simulator->guests[i]);
	return greater_of(bytes, 0);
}

struct guest *simulator_find_guest(struct simulator *simulator, const char *uuid,
				   struct hypervisor_error *err)
{
	if (!simulator)
		return NULL;
	for (size_t i = 0; i < simulator->count; i++) {
		if (strcmp(simulator->guests[i].uuid, uuid) == 0)
			return &simulator->guests[i];
	}
	hypervisor_fail(err, HYPERVISOR_NO_DOMAIN, "there is no domain %.64s", uuid);
	return NULL;
}

struct guest *simulator_find_live_guest(struct simulator *simulator, const char *uuid,
					struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest || !guest->shutdown)
		return guest;
	hypervisor_fail(err, HYPERVISOR_NO_DOMAIN, "domain %d (%s) has shut down already",
			guest->domid, guest->name);
	return NULL;
}

void simulator_stop_guest(struct simulator *simulator, struct guest *guest,
			  enum shutdown_reason reason)
{
	guest->shutdown = true;
	guest->reason = reason;
	guest->shutdown_due_ns = 0;
	simulator_queue_event(simulator, EVENT_DOMAIN_SHUTDOWN, guest);
}
