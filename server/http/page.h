/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* page.h – what GET and HEAD are answered with. */
#ifndef SERVER_HTTP_PAGE_H
#define SERVER_HTTP_PAGE_H

#include "server/http/exchange.h"

/* Once the whole request is there. What is not there is answered, too. */
enum MHD_Result page_answer(struct exchange *exchange, const char *path);

#endif
