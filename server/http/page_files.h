/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* page_files.h – the files of the web page, in memory. */
#ifndef SERVER_HTTP_PAGE_FILES_H
#define SERVER_HTTP_PAGE_FILES_H

#include <stddef.h>

struct page_files;

struct page_file {
	const char *name; /* at /NAME; index.html is also at / */
	const char *type; /* MIME */
	const char *bytes;
	size_t length;
	const char *tag; /* of its content, in quotes: an ETag */
};

/* Those of page_files.def, from that folder. NULL: one can not be read, which is logged. */
struct page_files *page_files_load(const char *folder);
/* NULL: there is no such file. A path only ever chooses among those in memory. */
const struct page_file *page_files_find(const struct page_files *files, const char *path);
void page_files_free(struct page_files *files);

#endif
