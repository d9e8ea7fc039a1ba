# SPDX-License-Identifier: LGPL-2.1-or-later
# rpc/local.mk – how the API is spoken; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += librpc.a
librpc_a_SOURCES =
librpc_a_SOURCES += %D%/call.c
librpc_a_SOURCES += %D%/call.h
librpc_a_SOURCES += %D%/codec.c
librpc_a_SOURCES += %D%/codec.h
librpc_a_SOURCES += %D%/json_read.c
librpc_a_SOURCES += %D%/json_read.h
librpc_a_SOURCES += %D%/jsonrpc.h
librpc_a_SOURCES += %D%/jsonrpc_read.c
librpc_a_SOURCES += %D%/jsonrpc_write.c
librpc_a_SOURCES += %D%/output.c
librpc_a_SOURCES += %D%/output.h
librpc_a_SOURCES += %D%/xmlrpc.h
librpc_a_SOURCES += %D%/provision_read.c
librpc_a_SOURCES += %D%/provision_read.h
librpc_a_SOURCES += %D%/record_cache.c
librpc_a_SOURCES += %D%/record_cache.h
librpc_a_SOURCES += %D%/scalar.c
librpc_a_SOURCES += %D%/scalar.h
librpc_a_SOURCES += %D%/xmlrpc_element.c
librpc_a_SOURCES += %D%/xmlrpc_element.h
librpc_a_SOURCES += %D%/xmlrpc_read.c
librpc_a_SOURCES += %D%/xmlrpc_write.c
