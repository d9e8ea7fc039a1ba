# SPDX-License-Identifier: LGPL-2.1-or-later
# server/import/local.mk – other systems' configurations; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libimport.a
libimport_a_SOURCES =
libimport_a_SOURCES += %D%/xl_config.c
libimport_a_SOURCES += %D%/fields.c
libimport_a_SOURCES += %D%/fields.h
libimport_a_SOURCES += %D%/formats.def
libimport_a_SOURCES += %D%/import.c
libimport_a_SOURCES += %D%/import.h
libimport_a_SOURCES += %D%/leaves.c
libimport_a_SOURCES += %D%/leaves.h
libimport_a_SOURCES += %D%/libvirt.c
libimport_a_SOURCES += %D%/libvirt_leaves.c
libimport_a_SOURCES += %D%/libvirt_leaves.def
libimport_a_SOURCES += %D%/libvirt_leaves.h
libimport_a_SOURCES += %D%/python.c
libimport_a_SOURCES += %D%/python_value.c
libimport_a_SOURCES += %D%/python_value.h
libimport_a_SOURCES += %D%/sxp.c
libimport_a_SOURCES += %D%/sxp_leaves.c
libimport_a_SOURCES += %D%/sxp_leaves.def
libimport_a_SOURCES += %D%/sxp_leaves.h
libimport_a_SOURCES += %D%/settings.c
libimport_a_SOURCES += %D%/settings.h
libimport_a_SOURCES += %D%/xl_cpus.c
libimport_a_SOURCES += %D%/xl_import.h
libimport_a_SOURCES += %D%/xl_keys.c
libimport_a_SOURCES += %D%/xl_keys.def
libimport_a_SOURCES += %D%/xl_scan.c
libimport_a_SOURCES += %D%/xl_scan.h
libimport_a_SOURCES += %D%/xl_values.c
libimport_a_SOURCES += %D%/xl_disk.c
libimport_a_SOURCES += %D%/xl_vif.c
