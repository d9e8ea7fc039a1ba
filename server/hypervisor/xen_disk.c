/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_disk.c – the disks and CD drives of a domain, said to libxl */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "schema/text.h"
#include "server/hypervisor/xen_ops.h"

#include <libxl_utils.h>
#include <stdio.h>

#define LETTERS 26
#define SECTOR 512
/* what a device model shows as IDE; libxl changes CDs only in such a drive */
#define IDE_DRIVES 4

/* 0 is a, 25 z, 26 aa. */
static char *letters_of(int device)
{
	if (device < LETTERS)
		return text_format("%c", 'a' + device);
	return text_format("%c%c", 'a' + device / LETTERS - 1, 'a' + device % LETTERS);
}

static char *name_of(const struct disk_config *disk, bool is_hvm)
{
	AUTO_TEXT letters = letters_of(disk->device);
	bool ide = is_hvm && disk->is_cd && disk->device < IDE_DRIVES;

	return text_format("%s%s", ide ? "hd" : "xvd", letters);
}

/* xvda, hda and sda are 0; −1: it is called otherwise. */
static int number_of(const char *name)
{
	const char *letter = name + strcspn(name, "d") + 1;
	int number = -1;

	if (!name[strcspn(name, "d")])
		return -1;
	for (; *letter >= 'a' && *letter <= 'z'; letter++)
		number = (number + 1) * LETTERS + (*letter - 'a');
	return number;
}

static void fill_disk(libxl_device_disk *disk, const struct disk_config *config, bool is_hvm)
{
	libxl_device_disk_init(disk);
	disk->vdev = name_of(config, is_hvm);
	disk->readwrite = !config->read_only;
	disk->is_cdrom = disk->removable = config->is_cd;
	if (*config->path) {
		disk->pdev_path = text_copy(config->path);
		disk->format = strcmp(config->format, "qcow2") == 0 ? LIBXL_DISK_FORMAT_QCOW2 :
								      LIBXL_DISK_FORMAT_RAW;
		/* the kernel serves it, a file through a loop device, which the script makes;
		 * libxl by itself would start a QEMU for a file */
		if (!is_hvm && disk->format == LIBXL_DISK_FORMAT_RAW) {
			disk->backend = LIBXL_DISK_BACKEND_PHY;
			disk->script = text_copy("block");
		}
	} else {
		disk->format = LIBXL_DISK_FORMAT_EMPTY;
	}
}

void xen_set_disks(libxl_domain_config *domain, const struct domain_config *config)
{
	domain->disks = allocate(config->disk_count * sizeof(*domain->disks) + 1);
	domain->num_disks = (int)config->disk_count;
	for (size_t i = 0; i < config->disk_count; i++)
		fill_disk(&domain->disks[i], &config->disks[i], config->type == GUEST_HVM);
}

/* By its number, whatever it is called; to be disposed of. */
static bool find_disk(libxl_ctx *ctx, uint32_t domid, int device, libxl_device_disk *ret_disk)
{
	int count = 0;
	libxl_device_disk *disks = libxl_device_disk_list(ctx, domid, &count);
	bool found = false;

	for (int i = 0; i < count && !found; i++) {
		if (!disks[i].vdev || number_of(disks[i].vdev) != device)
			continue;
		libxl_device_disk_init(ret_disk);
		libxl_device_disk_copy(ctx, ret_disk, &disks[i]);
		found = true;
	}
	libxl_device_disk_list_free(disks, count);
	return found;
}

int xen_get_disks(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
		  size_t *ret_count, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_disk *disks;
	int count = 0;

	if (xen_find(adapter, uuid, &domain, err) < 0 || xen_libxl_open(&libxl, err) < 0)
		return -1;
	disks = libxl_device_disk_list(libxl.ctx, domain.domain, &count);
	for (int i = 0; i < count && (size_t)i < capacity; i++)
		ret_devices[i] = disks[i].vdev ? number_of(disks[i].vdev) : -1;
	libxl_device_disk_list_free(disks, count);
	*ret_count = (size_t)count;
	return 0;
}

/* In sectors of 512 bytes, of what the kernel serves; 0 of what a program serves. */
static uint64_t read_sectors(uint32_t domid, int devid, const char *name)
{
	AUTO_TEXT path = text_format("/sys/bus/xen-backend/devices/vbd-%u-%d/statistics/%s", domid,
				     devid, name);
	FILE *file = fopen(path, "re");
	unsigned long long sectors = 0;

	if (file && fscanf(file, "%llu", &sectors) != 1)
		sectors = 0;
	if (file)
		fclose(file);
	return sectors;
}

static void read_traffic(libxl_ctx *ctx, uint32_t domid, const libxl_device_disk *disk,
			 struct device_traffic *traffic)
{
	libxl_diskinfo info;

	libxl_diskinfo_init(&info);
	if (libxl_device_disk_getinfo(ctx, domid, disk, &info) == 0) {
		traffic->read_bytes = read_sectors(domid, info.devid, "rd_sect") * SECTOR;
		traffic->written_bytes = read_sectors(domid, info.devid, "wr_sect") * SECTOR;
	}
	libxl_diskinfo_dispose(&info);
}

/* NULL: it is not asked for. */
static struct device_traffic *find_traffic(struct device_traffic *traffic, size_t count, int device)
{
	for (size_t i = 0; i < count; i++)
		if (traffic[i].device == device)
			return &traffic[i];
	return NULL;
}

int xen_get_disk_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			 size_t count, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_disk *disks;
	int disk_count = 0;

	if (xen_find(adapter, uuid, &domain, err) < 0 || xen_libxl_open(&libxl, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		traffic[i].read_bytes = traffic[i].written_bytes = 0;
	disks = libxl_device_disk_list(libxl.ctx, domain.domain, &disk_count);
	for (int i = 0; i < disk_count; i++) {
		struct device_traffic *wanted =
			disks[i].vdev ? find_traffic(traffic, count, number_of(disks[i].vdev)) :
					NULL;

		if (wanted)
			read_traffic(libxl.ctx, domain.domain, &disks[i], wanted);
	}
	libxl_device_disk_list_free(disks, disk_count);
	return 0;
}

int xen_attach_disk(void *adapter, const char *uuid, const struct disk_config *config,
		    struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_disk disk;
	int rc;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	if (find_disk(libxl.ctx, domain.domain, config->device, &disk)) {
		libxl_device_disk_dispose(&disk);
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is a disk %d",
				       config->device);
	}
	/* a device model knows only those that it was started with */
	fill_disk(&disk, config, false);
	rc = libxl_device_disk_add(libxl.ctx, domain.domain, &disk, NULL);
	libxl_device_disk_dispose(&disk);
	return rc ? xen_libxl_fail(&libxl, rc, err, "disk %d could not be attached",
				   config->device) :
		    0;
}

int xen_detach_disk(void *adapter, const char *uuid, int device, bool force,
		    struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_disk disk;
	int rc;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	if (!find_disk(libxl.ctx, domain.domain, device, &disk))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no disk %d", device);
	if (force)
		rc = libxl_device_disk_destroy(libxl.ctx, domain.domain, &disk, NULL);
	else
		rc = libxl_device_disk_remove(libxl.ctx, domain.domain, &disk, NULL);
	libxl_device_disk_dispose(&disk);
	return rc ? xen_libxl_fail(&libxl, rc, err, "disk %d could not be detached", device) : 0;
}

static int fail_drive(struct hypervisor_error *err, int device)
{
	return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no CD drive %d", device);
}

int xen_change_cd(void *adapter, const char *uuid, const struct disk_config *config,
		  struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_disk drive;
	libxl_device_disk disk;
	int rc = 0;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	if (!find_disk(libxl.ctx, domain.domain, config->device, &drive))
		return fail_drive(err, config->device);
	fill_disk(&disk, config, false);
	free(disk.vdev);
	disk.vdev = text_copy(drive.vdev);
	if (!drive.is_cdrom)
		fail_drive(err, config->device);
	else
		rc = libxl_cdrom_insert(libxl.ctx, domain.domain, &disk, NULL);
	if (rc)
		xen_libxl_fail(&libxl, rc, err, "the CD in drive %d could not be changed",
			       config->device);
	rc = rc || !drive.is_cdrom ? -1 : 0;
	libxl_device_disk_dispose(&drive);
	libxl_device_disk_dispose(&disk);
	return rc;
}
