/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* page_files.c – the files of the web page, in memory. */
#include "server/http/page_files.h"

#include "schema/buffer.h"
#include "schema/log.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>

static const char *const names[] = {
#define PAGE_FILE(name) name,
#include "server/http/page_files.def"
};

/* Bytes of the content's hash that tell two contents apart. */
#define TAG_BYTES 12
#define FRONT "index.html"

struct page_files {
	struct page_file files[ARRAY_SIZE(names)];
	struct buffer contents[ARRAY_SIZE(names)];
	char tags[ARRAY_SIZE(names)][2 * TAG_BYTES + 3];
};

static const char *type_of(const char *name)
{
	static const struct {
		const char *suffix;
		const char *type;
	} types[] = {{".html", "text/html; charset=utf-8"},
		     {".css", "text/css; charset=utf-8"},
		     {".js", "text/javascript; charset=utf-8"},
		     {".svg", "image/svg+xml"}};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return "text/plain; charset=utf-8";
}

static int read_content(const char *path, struct buffer *content)
{
	FILE *file = fopen(path, "re");
	char piece[8192];
	size_t length;
	int result;

	if (!file)
		return -1;
	while ((length = fread(piece, 1, sizeof(piece), file)))
		buffer_add(content, piece, length);
	result = ferror(file) ? -1 : 0;
	fclose(file);
	return result;
}

static void make_tag(const struct buffer *content, char *tag)
{
	unsigned char hash[32] = {0};

	gnutls_hash_fast(GNUTLS_DIG_SHA256, content->data ? content->data : "", content->length,
			 hash);
	*tag++ = '"';
	for (size_t i = 0; i < TAG_BYTES; i++, tag += 2)
		snprintf(tag, 3, "%02x", hash[i]);
	strcpy(tag, "\"");
}

static int load(struct page_files *files, size_t i, const char *folder)
{
	struct buffer *content = &files->contents[i];
	AUTO_TEXT path = text_format("%s/%s", folder, names[i]);

	if (read_content(path, content) < 0) {
		log_warning("there is no web page, %s can not be read: %s", path, strerror(errno));
		return -1;
	}
	make_tag(content, files->tags[i]);
	files->files[i] = (struct page_file){.name = names[i],
					     .type = type_of(names[i]),
					     .bytes = content->data ? content->data : "",
					     .length = content->length,
					     .tag = files->tags[i]};
	return 0;
}

struct page_files *page_files_load(const char *folder)
{
	struct page_files *files = allocate(sizeof(*files));

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (load(files, i, folder) < 0) {
			page_files_free(files);
			return NULL;
		}
	}
	return files;
}

const struct page_file *page_files_find(const struct page_files *files, const char *path)
{
	const char *name = strcmp(path, "/") == 0 ? FRONT : path + 1;

	if (!files || *path != '/')
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(files->files[i].name, name) == 0)
			return &files->files[i];
	return NULL;
}

void page_files_free(struct page_files *files)
{
	for (size_t i = 0; files && i < ARRAY_SIZE(names); i++)
		buffer_free(&files->contents[i]);
	free(files);
}
