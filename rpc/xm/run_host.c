/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_host.c – info, uptime and drift. */
#include "rpc/xm/run.h"

#include <time.h>

/* The record of the one object of a class whose ref a field names, or of the first there is; to be
 * released, NULL: none. */
static struct value *read_record(struct xm *xm, const char *method, const char *ref)
{
	AUTO(value) records = NULL;
	const struct value *record = NULL;

	if (!xm_call(xm, method, value_set(), &records) || records->kind != VALUE_MAP)
		return NULL;
	if (ref)
		record = value_find(records, ref);
	else if (records->length)
		record = records->members[0].value;
	return record && record->kind == VALUE_MAP ? value_reference(record) : NULL;
}

static void print_text(const char *name, const char *text)
{
	printf("%-23s: ", name);
	terminal_print(stdout, text ? text : "", 0);
	putchar('\n');
}

static void print_number(const char *name, int64_t number)
{
	printf("%-23s: %lld\n", name, (long long)number);
}

static void print_member(const struct value *record, const char *field, const char *key,
			 const char *name)
{
	const struct value *map = value_find(record, field);
	const char *text = map && map->kind == VALUE_MAP ? value_find_text(map, key) : NULL;

	if (text && *text)
		print_text(name, text);
}

static void print_capabilities(const struct value *host)
{
	const struct value *set = value_find(host, "capabilities");
	AUTO_BUFFER text = {0};

	for (uint32_t i = 0; set && set->kind == VALUE_SET && i < set->length; i++) {
		if (set->items[i]->kind == VALUE_STRING)
			buffer_add_format(&text, "%s%s", i ? " " : "", set->items[i]->text);
	}
	print_text("xen_caps", text.data);
}

static void print_cpus(const struct value *host)
{
	const struct value *cpus = value_find(host, "host_CPUs");

	if (cpus && cpus->kind == VALUE_SET && cpus->length)
		print_number("nr_cpus", cpus->length);
	else
		print_member(host, "cpu_info", "cpu_count", "nr_cpus");
	print_member(host, "cpu_info", "socket_count", "nr_sockets");
	print_member(host, "cpu_info", "threads_per_core", "threads_per_core");
	print_member(host, "cpu_info", "speed", "cpu_mhz");
	print_member(host, "cpu_info", "vendor", "cpu_vendor");
	print_member(host, "cpu_info", "modelname", "cpu_model");
}

static void print_versions(const struct value *host)
{
	const struct value *versions = value_find(host, "software_version");

	for (uint32_t i = 0; versions && versions->kind == VALUE_MAP && i < versions->length; i++) {
		AUTO_TEXT name = terminal_text(versions->members[i].key->text);
		AUTO_TEXT shown =
			text_format("%s%s", name, strcmp(name, "xen") == 0 ? "_version" : "");
		const struct value *version = versions->members[i].value;

		print_text(shown, version->kind == VALUE_STRING ? version->text : "");
	}
}

enum status run_info(struct xm *xm)
{
	AUTO(value) host = read_record(xm, "host.get_all_records", NULL);
	AUTO(value) metrics = NULL;
	const char *ref = host ? value_find_text(host, "metrics") : NULL;

	if (!host)
		return xm_report(xm);
	if (ref)
		metrics = read_record(xm, "host_metrics.get_all_records", ref);
	print_text("host", value_find_text(host, "hostname"));
	print_text("uuid", value_find_text(host, "uuid"));
	print_cpus(host);
	if (metrics) {
		print_number("total_memory", amount_of(metrics, "memory_total") / MIB);
		print_number("free_memory", amount_of(metrics, "memory_free") / MIB);
	}
	print_text("xen_scheduler", value_find_text(host, "sched_policy"));
	print_capabilities(host);
	print_versions(host);
	return STATUS_DONE;
}

/* A call about the host: what is answered to be released, NULL: it failed. */
static struct value *ask_host(struct xm *xm, const char *method)
{
	AUTO(value) hosts = NULL;
	struct value *answer = NULL;

	if (!xm_call(xm, "host.get_all", value_set(), &hosts) || hosts->kind != VALUE_SET ||
	    !hosts->length)
		return NULL;
	xm_call(xm, method, parameters_of(value_reference(hosts->items[0]), (struct value *)NULL),
		&answer);
	return answer;
}

/* The server's clock, since start times are by it; ours if it does not say. */
static int64_t server_time(struct xm *xm)
{
	AUTO(value) answer = ask_host(xm, "host.get_servertime");
	AUTO(value) record = value_map();
	int64_t seconds = 0;

	if (answer) {
		value_put(record, "time", value_reference(answer));
		seconds = date_seconds(record, "time");
	}
	return seconds ? seconds : (int64_t)time(NULL);
}

static void print_uptime(const struct vm *vm, int64_t now)
{
	int64_t start = date_seconds(vm->metrics, "start_time");
	int64_t seconds = start && start < now ? now - start : 0;
	int64_t days = seconds / 86400;

	terminal_print(stdout, vm_text(vm, "name_label"), 38);
	printf(" %5lld ", (long long)amount_of(vm->record, "domid"));
	if (days)
		printf("%lld day%s, ", (long long)days, days == 1 ? "" : "s");
	printf("%2d:%02d:%02d\n", (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60),
	       (int)(seconds % 60));
}

enum status run_uptime(struct xm *xm)
{
	AUTO_VMS vms = {0};
	enum status status = vms_read(xm, &vms);
	int64_t now;

	if (status != STATUS_DONE && !vms.count)
		return status;
	now = server_time(xm);
	printf("%-38s %5s %s\n", "Name", "ID", "Uptime");
	for (size_t i = 0; i < vms.count; i++) {
		if (vm_has_domain(&vms.items[i]))
			print_uptime(&vms.items[i], now);
	}
	return status;
}

/* As the server says it, but for memory, which is in MiB as everywhere in xm. */
static char *drift_text(const struct value *entry, const char *key)
{
	const char *field = value_find_text(entry, "field");
	const char *text = value_find_text(entry, key);

	if (field && strncmp(field, "memory_", 7) == 0)
		return amount_text(amount_of(entry, key));
	return text_copy(text ? text : "");
}

static void print_drift(const struct value *entry)
{
	const char *name = value_find_text(entry, "name_label");
	const char *field = value_find_text(entry, "field");
	AUTO_TEXT record = drift_text(entry, "record");
	AUTO_TEXT domain = drift_text(entry, "domain");

	terminal_print(stdout, name ? name : "", 38);
	putchar(' ');
	terminal_print(stdout, field ? field : "", 20);
	putchar(' ');
	terminal_print(stdout, record, 12);
	putchar(' ');
	terminal_print(stdout, domain, 0);
	putchar('\n');
}

/* What sets a field and, while it runs, the domain. With a key of a map where it has one. */
static const struct {
	const char *field;
	const char *method;
	const char *key;
} setters[] = {{"name_label", "VM.set_name_label", NULL},
	       {"memory_target", "VM.set_memory_target", NULL},
	       {"memory_static_max", "VM.set_memory_maximum", NULL},
	       {"VCPUs_at_startup", "VM.set_VCPUs_number", NULL},
	       {"VCPUs_params:weight", "VM.add_to_VCPUs_params_live", "weight"},
	       {"VCPUs_params:cap", "VM.add_to_VCPUs_params_live", "cap"}};

static bool set_field(struct xm *xm, const char *field, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(setters); i++) {
		struct value *parameters;

		if (strcmp(setters[i].field, field) != 0)
			continue;
		parameters = parameters_of(value_reference(xm->subject.ref), (struct value *)NULL);
		if (setters[i].key)
			value_append(parameters, value_string(setters[i].key));
		value_append(parameters, value_string(value));
		return xm_call(xm, setters[i].method, parameters, NULL);
	}
	return true;
}

/* All that differs of the subject, as one of the sides has it. */
static bool set_all(struct xm *xm, const struct value *entries)
{
	bool done = true;

	for (uint32_t i = 0; i < entries->length; i++) {
		const char *field = value_find_text(entries->items[i], "field");
		const char *value = value_find_text(entries->items[i], xm->options.fix);
		const char *vm = value_find_text(entries->items[i], "VM");

		if (field && value && vm && strcmp(vm, xm->subject.ref->text) == 0 &&
		    !set_field(xm, field, value))
			done = false;
	}
	return done;
}

static enum status fix_drift(struct xm *xm, const struct value *entries)
{
	bool known = strcmp(xm->options.fix, "record") == 0 ||
		     strcmp(xm->options.fix, "domain") == 0;
	enum status status;

	if (!known || xm->count != 1)
		return xm_misuse(xm,
				 "--fix=record makes a DOMAIN what its record says, --fix=domain "
				 "the record what the domain has");
	status = vm_find(xm, xm->arguments[0]);
	if (status != STATUS_DONE)
		return status;
	/* one bounds another: what was refused may be possible once the others are set */
	return set_all(xm, entries) || set_all(xm, entries) ? STATUS_DONE : xm_report(xm);
}

enum status run_drift(struct xm *xm)
{
	AUTO(value) entries = NULL;

	if (xm->count && !xm->options.fix)
		return xm_misuse(xm, "--fix=record or --fix=domain says which side is right");
	entries = ask_host(xm, "host.get_drift");
	if (!entries || entries->kind != VALUE_SET)
		return xm_report(xm);
	if (xm->options.fix)
		return fix_drift(xm, entries);
	printf("%-38s %-20s %-12s %s\n", "Name", "Field", "Record", "Domain");
	for (uint32_t i = 0; i < entries->length; i++)
		print_drift(entries->items[i]);
	return STATUS_DONE;
}
