/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_image.c – a guest's memory to a file and back */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/image_file.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT "xenapid-xen-image-1"
/* What stands before libxl's stream: lines of text, filled up with NULs. */
#define HEADER_SIZE 512
#define STREAM "LibxlFmt\0\0\0\2" /* its mark and its version, the most significant byte first */

static int fail_file(struct hypervisor_error *err, const char *path)
{
	return hypervisor_fail(err, HYPERVISOR_FAILED, "%.300s: %s", path, strerror(errno));
}

/* Written last, with the size: a file that is cut short is not an image. */
static int write_header(struct xen *xen, int fd, const xc_domaininfo_t *domain)
{
	char header[HEADER_SIZE] = "";
	char uuid[UUID_SIZE];
	struct stat file;

	if (fstat(fd, &file) < 0)
		return -1;
	xen_uuid_of(domain, uuid);
	snprintf(header, sizeof(header), FORMAT "\n%s\n%" PRId64 "\n%d\n%" PRId64 "\n", uuid,
		 xen_memory_actual(domain),
		 (int)xen_store_read_int(xen, domain->domain, "control/feature-balloon", 0),
		 (int64_t)file.st_size);
	return pwrite(fd, header, sizeof(header), 0) == sizeof(header) ? 0 : -1;
}

/* A guest that has suspended itself, but whose memory could not be saved, goes on. */
static void wake_guest(struct xen *xen, struct xen_libxl *libxl, uint32_t domid)
{
	xc_domaininfo_t domain;

	if (xen_look(xen, domid, &domain) == 0 && xen_is_shut_down(&domain) &&
	    xen_reason_of(&domain) == SHUTDOWN_SUSPEND)
		libxl_domain_resume(libxl->ctx, domid, 1, NULL);
}

static int save(struct xen *xen, int fd, const xc_domaininfo_t *domain,
		struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	char name[DOMAIN_NAME_SIZE];
	int rc;

	if (xen_libxl_open(&libxl, err) < 0)
		return -1;
	rc = libxl_domain_suspend(libxl.ctx, domain->domain, fd, 0, NULL);
	if (rc == 0 && write_header(xen, fd, domain) == 0 && fsync(fd) == 0)
		return 0;
	xen_name_of(xen, domain->domain, name);
	if (rc == 0)
		hypervisor_fail(err, HYPERVISOR_FAILED, "the image of %.128s could not be kept: %s",
				name, strerror(errno));
	else if (rc == ERROR_GUEST_TIMEDOUT)
		hypervisor_fail(err, HYPERVISOR_TIMEOUT, "domain %u (%s) has not suspended itself",
				domain->domain, name);
	else
		xen_libxl_fail(&libxl, rc, err, "domain %u (%s) could not be saved", domain->domain,
			       name);
	wake_guest(xen, &libxl, domain->domain);
	return -1;
}

/* The new name is on the disk only when its folder is. */
static int sync_folder(const char *path)
{
	AUTO_TEXT folder = text_copy(path);
	char *slash = strrchr(folder, '/');
	int fd, rc;

	if (!slash)
		return 0;
	slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

static int suspend_to(struct xen *xen, const xc_domaininfo_t *domain, const char *temporary,
		      const char *path, struct hypervisor_error *err)
{
	int fd = image_file_create(temporary);
	int rc;

	if (fd < 0)
		return fail_file(err, path);
	rc = lseek(fd, HEADER_SIZE, SEEK_SET) < 0 ? fail_file(err, path) :
						    save(xen, fd, domain, err);
	close(fd);
	if (rc == 0 && (rename(temporary, path) < 0 || sync_folder(path) < 0))
		rc = fail_file(err, path);
	if (rc < 0)
		unlink(temporary);
	return rc;
}

int xen_suspend(void *adapter, const char *uuid, const char *path, struct hypervisor_error *err)
{
	AUTO_TEXT temporary = text_format("%s.tmp", path);
	char name[DOMAIN_NAME_SIZE];
	xc_domaininfo_t domain;

	if (xen_find_guest(adapter, uuid, true, &domain, err) < 0)
		return -1;
	if (domain.flags & XEN_DOMINF_paused) {
		xen_name_of(adapter, domain.domain, name);
		return hypervisor_fail(err, HYPERVISOR_FAILED, "domain %u (%s) is paused",
				       domain.domain, name);
	}
	return suspend_to(adapter, &domain, temporary, path, err);
}

int xen_go_on(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	char name[DOMAIN_NAME_SIZE];
	xc_domaininfo_t domain;
	int rc;

	if (xen_open_guest(adapter, uuid, false, &domain, &libxl, err) < 0)
		return -1;
	xen_name_of(adapter, domain.domain, name);
	if (!xen_is_shut_down(&domain) || xen_reason_of(&domain) != SHUTDOWN_SUSPEND)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "domain %u (%s) is not suspended",
				       domain.domain, name);
	rc = libxl_domain_resume(libxl.ctx, domain.domain, 1, NULL);
	return rc ? xen_libxl_fail(&libxl, rc, err, "domain %u (%s) does not go on", domain.domain,
				   name) :
		    0;
}

/* Whether libxl's stream follows, all of it: libxl 4.17 crashes on what is none. */
static bool has_stream(int fd, int64_t size)
{
	char start[sizeof(STREAM) - 1];
	struct stat file;

	return fstat(fd, &file) == 0 && file.st_size == size &&
	       read(fd, start, sizeof(start)) == sizeof(start) &&
	       memcmp(start, STREAM, sizeof(start)) == 0 &&
	       lseek(fd, HEADER_SIZE, SEEK_SET) == HEADER_SIZE;
}

static int read_header(int fd, const char *path, const char *uuid, struct xen_image *ret_image,
		       struct hypervisor_error *err)
{
	char header[HEADER_SIZE + 1] = "";
	char whose[UUID_SIZE];
	int64_t memory_bytes, size;
	int balloons;

	if (read(fd, header, HEADER_SIZE) != HEADER_SIZE ||
	    sscanf(header, FORMAT "\n%36s\n%" SCNd64 "\n%d\n%" SCNd64, whose, &memory_bytes,
		   &balloons, &size) != 4 ||
	    memory_bytes <= 0 || !has_stream(fd, size))
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%.300s: is not an image of a domain of Xen, or is damaged",
				       path);
	if (strcasecmp(whose, uuid) != 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%.300s: is the image of %s, not of %s", path, whose, uuid);
	*ret_image = (struct xen_image){fd, memory_bytes, balloons == 1};
	return 0;
}

int xen_resume(void *adapter, const struct domain_config *config, const char *path, bool paused,
	       int *ret_domid, struct hypervisor_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct xen_image image;
	int rc;

	if (fd < 0)
		return fail_file(err, path);
	rc = read_header(fd, path, config->uuid, &image, err);
	if (rc == 0)
		rc = xen_build(adapter, config, &image, paused, ret_domid, err);
	close(fd);
	return rc;
}
