# SPDX-License-Identifier: LGPL-2.1-or-later
# server/import/local.mk – other systems' configurations; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libimport.a
libimport_a_SOURCES =
libimport_a_SOURCES += %D%/xl_config.c
libimport_a_SOURCES += %D%/xl_config.h
libimport_a_SOURCES += %D%/xl_cpus.c
libimport_a_SOURCES += %D%/xl_import.h
libimport_a_SOURCES += %D%/xl_keys.c
libimport_a_SOURCES += %D%/xl_keys.def
libimport_a_SOURCES += %D%/xl_scan.c
libimport_a_SOURCES += %D%/xl_scan.h
libimport_a_SOURCES += %D%/xl_values.c
libimport_a_SOURCES += %D%/xl_disk.c
libimport_a_SOURCES += %D%/xl_vif.c
