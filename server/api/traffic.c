/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* traffic.c – what goes over network interfaces, as VIF_metrics and PIF_metrics */
#include "server/api/traffic.h"

#include "schema/clock.h"

#define DEVICES_MOST 256

/* The fields of a class that has rates; the counters are those of the sample before. */
struct rates {
	int read;
	int write;
	int updated;
	int received;
	int sent;
	int sampled;
};

#define RATES(cls)                                                                               \
	{                                                                                        \
		cls##_io_read_kbs, cls##_io_write_kbs, cls##_last_updated, cls##_received_bytes, \
			cls##_sent_bytes, cls##_sampled_ms                                       \
	}
static const struct rates vif_rates = RATES(VIF_metrics);
static const struct rates pif_rates = RATES(PIF_metrics);

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

static void set_rates(struct record *metrics, const struct rates *rates, uint64_t received,
		      uint64_t sent)
{
	int64_t before_ms = record_int(metrics, rates->sampled);
	int64_t now_ms = clock_ms();
	int64_t elapsed_ms = before_ms > 0 ? now_ms - before_ms : 0;

	set_rate(metrics, rates->read, rates->received, received, elapsed_ms);
	set_rate(metrics, rates->write, rates->sent, sent, elapsed_ms);
	record_set_int(metrics, rates->sampled, now_ms);
	record_set(metrics, rates->updated, value_datetime_of((time_t)now_seconds()));
}

/* The metrics object of an interface, made where there is none. */
static struct record *metrics_of(struct transaction *transaction, enum class_id cls,
				 struct record *interface, int field)
{
	struct record *metrics = transaction_edit(transaction, cls, record_text(interface, field));

	if (!metrics) {
		metrics = transaction_create(transaction, cls, NULL);
		record_set(interface, field, value_reference(metrics->ref));
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

void traffic_start_vif(struct transaction *transaction, struct record *vif)
{
	struct record *metrics = metrics_of(transaction, CLASS_VIF_metrics, vif, VIF_metrics);

	record_set_int(metrics, VIF_metrics_sampled_ms, 0);
	set_rates(metrics, &vif_rates, 0, 0);
}

static void apply_pif(struct transaction *transaction, const struct record *pif, void *argument)
{
	const struct host_interfaces *interfaces = argument;

	for (int i = 0; i < interfaces->nic_count; i++)
		if (record_is(pif, PIF_device, interfaces->nics[i].name))
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
	const struct record *vm;
	struct nic_traffic nics[DEVICES_MOST];
	size_t count;
};

static void apply_vif(struct transaction *transaction, const char *ref,
		      const struct vm_traffic *traffic)
{
	const struct record *vif = transaction_read(transaction, CLASS_VIF, ref);
	struct record *metrics = vif ? transaction_edit(transaction, CLASS_VIF_metrics,
							record_text(vif, VIF_metrics)) :
				       NULL;

	/* it may have been detached since */
	if (!metrics || !record_bool(vif, VIF_currently_attached))
		return;
	for (size_t i = 0; i < traffic->count; i++)
		if (traffic->nics[i].device == atoi(record_text(vif, VIF_device)))
			set_rates(metrics, &vif_rates, traffic->nics[i].received_bytes,
				  traffic->nics[i].sent_bytes);
}

static int apply_vm(struct transaction *transaction, void *argument, struct error *err)
{
	const struct vm_traffic *traffic = argument;
	const struct value *vifs = record_get(traffic->vm, VM_VIFs);

	(void)err;
	for (uint32_t i = 0; i < vifs->length; i++)
		apply_vif(transaction, vifs->items[i]->text, traffic);
	return 0;
}

void traffic_sample_vm(struct api *api, const struct record *vm)
{
	const struct value *vifs = record_get(vm, VM_VIFs);
	struct vm_traffic traffic = {.vm = vm};
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};

	for (uint32_t i = 0; i < vifs->length && traffic.count < DEVICES_MOST; i++) {
		AUTO(record) vif = store_read(api->store, CLASS_VIF, vifs->items[i]->text);

		if (vif && record_bool(vif, VIF_currently_attached))
			traffic.nics[traffic.count++].device = atoi(record_text(vif, VIF_device));
	}
	if (traffic.count && hypervisor_get_nic_traffic(api->hypervisor, record_uuid(vm),
							traffic.nics, traffic.count, &reason) == 0)
		store_mutate(api->store, apply_vm, &traffic, &ignored);
}
