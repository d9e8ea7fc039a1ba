/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_facts.c – what this host is, as values for the fields of its objects. */
#include "server/api/host_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void put_text(struct value *map, const char *key, const char *text)
{
	value_put(map, key, value_string(text));
}

static void put_int(struct value *map, const char *key, int64_t integer)
{
	value_put(map, key, value_string_format("%lld", (long long)integer));
}

struct value *host_facts_hostname(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		return value_string("localhost");
	return value_string(name);
}

struct value *host_facts_address(void)
{
	char text[INET_ADDRSTRLEN] = "127.0.0.1";
	struct ifaddrs *interfaces = NULL;

	if (getifaddrs(&interfaces) < 0)
		return value_string(text);
	for (const struct ifaddrs *one = interfaces; one; one = one->ifa_next) {
		const struct sockaddr_in *address = (const void *)one->ifa_addr;

		if (!address || address->sin_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK) ||
		    !(one->ifa_flags & IFF_UP))
			continue;
		inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
		break;
	}
	freeifaddrs(interfaces);
	return value_string(text);
}

/* When this program was built or installed: clients want a date beside the version. */
static struct value *program_date(void)
{
	struct stat status;
	char text[32];
	struct tm parts;

	if (stat("/proc/self/exe", &status) < 0)
		status.st_mtime = 0;
	gmtime_r(&status.st_mtime, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d", &parts);
	return value_string(text);
}

struct value *host_facts_software_version(const struct host_facts *facts, const char *hostname)
{
	/* clients read the product's version as numbers between dots */
	size_t length = strspn(PACKAGE_VERSION, "0123456789.");
	struct value *map = value_map();
	struct utsname kernel;

	put_text(map, "product_brand", "xenapid");
	value_put(map, "product_version", value_string_n(PACKAGE_VERSION, length));
	put_text(map, "product_version_text", PACKAGE_VERSION);
	put_text(map, "platform_name", "xenapid");
	value_put(map, "platform_version", value_string_n(PACKAGE_VERSION, length));
	value_put(map, "xapi", value_string_format("%d.%d", API_VERSION_MAJOR, API_VERSION_MINOR));
	value_put(map, "date", program_date());
	put_text(map, "build_number", "0");
	put_text(map, "hostname", hostname);
	if (uname(&kernel) == 0)
		put_text(map, "linux", kernel.release);
	if (*facts->xen_version)
		put_text(map, "xen", facts->xen_version);
	value_sort(map);
	return map;
}

/* One line, without what is not UTF-8's ASCII part: firmware says all sorts of things. */
static void put_file(struct value *map, const char *key, const char *name)
{
	char line[128] = "";
	AUTO_TEXT path = text_format("/sys/class/dmi/id/%s", name);
	FILE *file = fopen(path, "re");
	char *end = line;

	if (!file)
		return;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	for (const char *from = line; *from; from++)
		if (*from >= ' ' && *from < 0x7f)
			*end++ = *from;
	while (end > line && end[-1] == ' ')
		end--;
	if (end > line)
		value_put(map, key, value_string_n(line, (size_t)(end - line)));
}

struct value *host_facts_bios_strings(void)
{
	static const struct {
		const char *key;
		const char *file;
	} strings[] = {
		{"baseboard-asset-tag", "board_asset_tag"},
		{"baseboard-manufacturer", "board_vendor"},
		{"baseboard-product-name", "board_name"},
		{"baseboard-serial-number", "board_serial"},
		{"baseboard-version", "board_version"},
		{"bios-vendor", "bios_vendor"},
		{"bios-version", "bios_version"},
		{"enclosure-asset-tag", "chassis_asset_tag"},
		{"system-manufacturer", "sys_vendor"},
		{"system-product-name", "product_name"},
		{"system-serial-number", "product_serial"},
		{"system-version", "product_version"},
	};
	struct value *map = value_map();

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		put_file(map, strings[i].key, strings[i].file);
	value_sort(map);
	return map;
}

struct value *host_facts_cpu_info(const struct host_facts *facts)
{
	const char *hvm_features = facts->hvm ? facts->cpu_features : "";
	struct value *map = value_map();

	put_int(map, "cpu_count", facts->pcpus);
	put_int(map, "socket_count", facts->cpu_sockets);
	put_int(map, "threads_per_core", facts->cpu_threads_per_core);
	put_text(map, "vendor", facts->cpu_vendor);
	put_int(map, "speed", facts->cpu_mhz);
	put_text(map, "modelname", facts->cpu_modelname);
	put_int(map, "family", facts->cpu_family);
	put_int(map, "model", facts->cpu_model);
	put_int(map, "stepping", facts->cpu_stepping);
	put_text(map, "flags", facts->cpu_flags);
	put_text(map, "features", facts->cpu_features);
	put_text(map, "features_pv", facts->cpu_features);
	put_text(map, "features_pv_host", facts->cpu_features);
	put_text(map, "features_hvm", hvm_features);
	put_text(map, "features_hvm_host", hvm_features);
	value_sort(map);
	return map;
}

struct value *host_facts_cpu_configuration(const struct host_facts *facts)
{
	int sockets = facts->cpu_sockets > 0 ? facts->cpu_sockets : 1;
	int threads = facts->cpu_threads_per_core > 0 ? facts->cpu_threads_per_core : 1;
	struct value *map = value_map();

	put_int(map, "nr_cpus", facts->pcpus);
	put_int(map, "sockets", sockets);
	put_int(map, "cores_per_socket", facts->pcpus / (sockets * threads));
	put_int(map, "threads_per_core", threads);
	value_sort(map);
	return map;
}

struct value *host_facts_words(const char *words)
{
	struct value *set = value_set();

	while (*(words += strspn(words, " "))) {
		size_t length = strcspn(words, " ");

		value_append(set, value_string_n(words, length));
		words += length;
	}
	return set;
}

struct value *host_facts_allowed_operations(bool enabled, bool can_start)
{
	struct value *set = value_set();

	if (!enabled)
		value_append(set, value_string("enable"));
	if (enabled && can_start) {
		value_append(set, value_string("vm_start"));
		value_append(set, value_string("vm_resume"));
	}
	return set;
}
