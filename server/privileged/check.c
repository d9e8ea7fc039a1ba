/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.c – what of a request the privileged process judges by its own configuration. What every
 * adapter judges itself (uuids, numbers of vCPUs, memory) is left to it. */
#include "server/privileged/check.h"

#include "schema/uuid.h"
#include "server/host/disk_image.h"
#include "server/host/path_below.h"
#include "server/host/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD_MOST 1024
#define IMAGE_FLAGS \
	(O_ACCMODE | O_PATH | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_DIRECT | O_LARGEFILE)
#define NAME_ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct check {
	const struct check_rules *rules;
	const struct request *request;
	char **problem;
};

static bool refuse(const struct check *check, const char *what, const char *value,
		   const char *accepted)
{
	*check->problem = text_format("%s \"%.200s\" is not %s", what, value, accepted);
	return false;
}

static bool check_number(const struct check *check, const char *what, int64_t number,
			 int64_t lowest, int64_t highest)
{
	char value[32], accepted[64];

	if (number >= lowest && number <= highest)
		return true;
	snprintf(value, sizeof(value), "%" PRId64, number);
	snprintf(accepted, sizeof(accepted), "within %" PRId64 " to %" PRId64, lowest, highest);
	return refuse(check, what, value, accepted);
}

/* As the kernel allows, and nothing that a path or a rule could be made of. */
static bool check_interface(const struct check *check, const char *name)
{
	size_t length = strlen(name);

	return (length && length < IFNAMSIZ && *name != '-' && *name != '.' &&
		strspn(name, NAME_ALPHABET "._-") == length) ||
	       refuse(check, "interface", name, "the name of a network interface");
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool check_plain(const struct check *check, const char *what, const char *text)
{
	return is_plain(text) || refuse(check, what, text, "without control characters");
}

/* What a path names, links followed; NULL: nothing that is there, which the adapter says best. */
static char *find_file(const char *path)
{
	return *path == '/' ? realpath(path, NULL) : NULL;
}

/* The real path of a folder is what a real path is compared with. */
static bool is_below(const char *real, const char *const *folders)
{
	for (; folders && *folders; folders++) {
		AUTO_TEXT folder = realpath(*folders, NULL);
		const char *const one[] = {folder, NULL};

		if (folder && path_below(real, one, NULL))
			return true;
	}
	return false;
}

static bool everybody_may_read(const char *real)
{
	struct stat file;

	return stat(real, &file) == 0 && S_ISREG(file.st_mode) && file.st_mode & S_IROTH;
}

/* A kernel or RAM disk. */
static bool check_boot_file(const struct check *check, const char *what, const char *path)
{
	const char *const *folders = check->rules->kernel_folders;
	const char *const own[] = {check->rules->suspend_folder, NULL};
	AUTO_TEXT real = find_file(path);

	if (*path && *path != '/')
		return refuse(check, what, path, "an absolute path");
	if (!real || is_below(real, own))
		return true;
	if (folders && *folders)
		return is_below(real, folders) ||
		       refuse(check, what, path, "below kernel-folders of the configuration");
	return everybody_may_read(real) ||
	       refuse(check, what, path,
		      "a file that everybody may read (or below kernel-folders, which is empty)");
}

/* What is not there the adapter says best. The header of a qcow2 image can name any file. */
static bool check_disk(const struct check *check, const struct disk_config *disk)
{
	bool is_qcow2 = strcmp(disk->format, "qcow2") == 0;
	bool fine;
	int file;

	if (!is_qcow2 && strcmp(disk->format, "raw") != 0)
		return refuse(check, "format", disk->format, "raw or qcow2");
	if (!*disk->path)
		return disk->is_cd || refuse(check, "disk", disk->path, "a path");
	file = disk_image_open(disk->path, DISK_IN_SR | DISK_ON_LVM | DISK_ELSEWHERE,
			       O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ||
		       refuse(check, "disk", disk->path,
			      "below sr-folders or disk-folders of the configuration, or a volume "
			      "of ours");
	fine = !is_qcow2 || disk_image_qcow2_size(file) >= 0;
	close(file);
	return fine || refuse(check, "disk", disk->path, "a qcow2 image that is all in one file");
}

/* UUID or UUID.SOMETHING in the suspend folder, and nothing else. */
static bool check_image(const struct check *check, const char *path)
{
	const char *folder = check->rules->suspend_folder;
	size_t length = strlen(folder);
	char uuid[UUID_SIZE] = "";
	const char *name = path + length + 1;
	const char *rest;

	if (strncmp(path, folder, length) != 0 || path[length] != '/')
		return refuse(check, "image", path, "in the suspend-folder");
	snprintf(uuid, sizeof(uuid), "%s", name);
	rest = name + strlen(uuid);
	return (uuid_is_valid(uuid) && strspn(rest, NAME_ALPHABET ".-") == strlen(rest) &&
		!strstr(rest, "..")) ||
	       refuse(check, "image", name, "named after a VM's uuid");
}

static bool check_bootloader(const struct check *check, const char *bootloader)
{
	size_t length = strlen(bootloader);

	for (const char *at = check->rules->bootloaders; *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (word == length && strncmp(at, bootloader, length) == 0)
			return true;
		at += word;
	}
	return !length || refuse(check, "boot loader", bootloader, "one that the host supports");
}

static bool check_nic(const struct check *check, const struct nic_config *nic)
{
	return check_plain(check, "MAC", nic->mac) &&
	       (!*nic->bridge || check_interface(check, nic->bridge)) &&
	       check_number(check, "device", nic->device, 0, 255) &&
	       check_number(check, "rate", nic->rate_bytes, 0, INT64_MAX);
}

/* Paths in the domain's own part of xenstore. */
static bool check_pairs(const struct check *check, const struct key_value *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (*pairs[i].key == '/' || strstr(pairs[i].key, "..") || !is_plain(pairs[i].key))
			return refuse(check, "key", pairs[i].key,
				      "a relative path without control characters");
	return true;
}

static bool check_texts(const struct check *check, const struct domain_config *config)
{
	return check_plain(check, "name", config->name) &&
	       (!strchr(config->name, '/') || refuse(check, "name", config->name, "without /")) &&
	       check_plain(check, "arguments", config->arguments) &&
	       check_plain(check, "arguments of the boot loader", config->bootloader_arguments) &&
	       check_plain(check, "boot order", config->boot_order) &&
	       check_plain(check, "mask", config->scheduling.mask);
}

static bool check_config(const struct check *check, const struct domain_config *config)
{
	bool fine = check_texts(check, config) &&
		    check_boot_file(check, "kernel", config->kernel) &&
		    check_boot_file(check, "RAM disk", config->ramdisk) &&
		    check_bootloader(check, config->bootloader) &&
		    check_pairs(check, config->platform, config->platform_count) &&
		    check_pairs(check, config->store, config->store_count);

	for (size_t i = 0; fine && i < config->nic_count; i++)
		fine = check_nic(check, &config->nics[i]);
	for (size_t i = 0; fine && i < config->disk_count; i++)
		fine = check_disk(check, &config->disks[i]);
	return fine;
}

/* What the number of an op may be, and its text. */
static bool check_words(const struct check *check)
{
	const struct request *request = check->request;

	switch (request->op) {
	case REQUEST_OP_get_vcpus:
	case REQUEST_OP_read_guest:
	case REQUEST_OP_get_nics:
	case REQUEST_OP_get_disks:
		return check_number(check, "how many", request->number, 0, ITEMS_MOST);
	case REQUEST_OP_shutdown:
		return check_number(check, "reason", request->number, SHUTDOWN_POWEROFF,
				    SHUTDOWN_REBOOT) &&
		       check_number(check, "timeout", request->other, 0, INT32_MAX);
	case REQUEST_OP_send_sysrq:
		return check_number(check, "key", request->number, 1, INT8_MAX);
	case REQUEST_OP_send_trigger:
		return check_number(check, "trigger", request->number, TRIGGER_POWER,
				    TRIGGER_S3RESUME);
	case REQUEST_OP_set_vcpus:
	case REQUEST_OP_detach_nic:
	case REQUEST_OP_detach_disk:
	case REQUEST_OP_move_nic:
		return check_number(check, "number", request->number, 0, INT32_MAX) &&
		       (request->op != REQUEST_OP_move_nic ||
			check_interface(check, request->text));
	case REQUEST_OP_suspend:
	case REQUEST_OP_resume:
		return check_image(check, request->text);
	case REQUEST_OP_set_interface_up:
	case REQUEST_OP_destroy_bridge:
	case REQUEST_OP_destroy_vlan:
		return check_interface(check, request->text);
	case REQUEST_OP_change_cd:
		return request->disk->is_cd || refuse(check, "disk", request->disk->path, "a CD");
	case REQUEST_OP_check_password:
		return (strlen(request->text) <= PASSWORD_MOST &&
			strlen(request->secret) <= PASSWORD_MOST) ||
		       refuse(check, "account", request->text, "of at most 1024 bytes");
	case REQUEST_OP_run_tool:
		return check_number(check, "tool", request->number, 0, TOOLS - 1) &&
		       check_number(check, "arguments", (int64_t)request->word_count,
				    (int64_t)tool_count_arguments((enum tool)request->number),
				    (int64_t)tool_count_arguments((enum tool)request->number));
	case REQUEST_OP_open_image:
		return check_number(check, "places", request->number, 1,
				    DISK_IN_SR | DISK_ON_LVM | DISK_ELSEWHERE) &&
		       ((request->other & ~IMAGE_FLAGS) == 0 ||
			check_number(check, "flags", request->other, 0, 0)) &&
		       (!(request->number & DISK_ELSEWHERE) ||
			(request->other & O_ACCMODE) == O_RDONLY ||
			refuse(check, "image", request->text, "one that may be written to"));
	default:
		return true;
	}
}

bool check_request(const struct check_rules *rules, const struct request *request,
		   char **ret_problem)
{
	const struct check check = {rules, request, ret_problem};
	const struct host_vlan *vlan = request->vlan;

	return check_words(&check) && (!request->nic || check_nic(&check, request->nic)) &&
	       (!request->disk || check_disk(&check, request->disk)) &&
	       (!request->bridge || check_interface(&check, request->bridge->name)) &&
	       (!vlan ||
		(check_interface(&check, vlan->name) && check_interface(&check, vlan->parent) &&
		 check_interface(&check, vlan->bridge))) &&
	       (!request->scheduling || check_plain(&check, "mask", request->scheduling->mask)) &&
	       (!request->config || check_config(&check, request->config));
}
