/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.c – the host's PCI devices as objects, found at each start; of today's class and of 1.0's. */
#include "server/api/pci.h"

#include "schema/log.h"

struct found {
	const char *host;
	struct host_pci *devices;
	size_t count;
};

/* A class of devices, and its fields with the address and the host. */
struct kind {
	enum class_id cls;
	int address;
	int host;
	void (*describe)(struct record *record, const struct host_pci *device);
};

static void set_hex(struct record *record, int field, unsigned number)
{
	record_set(record, field, value_string_format("%04x", number));
}

static void describe_pci(struct record *pci, const struct host_pci *device)
{
	set_hex(pci, PCI_class_id, device->class_code >> 8);
	record_set_text(pci, PCI_class_name, device->class_name);
	set_hex(pci, PCI_vendor_id, device->vendor);
	record_set_text(pci, PCI_vendor_name, device->vendor_name);
	set_hex(pci, PCI_device_id, device->device);
	record_set_text(pci, PCI_device_name, device->device_name);
	set_hex(pci, PCI_subsystem_vendor_id, device->subsystem_vendor);
	record_set_text(pci, PCI_subsystem_vendor_name, device->subsystem_vendor_name);
	set_hex(pci, PCI_subsystem_device_id, device->subsystem_device);
	record_set_text(pci, PCI_subsystem_device_name, device->subsystem_device_name);
	record_set_text(pci, PCI_driver_name, device->driver);
}

static void describe_ppci(struct record *ppci, const struct host_pci *device)
{
	record_set_int(ppci, PPCI_domain, device->domain);
	record_set_int(ppci, PPCI_bus, device->bus);
	record_set_int(ppci, PPCI_slot, device->slot);
	record_set_int(ppci, PPCI_func, device->function);
	record_set_int(ppci, PPCI_vendor_id, device->vendor);
	record_set_text(ppci, PPCI_vendor_name, device->vendor_name);
	record_set_int(ppci, PPCI_device_id, device->device);
	record_set_text(ppci, PPCI_device_name, device->device_name);
	record_set_int(ppci, PPCI_revision_id, device->revision);
	record_set_int(ppci, PPCI_class_code, device->class_code);
	record_set_text(ppci, PPCI_class_name, device->class_name);
	record_set_int(ppci, PPCI_subsystem_vendor_id, device->subsystem_vendor);
	record_set_text(ppci, PPCI_subsystem_vendor_name, device->subsystem_vendor_name);
	record_set_int(ppci, PPCI_subsystem_id, device->subsystem_device);
	record_set_text(ppci, PPCI_subsystem_name, device->subsystem_device_name);
	record_set_text(ppci, PPCI_driver, device->driver);
}

static const struct kind kinds[] = {{CLASS_PCI, PCI_pci_id, PCI_host, describe_pci},
				    {CLASS_PPCI, PPCI_name, PPCI_host, describe_ppci}};

/* The objects that there are, by device; and those without one. */
struct sorting {
	const struct kind *kind;
	const struct found *found;
	struct value **refs;
	struct value *gone; /* a set */
};

static void sort_one(struct transaction *transaction, const struct record *record, void *argument)
{
	struct sorting *sorting = argument;

	(void)transaction;
	for (size_t i = 0; i < sorting->found->count; i++)
		if (!sorting->refs[i] &&
		    record_is(record, sorting->kind->address, sorting->found->devices[i].id)) {
			sorting->refs[i] = record->ref;
			return;
		}
	value_append(sorting->gone, value_reference(record->ref));
}

/* refs[i] becomes the reference of the i-th device's object. */
static void follow(struct transaction *transaction, const struct found *found,
		   const struct kind *kind, const char **refs)
{
	AUTO(value) gone = value_set();
	struct sorting sorting = {kind, found, NULL, gone};

	sorting.refs = allocate((found->count + 1) * sizeof(*sorting.refs));
	transaction_each(transaction, kind->cls, sort_one, &sorting);
	for (uint32_t i = 0; i < gone->length; i++)
		transaction_delete(transaction, kind->cls, gone->items[i]->text);
	for (size_t i = 0; i < found->count; i++) {
		const struct value *ref = sorting.refs[i];
		struct record *record = ref ? transaction_edit(transaction, kind->cls, ref->text) :
					      transaction_create(transaction, kind->cls, NULL);

		record_set_text(record, kind->address, found->devices[i].id);
		kind->describe(record, &found->devices[i]);
		record_set_text(record, kind->host, found->host);
		refs[i] = record_ref(record);
	}
	free(sorting.refs);
}

static bool same_slot(const struct host_pci *a, const struct host_pci *b)
{
	return a != b && a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

static void set_dependencies(struct transaction *transaction, const struct found *found,
			     const char *const *refs)
{
	for (size_t i = 0; i < found->count; i++) {
		struct value *others = value_set();

		for (size_t k = 0; k < found->count; k++)
			if (same_slot(&found->devices[i], &found->devices[k]))
				value_append(others, value_string(refs[k]));
		record_set(transaction_edit(transaction, CLASS_PCI, refs[i]), PCI_dependencies,
			   others);
	}
}

struct cards {
	const struct found *found;
	const char *const *refs;
};

/* An interface's metrics say at which address it is. */
static void set_card(struct transaction *transaction, const struct record *pif, void *argument)
{
	const struct cards *cards = argument;
	const struct record *metrics =
		transaction_read(transaction, CLASS_PIF_metrics, record_text(pif, PIF_metrics));
	const char *ref = NULL_REF;

	for (size_t i = 0; metrics && i < cards->found->count; i++)
		if (record_is(metrics, PIF_metrics_pci_bus_path, cards->found->devices[i].id))
			ref = cards->refs[i];
	record_set_text(transaction_edit(transaction, CLASS_PIF, record_ref(pif)), PIF_PCI, ref);
}

static int write_down(struct transaction *transaction, void *argument, struct error *err)
{
	const struct found *found = argument;
	const char **refs = allocate((found->count + 1) * sizeof(*refs));
	struct cards cards = {found, refs};

	(void)err;
	follow(transaction, found, &kinds[1], refs);
	follow(transaction, found, &kinds[0], refs);
	set_dependencies(transaction, found, refs);
	transaction_each(transaction, CLASS_PIF, set_card, &cards);
	free(refs);
	return 0;
}

int pci_open(struct api *api, struct error *err)
{
	struct found found = {.host = api->host_ref};
	struct hypervisor_error reason = {0};
	int rc;

	if (hypervisor_list_pci(api->hypervisor, &found.devices, &found.count, &reason) < 0)
		log_warning("PCI devices: %s", reason.text);
	rc = store_mutate(api->store, write_down, &found, err);
	free(found.devices);
	return rc;
}
