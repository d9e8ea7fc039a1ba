# SPDX-License-Identifier: LGPL-2.1-or-later
# server/local.mk – the process; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libserver.a
libserver_a_SOURCES =
libserver_a_SOURCES += %D%/doctor.c
libserver_a_SOURCES += %D%/doctor.h
libserver_a_SOURCES += %D%/maintenance.c
libserver_a_SOURCES += %D%/maintenance.h
libserver_a_SOURCES += %D%/options.def
libserver_a_SOURCES += %D%/options.c
libserver_a_SOURCES += %D%/options.h
libserver_a_SOURCES += %D%/options_check.c
libserver_a_SOURCES += %D%/options_manual.c
libserver_a_SOURCES += %D%/options_print.c
libserver_a_SOURCES += %D%/options_read.c
libserver_a_SOURCES += %D%/options_table.h
libserver_a_SOURCES += %D%/process.c
libserver_a_SOURCES += %D%/process.h
libserver_a_SOURCES += %D%/server.c
libserver_a_SOURCES += %D%/server.h
libserver_a_SOURCES += %D%/signin.c
libserver_a_SOURCES += %D%/signin.h
libserver_a_SOURCES += %D%/signin_file.c
libserver_a_SOURCES += %D%/signin_method.h
libserver_a_SOURCES += %D%/signin_pam.c

# Everything but main() is in the library, where the tests find it. Layer order; server and
# server/http may call each other, hence libserver.a twice.
server_libraries = libserver.a libhttp.a libserver.a libapi.a libimport.a libhypervisor.a \
	libstore.a librpc.a libschema.a
server_modules = $(MICROHTTPD_LIBS) $(GNUTLS_LIBS) $(SYSTEMD_LIBS) $(PAM_LIBS) $(CRYPT_LIBS) \
	$(XLUTIL_LIBS) $(XEN_LIBS) $(SQLITE_LIBS) $(EXPAT_LIBS) $(JANSSON_LIBS) $(NFTABLES_LIBS)

sbin_PROGRAMS += xenapid
xenapid_SOURCES = %D%/main.c
xenapid_LDADD = $(server_libraries) $(server_modules)

# The sample: what xenapid --print-config prints (tests/server/test_process.py compares them).
xenapidconfdir = $(sysconfdir)/xenapid
dist_xenapidconf_DATA = %D%/xenapid.conf

# The units, where configure has found a folder for them.
EXTRA_DIST += %D%/xenapid.service.in %D%/xenapid.socket
if SYSTEMD_UNITS
systemdsystemunit_DATA = %D%/xenapid.service %D%/xenapid.socket
endif
CLEANFILES += %D%/xenapid.service
%D%/xenapid.service: %D%/xenapid.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && \
		sed 's|[@]sbindir[@]|$(sbindir)|' $(top_srcdir)/%D%/xenapid.service.in >$@.tmp && mv $@.tmp $@
