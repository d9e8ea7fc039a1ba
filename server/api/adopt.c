/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adopt.c – VM.adopt: a domain that somebody else made becomes a VM that is managed. */
#include "server/api/device.h"
#include "server/api/foreign.h"
#include "server/api/vbd_import.h"
#include "server/api/vif.h"
#include "server/api/vm.h"
#include "server/hypervisor/description.h"
#include "server/import/import.h"

#define MIB (INT64_C(1) << 20)

struct adoption {
	struct api *api;
	const char *ref;
	struct domain_info domain;
	struct domain_description description;
	struct value *fields;
	struct value *report;
	struct vbd_import *disks;
};

static void release(struct adoption *adoption)
{
	domain_description_clear(&adoption->description);
	value_release(adoption->fields);
	value_release(adoption->report);
	vbd_import_free(adoption->disks);
}

static int fail_managed(const struct record *vm, struct error *err)
{
	AUTO_TEXT reason = text_format("%s is managed already", record_text(vm, VM_name_label));

	return fail(err, ERROR_OPERATION_NOT_ALLOWED, reason);
}

/* One that is being saved or moved, or is about to be destroyed by its owner. */
static int fail_stopped(const struct record *vm, struct error *err)
{
	AUTO_TEXT reason =
		text_format("the domain of %s has stopped; whoever made it has to end it",
			    record_text(vm, VM_name_label));

	return fail(err, ERROR_OPERATION_NOT_ALLOWED, reason);
}

static int fail_to_look(const struct record *vm, const struct hypervisor_error *reason,
			struct error *err)
{
	if (reason->kind == HYPERVISOR_NO_DOMAIN)
		return fail(err, ERROR_HANDLE_INVALID, "VM", record_ref(vm));
	return fail(err, ERROR_HYPERVISOR_ERROR, reason->operation, record_ref(vm), reason->text);
}

static int look(struct adoption *adoption, const struct record *vm, struct error *err)
{
	struct hypervisor *hypervisor = adoption->api->hypervisor;
	struct hypervisor_error reason = {0};

	if (hypervisor_get_domain(hypervisor, record_uuid(vm), &adoption->domain, &reason) < 0)
		return fail_to_look(vm, &reason, err);
	if (adoption->domain.shutdown)
		return fail_stopped(vm, err);
	if (hypervisor_describe_domain(hypervisor, record_uuid(vm), &adoption->description,
				       &reason) < 0)
		return fail_to_look(vm, &reason, err);
	return 0;
}

/* All that is known, as if somebody had written it down for create_from_config. */
static char *write_config(const struct record *vm, const struct adoption *adoption)
{
	const struct domain_info *domain = &adoption->domain;
	struct buffer config = {0};

	description_add_text(&config, "name", record_text(vm, VM_name_label));
	description_add_text(&config, "type", record_text(vm, VM_domain_type));
	description_add_number(&config, "memory", record_int(vm, VM_memory_target) / MIB);
	description_add_number(&config, "maxmem", record_int(vm, VM_memory_static_max) / MIB);
	description_add_number(&config, "vcpus", record_int(vm, VM_VCPUs_at_startup));
	description_add_number(&config, "maxvcpus", record_int(vm, VM_VCPUs_max));
	if (domain->weight)
		description_add_number(&config, "cpu_weight", domain->weight);
	if (domain->weight)
		description_add_number(&config, "cap", domain->cap);
	buffer_add_text(&config, adoption->description.config);
	return buffer_take(&config);
}

/* A line "KEY: why". */
static void report_unknown(struct value *report, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	size_t key_length = (size_t)(colon - line);
	struct value *row = value_map();

	value_put(row, "key", value_string_n(line, key_length));
	value_put(row, "value", value_string(""));
	value_put(row, "outcome", value_string("unknown"));
	value_put(row, "detail", value_string_n(colon + 2, length - key_length - 2));
	value_put(row, "line", value_int(0));
	value_append(report, row);
}

static void report_all_unknown(struct adoption *adoption)
{
	const char *line = adoption->description.unknown;

	for (size_t length; (length = strcspn(line, "\n")); line += length + (line[length] == '\n'))
		report_unknown(adoption->report, line, length);
}

static int understand(struct adoption *adoption, const struct record *vm, struct error *err)
{
	AUTO_TEXT config = write_config(vm, adoption);

	if (import_config(config, "xl", &adoption->fields, &adoption->report, err) < 0)
		return -1;
	report_all_unknown(adoption);
	adoption->disks = vbd_import_look(adoption->api, &adoption->fields, adoption->report);
	return 0;
}

/* To the byte, and in order whatever xenstore says. */
static void set_range(struct record *vm, const struct domain_description *description)
{
	int64_t most = record_int(vm, VM_memory_static_max);
	int64_t high = lesser_of(description->dynamic_max, most);
	int64_t low = description->dynamic_min;

	if (high > 0)
		record_set_int(vm, VM_memory_dynamic_max, high);
	if (low > 0 || high > 0)
		record_set_int(vm, VM_memory_dynamic_min,
			       lesser_of(low > 0 ? low : record_int(vm, VM_memory_dynamic_min),
					 record_int(vm, VM_memory_dynamic_max)));
}

static int take_over(struct transaction *transaction, void *argument, struct error *err)
{
	const struct adoption *adoption = argument;
	struct record *vm = transaction_edit(transaction, CLASS_VM, adoption->ref);
	const struct domain_info *domain = &adoption->domain;

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", adoption->ref);
	if (record_bool(vm, VM_is_managed))
		return fail_managed(vm, err);
	if (vm_fill(transaction, vm, adoption->fields, err) < 0)
		return -1;
	record_set(vm, VM_is_managed, value_bool(true));
	if (vif_make_all(transaction, vm, value_find(adoption->fields, "VIFs"), err) < 0 ||
	    vbd_import_make(transaction, vm, adoption->disks, err) < 0)
		return -1;
	foreign_follow(adoption->api, transaction, vm, domain);
	set_range(vm, &adoption->description);
	foreign_begin(adoption->api, transaction, vm, domain, vm);
	return 0;
}

static int adopt(struct adoption *adoption, const struct record *vm, struct error *err)
{
	if (look(adoption, vm, err) < 0 || understand(adoption, vm, err) < 0)
		return -1;
	return store_mutate(adoption->api->store, take_over, adoption, err);
}

static void follow_devices(struct adoption *adoption)
{
	AUTO(record) vm = store_read(adoption->api->store, CLASS_VM, adoption->ref);

	if (vm)
		devices_follow_domain(adoption->api, vm);
}

int run_VM_adopt(struct call *call, struct error *err)
{
	struct adoption adoption = {.api = call->api, .ref = record_ref(call->self)};
	AUTO(record) vm = NULL;
	int rc;

	if (record_bool(call->self, VM_is_managed))
		return fail_managed(call->self, err);
	foreign_look(call->api, record_uuid(call->self));
	vm = store_read(call->api->store, CLASS_VM, adoption.ref);
	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", adoption.ref);
	rc = adopt(&adoption, vm, err);
	if (rc == 0)
		follow_devices(&adoption);
	if (rc == 0)
		call->result = vm_creation_result(adoption.ref, TAKE(adoption.report));
	release(&adoption);
	return rc;
}
