/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client.c – as little as an HTTP client can do, so that the figures are the server's. */
#include "tests/bench/client.h"

#include "schema/clock.h"
#include "schema/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REF_LENGTH 46
#define TOKEN_MEMBER "<name>token</name><value>"

/* The place of the first run of that many of a character, 0 for none. */
static size_t find_run(const char *text, char character, size_t length)
{
	char run[REF_LENGTH + 1] = "";
	const char *found;

	memset(run, character, length);
	found = strstr(text, run);
	return found ? (size_t)(found - text) : 0;
}

struct call *call_read(const char *path)
{
	struct call *call = allocate(sizeof(*call));
	FILE *file = fopen(path, "r");
	const char *slash = strrchr(path, '/');
	size_t size = 65536;

	call->name = slash ? slash + 1 : path;
	call->text = allocate(size);
	if (!file || (call->length = fread(call->text, 1, size - 1, file)) == 0)
		give_up("%s can not be read", path);
	fclose(file);
	call->ref_at = find_run(call->text, '@', REF_LENGTH);
	call->token_at = find_run(call->text, '?', TOKEN_LENGTH);
	call->number_at = find_run(call->text, '#', 1);
	call->number_digits = strspn(call->text + call->number_at, "#");
	return call;
}

void call_free(struct call *call)
{
	free(call->text);
	free(call);
}

void client_read_refs(struct client *client, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[64];

	if (!file)
		give_up("%s can not be read", path);
	while (fgets(line, sizeof(line), file)) {
		if (strcspn(line, "\n") != REF_LENGTH)
			give_up("%s is no reference", line);
		client->refs =
			realloc(client->refs, (client->ref_count + 1) * sizeof(*client->refs));
		memcpy(client->refs[client->ref_count], line, REF_LENGTH);
		client->refs[client->ref_count++][REF_LENGTH] = '\0';
	}
	fclose(file);
}

static int connect_to(const char *host)
{
	struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	bool is_path = strchr(host, '/');
	int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;
	int rc;

	if (is_path) {
		snprintf(local.sun_path, sizeof(local.sun_path), "%s", host);
		rc = connect(fd, (struct sockaddr *)&local, sizeof(local));
	} else {
		tcp.sin_port = htons((uint16_t)number_of(host));
		rc = connect(fd, (struct sockaddr *)&tcp, sizeof(tcp));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (rc < 0)
		give_up("%s: %s", host, strerror(errno));
	return fd;
}

struct connection *client_connect(struct client *client, size_t count, const char *token)
{
	struct connection *connections = allocate(count * sizeof(*connections));

	client->epoll = epoll_create1(EPOLL_CLOEXEC);
	client->connection_count = count;
	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};

		connections[i].client = client;
		connections[i].index = i;
		connections[i].fd = connect_to(client->host);
		snprintf(connections[i].token, sizeof(connections[i].token), "%s", token);
		if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, connections[i].fd, &event) < 0)
			give_up("epoll: %s", strerror(errno));
	}
	return connections;
}

void client_close(struct client *client, struct connection *connections, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(connections[i].fd);
	close(client->epoll);
	free(connections);
	free(client->refs);
}

/* As many as connections or fewer: each keeps one. Otherwise all of them come in turn. */
static const char *next_ref(const struct connection *connection)
{
	const struct client *client = connection->client;
	uint64_t stride = client->ref_count > client->connection_count ? 1009 : 0;

	if (client->ref_count == 0)
		give_up("%s wants a reference", connection->call->name);
	return client->refs[(connection->index + connection->sent * stride) % client->ref_count];
}

static uint64_t draw_number(struct client *client, size_t digits)
{
	uint64_t lowest = 1;

	for (size_t i = 1; i < digits; i++)
		lowest *= 10;
	return lowest + client->next_number++ % (9 * lowest);
}

void connection_send(struct connection *connection, const struct call *call)
{
	char number[24];

	connection->call = call;
	if (call->ref_at)
		memcpy(call->text + call->ref_at, next_ref(connection), REF_LENGTH);
	if (call->token_at)
		memcpy(call->text + call->token_at, connection->token, TOKEN_LENGTH);
	if (call->number_at) {
		connection->number = draw_number(connection->client, call->number_digits);
		snprintf(number, sizeof(number), "%" PRIu64, connection->number);
		memcpy(call->text + call->number_at, number, call->number_digits);
	}
	connection->received = connection->whole = 0;
	connection->sent++;
	connection->client->waiting++;
	connection->sent_ns = clock_ns();
	if (send(connection->fd, call->text, call->length, MSG_NOSIGNAL) != (ssize_t)call->length)
		give_up("a call could not be sent: %s", strerror(errno));
}

/* Of "Content-Length" or "Content-length"; the headers are there in full. */
static void read_headers(struct connection *connection)
{
	const char *end = strstr(connection->head, "\r\n\r\n");
	const char *length = strcasestr(connection->head, "\r\nContent-Length:");

	if (!end)
		return;
	if (strncmp(connection->head, "HTTP/1.1 200 ", 13) != 0 || !length || length > end)
		give_up("not the reply that was expected: %s", connection->head);
	connection->body = strtoull(length + 17, NULL, 10);
	connection->whole = (size_t)(end + 4 - connection->head) + connection->body;
}

static void keep_tail(struct connection *connection, const char *bytes, size_t length)
{
	size_t size = sizeof(connection->tail);

	if (length >= size) {
		memcpy(connection->tail, bytes + length - size, size);
	} else {
		memmove(connection->tail, connection->tail + length, size - length);
		memcpy(connection->tail + size - length, bytes, length);
	}
}

static void take(struct connection *connection, const char *bytes, size_t length)
{
	size_t room = sizeof(connection->head) - 1;

	if (connection->received < room) {
		size_t part = room - connection->received;

		part = part < length ? part : length;
		memcpy(connection->head + connection->received, bytes, part);
		connection->head[connection->received + part] = '\0';
	}
	connection->received += length;
	if (!connection->whole)
		read_headers(connection);
	if (connection->call->token_at)
		keep_tail(connection, bytes, length);
}

static void read_token(struct connection *connection)
{
	const char *found = memmem(connection->tail, sizeof(connection->tail), TOKEN_MEMBER,
				   strlen(TOKEN_MEMBER));

	if (!found)
		give_up("no token in the reply: %s", connection->head);
	memcpy(connection->token, found + strlen(TOKEN_MEMBER), TOKEN_LENGTH);
}

static void finish(struct connection *connection, answered_fn answered, void *argument)
{
	int64_t latency_ns = clock_ns() - connection->sent_ns;
	const struct call *call = connection->call;

	if (!strstr(connection->head, connection->client->expected))
		give_up("%s: not the reply that was expected: %s", call->name, connection->head);
	if (call->token_at)
		read_token(connection);
	connection->call = NULL;
	connection->client->bytes += connection->body;
	connection->client->waiting--;
	answered(argument, connection, call, latency_ns);
}

static void receive(struct connection *connection, answered_fn answered, void *argument)
{
	static char bytes[256 << 10];
	ssize_t length = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0)
		give_up("the server has closed a connection");
	if (!connection->call)
		give_up("a reply that nobody asked for: %.*s", (int)length, bytes);
	take(connection, bytes, (size_t)length);
	if (connection->whole && connection->received >= connection->whole)
		finish(connection, answered, argument);
}

void client_wait(struct client *client, int timeout_ms, answered_fn answered, void *argument)
{
	struct epoll_event events[256];
	int count = epoll_wait(client->epoll, events, ARRAY_SIZE(events), timeout_ms);

	for (int i = 0; i < count; i++)
		receive(events[i].data.ptr, answered, argument);
}
