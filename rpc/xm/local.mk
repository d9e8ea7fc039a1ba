# SPDX-License-Identifier: LGPL-2.1-or-later
# rpc/xm/local.mk – the xm command; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libxm.a
libxm_a_SOURCES =
libxm_a_SOURCES += %D%/amount.c
libxm_a_SOURCES += %D%/amount.h
libxm_a_SOURCES += %D%/change.c
libxm_a_SOURCES += %D%/change.h
libxm_a_SOURCES += %D%/client.c
libxm_a_SOURCES += %D%/client.h
libxm_a_SOURCES += %D%/codec.c
libxm_a_SOURCES += %D%/codec.h
libxm_a_SOURCES += %D%/commands.c
libxm_a_SOURCES += %D%/commands.def
libxm_a_SOURCES += %D%/complete.c
libxm_a_SOURCES += %D%/complete.h
libxm_a_SOURCES += %D%/complete_kinds.c
libxm_a_SOURCES += %D%/complete_kinds.h
libxm_a_SOURCES += %D%/config_file.c
libxm_a_SOURCES += %D%/config_file.h
libxm_a_SOURCES += %D%/device.c
libxm_a_SOURCES += %D%/device.h
libxm_a_SOURCES += %D%/escape.c
libxm_a_SOURCES += %D%/escape.h
libxm_a_SOURCES += %D%/explain.c
libxm_a_SOURCES += %D%/explain.h
libxm_a_SOURCES += %D%/globals.c
libxm_a_SOURCES += %D%/globals.h
libxm_a_SOURCES += %D%/image.c
libxm_a_SOURCES += %D%/image.h
libxm_a_SOURCES += %D%/manual.c
libxm_a_SOURCES += %D%/manual.h
libxm_a_SOURCES += %D%/object.c
libxm_a_SOURCES += %D%/object.h
libxm_a_SOURCES += %D%/plan.c
libxm_a_SOURCES += %D%/plan.h
libxm_a_SOURCES += %D%/report.c
libxm_a_SOURCES += %D%/report.h
libxm_a_SOURCES += %D%/field.c
libxm_a_SOURCES += %D%/field.h
libxm_a_SOURCES += %D%/follow.c
libxm_a_SOURCES += %D%/follow.h
libxm_a_SOURCES += %D%/run.h
libxm_a_SOURCES += %D%/run_block.c
libxm_a_SOURCES += %D%/run_console.c
libxm_a_SOURCES += %D%/run_copy.c
libxm_a_SOURCES += %D%/run_events.c
libxm_a_SOURCES += %D%/run_guests.c
libxm_a_SOURCES += %D%/run_history.c
libxm_a_SOURCES += %D%/run_host.c
libxm_a_SOURCES += %D%/run_list.c
libxm_a_SOURCES += %D%/run_names.c
libxm_a_SOURCES += %D%/run_network.c
libxm_a_SOURCES += %D%/run_export.c
libxm_a_SOURCES += %D%/run_import.c
libxm_a_SOURCES += %D%/run_new.c
libxm_a_SOURCES += %D%/run_power.c
libxm_a_SOURCES += %D%/run_resize.c
libxm_a_SOURCES += %D%/run_set.c
libxm_a_SOURCES += %D%/run_storage.c
libxm_a_SOURCES += %D%/run_task.c
libxm_a_SOURCES += %D%/run_token.c
libxm_a_SOURCES += %D%/run_vcpu.c
libxm_a_SOURCES += %D%/state.c
libxm_a_SOURCES += %D%/state.h
libxm_a_SOURCES += %D%/sxp.c
libxm_a_SOURCES += %D%/sxp.h
libxm_a_SOURCES += %D%/terminal.c
libxm_a_SOURCES += %D%/terminal.h
libxm_a_SOURCES += %D%/transport.c
libxm_a_SOURCES += %D%/transport.h
libxm_a_SOURCES += %D%/vm.c
libxm_a_SOURCES += %D%/vm.h
libxm_a_SOURCES += %D%/xm.c
libxm_a_SOURCES += %D%/xm.h

# Everything but main() is in the library, where the tests find it.
bin_PROGRAMS += xm

# Where bash-completion and zsh look below the prefix.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = %D%/_xm
EXTRA_DIST += %D%/xm.bash
install_hooks += install-completion
uninstall_hooks += uninstall-completion
.PHONY: install-completion uninstall-completion
install-completion:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) $(srcdir)/%D%/xm.bash '$(DESTDIR)$(bashcompletiondir)/xm'
uninstall-completion:
	rm -f '$(DESTDIR)$(bashcompletiondir)/xm'
xm_SOURCES = %D%/main.c
xm_LDADD = libxm.a libschema.a $(XMLRPC_LIBS) $(CURL_LIBS) $(JANSSON_LIBS)
