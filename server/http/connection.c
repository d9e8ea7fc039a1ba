/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection.c – the clients' connections: how many, whose, how long, and whether the client is
 * still there. */
#include "server/http/connection.h"

#include "schema/log.h"
#include "schema/meter.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/eventfd.h>

#define BUCKETS 1024

/*
 * Locks: the table's, then a connection's, then libmicrohttpd's own. libmicrohttpd says that it
 * closes a socket just before it does, and connections_remove takes the table's lock: so whoever
 * holds that lock and finds a connection in the table may use its fd.
 */
struct connections {
	pthread_mutex_t lock;
	struct connection **by_fd;
	size_t capacity;
	LIST_HEAD(bucket, connection) buckets[BUCKETS];
	uint64_t serial;
	int64_t tcp_count;
	int64_t unix_count;
	atomic_llong limit;
	atomic_llong limit_per_address;
};

struct connections *connections_new(const struct http_limits *limits)
{
	struct connections *connections = allocate(sizeof(*connections));

	pthread_mutex_init(&connections->lock, NULL);
	connections_set_limits(connections, limits);
	return connections;
}

void connections_free(struct connections *connections)
{
	if (!connections)
		return;
	/* libmicrohttpd does not announce the end of one that it could not even begin. */
	for (size_t fd = 0; fd < connections->capacity; fd++) {
		if (connections->by_fd[fd])
			connection_release(connections->by_fd[fd]);
	}
	pthread_mutex_destroy(&connections->lock);
	free(connections->by_fd);
	free(connections);
}

void connections_set_limits(struct connections *connections, const struct http_limits *limits)
{
	atomic_store(&connections->limit, limits->connections);
	atomic_store(&connections->limit_per_address, limits->connections_per_address);
}

/* A customer's IPv6 network is a /64: a limit per address would limit nothing. */
static uint64_t network_of(const struct sockaddr *peer)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)peer;
	uint64_t network = 0;

	if (peer->sa_family == AF_INET)
		return 1ULL << 32 | ((const struct sockaddr_in *)peer)->sin_addr.s_addr;
	if (peer->sa_family != AF_INET6)
		return 0;
	memcpy(&network, &ipv6->sin6_addr, sizeof(network));
	return network ? network : 1; /* ::1 */
}

static struct bucket *bucket_of(struct connections *connections, uint64_t network)
{
	return &connections->buckets[(network * 0x9e3779b97f4a7c15ULL) >> 54];
}

static int64_t count_network(struct connections *connections, uint64_t network)
{
	const struct connection *connection;
	int64_t count = 0;

	LIST_FOREACH(connection, bucket_of(connections, network), same_bucket)
	count += connection->network == network;
	return count;
}

int64_t connections_reply_bytes(struct connections *connections,
				const struct connection *connection)
{
	struct connection *other;
	int64_t bytes = 0;

	pthread_mutex_lock(&connections->lock);
	LIST_FOREACH(other, bucket_of(connections, connection->network), same_bucket)
	if (other->network == connection->network)
		bytes += atomic_load_explicit(&other->reply_bytes, memory_order_relaxed);
	pthread_mutex_unlock(&connections->lock);
	return bytes;
}

static void read_origin(int fd, const struct sockaddr *peer, struct api_origin *ret_origin)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)peer;
	struct ucred credentials = {.uid = (uid_t)-1};
	socklen_t length = sizeof(credentials);

	*ret_origin = (struct api_origin){.uid = (uid_t)-1};
	if (peer->sa_family == AF_UNIX) {
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
		ret_origin->is_unix = true;
		ret_origin->uid = credentials.uid;
		strcpy(ret_origin->address, "unix");
	} else if (peer->sa_family == AF_INET) {
		inet_ntop(AF_INET, &ipv4->sin_addr, ret_origin->address,
			  sizeof(ret_origin->address));
	} else {
		inet_ntop(AF_INET6, &ipv6->sin6_addr, ret_origin->address,
			  sizeof(ret_origin->address));
	}
}

static struct connection *connection_new(int fd, const struct sockaddr *peer, int64_t deadline_ms)
{
	struct connection *connection = allocate(sizeof(*connection));

	atomic_init(&connection->references, 1);
	pthread_mutex_init(&connection->lock, NULL);
	read_origin(fd, peer, &connection->origin);
	connection->fd = fd;
	connection->network = network_of(peer);
	connection_set_deadline(connection, deadline_ms);
	return connection;
}

struct connection *connection_reference(struct connection *connection)
{
	atomic_fetch_add_explicit(&connection->references, 1, memory_order_relaxed);
	return connection;
}

void connection_release(struct connection *connection)
{
	if (atomic_fetch_sub_explicit(&connection->references, 1, memory_order_acq_rel) > 1)
		return;
	pthread_mutex_destroy(&connection->lock);
	free(connection->certificate);
	free(connection->fingerprint);
	free(connection);
}

static int64_t *count_of(struct connections *connections, const struct connection *connection)
{
	return connection->origin.is_unix ? &connections->unix_count : &connections->tcp_count;
}

/* Under the lock: leaves the table, whose reference goes to the caller. */
static void take_out(struct connections *connections, struct connection *connection)
{
	connections->by_fd[connection->fd] = NULL;
	LIST_REMOVE(connection, same_bucket);
	--*count_of(connections, connection);
	meter_add(METER_connections, -1);
}

/* Under the lock. */
static void put_in(struct connections *connections, struct connection *connection)
{
	size_t fd = (size_t)connection->fd;

	if (fd >= connections->capacity) {
		size_t capacity = 2 * fd + 64;
		size_t size = sizeof(*connections->by_fd);

		connections->by_fd = reallocate(connections->by_fd, capacity * size);
		memset(connections->by_fd + connections->capacity, 0,
		       (capacity - connections->capacity) * size);
		connections->capacity = capacity;
	}
	if (connections->by_fd[fd]) {
		/* Its fd was given out again, so it ended without a word. */
		struct connection *stale = connections->by_fd[fd];

		take_out(connections, stale);
		connection_release(stale);
	}
	connection->serial = ++connections->serial;
	connections->by_fd[fd] = connection;
	LIST_INSERT_HEAD(bucket_of(connections, connection->network), connection, same_bucket);
	++*count_of(connections, connection);
	meter_add(METER_connections, 1);
	meter_add(METER_accepted_connections, 1);
}

struct connection *connections_add(struct connections *connections, int fd,
				   const struct sockaddr *peer, int64_t deadline_ms,
				   const char **ret_reason)
{
	struct connection *connection = connection_new(fd, peer, deadline_ms);
	const char *reason = NULL;

	pthread_mutex_lock(&connections->lock);
	if (*count_of(connections, connection) >= atomic_load(&connections->limit))
		reason = "max-connections";
	else if (!connection->origin.is_unix &&
		 count_network(connections, connection->network) >=
			 atomic_load(&connections->limit_per_address))
		reason = "max-connections-per-address";
	else
		put_in(connections, connection);
	pthread_mutex_unlock(&connections->lock);
	if (!reason)
		return connection;
	connection_release(connection);
	*ret_reason = reason;
	return NULL;
}

struct connection *connections_find(struct connections *connections, int fd, uint64_t serial)
{
	struct connection *found = NULL;

	pthread_mutex_lock(&connections->lock);
	if ((size_t)fd < connections->capacity)
		found = connections->by_fd[fd];
	if (found && serial && (uint32_t)found->serial != (uint32_t)serial)
		found = NULL;
	if (found)
		connection_reference(found);
	pthread_mutex_unlock(&connections->lock);
	return found;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
	bool there;

	pthread_mutex_lock(&connections->lock);
	there = connections->by_fd[connection->fd] == connection;
	if (there)
		take_out(connections, connection);
	pthread_mutex_unlock(&connections->lock);
	if (there)
		connection_release(connection);
}

/* Under the lock. libmicrohttpd sees the end and closes it; should it not, it is asked again. */
static int64_t check_one(struct connection *connection, int64_t now_ms)
{
	int64_t deadline = atomic_load_explicit(&connection->deadline_ms, memory_order_relaxed);

	if (!deadline || deadline > now_ms)
		return deadline;
	/* Were it lost on its way to libmicrohttpd, its fd could be anything by now. */
	if (!atomic_load(&connection->started))
		return 0;
	log_debug("%s took too long, its connection is closed", connection->origin.address);
	shutdown(connection->fd, SHUT_RDWR);
	deadline = now_ms + 1000;
	connection_set_deadline(connection, deadline);
	return deadline;
}

int64_t connections_check(struct connections *connections, int64_t now_ms)
{
	int64_t next = 0;

	pthread_mutex_lock(&connections->lock);
	if (connections->tcp_count || connections->unix_count)
		next = INT64_MAX;
	for (size_t fd = 0; next && fd < connections->capacity; fd++) {
		int64_t deadline = 0;

		if (connections->by_fd[fd])
			deadline = check_one(connections->by_fd[fd], now_ms);
		if (deadline && deadline < next)
			next = deadline;
	}
	pthread_mutex_unlock(&connections->lock);
	return next;
}

bool connection_suspend(struct connection *connection, struct MHD_Connection *handle,
			struct waker *waker)
{
	bool suspended;

	pthread_mutex_lock(&connection->lock);
	assert(!connection->suspended);
	suspended = !connection->gone;
	if (suspended) {
		MHD_suspend_connection(handle);
		connection->suspended = handle;
		connection->waker = waker;
	}
	pthread_mutex_unlock(&connection->lock);
	return suspended;
}

/* libmicrohttpd says it only to threads of its own. */
static void wake(struct waker *waker)
{
	if (!atomic_exchange(&waker->due, true))
		eventfd_write(waker->fd, 1);
}

/* libmicrohttpd must not be stopped while a thread is in MHD_resume_connection: hence under the
 * lock. */
static void resume(struct connection *connection, bool gone)
{
	pthread_mutex_lock(&connection->lock);
	connection->gone = connection->gone || gone;
	if (connection->suspended) {
		MHD_resume_connection(connection->suspended);
		wake(connection->waker);
	}
	connection->suspended = NULL;
	pthread_mutex_unlock(&connection->lock);
}

void connection_resume(struct connection *connection)
{
	resume(connection, false);
}

void connection_leave(struct connection *connection)
{
	resume(connection, true);
}

void connections_release_all(struct connections *connections)
{
	pthread_mutex_lock(&connections->lock);
	for (size_t fd = 0; fd < connections->capacity; fd++) {
		if (connections->by_fd[fd])
			connection_leave(connections->by_fd[fd]);
	}
	pthread_mutex_unlock(&connections->lock);
}
