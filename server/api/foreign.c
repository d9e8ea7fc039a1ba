/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* foreign.c – VMs that are not managed follow the domains that somebody else made. */
#include "server/api/foreign.h"

#include "schema/buffer.h"
#include "schema/log.h"
#include "schema/xml_character.h"
#include "server/api/metrics.h"
#include "server/api/vm.h"

/* What a look at a domain has found. */
struct look {
	struct api *api;
	const char *uuid;
	struct metrics_sample sample;
	const char *news; /* for the log; NULL: the VM was and is there, or never was */
};

/* Whoever made the domain may have called it anything. */
static void follow_name(struct record *vm, const char *name)
{
	const char *end = name + strlen(name);
	AUTO_BUFFER plain = {0};

	while (name < end) {
		size_t length = xml_character(name, end);

		buffer_add(&plain, length ? name : "?", length ? length : 1);
		name += length ? length : 1;
	}
	record_set_text(vm, VM_name_label, plain.data ? plain.data : "");
}

/* Nobody has said a range: as the memory and maxmem of an xl.cfg are taken. */
static void follow_memory(struct api *api, struct record *vm, const struct domain_info *domain)
{
	int64_t target = domain_wanted_memory(domain);
	int64_t maximum = domain_most_memory(domain, hypervisor_host(api->hypervisor));

	record_set_int(vm, VM_memory_static_max, maximum);
	record_set_int(vm, VM_memory_dynamic_max, maximum);
	record_set_int(vm, VM_memory_dynamic_min, target);
	record_set_int(vm, VM_memory_target, target);
}

/* One that is being built has none yet. */
static void follow_vcpus(struct record *vm, const struct domain_info *domain)
{
	int64_t at_startup = greater_of(domain_wanted_vcpus(domain), 1);

	record_set_int(vm, VM_VCPUs_max, greater_of(domain->vcpus_max, at_startup));
	record_set_int(vm, VM_VCPUs_at_startup, at_startup);
}

static void follow_type(struct transaction *transaction, struct record *vm,
			const struct domain_info *domain)
{
	const char *type = guest_type_name(domain->type);
	struct record *metrics =
		transaction_edit(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));

	record_set_text(vm, VM_domain_type, type);
	if (metrics)
		record_set_text(metrics, VM_metrics_current_domain_type, type);
}

void foreign_follow(struct api *api, struct transaction *transaction, struct record *vm,
		    const struct domain_info *domain)
{
	follow_name(vm, domain->name);
	follow_memory(api, vm, domain);
	follow_vcpus(vm, domain);
	follow_type(transaction, vm, domain);
}

void foreign_begin(struct api *api, struct transaction *transaction, struct record *vm,
		   const struct domain_info *domain, const struct record *booted)
{
	struct record *metrics =
		transaction_edit(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));
	/* one that has stopped and is still there waits for its owner */
	bool rests = domain->paused || domain->shutdown;

	vm_become_live(api, transaction, vm, domain->domid, rests ? "Paused" : "Running", booted);
	if (metrics && domain->start_time)
		record_set(metrics, VM_metrics_start_time, value_datetime_of(domain->start_time));
}

static struct record *make_vm(struct transaction *transaction, const struct look *look)
{
	struct record *vm = transaction_create(transaction, CLASS_VM, NULL);

	record_set_text(vm, VM_uuid, look->uuid);
	record_set(vm, VM_is_managed, value_bool(false));
	vm_make_metrics(transaction, vm);
	return vm;
}

static int follow(struct transaction *transaction, void *argument, struct error *err)
{
	struct look *look = argument;
	const struct record *known = transaction_read(transaction, CLASS_VM, look->uuid);
	struct record *vm;

	(void)err;
	look->news = NULL;
	/* made or adopted since we looked */
	if (known && record_bool(known, VM_is_managed))
		return 0;
	if (known ? look->sample.gone : look->sample.there)
		look->news = known ? "is gone" : "is there";
	if (look->sample.gone && known)
		vm_delete(transaction, known);
	if (look->sample.gone)
		return 0;
	vm = known ? transaction_edit(transaction, CLASS_VM, look->uuid) :
		     make_vm(transaction, look);
	foreign_follow(look->api, transaction, vm, &look->sample.domain);
	foreign_begin(look->api, transaction, vm, &look->sample.domain, NULL);
	vm_move_consoles(look->api, transaction, vm, look->sample.domain.domid);
	metrics_apply(transaction, vm, &look->sample);
	return 0;
}

static bool is_ours(struct api *api, const char *uuid)
{
	AUTO(record) vm = store_read_by_uuid(api->store, CLASS_VM, uuid);

	return vm ? record_bool(vm, VM_is_managed) : strcmp(uuid, DOMAIN_0_UUID) == 0;
}

/*
 * Whether the uuid is ours is asked before the domain is looked at: a VM that is deleted has no
 * domain any more, so what is then found is not the last of it.
 */
bool foreign_look(struct api *api, const char *uuid)
{
	struct look look = {.api = api, .uuid = uuid};
	AUTO_ERROR ignored = {0};

	if (is_ours(api, uuid))
		return false;
	metrics_take(api, uuid, &look.sample);
	if ((look.sample.there || look.sample.gone) &&
	    store_mutate(api->store, follow, &look, &ignored) == 0 && look.news)
		log_info("domain %s, which somebody else made, %s", uuid, look.news);
	return true;
}

void foreign_open(struct api *api, const struct domain_info *domains, size_t count)
{
	size_t vm_count;
	struct record **vms = store_list(api->store, CLASS_VM, &vm_count);

	for (size_t i = 0; i < vm_count; i++)
		if (!record_bool(vms[i], VM_is_managed) &&
		    !domain_find(domains, count, record_uuid(vms[i])))
			foreign_look(api, record_uuid(vms[i]));
	store_free_list(vms, vm_count);
	for (size_t i = 0; i < count; i++)
		foreign_look(api, domains[i].uuid);
}
