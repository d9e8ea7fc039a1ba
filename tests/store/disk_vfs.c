/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_vfs.c – the system's own VFS, with the log and the faults above. */
#include "tests/store/disk_private.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct file {
	sqlite3_file base;
	int number;	    /* in the log; −1: none */
	bool syncs_folder;  /* as SQLite does at the first sync of a new journal or WAL */
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static sqlite3_file *real_of(sqlite3_file *base)
{
	return ((struct file *)base)->real;
}

static int close_file(sqlite3_file *base)
{
	return real_of(base)->pMethods->xClose(real_of(base));
}

static int read_file(sqlite3_file *base, void *data, int length, sqlite3_int64 offset)
{
	if (disk_fails(1u << FAULT_ANY))
		return SQLITE_IOERR_READ;
	return real_of(base)->pMethods->xRead(real_of(base), data, length, offset);
}

static int write_real(struct file *file, const void *data, int length, sqlite3_int64 offset)
{
	int rc = file->real->pMethods->xWrite(file->real, data, length, offset);

	if (rc == SQLITE_OK)
		disk_log(DISK_WRITE, file->number, offset, data, (size_t)length);
	return rc;
}

static int write_file(sqlite3_file *base, const void *data, int length, sqlite3_int64 offset)
{
	struct file *file = (struct file *)base;

	if (!disk_fails(DISK_CHANGES | 1u << FAULT_WRITE | 1u << FAULT_FULL))
		return write_real(file, data, length, offset);
	if (disk_fault() != FAULT_READ_ONLY)
		write_real(file, data, length / 2, offset);
	return disk_fault() == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 length)
{
	struct file *file = (struct file *)base;
	int rc;

	if (disk_fails(DISK_CHANGES))
		return SQLITE_IOERR_TRUNCATE;
	rc = file->real->pMethods->xTruncate(file->real, length);
	if (rc == SQLITE_OK)
		disk_log(DISK_TRUNCATE, file->number, length, NULL, 0);
	return rc;
}

static int sync_file(sqlite3_file *base, int flags)
{
	struct file *file = (struct file *)base;

	(void)flags;
	if (disk_fails(DISK_CHANGES | 1u << FAULT_SYNC)) {
		disk_log(DISK_SYNC_FAILED, file->number, 0, NULL, 0);
		return SQLITE_IOERR_FSYNC;
	}
	disk_log(DISK_SYNC, file->number, 0, NULL, 0);
	if (file->syncs_folder)
		disk_log(DISK_SYNC_FOLDER, file->number, 0, NULL, 0);
	file->syncs_folder = false;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
	if (disk_fails(1u << FAULT_ANY))
		return SQLITE_IOERR_FSTAT;
	return real_of(base)->pMethods->xFileSize(real_of(base), ret_size);
}

static int lock_file(sqlite3_file *base, int level)
{
	if (disk_fails(1u << FAULT_ANY))
		return SQLITE_IOERR_LOCK;
	return real_of(base)->pMethods->xLock(real_of(base), level);
}

static int unlock_file(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xUnlock(real_of(base), level);
}

static int check_reserved(sqlite3_file *base, int *ret_reserved)
{
	return real_of(base)->pMethods->xCheckReservedLock(real_of(base), ret_reserved);
}

static int control(sqlite3_file *base, int operation, void *argument)
{
	return real_of(base)->pMethods->xFileControl(real_of(base), operation, argument);
}

static int sector_size(sqlite3_file *base)
{
	return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int characteristics(sqlite3_file *base)
{
	return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret_memory)
{
	if (disk_fails(1u << FAULT_ANY))
		return SQLITE_IOERR_SHMMAP;
	return real_of(base)->pMethods->xShmMap(real_of(base), region, size, extend, ret_memory);
}

static int shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
	return real_of(base)->pMethods->xShmLock(real_of(base), offset, count, flags);
}

static void shm_barrier(sqlite3_file *base)
{
	real_of(base)->pMethods->xShmBarrier(real_of(base));
}

static int shm_unmap(sqlite3_file *base, int delete)
{
	return real_of(base)->pMethods->xShmUnmap(real_of(base), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = file_size,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = check_reserved,
	.xFileControl = control,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
	.xShmMap = shm_map,
	.xShmLock = shm_lock,
	.xShmBarrier = shm_barrier,
	.xShmUnmap = shm_unmap,
};

static int open_file(sqlite3_vfs *self, const char *path, sqlite3_file *base, int flags,
		     int *ret_flags)
{
	struct file *file = (struct file *)base;
	bool is_new = path && (flags & SQLITE_OPEN_CREATE) && access(path, F_OK) < 0;
	int rc;

	(void)self;
	memset(file, 0, sizeof(*file));
	file->real = (sqlite3_file *)(file + 1);
	if (disk_fails(is_new ? DISK_CHANGES : 1u << FAULT_ANY))
		return SQLITE_CANTOPEN;
	rc = real_vfs->xOpen(real_vfs, path, file->real, flags, ret_flags);
	if (rc != SQLITE_OK)
		return rc;
	file->base.pMethods = &methods;
	file->number = disk_number_of(path, is_new);
	file->syncs_folder = is_new && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL |
						SQLITE_OPEN_SUPER_JOURNAL);
	return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *self, const char *path, int sync_folder)
{
	int number = disk_number_of(path, false);
	int rc;

	(void)self;
	if (disk_fails(DISK_CHANGES))
		return SQLITE_IOERR_DELETE;
	rc = real_vfs->xDelete(real_vfs, path, 0);
	if (rc != SQLITE_OK || number < 0)
		return rc;
	disk_rename(number, "");
	if (sync_folder)
		disk_log(DISK_SYNC_FOLDER, number, 0, NULL, 0);
	return SQLITE_OK;
}

void disk_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "disk";
	vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	vfs.xOpen = open_file;
	vfs.xDelete = delete_file;
	sqlite3_vfs_register(&vfs, 1);
}

/*
 * What the program does itself.
 */
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
		     unsigned int flags);
int __real_unlink(const char *path);
int __wrap_fsync(int file);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
		     unsigned int flags);
int __wrap_unlink(const char *path);

static int refuse(void)
{
	errno = EIO;
	return -1;
}

int __wrap_fsync(int file)
{
	AUTO_TEXT link = text_format("/proc/self/fd/%d", file);
	char path[PATH_MAX] = "";
	bool is_folder = faccessat(file, ".", F_OK, 0) == 0;

	if (readlink(link, path, sizeof(path) - 1) < 0)
		return -1;
	if (disk_fails(DISK_CHANGES | 1u << FAULT_SYNC))
		return refuse();
	if (is_folder)
		disk_log(DISK_SYNC_FOLDER, 0, 0, NULL, 0);
	else
		disk_log(DISK_SYNC, disk_number_of(path, false), 0, NULL, 0);
	return 0;
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
		     unsigned int flags)
{
	int rc;

	if (disk_fails(DISK_CHANGES))
		return refuse();
	rc = __real_renameat2(from_folder, from, to_folder, to, flags);
	if (rc == 0)
		disk_rename(disk_number_of(from, false), to);
	return rc;
}

int __wrap_unlink(const char *path)
{
	int rc;

	if (disk_fails(DISK_CHANGES))
		return refuse();
	rc = __real_unlink(path);
	if (rc == 0)
		disk_rename(disk_number_of(path, false), "");
	return rc;
}
