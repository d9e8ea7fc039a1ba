/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* contract_disk.c – the contract test of disks that come and go while a domain runs */
#include "schema/base.h"
#include "tests/hypervisor/contract.h"
#include "tests/tap.h"

/* Those that the domain has are 0 to `want` − 1. */
static void check_disks(size_t want, const char *what)
{
	size_t count = 77;
	int devices[8];

	contract_done(hypervisor_get_disks(contract.hypervisor, contract.a, devices, 8, &count,
					   &fixture_error),
		      "%s: which there are", what);
	is_int((int64_t)count, (int64_t)want, "%s: so many", what);
	for (size_t i = 0; i < want && i < count; i++)
		is_int(devices[i], (int64_t)i, "%s: disk %zu", what, i);
}

static void attach(int device, bool is_cd)
{
	const struct disk_config disk = {.device = device,
					 .path = "/images/disk.raw",
					 .format = "raw",
					 .read_only = is_cd,
					 .is_cd = is_cd};

	contract_done(hypervisor_attach_disk(contract.hypervisor, contract.a, &disk,
					     &fixture_error),
		      "attach disk %d", device);
	contract_refused(hypervisor_attach_disk(contract.hypervisor, contract.a, &disk,
						&fixture_error),
			 HYPERVISOR_FAILED, "attaching it again");
}

void contract_test_disks(void)
{
	struct hypervisor *h = contract.hypervisor;
	struct disk_config cd = {.device = 0, .path = "", .format = "raw", .is_cd = true};
	size_t count = 0;

	check_disks(0, "without disks");
	for (int force = 0; force < 2; force++)
		contract_refused(hypervisor_detach_disk(h, contract.a, 0, force, &fixture_error),
				 HYPERVISOR_FAILED, "detaching one that is not there");
	contract_refused(hypervisor_change_cd(h, contract.a, &cd, &fixture_error),
			 HYPERVISOR_FAILED, "a CD without a drive");
	if (!contract.simulated) /* a real one needs an image, and a guest that drives it */
		return;
	attach(0, false);
	attach(1, true);
	check_disks(2, "attached");
	contract_done(hypervisor_get_disks(h, contract.a, NULL, 0, &count, &fixture_error),
		      "the number only");
	is_int((int64_t)count, 2, "is that of all");
	contract_refused(hypervisor_change_cd(h, contract.a, &cd, &fixture_error),
			 HYPERVISOR_FAILED, "a disk is no CD drive");
	cd.device = 1;
	contract_done(hypervisor_change_cd(h, contract.a, &cd, &fixture_error), "eject");
	contract_done(hypervisor_detach_disk(h, contract.a, 1, false, &fixture_error), "detach");
	check_disks(1, "detached");
	contract_done(hypervisor_detach_disk(h, contract.a, 0, true, &fixture_error), "by force");
	check_disks(0, "detached by force");
}
