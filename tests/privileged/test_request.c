/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_request.c – what crosses between the two processes: the same at both ends, and nothing that
 * a process that was taken over could make of it */
#include "server/host/rules.h"
#include "server/privileged/check.h"
#include "server/privileged/request.h"
#include "tests/tap.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "a0000000-0000-4000-8000-00000000000a"

static struct nic_config nic = {.device = 2,
				.mtu = 1500,
				.mac = "00:16:3e:00:00:01",
				.bridge = "xenbr0",
				.rate_bytes = INT64_C(1) << 40,
				.lock = NIC_LOCKED,
				.ipv4_count = 2,
				.ipv6_count = 1};
static struct disk_config disk = {3, "/nowhere/a.img", "qcow2", true, false};
static const struct key_value pairs[] = {{"acpi", "true"}, {"viridian", "false"}};
static const struct pci_config pci = {0, 3, 0x1f, 7, 5};
static const struct memory_range range = {3, 1, 4};
static const struct scheduling scheduling = {256, -1, "0,1;2"};
static const struct host_bridge bridge = {"xapi1", 9000};
static const struct host_vlan vlan = {"eth0.5", "eth0", 5, "xapi1", 1500};
static const struct device_traffic traffic[] = {{.device = 1}, {.device = 7}};
static const struct word words[] = {{"one"}, {""}};
static struct domain_config config = {.uuid = UUID,
				      .name = "demo",
				      .type = GUEST_HVM,
				      .memory = {3, 2, 4},
				      .memory_maximum = 5,
				      .shadow_multiplier = 1.5,
				      .vcpus = 1,
				      .vcpus_max = 2,
				      .kernel = "/nowhere/vmlinuz",
				      .arguments = "root=/dev/xvda ö",
				      .platform = pairs,
				      .platform_count = 2,
				      .nics = &nic,
				      .nic_count = 1,
				      .disks = &disk,
				      .disk_count = 1,
				      .pcis = &pci,
				      .pci_count = 1};

/* All that any op may ask. */
static struct request request_of(enum request_op op)
{
	return (struct request){.op = op,
				.uuid = UUID,
				.text = "eth0",
				.secret = "a secret",
				.number = 1,
				.other = 5,
				.flag = true,
				.range = &range,
				.scheduling = &scheduling,
				.nic = &nic,
				.disk = &disk,
				.bridge = &bridge,
				.vlan = &vlan,
				.config = &config,
				.pci = &pci,
				.traffic = traffic,
				.traffic_count = 2,
				.words = words,
				.word_count = 2};
}

/* What is read is written as the same bytes again. */
static void test_round(enum request_op op)
{
	struct request sent = request_of(op), got;
	AUTO_BUFFER bytes = {0};
	AUTO_BUFFER copy = {0};
	AUTO_BUFFER again = {0};
	AUTO_TEXT problem = NULL;

	request_write(&sent, &bytes);
	buffer_add(&copy, bytes.data, bytes.length);
	ok(request_read(bytes.data, bytes.length, &got, &problem), "%s is understood: %s",
	   request_op_name(op), problem ? problem : "-");
	request_write(&got, &again);
	ok(again.length == copy.length && memcmp(again.data, copy.data, copy.length) == 0,
	   "%s: it is the same", request_op_name(op));
	request_clear(&got);
}

static bool is_read(const char *data, size_t length)
{
	char *bytes = allocate(length + 1);
	AUTO_TEXT problem = NULL;
	struct request request;
	bool fine;

	memcpy(bytes, data, length);
	fine = request_read(bytes, length, &request, &problem);
	if (!fine && (!problem || !*problem))
		ok(false, "a refusal says why");
	request_clear(&request);
	free(bytes);
	return fine;
}

/* Each beginning of it, and it with a byte more; each byte as all others that matter. */
static void test_mangled(enum request_op op)
{
	static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct request sent = request_of(op);
	AUTO_BUFFER bytes = {0};
	size_t cut = 0;

	request_write(&sent, &bytes);
	for (size_t length = 0; length < bytes.length; length++)
		cut += is_read(bytes.data, length);
	is_int((int64_t)cut, 0, "%s: no beginning of it is taken for it", request_op_name(op));
	buffer_add_char(&bytes, '\0');
	ok(!is_read(bytes.data, bytes.length), "%s: nor it with something behind it",
	   request_op_name(op));
	for (size_t i = 0; i + 1 < bytes.length; i++)
		for (size_t j = 0; j < sizeof(values); j++) {
			char kept = bytes.data[i];

			bytes.data[i] = (char)values[j];
			is_read(bytes.data, bytes.length - 1);
			bytes.data[i] = kept;
		}
}

static const char *const folders[] = {"/usr", NULL};
static const struct check_rules rules = {.suspend_folder = "/var/lib/xenapid/suspend",
					 .bootloaders = "pygrub other"};
static const struct check_rules bound = {
	.kernel_folders = folders, .suspend_folder = "/var/lib/xenapid/suspend", .bootloaders = ""};
#define CONFIG(...)                       \
	.config = &(struct domain_config) \
	{                                 \
		.uuid = UUID, __VA_ARGS__ \
	}
static const struct {
	const char *what;
	struct request request;
	const char *problem; /* NULL: it is allowed */
	const struct check_rules *rules;
} rows[] = {
	{"a disk below a folder",
	 {.op = REQUEST_OP_attach_disk,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "/usr/bin/env", "raw", false, false}},
	 NULL,
	 &rules},
	{"a disk elsewhere",
	 {.op = REQUEST_OP_attach_disk,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "/etc/shadow", "raw", false, false}},
	 "disk \"/etc/shadow\" is not below sr-folders or disk-folders of the configuration, or a volume of ours",
	 &rules},
	{"a disk that goes up again",
	 {.op = REQUEST_OP_attach_disk,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "/usr/../etc/shadow", "raw", false, false}},
	 "disk \"/usr/../etc/shadow\" is not below sr-folders or disk-folders of the configuration, or a volume of ours",
	 &rules},
	{"a relative disk",
	 {.op = REQUEST_OP_attach_disk,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "usr/x", "raw", false, false}},
	 "disk \"usr/x\" is not below sr-folders or disk-folders of the configuration, or a volume of ours",
	 &rules},
	{"a disk in another format",
	 {.op = REQUEST_OP_attach_disk,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "/usr/x", "vmdk", false, false}},
	 "format \"vmdk\" is not raw or qcow2",
	 &rules},
	{"an empty drive that is none",
	 {.op = REQUEST_OP_attach_disk,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "", "raw", false, false}},
	 "disk \"\" is not a path",
	 &rules},
	{"an empty CD drive",
	 {.op = REQUEST_OP_change_cd,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "", "raw", true, true}},
	 NULL,
	 &rules},
	{"a CD that is a disk",
	 {.op = REQUEST_OP_change_cd,
	  .uuid = UUID,
	  .disk = &(struct disk_config){0, "/usr/x", "raw", true, false}},
	 "disk \"/usr/x\" is not a CD",
	 &rules},
	{"a kernel that everybody may read",
	 {.op = REQUEST_OP_start, CONFIG(.kernel = "/usr/bin/env")},
	 NULL,
	 &rules},
	{"a kernel that only root may read",
	 {.op = REQUEST_OP_start, CONFIG(.kernel = "/etc/shadow")},
	 "kernel \"/etc/shadow\" is not a file that everybody may read (or below kernel-folders, which is empty)",
	 &rules},
	{"a RAM disk that only root may read",
	 {.op = REQUEST_OP_start, CONFIG(.ramdisk = "/etc/shadow")},
	 "RAM disk \"/etc/shadow\" is not a file that everybody may read (or below kernel-folders, which is empty)",
	 &rules},
	{"a folder as kernel",
	 {.op = REQUEST_OP_start, CONFIG(.kernel = "/usr/bin")},
	 "kernel \"/usr/bin\" is not a file that everybody may read (or below kernel-folders, which is empty)",
	 &rules},
	{"a kernel outside of kernel-folders",
	 {.op = REQUEST_OP_start, CONFIG(.kernel = "/etc/passwd")},
	 "kernel \"/etc/passwd\" is not below kernel-folders of the configuration",
	 &bound},
	{"a boot loader of the host",
	 {.op = REQUEST_OP_start, CONFIG(.bootloader = "pygrub")},
	 NULL,
	 &rules},
	{"another boot loader",
	 {.op = REQUEST_OP_start, CONFIG(.bootloader = "/bin/sh")},
	 "boot loader \"/bin/sh\" is not one that the host supports",
	 &rules},
	{"part of a boot loader's name",
	 {.op = REQUEST_OP_start, CONFIG(.bootloader = "pyg")},
	 "boot loader \"pyg\" is not one that the host supports",
	 &rules},
	{"a name with a slash",
	 {.op = REQUEST_OP_start, CONFIG(.name = "../../a")},
	 "name \"../../a\" is not without /",
	 &rules},
	{"arguments of two lines",
	 {.op = REQUEST_OP_start, CONFIG(.arguments = "a\nb")},
	 "arguments \"a\nb\" is not without control characters",
	 &rules},
	{"a key of another domain",
	 {.op = REQUEST_OP_start,
	  CONFIG(.store = &(struct key_value){"../1/name", ""}, .store_count = 1)},
	 "key \"../1/name\" is not a relative path without control characters",
	 &rules},
	{"a key of all xenstore",
	 {.op = REQUEST_OP_start,
	  CONFIG(.store = &(struct key_value){"/local", ""}, .store_count = 1)},
	 "key \"/local\" is not a relative path without control characters",
	 &rules},
	{"a domain with a disk of the host",
	 {.op = REQUEST_OP_start,
	  CONFIG(.disks = &(struct disk_config){0, "/dev/null", "raw", false, false},
		 .disk_count = 1)},
	 "disk \"/dev/null\" is not below sr-folders or disk-folders of the configuration, or a volume of ours",
	 &rules},
	{"an image of a VM",
	 {.op = REQUEST_OP_suspend, .uuid = UUID, .text = "/var/lib/xenapid/suspend/" UUID},
	 NULL,
	 &rules},
	{"an image elsewhere",
	 {.op = REQUEST_OP_suspend, .uuid = UUID, .text = "/etc/passwd"},
	 "image \"/etc/passwd\" is not in the suspend-folder",
	 &rules},
	{"an image that is no VM's",
	 {.op = REQUEST_OP_suspend, .uuid = UUID, .text = "/var/lib/xenapid/suspend/x"},
	 "image \"x\" is not named after a VM's uuid",
	 &rules},
	{"an image further down",
	 {.op = REQUEST_OP_resume,
	  .config = &(struct domain_config){.uuid = UUID},
	  .text = "/var/lib/xenapid/suspend/" UUID "/../../x"},
	 "image \"" UUID "/../../x\" is not named after a VM's uuid",
	 &rules},
	{"an interface", {.op = REQUEST_OP_set_interface_up, .text = "eth0.5"}, NULL, &rules},
	{"an interface that is a path",
	 {.op = REQUEST_OP_set_interface_up, .text = "../x"},
	 "interface \"../x\" is not the name of a network interface",
	 &rules},
	{"an interface that is an option",
	 {.op = REQUEST_OP_destroy_bridge, .text = "-a"},
	 "interface \"-a\" is not the name of a network interface",
	 &rules},
	{"no interface",
	 {.op = REQUEST_OP_destroy_vlan, .text = ""},
	 "interface \"\" is not the name of a network interface",
	 &rules},
	{"a long interface",
	 {.op = REQUEST_OP_move_nic, .uuid = UUID, .text = "a123456789012345"},
	 "interface \"a123456789012345\" is not the name of a network interface",
	 &rules},
	{"more than anybody needs",
	 {.op = REQUEST_OP_get_vcpus, .uuid = UUID, .number = INT64_MAX},
	 "how many \"9223372036854775807\" is not within 0 to 65536",
	 &rules},
	{"fewer than none",
	 {.op = REQUEST_OP_read_guest, .uuid = UUID, .number = -1},
	 "how many \"-1\" is not within 0 to 65536",
	 &rules},
	{"an unknown reason",
	 {.op = REQUEST_OP_shutdown, .uuid = UUID, .number = SHUTDOWN_CRASH},
	 "reason \"3\" is not within 0 to 1",
	 &rules},
	{"an unknown trigger",
	 {.op = REQUEST_OP_send_trigger, .uuid = UUID, .number = 6},
	 "trigger \"6\" is not within 0 to 5",
	 &rules},
	{"no key",
	 {.op = REQUEST_OP_send_sysrq, .uuid = UUID, .number = 0},
	 "key \"0\" is not within 1 to 127",
	 &rules},
	{"a negative device",
	 {.op = REQUEST_OP_detach_disk, .uuid = UUID, .number = -1},
	 "number \"-1\" is not within 0 to 2147483647",
	 &rules},
	{"a NIC at a bridge that is a path",
	 {.op = REQUEST_OP_attach_nic, .uuid = UUID, .nic = &(struct nic_config){.bridge = "a/b"}},
	 "interface \"a/b\" is not the name of a network interface",
	 &rules},
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_BUFFER bytes = {0};
		AUTO_TEXT problem = NULL;
		struct request request;
		bool allowed;

		request_write(&rows[i].request, &bytes);
		allowed = request_read(bytes.data, bytes.length, &request, &problem) &&
			  check_request(rows[i].rules, &request, &problem);
		is_str(allowed ? NULL : problem, rows[i].problem, "%s", rows[i].what);
		request_clear(&request);
	}
}

/* A link below a folder leads where it leads. */
static void test_links(void)
{
	char folder[] = "/tmp/xenapid-request-XXXXXX", path[64];
	const char *const linked_folders[] = {folder, NULL};
	const struct check_rules linked_rules = {.suspend_folder = "/nowhere", .bootloaders = ""};
	const struct disk_config linked = {0, path, "raw", false, false};
	const struct request request = {
		.op = REQUEST_OP_attach_disk, .uuid = UUID, .disk = &linked};
	AUTO_TEXT problem = NULL;

	if (!mkdtemp(folder))
		return;
	host_set_rules(&(struct host_rules){.disk_folders = linked_folders});
	snprintf(path, sizeof(path), "%s/link", folder);
	ok(check_request(&linked_rules, &request, &problem),
	   "a disk that is not there is the adapter's");
	is_int(symlink("/etc/passwd", path), 0, "a link out of the folder");
	ok(!check_request(&linked_rules, &request, &problem), "is not followed");
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	host_set_rules(&(struct host_rules){.disk_folders = folders});
	for (int op = 0; op < REQUEST_OPS; op++) {
		test_round(op);
		test_mangled(op);
	}
	test_refusals();
	test_links();
	return done_testing();
}
