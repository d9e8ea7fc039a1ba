/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* traffic.c – what goes over network interfaces and drives, as their metrics objects */
#include "server/api/traffic.h"

#include "schema/clock.h"
#include "server/api/device.h"
#include "server/api/network.h"

#define DEVICES_MOST 256

/* The fields of a class that has rates; the counters are those of the sample before. */
struct rates {
	int read;
	int write;
	int updated;
	int sampled;
	int read_bytes;
	int written_bytes;
};

#define RATES(cls, read, written)                                                                  \
	{                                                                                          \
		cls##_io_read_kbs, cls##_io_write_kbs, cls##_last_updated, cls##_sampled_ms, read, \
			written                                                                    \
	}
static const struct rates pif_rates =
	RATES(PIF_metrics, PIF_metrics_received_bytes, PIF_metrics_sent_bytes);

/* Devices of VMs. */
static const struct measured {
	const struct device_kind *kind;
	enum class_id cls; /* of their metrics */
	int metrics;	   /* the field that refers to those */
	struct rates rates;
	int (*get_traffic)(struct hypervisor *hypervisor, const char *uuid,
			   struct device_traffic *traffic, size_t count,
			   struct hypervisor_error *err);
} measured[] = {
	{&vif_kind, CLASS_VIF_metrics, VIF_metrics,
	 RATES(VIF_metrics, VIF_metrics_received_bytes, VIF_metrics_sent_bytes),
	 hypervisor_get_nic_traffic},
	{&vbd_kind, CLASS_VBD_metrics, VBD_metrics,
	 RATES(VBD_metrics, VBD_metrics_read_bytes, VBD_metrics_written_bytes),
	 hypervisor_get_disk_traffic},
};

/* A counter that has begun anew has no rate yet. */
static void set_rate(struct record *metrics, int rate_field, int counter_field, uint64_t bytes,
		     int64_t elapsed_ms)
{
	int64_t more = (int64_t)bytes - record_int(metrics, counter_field);
	bool known = elapsed_ms > 0 && more >= 0;

	record_set(metrics, rate_field,
		   value_float(known ? (double)more / 1024 / ((double)elapsed_ms / 1000) : 0));
	record_set_int(metrics, counter_field, (int64_t)bytes);
}

static void set_rates(struct record *metrics, const struct rates *rates, uint64_t read_bytes,
		      uint64_t written_bytes)
{
	int64_t before_ms = record_int(metrics, rates->sampled);
	int64_t now_ms = clock_ms();
	int64_t elapsed_ms = before_ms > 0 ? now_ms - before_ms : 0;

	set_rate(metrics, rates->read, rates->read_bytes, read_bytes, elapsed_ms);
	set_rate(metrics, rates->write, rates->written_bytes, written_bytes, elapsed_ms);
	record_set_int(metrics, rates->sampled, now_ms);
	record_set(metrics, rates->updated, value_datetime_of((time_t)now_seconds()));
}

/* The metrics object of a device, made where there is none. */
static struct record *metrics_of(struct transaction *transaction, enum class_id cls,
				 struct record *device, int field)
{
	struct record *metrics = transaction_edit(transaction, cls, record_text(device, field));

	if (!metrics) {
		metrics = transaction_create(transaction, cls, NULL);
		record_set(device, field, value_reference(metrics->ref));
	}
	return metrics;
}

void traffic_describe_pif(struct transaction *transaction, struct record *pif,
			  const struct host_nic *nic)
{
	struct record *metrics = metrics_of(transaction, CLASS_PIF_metrics, pif, PIF_metrics);

	record_set(metrics, PIF_metrics_carrier, value_bool(nic->carrier));
	record_set_text(metrics, PIF_metrics_vendor_id, nic->vendor);
	record_set_text(metrics, PIF_metrics_device_id, nic->device);
	record_set_int(metrics, PIF_metrics_speed, nic->speed_mbits);
	record_set(metrics, PIF_metrics_duplex, value_bool(nic->full_duplex));
	record_set_text(metrics, PIF_metrics_pci_bus_path, nic->pci_path);
	set_rates(metrics, &pif_rates, nic->received_bytes, nic->sent_bytes);
}

static const struct measured *measured_of(const struct record *device)
{
	const struct measured *found = measured;

	while (found->kind->cls != device->cls->id)
		found++;
	return found;
}

void traffic_start(struct transaction *transaction, struct record *device)
{
	const struct measured *class = measured_of(device);
	struct record *metrics = metrics_of(transaction, class->cls, device, class->metrics);

	record_set_int(metrics, class->rates.sampled, 0);
	set_rates(metrics, &class->rates, 0, 0);
}

void traffic_forget(struct transaction *transaction, const struct record *device)
{
	const struct measured *class = measured_of(device);

	transaction_delete(transaction, class->cls, record_text(device, class->metrics));
}

static void apply_pif(struct transaction *transaction, const struct record *pif, void *argument)
{
	const struct host_interfaces *interfaces = argument;

	for (int i = 0; i < interfaces->nic_count; i++)
		if (pif_is_nic(pif, &interfaces->nics[i]))
			traffic_describe_pif(transaction,
					     transaction_edit(transaction, CLASS_PIF,
							      record_ref(pif)),
					     &interfaces->nics[i]);
}

static int apply_host(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	transaction_each(transaction, CLASS_PIF, apply_pif, argument);
	return 0;
}

void traffic_sample_host(struct api *api)
{
	struct host_interfaces interfaces;
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};

	if (hypervisor_get_interfaces(api->hypervisor, &interfaces, &reason) == 0)
		store_mutate(api->store, apply_host, &interfaces, &ignored);
}

struct vm_traffic {
	const struct measured *class;
	const struct record *vm;
	struct device_traffic devices[DEVICES_MOST];
	size_t count;
};

static void apply_device(struct transaction *transaction, const char *ref,
			 const struct vm_traffic *traffic)
{
	const struct measured *class = traffic->class;
	const struct record *device = transaction_read(transaction, class->kind->cls, ref);
	struct record *metrics = device ? transaction_edit(transaction, class->cls,
							   record_text(device, class->metrics)) :
					  NULL;

	/* it may have been detached since */
	if (!metrics || !record_bool(device, class->kind->attached))
		return;
	for (size_t i = 0; i < traffic->count; i++)
		if (traffic->devices[i].device == atoi(record_text(device, class->kind->number)))
			set_rates(metrics, &class->rates, traffic->devices[i].read_bytes,
				  traffic->devices[i].written_bytes);
}

static int apply_vm(struct transaction *transaction, void *argument, struct error *err)
{
	const struct vm_traffic *traffic = argument;
	const struct value *refs = record_get(traffic->vm, traffic->class->kind->list);

	(void)err;
	for (uint32_t i = 0; i < refs->length; i++)
		apply_device(transaction, refs->items[i]->text, traffic);
	return 0;
}

static void sample(struct api *api, const struct record *vm, const struct measured *class)
{
	const struct device_kind *kind = class->kind;
	const struct value *refs = record_get(vm, kind->list);
	struct vm_traffic traffic = {.class = class, .vm = vm};
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};

	for (uint32_t i = 0; i < refs->length && traffic.count < DEVICES_MOST; i++) {
		AUTO(record) device = store_read(api->store, kind->cls, refs->items[i]->text);

		if (device && record_bool(device, kind->attached))
			traffic.devices[traffic.count++].device =
				atoi(record_text(device, kind->number));
	}
	if (traffic.count && class->get_traffic(api->hypervisor, record_uuid(vm), traffic.devices,
						traffic.count, &reason) == 0)
		store_mutate(api->store, apply_vm, &traffic, &ignored);
}

void traffic_sample_vm(struct api *api, const struct record *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(measured); i++)
		sample(api, vm, &measured[i]);
}
