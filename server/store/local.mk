# SPDX-License-Identifier: LGPL-2.1-or-later
# server/store/local.mk – objects on disk and in memory; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libstore.a
libstore_a_SOURCES =
libstore_a_SOURCES += %D%/backup.c
libstore_a_SOURCES += %D%/backup.h
libstore_a_SOURCES += %D%/changes.c
libstore_a_SOURCES += %D%/checkpoint.c
libstore_a_SOURCES += %D%/checkpoint.h
libstore_a_SOURCES += %D%/commit.c
libstore_a_SOURCES += %D%/copy.c
libstore_a_SOURCES += %D%/copy.h
libstore_a_SOURCES += %D%/database.c
libstore_a_SOURCES += %D%/database.h
libstore_a_SOURCES += %D%/database_private.h
libstore_a_SOURCES += %D%/examine.c
libstore_a_SOURCES += %D%/finding.h
libstore_a_SOURCES += %D%/load.c
libstore_a_SOURCES += %D%/overlay.c
libstore_a_SOURCES += %D%/overlay.h
libstore_a_SOURCES += %D%/private.h
libstore_a_SOURCES += %D%/replace.c
libstore_a_SOURCES += %D%/replace.h
libstore_a_SOURCES += %D%/rows.c
libstore_a_SOURCES += %D%/salvage.c
libstore_a_SOURCES += %D%/salvage.h
libstore_a_SOURCES += %D%/store.c
libstore_a_SOURCES += %D%/store.h
libstore_a_SOURCES += %D%/table.c
libstore_a_SOURCES += %D%/table.h
libstore_a_SOURCES += %D%/tables.c
libstore_a_SOURCES += %D%/tombstone_rows.c
libstore_a_SOURCES += %D%/tombstones.c
libstore_a_SOURCES += %D%/tombstones.h
libstore_a_SOURCES += %D%/transaction.c
