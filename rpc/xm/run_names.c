/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_names.c – rename, domid and domname. */
#include "rpc/xm/run.h"

enum status run_rename(struct xm *xm)
{
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	if (!*xm->arguments[1])
		return xm_misuse(xm, "a name cannot be empty");
	if (!xm_call(xm, "VM.set_name_label",
		     parameters_of(value_reference(xm->subject.ref), value_string(xm->arguments[1]),
				   (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

enum status run_domid(struct xm *xm)
{
	AUTO_VMS vms = {0};
	enum status status = vms_read(xm, &vms);

	if (status != STATUS_DONE)
		return status;
	if (!vm_has_domain(&vms.items[0])) {
		AUTO_TEXT name = terminal_text(vm_text(&vms.items[0], "name_label"));
		AUTO_TEXT state = terminal_text(vm_text(&vms.items[0], "power_state"));

		return xm_fail("%s is %s; it has no id", name, state);
	}
	printf("%lld\n", (long long)amount_of(vms.items[0].record, "domid"));
	return STATUS_DONE;
}

enum status run_domname(struct xm *xm)
{
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	AUTO_TEXT name = vm_name(xm);

	printf("%s\n", name);
	return STATUS_DONE;
}
