/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host.c – this host: its objects, made once and described anew at each start. */
#include "server/api/private.h"

#include "schema/log.h"
#include "server/api/domain_0.h"
#include "server/api/host_facts.h"
#include "server/api/network.h"
#include "server/api/role.h"

#include <stdio.h>

/* What was found out about the host before the transaction that writes it down. */
struct finding {
	struct api *api;
	const struct host_facts *facts;
	struct host_usage usage;
	struct domain_0 domain_0;
	int64_t now;
	struct value *hostname;
	struct value *address;
	struct value *software_version;
	struct value *bios_strings;
	/* what the last start found: a client may have set something else since */
	char *last_hostname;
	char *last_address;
};

static void finding_free(struct finding *finding)
{
	value_release(finding->hostname);
	value_release(finding->address);
	value_release(finding->software_version);
	value_release(finding->bios_strings);
	free(finding->last_hostname);
	free(finding->last_address);
}

static void find_out(struct finding *finding)
{
	struct api *api = finding->api;
	bool simulated = strcmp(hypervisor_name(api->hypervisor), "simulator") == 0;
	struct hypervisor_error problem;

	finding->facts = hypervisor_host(api->hypervisor);
	finding->now = now_seconds();
	finding->hostname = host_facts_hostname();
	finding->address = host_facts_address();
	finding->software_version =
		host_facts_software_version(finding->facts, finding->hostname->text);
	/* the simulator's host is never the machine */
	finding->bios_strings = simulated ? value_map() : host_facts_bios_strings();
	finding->last_hostname = store_get_setting(api->store, "host_hostname");
	finding->last_address = store_get_setting(api->store, "host_address");
	if (hypervisor_get_host_usage(api->hypervisor, &finding->usage, &problem) < 0)
		log_warning("the host's free memory is not known: %s", problem.text);
	domain_0_find(api, &finding->domain_0);
}

static void take_first(struct transaction *transaction, const struct record *record, void *argument)
{
	const struct record **first = argument;

	(void)transaction;
	if (!*first)
		*first = record;
}

/* The one object of a class, made if there is none yet. */
static struct record *the_one(struct transaction *transaction, enum class_id cls, bool *ret_new)
{
	const struct record *first = NULL;

	transaction_each(transaction, cls, take_first, &first);
	*ret_new = !first;
	return first ? transaction_edit(transaction, cls, record_ref(first)) :
		       transaction_create(transaction, cls, NULL);
}

/* The object that a reference names, made if there is none. */
static struct record *named(struct transaction *transaction, enum class_id cls,
			    struct record *owner, int field)
{
	struct record *record = transaction_edit(transaction, cls, record_text(owner, field));

	if (!record) {
		record = transaction_create(transaction, cls, NULL);
		record_set(owner, field, value_reference(record->ref));
	}
	return record;
}

/* A fact that clients may set as well: theirs stays, ours follows the machine. */
static void set_unless_changed(struct transaction *transaction, struct record *host, int field,
			       const struct value *value, const char *setting, const char *last)
{
	const char *text = record_text(host, field);

	if (!*text || (last && strcmp(text, last) == 0))
		record_set(host, field, value_reference(value));
	if (!last || strcmp(last, value->text) != 0)
		transaction_set_setting(transaction, setting, value->text);
}

static struct value *platform_versions(void)
{
	struct value *set = value_set();

	for (int version = 0; version <= 2; version++)
		value_append(set, value_int(version));
	return set;
}

static void describe_program(struct record *host)
{
	struct value *details = value_map();

	value_put(details, "version", value_string(PACKAGE_VERSION));
	record_set_int(host, host_API_version_major, API_VERSION_MAJOR);
	record_set_int(host, host_API_version_minor, API_VERSION_MINOR);
	record_set_text(host, host_API_version_vendor, "xenapid");
	record_set(host, host_API_version_vendor_implementation, details);
}

static void describe_host(struct record *host, const struct finding *finding)
{
	const struct host_facts *facts = finding->facts;
	bool enabled = record_bool(host, host_enabled);

	describe_program(host);
	record_set(host, host_software_version, value_reference(finding->software_version));
	record_set(host, host_bios_strings, value_reference(finding->bios_strings));
	record_set(host, host_capabilities, host_facts_words(facts->capabilities));
	record_set(host, host_supported_bootloaders,
		   host_facts_words(facts->supported_bootloaders));
	record_set(host, host_cpu_info, host_facts_cpu_info(facts));
	record_set(host, host_cpu_configuration, host_facts_cpu_configuration(facts));
	record_set_text(host, host_sched_policy, facts->scheduler);
	record_set(host, host_virtual_hardware_platform_versions, platform_versions());
	record_set(host, host_allowed_operations,
		   host_facts_allowed_operations(enabled, finding->domain_0.there));
}

static void describe_metrics(struct record *metrics, const struct finding *finding)
{
	record_set_int(metrics, host_metrics_memory_total, finding->facts->memory_total);
	record_set_int(metrics, host_metrics_memory_free, finding->usage.memory_free);
	record_set(metrics, host_metrics_live, value_bool(true));
	record_set(metrics, host_metrics_last_updated, value_datetime_of(finding->now));
}

static void describe_pool(struct transaction *transaction, const struct record *host,
			  const struct finding *finding)
{
	bool is_new;
	struct record *pool = the_one(transaction, CLASS_pool, &is_new);

	record_set(pool, pool_master, value_reference(host->ref));
	record_set(pool, pool_cpu_info, host_facts_cpu_info(finding->facts));
}

/* The host_cpu objects there are, by number, and those that are not wanted any more. */
struct cpus {
	int count;
	struct value **refs;
	struct value *unwanted; /* set of refs */
};

static void sort_cpu(struct transaction *transaction, const struct record *record, void *argument)
{
	struct cpus *cpus = argument;
	int64_t number = record_int(record, host_cpu_number);

	(void)transaction;
	if (number < 0 || number >= cpus->count || cpus->refs[number])
		value_append(cpus->unwanted, value_reference(record->ref));
	else
		cpus->refs[number] = record->ref;
}

static void describe_cpu(struct record *cpu, const struct record *host, int number,
			 const struct host_facts *facts)
{
	record_set(cpu, host_cpu_host, value_reference(host->ref));
	record_set_int(cpu, host_cpu_number, number);
	record_set_text(cpu, host_cpu_vendor, facts->cpu_vendor);
	record_set_int(cpu, host_cpu_speed, facts->cpu_mhz);
	record_set_text(cpu, host_cpu_modelname, facts->cpu_modelname);
	record_set_int(cpu, host_cpu_family, facts->cpu_family);
	record_set_int(cpu, host_cpu_model, facts->cpu_model);
	record_set(cpu, host_cpu_stepping, value_string_format("%d", facts->cpu_stepping));
	record_set_text(cpu, host_cpu_flags, facts->cpu_flags);
	record_set_text(cpu, host_cpu_features, facts->cpu_features);
}

static void describe_cpus(struct transaction *transaction, const struct record *host,
			  const struct host_facts *facts)
{
	AUTO(value) unwanted = value_set();
	struct cpus cpus = {.count = facts->pcpus, .unwanted = unwanted};

	cpus.refs = allocate((size_t)cpus.count * sizeof(*cpus.refs) + 1);
	transaction_each(transaction, CLASS_host_cpu, sort_cpu, &cpus);
	for (uint32_t i = 0; i < unwanted->length; i++)
		transaction_delete(transaction, CLASS_host_cpu, unwanted->items[i]->text);
	for (int i = 0; i < cpus.count; i++) {
		struct record *cpu =
			cpus.refs[i] ?
				transaction_edit(transaction, CLASS_host_cpu, cpus.refs[i]->text) :
				transaction_create(transaction, CLASS_host_cpu, NULL);

		describe_cpu(cpu, host, i, facts);
	}
	free(cpus.refs);
}

static int write_down(struct transaction *transaction, void *argument, struct error *err)
{
	struct finding *finding = argument;
	bool is_new;
	struct record *host = the_one(transaction, CLASS_host, &is_new);

	(void)err;
	if (is_new)
		record_set(host, host_name_label, value_reference(finding->hostname));
	set_unless_changed(transaction, host, host_hostname, finding->hostname, "host_hostname",
			   finding->last_hostname);
	set_unless_changed(transaction, host, host_address, finding->address, "host_address",
			   finding->last_address);
	describe_host(host, finding);
	describe_metrics(named(transaction, CLASS_host_metrics, host, host_metrics), finding);
	describe_cpus(transaction, host, finding->facts);
	describe_pool(transaction, host, finding);
	role_describe(transaction);
	network_describe_host(transaction, host, &finding->facts->interfaces);
	domain_0_describe(finding->api, transaction, host, &finding->domain_0);
	snprintf(finding->api->host_ref, REF_SIZE, "%s", record_ref(host));
	return 0;
}

int host_open(struct api *api, struct error *err)
{
	struct finding finding = {.api = api};
	int rc;

	find_out(&finding);
	rc = store_mutate(api->store, write_down, &finding, err);
	finding_free(&finding);
	return rc;
}
