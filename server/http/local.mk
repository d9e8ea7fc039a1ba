# SPDX-License-Identifier: LGPL-2.1-or-later
# server/http/local.mk – HTTP; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES =
libhttp_a_SOURCES += %D%/acceptor.c
libhttp_a_SOURCES += %D%/acceptor.h
libhttp_a_SOURCES += %D%/address.c
libhttp_a_SOURCES += %D%/address.h
libhttp_a_SOURCES += %D%/certificate.c
libhttp_a_SOURCES += %D%/certificate.h
libhttp_a_SOURCES += %D%/connection.c
libhttp_a_SOURCES += %D%/connection.h
libhttp_a_SOURCES += %D%/exchange.c
libhttp_a_SOURCES += %D%/exchange.h
libhttp_a_SOURCES += %D%/http.h
libhttp_a_SOURCES += %D%/inherited.c
libhttp_a_SOURCES += %D%/inherited.h
libhttp_a_SOURCES += %D%/listener.c
libhttp_a_SOURCES += %D%/listener.h
libhttp_a_SOURCES += %D%/page.c
libhttp_a_SOURCES += %D%/page.h
libhttp_a_SOURCES += %D%/page_files.c
libhttp_a_SOURCES += %D%/page_files.def
libhttp_a_SOURCES += %D%/page_files.h
libhttp_a_SOURCES += %D%/reply.c
libhttp_a_SOURCES += %D%/reply.h
libhttp_a_SOURCES += %D%/guard.c
libhttp_a_SOURCES += %D%/guard.h
libhttp_a_SOURCES += %D%/http.c
libhttp_a_SOURCES += %D%/request.c
libhttp_a_SOURCES += %D%/request.h
libhttp_a_SOURCES += %D%/request_id.c
libhttp_a_SOURCES += %D%/request_id.h
libhttp_a_SOURCES += %D%/tls.c
libhttp_a_SOURCES += %D%/tls.h
libhttp_a_SOURCES += %D%/worker.c
libhttp_a_SOURCES += %D%/worker.h
