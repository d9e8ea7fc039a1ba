# SPDX-License-Identifier: LGPL-2.1-or-later
# server/local.mk – the process; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libserver.a
libserver_a_SOURCES =
libserver_a_SOURCES += %D%/digest.c
libserver_a_SOURCES += %D%/digest.h
libserver_a_SOURCES += %D%/doctor.c
libserver_a_SOURCES += %D%/doctor.h
libserver_a_SOURCES += %D%/journal.c
libserver_a_SOURCES += %D%/journal.h
libserver_a_SOURCES += %D%/maintenance.c
libserver_a_SOURCES += %D%/maintenance.h
libserver_a_SOURCES += %D%/options.def
libserver_a_SOURCES += %D%/options.c
libserver_a_SOURCES += %D%/options.h
libserver_a_SOURCES += %D%/options_check.c
libserver_a_SOURCES += %D%/options_host.c
libserver_a_SOURCES += %D%/options_host.h
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
libserver_a_SOURCES += %D%/signin_account.c
libserver_a_SOURCES += %D%/signin_file.c
libserver_a_SOURCES += %D%/signin_method.h
libserver_a_SOURCES += %D%/signin_pam.c
libserver_a_SOURCES += %D%/signin_roles.c
libserver_a_SOURCES += %D%/signin_roles.h

# Everything but main() is in the library, where the tests find it. Layer order; server and
# server/http may call each other, and server/privileged checks passwords as server does, hence libserver.a twice.
server_libraries = libserver.a libhttp.a libprivileged.a libserver.a libapi.a libimport.a libhypervisor.a libhost.a \
	libstore.a librpc.a libschema.a
server_modules = $(MICROHTTPD_LIBS) $(GNUTLS_LIBS) $(SYSTEMD_LIBS) $(PAM_LIBS) $(CRYPT_LIBS) \
	$(XLUTIL_LIBS) $(XEN_LIBS) $(SQLITE_LIBS) $(EXPAT_LIBS) $(LIBXML_LIBS) $(JANSSON_LIBS) $(NFTABLES_LIBS) $(SECCOMP_LIBS)

sbin_PROGRAMS += xenapid
xenapid_SOURCES = %D%/main.c
xenapid_LDADD = $(server_libraries) $(server_modules)

# The sample: what xenapid --print-config prints (tests/server/test_process.py compares them).
xenapidconfdir = $(sysconfdir)/xenapid
dist_xenapidconf_DATA = %D%/xenapid.conf

# Where configure has found a folder for systemd's units: those, and what systemd-sysusers and systemd-tmpfiles read.
EXTRA_DIST += %D%/xenapid.service.in %D%/xenapid-guests.service.in %D%/xenapid-privileged.service.in %D%/xenapid-unprivileged.conf %D%/xenapid.socket %D%/xenapid.sysusers %D%/xenapid.tmpfiles %D%/xenapid.openrc.in
if SYSTEMD_UNITS
systemdsystemunit_DATA = %D%/xenapid.service %D%/xenapid.socket %D%/xenapid-guests.service %D%/xenapid-privileged.service
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
install_hooks += install-systemd
uninstall_hooks += uninstall-systemd
endif
.PHONY: install-systemd uninstall-systemd
install-systemd:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) $(srcdir)/%D%/xenapid.sysusers '$(DESTDIR)$(sysusersdir)/xenapid.conf'
	$(MKDIR_P) '$(DESTDIR)$(pkgdatadir)'
	$(INSTALL_DATA) $(srcdir)/%D%/xenapid-unprivileged.conf '$(DESTDIR)$(pkgdatadir)/unprivileged.conf'
	$(INSTALL_DATA) $(srcdir)/%D%/xenapid.tmpfiles '$(DESTDIR)$(tmpfilesdir)/xenapid.conf'
uninstall-systemd:
	rm -f '$(DESTDIR)$(pkgdatadir)/unprivileged.conf' '$(DESTDIR)$(sysusersdir)/xenapid.conf' '$(DESTDIR)$(tmpfilesdir)/xenapid.conf'

# The script for OpenRC, where configure was told of its folder.
if OPENRC
install_hooks += install-openrc
uninstall_hooks += uninstall-openrc
endif
.PHONY: install-openrc uninstall-openrc
install-openrc: %D%/xenapid.openrc
	$(MKDIR_P) '$(DESTDIR)$(openrcdir)'
	$(INSTALL_SCRIPT) %D%/xenapid.openrc '$(DESTDIR)$(openrcdir)/xenapid'
uninstall-openrc:
	rm -f '$(DESTDIR)$(openrcdir)/xenapid'

CLEANFILES += %D%/xenapid.service %D%/xenapid-guests.service %D%/xenapid-privileged.service %D%/xenapid.openrc
with_folders = $(MKDIR_P) %D% && sed 's|[@]sbindir[@]|$(sbindir)|; s|[@]bindir[@]|$(bindir)|'
%D%/xenapid.service: %D%/xenapid.service.in Makefile
	$(AM_V_GEN)$(with_folders) $(top_srcdir)/%D%/xenapid.service.in >$@.tmp && mv $@.tmp $@
%D%/xenapid-guests.service: %D%/xenapid-guests.service.in Makefile
	$(AM_V_GEN)$(with_folders) $(top_srcdir)/%D%/xenapid-guests.service.in >$@.tmp && mv $@.tmp $@
%D%/xenapid-privileged.service: %D%/xenapid-privileged.service.in Makefile
	$(AM_V_GEN)$(with_folders) $(top_srcdir)/%D%/xenapid-privileged.service.in >$@.tmp && mv $@.tmp $@
%D%/xenapid.openrc: %D%/xenapid.openrc.in Makefile
	$(AM_V_GEN)$(with_folders) $(top_srcdir)/%D%/xenapid.openrc.in >$@.tmp && mv $@.tmp $@
