/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_xl_config – what becomes of each kind of line in an xl.cfg */

#include "schema/buffer.h"
#include "server/import/import.h"
#include "tests/tap.h"

#include <stdio.h>
#include <time.h>

#define BASE "name = 'demo'\nmemory = 410\n"

/* A value as text: maps as {key=value …} in order, sets as [a b]. */
static void show(struct buffer *out, const struct value *value)
{
	switch (value->kind) {
	case VALUE_STRING:
		buffer_add_text(out, value->text);
		return;
	case VALUE_INT:
		buffer_add_int(out, value->integer);
		return;
	case VALUE_FLOAT:
		buffer_add_format(out, "%g", value->number);
		return;
	case VALUE_BOOL:
		buffer_add_text(out, value->boolean ? "true" : "false");
		return;
	case VALUE_MAP:
		for (uint32_t i = 0; i < value->length; i++) {
			buffer_add_format(out, "%s%s=", i ? " " : "{", value->members[i].key->text);
			show(out, value->members[i].value);
		}
		buffer_add_text(out, value->length ? "}" : "{}");
		return;
	case VALUE_SET:
		for (uint32_t i = 0; i < value->length; i++) {
			buffer_add_text(out, i ? ", " : "");
			show(out, value->items[i]);
		}
		buffer_add_text(out, "");
		return;
	default:
		buffer_add_text(out, "?");
	}
}

static void check_field(const struct value *record, const char *field, const char *want,
			const char *what)
{
	const struct value *value = value_find(record, field);
	AUTO_BUFFER got = {0};

	if (value)
		show(&got, value);
	is_str(value ? got.data : NULL, want, "%s: %s", what, field);
}

static const struct {
	const char *text; /* after BASE */
	const char *field;
	const char *want;    /* NULL: not in the record */
	const char *outcome; /* of the last line; NULL: not looked at */
	const char *detail;  /* likewise */
} good[] = {
	{"", "name_label", "demo", "taken", NULL},
	{"", "memory_target", "429916160", "taken", NULL},
	{"", "memory_dynamic_min", "429916160", NULL, NULL},
	{"", "memory_dynamic_max", "429916160", NULL, NULL},
	{"", "memory_static_max", "429916160", NULL, NULL},
	{"", "memory_static_min", "0", NULL, NULL},
	{"", "VCPUs_at_startup", "1", NULL, NULL},
	{"", "VCPUs_max", "1", NULL, NULL},
	{"", "domain_type", "pv", NULL, NULL},
	{"", "HVM_boot_policy", NULL, NULL, NULL},
	{"", "other_config", NULL, NULL, NULL},
	{"maxmem = 800", "memory_static_max", "838860800", "taken", NULL},
	{"maxmem = 800", "memory_dynamic_max", "838860800", NULL, NULL},
	{"maxmem = 800", "memory_dynamic_min", "429916160", NULL, NULL},
	{"memory = '0x200'", "memory_target", "536870912", "taken", NULL},
	{"memory = 8796093022207", "memory_static_max", "9223372036853727232", "taken", NULL},
	{"uuid = '0004FB00-0000-0003-0000-0000000000AB'", "uuid",
	 "0004fb00-0000-0003-0000-0000000000ab", "taken", "uuid"},
	{"vcpus = 4", "VCPUs_max", "4", "taken", "VCPUs_at_startup"},
	{"vcpus = 2\nmaxvcpus = 8", "VCPUs_max", "8", "taken", "VCPUs_max"},
	{"maxvcpus = 8", "VCPUs_at_startup", "1", "taken", NULL},
	{"cpus = '0-3,^1'", "VCPUs_params", "{mask=0,2,3}", "translated",
	 "VCPUs_params:mask = 0,2,3"},
	{"cpus = 5", "VCPUs_params", "{mask=5}", "translated", NULL},
	{"cpus = [ '0', \"2-4,^3\" ]", "VCPUs_params", "{mask=0;2,4}", "translated", NULL},
	{"cpus = [ 0, 1 ]", "VCPUs_params", "{mask=0;1}", "translated", NULL},
	{"cpus = 'all'", "VCPUs_params", NULL, "ignored", "all CPUs are allowed without a mask"},
	{"cpus = 'node:0'", "other_config", "{xl:cpus='node:0'}", "ignored",
	 "NUMA nodes cannot be named in a mask"},
	{"cpus = 'x'", "other_config", "{xl:cpus='x'}", "ignored", "this is no list of CPUs"},
	{"cpus = '^1'", "other_config", "{xl:cpus='^1'}", "ignored", "it leaves no CPU"},
	{"cpus = '3-1'", "VCPUs_params", NULL, "ignored", NULL},
	{"cpus = '99999999999999999999'", "VCPUs_params", NULL, "ignored", NULL},
	{"cpus = [ ]", "VCPUs_params", NULL, "ignored", "it is empty"},
	{"cpus = [ ['1'] ]", "VCPUs_params", NULL, "ignored", NULL},
	{"cpu_weight = 512\ncap = 50", "VCPUs_params", "{weight=512 cap=50}", "taken",
	 "VCPUs_params:cap"},
	{"type = 'pvh'", "domain_type", "pvh", "taken", NULL},
	{"type = 'pvh'", "HVM_boot_policy", NULL, NULL, NULL},
	{"type = 'hvm'", "HVM_boot_policy", "BIOS order", "taken", NULL},
	{"builder = 'hvm'", "domain_type", "hvm", "taken", "domain_type"},
	{"builder = 'generic'", "domain_type", "pv", "taken", NULL},
	{"kernel = '/boot/vmlinuz'", "PV_kernel", "/boot/vmlinuz", "taken", "PV_kernel"},
	{"type='hvm'\nkernel = '/usr/lib/xen/boot/hvmloader'", "PV_kernel", NULL, "ignored",
	 "an HVM guest gets hvmloader anyway"},
	{"ramdisk = '/boot/initrd'", "PV_ramdisk", "/boot/initrd", "taken", NULL},
	{"cmdline = 'ro quiet'", "PV_args", "ro quiet", "taken", "PV_args"},
	{"root = '/dev/xvda'\nextra = 'ro'", "PV_args", "root=/dev/xvda ro", "taken", NULL},
	{"extra = 'ro'\nroot = '/dev/xvda'", "PV_args", "root=/dev/xvda ro", "translated", NULL},
	{"cmdline = 'a'\nextra = 'b'", "PV_args", "a", "ignored",
	 "cmdline is set, and says it all"},
	{"cmdline = 'a'\nextra = 'b'", "other_config", "{xl:extra='b'}", NULL, NULL},
	{"bootloader = 'pygrub'", "PV_bootloader", "pygrub", "taken", NULL},
	{"bootloader_args = '-q --debug'", "PV_bootloader_args", "-q --debug", "taken", NULL},
	{"bootloader_args = ['-q', '--debug']", "PV_bootloader_args", "-q --debug", "translated",
	 NULL},
	{"bootloader_args = ['a b']", "other_config", "{xl:bootloader_args=['a b']}", "ignored",
	 NULL},
	{"type='hvm'\nboot = 'dc'", "HVM_boot_params", "{order=dc}", "taken",
	 "HVM_boot_params:order"},
	{"boot = 'dc'", "HVM_boot_params", NULL, "ignored", "only an HVM guest has a boot order"},
	{"type='hvm'\nbios = 'ovmf'", "HVM_boot_params", "{firmware=uefi}", "translated", NULL},
	{"on_poweroff = 'destroy'", "actions_after_shutdown", "destroy", "taken",
	 "actions_after_shutdown"},
	{"on_poweroff = 'preserve'", "actions_after_shutdown", "destroy", "translated",
	 "actions_after_shutdown = destroy; it has no preserve"},
	{"on_reboot = 'rename-restart'", "actions_after_reboot", "restart", "translated", NULL},
	{"on_crash = 'preserve'", "actions_after_crash", "preserve", "taken", NULL},
	{"on_crash = 'coredump-destroy'", "actions_after_crash", "coredump_and_destroy",
	 "translated", "actions_after_crash = coredump_and_destroy"},
	{"on_crash = 'coredump-restart'", "actions_after_crash", "coredump_and_restart",
	 "translated", NULL},
	{"on_crash = 'rename-restart'", "actions_after_crash", "restart", "translated", NULL},
	{"on_crash = 'soft-reset'", "actions_after_crash", "restart", "translated", NULL},
	{"on_soft_reset = 'soft-reset'", "actions_after_softreboot", "soft_reboot", "translated",
	 NULL},
	{"on_watchdog = 'destroy'", "other_config", "{xl:on_watchdog='destroy'}", "ignored",
	 "a VM has no such action"},
	{"acpi = 1", "platform", "{acpi=true}", "translated", "platform:acpi = true"},
	{"nestedhvm = 0\nlocaltime = 1", "platform", "{nested-virt=false localtime=true}",
	 "translated", NULL},
	{"rtc_timeoffset = -3600", "platform", NULL, NULL, "syntax"},
	{"rtc_timeoffset = '-3600'", "platform", "{timeoffset=-3600}", "taken",
	 "platform:timeoffset"},
	{"tsc_mode = 'native'", "platform", "{tsc_mode=native}", "taken", NULL},
	{"viridian = ['base']", "other_config", "{xl:viridian=['base']}", "ignored", NULL},
	{"device_model_version = 'qemu-xen'", "platform", "{device-model=qemu-upstream}",
	 "translated", NULL},
	{"device_model_override = '/tmp/x'", "platform", NULL, "ignored", NULL},
	{"shadow_memory = 8", "HVM_shadow_multiplier", "1.6", "translated", NULL},
	{"shadow_memory = 5", "HVM_shadow_multiplier", "1", "translated", NULL},
	{"shadow_memory = 0", "HVM_shadow_multiplier", NULL, "ignored", NULL},
	{"disk = [ 'phy:/dev/vg/x,xvda,w',\n  # two\n 'b' ]", "other_config",
	 "{xl:disk=[ 'phy:/dev/vg/x,xvda,w',\n  # two\n 'b' ]}", "ignored",
	 "disk 2 is not understood"},
	{"disk = [ 'phy:/dev/vg/x,xvda,w', ',empty,hdc,cdrom' ]", "VBDs",
	 "{path=/dev/vg/x userdevice=xvda mode=RW type=Disk empty=false bootable=true}, "
	 "{path= userdevice=hdc mode=RO type=CD empty=true bootable=false}",
	 "taken", "VBDs"},
	{"disk = [ 'vdev=xvda,target=/x,y=z' ]", "VBDs",
	 "{path=/x,y=z userdevice=xvda mode=RW type=Disk empty=false bootable=true}", "taken",
	 "VBDs"},
	{"disk = [ '/a.qcow2,qcow2,xvda,w' ]", "VBDs",
	 "{path=/a.qcow2 userdevice=xvda mode=RW type=Disk empty=false bootable=true "
	 "format=qcow2}",
	 "taken", "VBDs"},
	{"disk = [ '/a.vhd,vhd,xvda,w' ]", "VBDs", NULL, "ignored",
	 "disk 1 has a format other than raw and qcow2"},
	{"disk = [ '/a,raw,xvda2,w' ]", "VBDs", NULL, "ignored",
	 "disk 1 is a partition: drives are whole here"},
	{"disk = [ '/a,raw,xvda,w,script=x' ]", "VBDs", NULL, "ignored", "disk 1 has a script"},
	{"disk = [ '/a,raw,xvda,w', 'backend=other,vdev=xvdb,target=/b' ]", "VBDs", NULL, "ignored",
	 "disk 2 has a backend of its own"},
	{"disk = ['a']\ndisk += ['b'] # more", "other_config", "{xl:disk=['a']\ndisk += ['b']}",
	 "taken", "added to line 3"},
	{"vif = []", "VIFs", "", "taken", "VIFs"},
	{"vif = ['']", "VIFs", "{device=0 bridge=xenbr0 other_config={}}", "taken", "VIFs"},
	{"vif = ['mac=00:16:3e:00:00:01,bridge=br7, mtu=9000']", "VIFs",
	 "{device=0 bridge=br7 MAC=00:16:3e:00:00:01 MTU=9000 other_config={}}", "taken", NULL},
	{"vif = ['devid=5']\nvif += ['rate=1MB/s@20ms']", "VIFs",
	 "{device=5 bridge=xenbr0 other_config={}}, {device=1 bridge=xenbr0 "
	 "qos_algorithm_type=ratelimit qos_algorithm_params={kbps=976} other_config={}}",
	 "taken", "added to line 3"},
	{"vif = ['script=/etc/xen/scripts/vif-bridge,model=e1000', 'script=x,model=a=b']", "VIFs",
	 "{device=0 bridge=xenbr0 other_config={xl:model=e1000}}, {device=1 bridge=xenbr0 "
	 "other_config={xl:script=x xl:model=a=b}}",
	 "translated", "VIFs, without effect are model, script"},
	{"extra = 'a'\nextra += ' b'", "PV_args", "a b", "taken", "added to line 3"},
	{"novelty = \"a 'b' \\\" # c\" # d", "other_config", "{xl:novelty=\"a 'b' \\\" # c\"}",
	 "unknown", "xl knows no such key"},
	{"a_1 = 1; b_2 = 2 ;", "other_config", "{xl:a_1=1 xl:b_2=2}", "unknown", NULL},
	{"a.b = 1", "other_config", "{xl:a.b=1}", "unknown", NULL},
	{"novelty = 1\nnovelty = 2", "other_config", "{xl:novelty=2}", "unknown", NULL},
	{"novelty = [ [ 'a', 1 ], [ ] ]", "other_config", "{xl:novelty=[ [ 'a', 1 ], [ ] ]}",
	 "unknown", NULL},
	{"name = 'caf\xC3\xA9 \xF0\x9F\x98\x80'", "name_label", "caf\xC3\xA9 \xF0\x9F\x98\x80",
	 "taken", NULL},
	{"vcpus = 3\r\nmaxvcpus = 4\r\n", "VCPUs_max", "4", "taken", NULL},
	{"vcpus = 3 # the last line, without its end", "VCPUs_max", "3", "taken", NULL},
};

static void check_good(size_t i)
{
	AUTO_TEXT text = text_format("%s%s", BASE, good[i].text);
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	const struct value *row;

	if (good[i].detail && strcmp(good[i].detail, "syntax") == 0) {
		ok(import_config(text, "xl", &record, &report, &err) < 0, "%s", good[i].text);
		return;
	}
	if (!ok(import_config(text, "xl", &record, &report, &err) == 0, "%s is read",
		good[i].text)) {
		diag("%s", error_text(&err));
		return;
	}
	check_field(record, good[i].field, good[i].want, good[i].text);
	row = report->items[report->length - 1];
	if (good[i].outcome)
		check_field(row, "outcome", good[i].outcome, good[i].text);
	if (good[i].detail)
		check_field(row, "detail", good[i].detail, good[i].text);
}

static const struct {
	const char *text;
	const char *parameters[2]; /* beginnings */
} bad[] = {
	{"memory = 4", {"config (name is not set)", ""}},
	{"name = ''\nmemory = 4", {"config (name is not set)", ""}},
	{"name = 'x'", {"config (memory is not set)", ""}},
	{BASE "memory = -1", {"config (line 3: near `-1': lexical error", "memory = -1"}},
	{BASE "memory = '-1'",
	 {"config (line 3: memory must be between 0 and 8796093022207)", "'-1'"}},
	{BASE "memory = 8796093022208",
	 {"config (line 3: memory must be between", "8796093022208"}},
	{BASE "memory = 99999999999999999999",
	 {"config (line 3: memory must be a whole number)", "9"}},
	{BASE "memory = 'much'", {"config (line 3: memory must be a whole number)", "'much'"}},
	{BASE "memory = ['4']", {"config (line 3: memory must be a whole number)", "['4']"}},
	{BASE "maxmem = 409", {"config (line 3: maxmem must not be less than memory)", "409"}},
	{BASE "vcpus = 0", {"config (line 3: vcpus must be between 1 and 2147483647)", "0"}},
	{BASE "vcpus = 4\nmaxvcpus = 2",
	 {"config (line 4: maxvcpus must not be less than vcpus)", "2"}},
	{BASE "name = ['a']", {"config (line 3: name must be one value, not a list)", "['a']"}},
	{BASE "name = 'a\\n\\a'",
	 {"config (line 3: name contains a control character)", "'a\\n\\a'"}},
	{BASE "uuid = 'x'", {"config (line 3: uuid is no uuid)", "'x'"}},
	{BASE "type = 'xen'", {"config (line 3: type must be pv, pvh or hvm)", "'xen'"}},
	{BASE "builder = 'x'", {"config (line 3: builder must be hvm or generic)", "'x'"}},
	{BASE "type = 'pvh'\nbuilder = 'hvm'",
	 {"config (line 4: builder contradicts type)", "'hvm'"}},
	{BASE "on_crash = 'explode'",
	 {"config (line 3: on_crash must be destroy, restart", "'explode'"}},
	{BASE "cpu_weight = 0", {"config (line 3: cpu_weight must be between 1 and 65535)", "0"}},
	{BASE "acpi = 'yes'", {"config (line 3: acpi must be a whole number)", "'yes'"}},
	{BASE "bios = 'x'\ntype = 'hvm'", {"config (line 3: bios must be seabios", "'x'"}},
	{BASE "device_model_version = 'x'",
	 {"config (line 3: device_model_version must be", "'x'"}},
	{BASE "kernel /boot", {"config (line 3: near `", "kernel /boot"}},
	{BASE "extra = \"open\nvcpus = 2", {"config (line 3: near `", "extra = \"open"}},
	{BASE "vif = [ 'a' 'b' ]", {"config (line 3: ", "vif = ["}},
	{BASE "vif = 'bridge=x'", {"config (line 3: vif must be a list)", "'bridge=x'"}},
	{BASE "vif = [['a']]", {"config (line 3: vif must be a list of texts)", "[["}},
	{BASE "vif = ['a']", {"config (line 3: vif has an interface whose \"a\" is not", "['a']"}},
	{BASE "vif = ['colour=red']", {"config (line 3: vif has an interface whose \"colour=", ""}},
	{BASE "vif = ['rate=fast']",
	 {"config (line 3: vif has an interface whose \"rate=fast", ""}},
	{BASE "vif = ['mtu=']", {"config (line 3: vif has an interface whose \"mtu=\"", ""}},
	{BASE "vif = ['bridge=']", {"config (line 3: vif has an interface whose \"bridge=\"", ""}},
	{BASE "vif = ['devid=1', '']",
	 {"config (line 3: vif has two interfaces with the devid 1)", "['devid"}},
	{BASE "vif = ['ip=\\a']", {"config (line 3: vif contains a control character)", ""}},
	{BASE "X = 1\nvcpus = 2\nY = 1",
	 {"config (line 3: near `X': lexical error; line 5: near `Y'", "X = 1"}},
	{BASE "include 'x'", {"config (line 3: ", "include 'x'"}},
	{BASE "x = '\xFF'",
	 {"config (line 3: a control character, or bytes that are not UTF-8)", ""}},
	{BASE "x = '\x01'",
	 {"config (line 3: a control character, or bytes that are not UTF-8)", ""}},
	{BASE "x = '\xED\xA0\x80'", {"config (line 3: a control character, or bytes that", ""}},
	{"", {"config (name is not set)", ""}},
};

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static void check_bad(size_t i)
{
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};

	if (!ok(import_config(bad[i].text, "xl", &record, &report, &err) < 0, "%s is refused",
		bad[i].text))
		return;
	ok(err.code == ERROR_INVALID_VALUE, "INVALID_VALUE");
	for (size_t p = 0; p < 2; p++) {
		if (!ok(begins(err.parameters[p], bad[i].parameters[p]), "%s",
			bad[i].parameters[p]))
			diag("got %s", err.parameters[p]);
	}
	ok(!record && !report, "nothing is returned");
}

static void check_report(void)
{
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	static const char *const want[] = {
		"{key=name value='a' outcome=ignored detail=line 4 sets it again line=1}",
		"{key=memory value=1 outcome=taken detail=memory_target, memory_dynamic_min line=2}",
		"{key=xyz value=2 outcome=unknown detail=xl knows no such key line=2}",
		"{key=name value='b' outcome=taken detail=name_label line=4}",
	};

	ok(import_config("name='a'\nmemory=1;xyz=2\n\nname='b'", "xl", &record, &report, &err) == 0,
	   "a row for each assignment");
	is_int(report->length, ARRAY_SIZE(want), "rows");
	for (uint32_t i = 0; i < report->length; i++) {
		AUTO_BUFFER row = {0};

		show(&row, report->items[i]);
		is_str(row.data, want[i], "row %u", i);
	}
}

/* A text of `unit` again and again must not take for ever: quadratic time would be many minutes. */
static void check_time(const char *head, const char *unit, const char *what)
{
	AUTO_BUFFER text = {0};
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	clock_t start;
	double seconds;

	buffer_add_text(&text, head);
	while (text.length + strlen(unit) + 2 < IMPORT_TEXT_MAX)
		buffer_add_text(&text, unit);
	start = clock();
	import_config(text.data, "xl", &record, &report, &err);
	seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	ok(seconds < 60, "%s: %.2f s", what, seconds);
}

static void check_bounds(void)
{
	AUTO_TEXT big = allocate(IMPORT_TEXT_MAX + 2);
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};

	memset(big, ' ', IMPORT_TEXT_MAX + 1);
	ok(import_config(big, "xl", &record, &report, &err) < 0, "more than 1 MiB is refused");
	is_str(err.parameters[0], "config (more than 1 MiB)", "and says so");
	check_time(BASE "x = [", "1,", "an open list");
	check_time(BASE, "a='b';", "too many assignments");
	check_time(BASE, "a+=['b'];", "too many additions");
	check_time(BASE, "[", "brackets");
	check_time(BASE "x=", "[", "nested lists");
	check_time(BASE, "'", "quotes");
	check_time(BASE, "' \" ", "mixed quotes");
	check_time(BASE, "?\n", "errors on every line");
	check_time(BASE, "#\n", "comments");
	check_time(BASE "cpus = '", "0-4095,", "a long affinity");
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check_good(i);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_bad(i);
	check_report();
	check_bounds();
	return done_testing();
}
