/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* contract_end.c – the contract test of what stops domains, and of images */
#include "schema/base.h"
#include "tests/hypervisor/contract.h"
#include "tests/tap.h"

#include <unistd.h>

/* The domain is still there, but nothing can be done with it. */
static void test_stopped(struct hypervisor *h, const char *uuid, enum shutdown_reason reason)
{
	const struct scheduling scheduling = {.cap = -1};
	AUTO_TEXT path = contract_image("stopped");
	struct domain_info info = fixture_get(h, uuid);

	ok(info.shutdown && info.reason == reason && !info.dying, "it waits to be destroyed");
	contract_done(hypervisor_shutdown(h, uuid, SHUTDOWN_POWEROFF, 0, &fixture_error),
		      "shutdown: nothing is left to do");
#define STOPPED(call) contract_refused(call, HYPERVISOR_NO_DOMAIN, "of a stopped one")
	STOPPED(hypervisor_pause(h, uuid, &fixture_error));
	STOPPED(hypervisor_unpause(h, uuid, &fixture_error));
	STOPPED(hypervisor_suspend(h, uuid, path, &fixture_error));
	STOPPED(hypervisor_send_sysrq(h, uuid, 'h', &fixture_error));
	STOPPED(hypervisor_send_trigger(h, uuid, TRIGGER_NMI, &fixture_error));
	STOPPED(fixture_set_target(h, uuid, MEMORY_LESS));
	STOPPED(hypervisor_set_memory_maximum(h, uuid, MEMORY_MOST, &fixture_error));
	STOPPED(hypervisor_set_vcpus(h, uuid, 1, &fixture_error));
	STOPPED(hypervisor_set_scheduling(h, uuid, &scheduling, &fixture_error));
	STOPPED(hypervisor_set_shadow_memory(h, uuid, MIB, &fixture_error));
#undef STOPPED
	is_int(access(path, F_OK), -1, "no image was written");
}

static void refuse_image(struct hypervisor *h, const char *uuid, const char *path)
{
	struct domain_config config = contract_config(uuid);
	int domid = 77;

	contract_refused(hypervisor_resume(h, &config, path, true, &domid, &fixture_error),
			 HYPERVISOR_FAILED, path);
	ok(strstr(fixture_error.text, path), "the file is named");
	is_int(domid, 77, "the domid is untouched");
}

static void test_bad_images(struct hypervisor *h, const char *good)
{
	AUTO_TEXT bad = contract_image("bad");
	AUTO_TEXT none = contract_image("none");

	refuse_image(h, UUID_NONE, good); /* it is another one's */
	refuse_image(h, contract.a, none);
	for (int i = 0; i < 3; i++) {
		fixture_write(bad, (const char *[]){"", "{}", "xenapid-xen-image-1\n"}[i]);
		refuse_image(h, contract.a, bad);
	}
}

void contract_test_suspend(void)
{
	struct hypervisor *h = contract.hypervisor;
	AUTO_TEXT path = contract_image("image");
	int64_t free_before = fixture_memory_free(h);
	int domid = fixture_get(h, contract.a).domid;
	const struct memory_range less = {MEMORY_LESS, MEMORY_LESS, MEMORY};
	const struct memory_range all = {MEMORY, MEMORY, MEMORY};
	struct domain_info domain;

	contract_refused(hypervisor_suspend(h, contract.a, "/nowhere/image", &fixture_error),
			 HYPERVISOR_FAILED, "an image that cannot be written");
	ok(!fixture_get(h, contract.a).shutdown, "the guest goes on");
	contract_refused(hypervisor_go_on(h, contract.a, &fixture_error), HYPERVISOR_FAILED,
			 "one that was not suspended");
	contract_done(hypervisor_suspend(h, contract.a, path, &fixture_error), "suspend");
	contract_done(hypervisor_go_on(h, contract.a, &fixture_error), "go on");
	domain = fixture_get(h, contract.a);
	contract_need(domain.domid == domid && !domain.shutdown && !domain.paused,
		      "the same domain, as it was");
	contract_done(hypervisor_set_memory_target(h, contract.a, &less, &fixture_error),
		      "a new target");
	contract_await(contract.a, contract_has_memory, MEMORY_LESS, "the guest balloons");
	contract_done(hypervisor_set_memory_target(h, contract.a, &all, &fixture_error), "back");
	contract_await(contract.a, contract_has_memory, MEMORY, "and back");
	unlink(path); /* there may not be room for two */
	contract_done(hypervisor_suspend(h, contract.a, path, &fixture_error), "suspend again");
	contract_need(access(path, F_OK) == 0, "there is an image");
	test_stopped(h, contract.a, SHUTDOWN_SUSPEND);
	contract_done(hypervisor_destroy(h, contract.a, &fixture_error), "destroy");
	contract_expect_event(EVENT_DOMAIN_GONE, contract.a, SHUTDOWN_POWEROFF);
	contract_nobody(contract.a, "while it is suspended");
	contract_await_free(free_before + MEMORY, "its memory is free");
}

/* Of the image that test_suspend has left. */
void contract_test_resume(void)
{
	struct hypervisor *h = contract.hypervisor;
	AUTO_TEXT path = contract_image("image");
	struct domain_config config = contract_config(contract.a);
	struct domain_info info;
	int domid = -1;

	test_bad_images(h, path);
	contract_nobody(UUID_NONE, "whose image it is not");
	contract_nobody(contract.a, "whose image was bad");
	config.memory = (struct memory_range){MEMORY_LESS, MEMORY_LESS, MEMORY_LESS};
	contract_done(hypervisor_resume(h, &config, path, true, &domid, &fixture_error), "resume");
	info = fixture_get(h, contract.a);
	contract_need(info.paused && !info.shutdown && info.domid == domid && domid > 0,
		      "a new domain, paused");
	ok(contract_has_memory(&info, MEMORY), "with the memory it had");
	is_int(info.memory_target, MEMORY_LESS, "and its new target");
	is_int(info.memory_maximum, MEMORY_MOST, "its maximum");
	contract_done(hypervisor_unpause(h, contract.a, &fixture_error), "unpause");
	contract_await(contract.a, contract_is_up, 0, "the guest balloons as before");
	contract_await(contract.a, contract_has_memory, MEMORY_LESS, "to its new target");
	unlink(path);
}

/* A guest that does not want to, then one that does; it may still have the first on its mind. */
void contract_test_shutdown(void)
{
	struct hypervisor *h = contract.hypervisor;
	int domid = fixture_get(h, contract.a).domid;

	contract_guest_ignores(contract.a, true);
	contract_refused(hypervisor_shutdown(h, contract.a, SHUTDOWN_POWEROFF, 1500,
					     &fixture_error),
			 HYPERVISOR_TIMEOUT, "a guest that ignores it");
	ok(!fixture_get(h, contract.a).shutdown, "it runs on");
	contract_guest_ignores(contract.a, false);
	contract_done(hypervisor_shutdown(h, contract.a, SHUTDOWN_POWEROFF, 120000, &fixture_error),
		      "poweroff");
	is_int(fixture_get(h, contract.a).domid, domid, "it is the same domain");
	test_stopped(h, contract.a, SHUTDOWN_POWEROFF);
	contract_expect_event(EVENT_DOMAIN_SHUTDOWN, contract.a, SHUTDOWN_POWEROFF);
}

/* A paused guest hears it when it runs again. */
void contract_test_shutdown_late(void)
{
	struct hypervisor *h = contract.hypervisor;

	contract_done(hypervisor_pause(h, contract.b, &fixture_error), "pause");
	contract_refused(hypervisor_shutdown(h, contract.b, SHUTDOWN_REBOOT, 1, &fixture_error),
			 HYPERVISOR_TIMEOUT, "a guest that is paused");
	ok(!fixture_get(h, contract.b).shutdown, "it has not shut down");
	contract_done(hypervisor_unpause(h, contract.b, &fixture_error), "unpause");
	contract_expect_event(EVENT_DOMAIN_SHUTDOWN, contract.b, SHUTDOWN_REBOOT);
	test_stopped(h, contract.b, SHUTDOWN_REBOOT);
}
