/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peer_http.c – the limit of a read: bare libmicrohttpd, driven as the server drives it, that
 * answers every request with the same bytes. */
#include "schema/base.h"
#include "tests/bench/measure.h"

#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct body {
	char *bytes;
	size_t length;
};

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_length, void **state)
{
	const struct body *body = context;
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	if (!*state) {
		*state = context; /* the headers: its body is still to come */
		return MHD_YES;
	}
	if (*upload_length > 0) {
		*upload_length = 0;
		return MHD_YES;
	}
	response =
		MHD_create_response_from_buffer(body->length, body->bytes, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/xml");
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

static struct body read_body(const char *path)
{
	struct body body = {0};
	FILE *file = fopen(path, "r");

	if (!file || fseek(file, 0, SEEK_END) < 0)
		give_up("%s can not be read", path);
	body.length = (size_t)ftell(file);
	body.bytes = allocate(body.length + 1);
	rewind(file);
	if (fread(body.bytes, 1, body.length, file) != body.length)
		give_up("%s can not be read", path);
	fclose(file);
	return body;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;
	struct body body;
	sigset_t end;
	int number;

	if (argc != 2)
		give_up("Usage: peer_http FILE");
	body = read_body(argv[1]);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
					  MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
				  0, NULL, NULL, handle, &body, MHD_OPTION_THREAD_POOL_SIZE, 2U,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16 << 10,
				  MHD_OPTION_CONNECTION_LIMIT, 65536U, MHD_OPTION_END);
	if (!daemon)
		give_up("libmicrohttpd does not start");
	printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&end, &number);
	MHD_stop_daemon(daemon);
	free(body.bytes);
	return 0;
}
