/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_lifecycle.c – the simulator's ops that begin, stop or end a domain */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "server/hypervisor/simulator_ops.h"

#include <unistd.h>

#define REACTION_NS 100000000
#define IMAGE_FORMAT "xenapid-simulator-image-1"

static int build_guest(struct simulator *simulator, const struct domain_config *config,
		       int64_t memory_actual, bool paused, int *ret_domid,
		       struct hypervisor_error *err)
{
	struct guest *guest = simulator_add_guest(simulator, config, memory_actual, err);
	int domid;

	if (!guest)
		return -1;
	guest->paused = paused;
	domid = guest->domid;
	if (simulator_commit(simulator, err) < 0)
		return -1;
	*ret_domid = domid;
	return 0;
}

int simulator_start(void *adapter, const struct domain_config *config, bool paused, int *ret_domid,
		    struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_start, err);

	if (!simulator)
		return -1;
	return build_guest(simulator, config, config->memory.target, paused, ret_domid, err);
}

/* A guest that may be paused, stopped or ended; NULL: there is none, or it is Domain-0. */
static struct guest *find_guest_but_0(struct simulator *simulator, const char *uuid,
				      struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest || guest->domid != 0)
		return guest;
	hypervisor_fail(err, HYPERVISOR_FAILED, "%s is not for Domain-0", err->operation);
	return NULL;
}

static struct guest *find_live_guest_but_0(struct simulator *simulator, const char *uuid,
					   struct hypervisor_error *err)
{
	if (!find_guest_but_0(simulator, uuid, err))
		return NULL;
	return simulator_find_live_guest(simulator, uuid, err);
}

static int set_paused(struct simulator *simulator, const char *uuid, bool paused,
		      struct hypervisor_error *err)
{
	struct guest *guest = find_live_guest_but_0(simulator, uuid, err);

	if (!guest)
		return -1;
	guest->paused = paused;
	return simulator_commit(simulator, err);
}

int simulator_pause(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_pause, err);

	return set_paused(simulator, uuid, true, err);
}

int simulator_unpause(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_unpause, err);

	return set_paused(simulator, uuid, false, err);
}

/* Waits until the guest has shut down; the lock is given up meanwhile. */
static int await_shutdown(struct simulator *simulator, const char *uuid, int domid, int64_t due_ns,
			  struct hypervisor_error *err)
{
	struct guest *guest;
	bool in_time = true;

	for (;;) {
		guest = simulator_find_guest(simulator, uuid, err);
		if (!guest)
			return -1;
		if (guest->domid != domid)
			return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
					       "domain %d was destroyed meanwhile", domid);
		if (guest->shutdown)
			return 0;
		if (!in_time)
			return hypervisor_fail(err, HYPERVISOR_TIMEOUT,
					       "domain %d (%s) has not shut down in time", domid,
					       guest->name);
		in_time = simulator_wait(simulator, due_ns);
	}
}

/* A paused guest reacts when it is unpaused; one that reacts too late shuts down all the same. */
int simulator_shutdown(void *adapter, const char *uuid, enum shutdown_reason reason, int timeout_ms,
		       struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_shutdown, err);
	struct guest *guest;
	int64_t now;
	int domid;

	guest = find_guest_but_0(simulator, uuid, err);
	if (!guest)
		return -1;
	if (guest->shutdown)
		return 0;
	now = simulator_now(simulator);
	domid = guest->domid;
	guest->shutdown_as = reason;
	guest->shutdown_due_ns = now + (int64_t)(REACTION_NS / simulator->speed);
	if (simulator_commit(simulator, err) < 0)
		return -1;
	return await_shutdown(simulator, uuid, domid, now + (int64_t)timeout_ms * 1000000, err);
}

int simulator_destroy(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_destroy, err);
	struct guest *guest = find_guest_but_0(simulator, uuid, err);

	if (!guest)
		return -1;
	simulator_remove_guest(simulator, guest);
	return simulator_commit(simulator, err);
}

/* What the image of a guest that can be suspended holds; NULL: it cannot. */
static json_t *make_image(struct simulator *simulator, const char *uuid, int *ret_domid,
			  struct hypervisor_error *err)
{
	struct guest *guest = find_live_guest_but_0(simulator, uuid, err);

	if (!guest)
		return NULL;
	if (guest->paused) {
		hypervisor_fail(err, HYPERVISOR_FAILED, "domain %d (%s) is paused", guest->domid,
				guest->name);
		return NULL;
	}
	if (guest->ignore_shutdown) {
		hypervisor_fail(err, HYPERVISOR_TIMEOUT, "domain %d (%s) has not suspended itself",
				guest->domid, guest->name);
		return NULL;
	}
	*ret_domid = guest->domid;
	return json_pack("{ss, so}", "format", IMAGE_FORMAT, "domain", simulator_dump_guest(guest));
}

/* The guest whose image was written without the lock, if it is still as it was. */
static int finish_suspend(struct simulator *simulator, const char *uuid, int domid,
			  struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	if (guest->domid != domid)
		return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
				       "domain %d was destroyed meanwhile", domid);
	simulator_stop_guest(simulator, guest, SHUTDOWN_SUSPEND);
	return simulator_commit(simulator, err);
}

int simulator_suspend(void *adapter, const char *uuid, const char *path,
		      struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_suspend, err);
	json_t *image;
	int domid, rc;

	if (!simulator)
		return -1;
	image = make_image(simulator, uuid, &domid, err);
	if (!image)
		return -1;
	pthread_mutex_unlock(&simulator->lock);
	rc = simulator_write_file(path, image, true, err);
	json_decref(image);
	pthread_mutex_lock(&simulator->lock);
	if (rc < 0)
		return -1;
	simulator_advance(simulator);
	rc = finish_suspend(simulator, uuid, domid, err);
	if (rc < 0)
		unlink(path);
	return rc;
}

int simulator_go_on(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_go_on, err);
	struct guest *guest = find_guest_but_0(simulator, uuid, err);

	if (!guest)
		return -1;
	if (!guest->shutdown || guest->reason != SHUTDOWN_SUSPEND)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "domain %d (%s) is not suspended",
				       guest->domid, guest->name);
	guest->shutdown = false;
	return simulator_commit(simulator, err);
}

/* How much memory the guest in the image has; −1: it is not this guest's image. */
static int64_t read_image(const char *path, const char *uuid, struct hypervisor_error *err)
{
	const char *format, *whose;
	json_error_t syntax;
	json_t *image = json_load_file(path, JSON_REJECT_DUPLICATES, &syntax);
	const json_t *domain = json_object_get(image, "domain");
	int64_t memory = json_integer_value(json_object_get(domain, "memory_actual"));

	if (!image)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "%s: %s", path, syntax.text);
	format = json_string_value(json_object_get(image, "format"));
	whose = json_string_value(json_object_get(domain, "uuid"));
	if (!format || strcmp(format, IMAGE_FORMAT) != 0 || !whose || memory <= 0)
		memory = hypervisor_fail(err, HYPERVISOR_FAILED,
					 "%s: is not an image of this simulator, or is damaged",
					 path);
	else if (strcmp(whose, uuid) != 0)
		memory = hypervisor_fail(err, HYPERVISOR_FAILED,
					 "%s: is the image of %.64s, not of %s", path, whose, uuid);
	json_decref(image);
	return memory;
}

int simulator_resume(void *adapter, const struct domain_config *config, const char *path,
		     bool paused, int *ret_domid, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_resume, err);
	int64_t memory;

	if (!simulator)
		return -1;
	memory = read_image(path, config->uuid, err);
	if (memory < 0)
		return -1;
	return build_guest(simulator, config, memory, paused, ret_domid, err);
}
