/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd_cd.c – CDs put into drives and taken out, of VMs that run or not. */
#include "server/api/vbd.h"
#include "server/api/vm.h"

/* An HVM guest's drive stays when the CD goes; any other guest's is the CD. */
enum step { RECORD_IT, CHANGE_IT, ATTACH_IT, DETACH_IT };

struct change {
	const char *vbd;
	const char *vdi; /* null: nothing in the drive */
	bool attached;	 /* afterwards */
};

static void put(struct record *vbd, const char *vdi)
{
	record_set_text(vbd, VBD_VDI, vdi);
	record_set(vbd, VBD_empty, value_bool(ref_is_null(vdi)));
}

static enum step choose_step(const struct record *vm, const struct record *vbd, const char *vdi)
{
	bool attached = record_bool(vbd, VBD_currently_attached);

	if (!vm_is_live(vm))
		return RECORD_IT;
	if (vm_is_hvm(vm))
		return attached ? CHANGE_IT : RECORD_IT;
	if (ref_is_null(vdi))
		return attached ? DETACH_IT : RECORD_IT;
	return ATTACH_IT;
}

static int tell(struct call *call, const struct record *vbd, const char *vdi, enum step step,
		struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor *hypervisor = call->api->hypervisor;
	AUTO(record) filled = record_copy(vbd);
	struct hypervisor_error reason = {0};
	struct disk_config disk;
	AUTO_TEXT path = NULL;
	int rc = 0;

	put(filled, vdi);
	if (vbd_read(call->api, filled, &disk, &path, err) < 0)
		return -1;
	if (step == CHANGE_IT)
		rc = hypervisor_change_cd(hypervisor, record_uuid(vm), &disk, &reason);
	else if (step == ATTACH_IT)
		rc = hypervisor_attach_disk(hypervisor, record_uuid(vm), &disk, &reason);
	else if (step == DETACH_IT)
		rc = hypervisor_detach_disk(hypervisor, record_uuid(vm), disk.device, false,
					    &reason);
	return rc < 0 ? fail_hypervisor(err, vm, call->operation->id, &reason) : 0;
}

static int check(struct transaction *transaction, void *argument, struct error *err)
{
	const struct change *change = argument;
	const struct record *vbd = transaction_read(transaction, CLASS_VBD, change->vbd);
	AUTO(record) filled = vbd ? record_copy(vbd) : NULL;

	if (!vbd)
		return fail(err, ERROR_HANDLE_INVALID, "VBD", change->vbd);
	if (ref_is_null(change->vdi))
		return 0;
	put(filled, change->vdi);
	return vbd_check_use(transaction, filled, err);
}

static int note(struct transaction *transaction, void *argument, struct error *err)
{
	const struct change *change = argument;
	struct record *vbd = transaction_edit(transaction, CLASS_VBD, change->vbd);
	const struct record *vm;

	if (check(transaction, argument, err) < 0)
		return -1;
	vm = transaction_read(transaction, CLASS_VM, record_text(vbd, VBD_VM));
	put(vbd, change->vdi);
	/* the guest may have stopped meanwhile */
	vbd_kind.set_state(transaction, vbd, vm, change->attached && vm_is_live(vm));
	return 0;
}

/* What tell() did is undone. */
static void take_back(struct call *call, const struct record *vbd, enum step step)
{
	static const enum step opposite[] = {RECORD_IT, CHANGE_IT, DETACH_IT, ATTACH_IT};
	AUTO_ERROR ignored = {0};

	tell(call, vbd, record_text(vbd, VBD_VDI), opposite[step], &ignored);
}

static int change_cd(struct call *call, const struct record *vbd, const char *vdi,
		     struct error *err)
{
	enum step step = choose_step(call->operation->vm, vbd, vdi);
	struct change change = {record_ref(vbd), vdi, record_bool(vbd, VBD_currently_attached)};

	if (step == ATTACH_IT || step == DETACH_IT)
		change.attached = step == ATTACH_IT;
	if (store_mutate(call->api->store, check, &change, err) < 0 ||
	    tell(call, vbd, vdi, step, err) < 0)
		return -1;
	if (store_mutate(call->api->store, note, &change, err) == 0)
		return 0;
	take_back(call, vbd, step);
	return -1;
}

/* The drive as it is now that the VM is ours. */
static struct record *read_drive(struct call *call, struct error *err)
{
	AUTO(record) vbd = store_read(call->api->store, CLASS_VBD, record_ref(call->self));

	if (!vbd)
		fail(err, ERROR_HANDLE_INVALID, "VBD", record_ref(call->self));
	else if (!record_is(vbd, VBD_type, "CD"))
		fail(err, ERROR_VBD_NOT_REMOVABLE_MEDIA, record_ref(vbd));
	else
		return TAKE(vbd);
	return NULL;
}

int run_VBD_insert(struct call *call, struct error *err)
{
	AUTO(record) vbd = read_drive(call, err);

	if (!vbd)
		return -1;
	if (!record_bool(vbd, VBD_empty))
		return fail(err, ERROR_VBD_NOT_EMPTY, record_ref(vbd));
	if (ref_is_null(argument_text(call, 1)))
		return fail(err, ERROR_HANDLE_INVALID, "VDI", argument_text(call, 1));
	return change_cd(call, vbd, argument_text(call, 1), err);
}

static int eject(struct call *call, struct error *err)
{
	AUTO(record) vbd = read_drive(call, err);

	if (!vbd)
		return -1;
	if (record_bool(vbd, VBD_empty))
		return fail(err, ERROR_VBD_IS_EMPTY, record_ref(vbd));
	return change_cd(call, vbd, NULL_REF, err);
}

int run_VBD_eject(struct call *call, struct error *err)
{
	return eject(call, err);
}

/* The drive of a guest that is not HVM is the CD: one goes, the other comes. */
static int replace_drive(struct call *call, const struct record *vbd, const char *vdi,
			 struct error *err)
{
	struct change change = {.vbd = record_ref(vbd), .vdi = vdi};
	AUTO(record) emptied = NULL;
	AUTO_ERROR ignored = {0};

	if (store_mutate(call->api->store, check, &change, err) < 0 || eject(call, err) < 0)
		return -1;
	emptied = read_drive(call, err);
	if (emptied && change_cd(call, emptied, vdi, err) == 0)
		return 0;
	if (emptied)
		change_cd(call, emptied, record_text(vbd, VBD_VDI), &ignored);
	return -1;
}

int run_VBD_media_change(struct call *call, struct error *err)
{
	const char *vdi = argument_text(call, 1);
	AUTO(record) vbd = read_drive(call, err);

	if (!vbd)
		return -1;
	if (choose_step(call->operation->vm, vbd, vdi) == ATTACH_IT &&
	    record_bool(vbd, VBD_currently_attached))
		return replace_drive(call, vbd, vdi, err);
	return change_cd(call, vbd, vdi, err);
}
