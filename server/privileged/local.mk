# SPDX-License-Identifier: LGPL-2.1-or-later
# server/privileged/local.mk – the two processes and what they say to each other; a new file is one line

noinst_LIBRARIES += libprivileged.a
libprivileged_a_SOURCES =
libprivileged_a_SOURCES += %D%/adapter.c
libprivileged_a_SOURCES += %D%/adapter.h
libprivileged_a_SOURCES += %D%/answer.c
libprivileged_a_SOURCES += %D%/check.c
libprivileged_a_SOURCES += %D%/check.h
libprivileged_a_SOURCES += %D%/frame.c
libprivileged_a_SOURCES += %D%/frame.h
libprivileged_a_SOURCES += %D%/hello.c
libprivileged_a_SOURCES += %D%/hello.h
libprivileged_a_SOURCES += %D%/layout.c
libprivileged_a_SOURCES += %D%/layout.h
libprivileged_a_SOURCES += %D%/privileged.c
libprivileged_a_SOURCES += %D%/privileged.h
libprivileged_a_SOURCES += %D%/request.c
libprivileged_a_SOURCES += %D%/request.h
libprivileged_a_SOURCES += %D%/sandbox.c
libprivileged_a_SOURCES += %D%/sandbox.h
libprivileged_a_SOURCES += %D%/serve.c
libprivileged_a_SOURCES += %D%/serve.h

sbin_PROGRAMS += xenapid-privileged
xenapid_privileged_SOURCES = %D%/main.c
xenapid_privileged_LDADD = libprivileged.a libserver.a libhttp.a libhypervisor.a libhost.a libschema.a $(server_modules)
