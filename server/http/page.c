/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* page.c – what GET and HEAD are answered with. */
#include "server/http/page.h"

#include "server/http/guard.h"

struct page {
	const char *path;
	enum MHD_Result (*answer)(struct exchange *exchange, const struct page *page);
	const struct refusal text; /* of answer_text */
};

static enum MHD_Result answer_text(struct exchange *exchange, const struct page *page)
{
	return reply_send_refusal(exchange, &page->text);
}

/* Whether a call would be taken. */
static enum MHD_Result answer_ready(struct exchange *exchange, const struct page *page)
{
	const struct refusal *refusal =
		guard_check_load(exchange->worker->service, exchange->connection);

	return reply_send_refusal(exchange, refusal ? refusal : &page->text);
}

static enum MHD_Result answer_file(struct exchange *exchange, const struct page_file *file)
{
	const char *known = MHD_lookup_connection_value(exchange->handle, MHD_HEADER_KIND,
							MHD_HTTP_HEADER_IF_NONE_MATCH);

	return reply_send_file(exchange, file, known && strstr(known, file->tag));
}

/* Behind the files of the web page: "/" is here for a server without them. */
static const struct page pages[] = {
	{"/",
	 answer_text,
	 {.status = MHD_HTTP_OK,
	  .text = "This is xenapid, a Xen-API server. Clients send calls by POST: JSON-RPC to /jsonrpc, XML-RPC to any other path.\n"}},
	{"/healthz", answer_text, {.status = MHD_HTTP_OK, .text = "ok\n"}},
	{"/readyz", answer_ready, {.status = MHD_HTTP_OK, .text = "ok\n"}},
};

static const struct page not_found = {NULL,
				      answer_text,
				      {.status = MHD_HTTP_NOT_FOUND,
				       .text = "There is no such page; calls are sent by POST.\n"}};

enum MHD_Result page_answer(struct exchange *exchange, const char *path)
{
	const struct page_file *file = page_files_find(exchange->worker->service->page_files, path);
	const struct page *page = &not_found;

	if (file)
		return answer_file(exchange, file);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (strcmp(path, pages[i].path) == 0)
			page = &pages[i];
	return page->answer(exchange, page);
}
