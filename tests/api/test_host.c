/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_host.c – the objects of the host: made once, described anew at each start, kept without Xen.
 */
#include "tests/api/caller.h"

#include "schema/record.h"
#include "schema/text.h"
#include "tests/tap.h"

#include <stdio.h>

static struct caller caller;

/* The only object of a class; NULL: there are none or several. */
static struct record *only(enum class_id cls)
{
	size_t count;
	struct record **records = store_list(caller.store, cls, &count);
	struct record *record = count == 1 ? record_reference(records[0]) : NULL;

	store_free_list(records, count);
	return record;
}

static size_t count_objects(enum class_id cls)
{
	size_t count;
	struct record **records = store_list(caller.store, cls, &count);

	store_free_list(records, count);
	return count;
}

static const char *text_in(const struct record *record, int field, const char *key)
{
	const char *text = value_find_text(record_get(record, field), key);

	return text ? text : "not there";
}

static void ask(const char *method, const char *a, const char *b, const char *c)
{
	AUTO_ERROR err = {0};
	AUTO(value) result = caller_ask(&caller, &err, method, a, b, c);

	ok(result, "%s", method);
}

static void is_asked(const char *method, const char *ref, const char *want)
{
	AUTO_ERROR err = {0};
	AUTO(value) result = caller_ask(&caller, &err, method, ref);
	AUTO_TEXT number = result && result->kind == VALUE_INT ?
				   text_format("%lld", (long long)result->integer) :
				   NULL;

	is_str(number ? number : result ? result->text : NULL, want, "%s", method);
}

static void test_host(void)
{
	AUTO(record) host = only(CLASS_host);
	AUTO(record) metrics = only(CLASS_host_metrics);
	AUTO(record) pool = only(CLASS_pool);
	const struct host_facts *facts = hypervisor_host(caller.hypervisor);
	AUTO_TEXT cpus = text_format("%d", facts->pcpus);

	is_str(record_text(pool, pool_master), record_ref(host), "the pool's master");
	is_str(record_text(host, host_metrics), record_ref(metrics), "the host's metrics");
	ok(*record_text(host, host_name_label) && *record_text(host, host_address),
	   "name and address");
	is_int(record_int(host, host_API_version_major), 2, "API version");
	is_str(text_in(host, host_software_version, "product_brand"), "xenapid", "product_brand");
	is_str(text_in(host, host_software_version, "xen"), facts->xen_version, "Xen's version");
	is_str(text_in(host, host_cpu_info, "cpu_count"), cpus, "cpu_count");
	is_str(text_in(host, host_cpu_info, "vendor"), facts->cpu_vendor, "vendor");
	ok(value_set_has(record_get(host, host_supported_bootloaders), "pygrub") ||
		   !*facts->supported_bootloaders,
	   "boot loaders");
	is_int(record_get(host, host_bios_strings)->length, 0, "a simulated host has no firmware");
	is_int((int64_t)count_objects(CLASS_host_cpu), facts->pcpus, "a host_cpu for each CPU");
	is_int(record_get(host, host_host_CPUs)->length, facts->pcpus, "which the host knows");
	ok(record_int(metrics, host_metrics_memory_total) == facts->memory_total &&
		   record_int(metrics, host_metrics_memory_free) > 0 &&
		   record_bool(metrics, host_metrics_live),
	   "its memory");
	is_int(record_get(host, host_virtual_hardware_platform_versions)->items[2]->integer, 2,
	       "platform versions");
}

static void test_domain_0(void)
{
	AUTO(record) host = only(CLASS_host);
	AUTO(record) vm = store_read_by_uuid(caller.store, CLASS_VM, DOMAIN_0_UUID);
	struct domain_info info;
	struct hypervisor_error problem;
	AUTO(record) metrics = NULL;

	hypervisor_get_domain(caller.hypervisor, DOMAIN_0_UUID, &info, &problem);
	metrics = store_read(caller.store, CLASS_VM_metrics, record_text(vm, VM_metrics));
	is_str(record_text(host, host_control_domain), record_ref(vm), "the control domain");
	is_str(record_text(vm, VM_name_label), "Domain-0", "its name");
	ok(record_bool(vm, VM_is_control_domain) && record_is(vm, VM_power_state, "Running"),
	   "it runs");
	is_int(record_int(vm, VM_domid), 0, "as domain 0");
	is_str(record_text(vm, VM_resident_on), record_ref(host), "here");
	is_int(record_int(vm, VM_memory_target), info.memory_target, "its memory");
	is_int(record_int(vm, VM_VCPUs_at_startup), info.vcpus_online, "its vCPUs");
	ok(record_int(vm, VM_memory_dynamic_min) <= info.memory_target &&
		   record_int(vm, VM_memory_dynamic_max) >= info.memory_target &&
		   record_int(vm, VM_memory_static_max) >= record_int(vm, VM_memory_dynamic_max),
	   "its bounds hold it");
	is_int(record_int(metrics, VM_metrics_memory_actual), info.memory_actual, "its metrics");
}

static void test_kept(void)
{
	AUTO(record) host = only(CLASS_host);
	AUTO(record) host_after = NULL;
	AUTO(record) vm = store_read_by_uuid(caller.store, CLASS_VM, DOMAIN_0_UUID);
	AUTO(record) vm_after = NULL;
	AUTO_TEXT address = text_copy(record_text(host, host_address));

	ask("host.set_name_label", record_ref(host), "renamed", NULL);
	ask("host.set_hostname", record_ref(host), "elsewhere", NULL);
	ask("host.disable", record_ref(host), NULL, NULL);
	ask("VM.add_to_other_config", record_ref(vm), "key", "value");
	caller_close(&caller);
	caller_open(&caller, "simulator");
	host_after = only(CLASS_host);
	vm_after = store_read_by_uuid(caller.store, CLASS_VM, DOMAIN_0_UUID);
	is_str(record_ref(host_after), record_ref(host), "the host's ref is the same");
	is_str(record_ref(vm_after), record_ref(vm), "Domain-0's too");
	is_str(record_text(host_after, host_name_label), "renamed", "the name a client gave stays");
	is_str(record_text(host_after, host_hostname), "elsewhere", "and the host name");
	is_str(record_text(host_after, host_address), address, "the address is the machine's");
	is_str(text_in(vm_after, VM_other_config, "key"), "value", "what clients keep is kept");
	ok(!record_bool(host_after, host_enabled) &&
		   value_set_has(record_get(host_after, host_allowed_operations), "enable"),
	   "it is still disabled");
	ask("host.enable", record_ref(host), NULL, NULL);
	ask("host.set_hostname", record_ref(host), "", NULL);
	is_int((int64_t)count_objects(CLASS_VM), 1, "no second Domain-0");
	is_int((int64_t)count_objects(CLASS_VM_metrics), 1, "nor metrics");
}

static void test_without_xen(void)
{
	AUTO(record) host = NULL;
	AUTO(record) vm = NULL;

	caller_close(&caller);
	caller.options.force_adapter = true;
	caller_open(&caller, "none");
	host = only(CLASS_host);
	vm = store_read_by_uuid(caller.store, CLASS_VM, DOMAIN_0_UUID);
	ok(vm && record_is(vm, VM_power_state, "Halted"),
	   "without Xen Domain-0's record is kept, Halted");
	ok(ref_is_null(record_text(vm, VM_resident_on)), "it is nowhere");
	ok(ref_is_null(record_text(host, host_control_domain)), "the host has no control domain");
	ok(record_bool(host, host_enabled) &&
		   !value_set_has(record_get(host, host_allowed_operations), "vm_start"),
	   "VMs cannot be started");
	ok(*record_text(host, host_hostname), "an emptied host name is the machine's again");
	is_int((int64_t)count_objects(CLASS_host_cpu), hypervisor_host(caller.hypervisor)->pcpus,
	       "CPUs follow the machine");
	caller_close(&caller);
	caller_open(&caller, "simulator");
	test_domain_0();
	is_int((int64_t)count_objects(CLASS_host_cpu), hypervisor_host(caller.hypervisor)->pcpus,
	       "CPUs follow the machine back");
}

static void test_messages(void)
{
	AUTO(record) host = only(CLASS_host);
	AUTO(record) metrics = only(CLASS_host_metrics);
	AUTO_TEXT memory =
		text_format("%lld", (long long)record_int(metrics, host_metrics_memory_free));
	AUTO_ERROR err = {0};
	AUTO(value) time = caller_ask(&caller, &err, "host.get_servertime", record_ref(host));
	AUTO(value) local =
		caller_ask(&caller, &err, "host.get_server_localtime", record_ref(host));
	AUTO(value) methods = caller_ask(&caller, &err, "host.list_methods");
	AUTO(value) listed = caller_call(&caller, &err, "system.listMethods");

	is_asked("host.compute_free_memory", record_ref(host), memory);
	is_asked("host.compute_memory_overhead", record_ref(host), "0");
	ok(time && time->kind == VALUE_DATETIME && time->text[time->length - 1] == 'Z', "UTC");
	ok(local && local->kind == VALUE_DATETIME && local->length == 17, "local time");
	ok(methods && listed && value_equal(methods, listed) &&
		   value_set_has(methods, "VM.start") &&
		   value_set_has(methods, "system.methodHelp"),
	   "all messages");
}

static void is_system(const char *method, const char *argument, const char *want)
{
	AUTO_ERROR err = {0};
	AUTO(value) result = caller_call(&caller, &err, method, argument);
	AUTO_BUFFER json = {0};

	if (result)
		value_add_json(&json, result);
	else
		buffer_add_text(&json, error_info(err.code)->name);
	is_str(json.data, want, "%s %s", method, argument ? argument : "");
}

static void test_system(void)
{
	is_system(
		"system.methodHelp", "VM.pause",
		"\"void VM.pause(ref session session_id, ref VM vm)\\u000aStops a Running VM where it "
		"is; its memory stays.\"");
	is_system("system.methodHelp", "system.listMethods",
		  "\"set of string system.listMethods()\\u000aThe names of all messages.\"");
	is_system("system.methodHelp", "VM.jump", "MESSAGE_METHOD_UNKNOWN");
	is_system("system.methodHelp", NULL, "MESSAGE_PARAMETER_COUNT_MISMATCH");
	is_system("system.methodSignature", "VM.start",
		  "[[\"string\",\"string\",\"string\",\"boolean\"],"
		  "[\"string\",\"string\",\"string\",\"boolean\",\"boolean\"]]");
	is_system("system.methodSignature", "VM.get_all_records", "[[\"struct\",\"string\"]]");
	is_system("system.methodSignature", "system.methodHelp", "[[\"string\",\"string\"]]");
	is_system("system.listMethods", "x", "MESSAGE_PARAMETER_COUNT_MISMATCH");
	is_system("system.multicall", NULL, "MESSAGE_METHOD_UNKNOWN");
	is_system("system_listMethods", "x", "MESSAGE_PARAMETER_COUNT_MISMATCH");
}

int main(void)
{
	schema_init();
	caller_make(&caller);
	caller_open(&caller, "simulator");
	test_host();
	test_domain_0();
	test_kept();
	test_without_xen();
	test_messages();
	test_system();
	caller_remove(&caller);
	return done_testing();
}
