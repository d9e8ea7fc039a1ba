# SPDX-License-Identifier: LGPL-2.1-or-later
# server/host/local.mk – programs and files that are the host's; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libhost.a
libhost_a_SOURCES =
libhost_a_SOURCES += %D%/child.c
libhost_a_SOURCES += %D%/child.h
libhost_a_SOURCES += %D%/disk_image.c
libhost_a_SOURCES += %D%/disk_image.h
libhost_a_SOURCES += %D%/path_below.c
libhost_a_SOURCES += %D%/path_below.h
libhost_a_SOURCES += %D%/rules.c
libhost_a_SOURCES += %D%/rules.h
libhost_a_SOURCES += %D%/tool.c
libhost_a_SOURCES += %D%/tool.h
libhost_a_SOURCES += %D%/tool_argument.c
libhost_a_SOURCES += %D%/tool_argument.h
libhost_a_SOURCES += %D%/tools.def
