/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.c – steps with a VM's domain that several messages take. */
#include "server/api/domain.h"

#include "server/api/dry_run.h"
#include "server/api/vm.h"

bool domain_exists(struct call *call, struct domain_info *ret_domain)
{
	struct hypervisor_error reason = {0};

	return hypervisor_get_domain(call->api->hypervisor, record_uuid(call->operation->vm),
				     ret_domain, &reason) == 0 ||
	       reason.kind != HYPERVISOR_NO_DOMAIN;
}

int domain_destroy(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	struct hypervisor_error reason = {0};
	struct domain_info domain;

	dry_run_end_domain(operation->vm);
	if (hypervisor_destroy(call->api->hypervisor, record_uuid(operation->vm), &reason) == 0 ||
	    reason.kind == HYPERVISOR_NO_DOMAIN || !domain_exists(call, &domain))
		return 0;
	return fail_hypervisor(err, operation->vm, operation->id, &reason);
}

int domain_unpause(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0};

	if (hypervisor_unpause(call->api->hypervisor, record_uuid(vm), &reason) == 0)
		return 0;
	return fail_hypervisor(err, vm, call->operation->id, &reason);
}

int domain_end(struct call *call, struct error *err)
{
	if (domain_destroy(call, err) < 0)
		return -1;
	return operation_commit(call, vm_become_halted, err);
}

struct birth {
	struct call *call;
	const struct record *built_from;
	int domid;
	bool paused;
};

static int commit(struct transaction *transaction, void *argument, struct error *err)
{
	const struct birth *birth = argument;
	const char *ref = record_ref(birth->call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	vm_become_live(birth->call->api, transaction, vm, birth->domid,
		       birth->paused ? "Paused" : "Running", birth->built_from);
	return 0;
}

int domain_commit(struct call *call, int domid, bool paused, const struct record *built_from,
		  struct error *err)
{
	struct birth birth = {call, built_from, domid, paused};

	return store_mutate(call->api->store, commit, &birth, err);
}
