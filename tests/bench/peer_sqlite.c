/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peer_sqlite.c – the limit of a durable change: SQLite with WAL and FULL, one thread that commits
 * what all clients have submitted, nothing else. Runs on a copy of the server's database. */
#include "schema/base.h"
#include "tests/bench/threads.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Digits enough for the column to be as long as the one that the server is told to write. */
#define LOWEST INT64_C(100000000000)

struct job {
	struct job *next;
	size_t object;
	uint64_t number;
	bool done;
	pthread_cond_t finished;
};

struct peer {
	sqlite3 *database;
	sqlite3_stmt *update;
	char (*refs)[64];
	size_t objects;
	struct job *jobs; /* one for each client */
	pthread_mutex_t lock;
	pthread_cond_t submitted;
	struct job *first;
	bool closing;
};

static void check(struct peer *peer, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
		give_up("SQLite: %s", sqlite3_errmsg(peer->database));
}

static void run_sql(struct peer *peer, const char *sql)
{
	check(peer, sqlite3_exec(peer->database, sql, NULL, NULL, NULL));
}

static void change(void *context, size_t client, uint64_t number)
{
	struct peer *peer = context;
	struct job *job = &peer->jobs[client];

	pthread_mutex_lock(&peer->lock);
	job->number = number;
	job->done = false;
	job->next = peer->first;
	peer->first = job;
	pthread_cond_signal(&peer->submitted);
	while (!job->done)
		pthread_cond_wait(&job->finished, &peer->lock);
	pthread_mutex_unlock(&peer->lock);
}

static struct job *take_jobs(struct peer *peer)
{
	struct job *jobs;

	pthread_mutex_lock(&peer->lock);
	while (!peer->first && !peer->closing)
		pthread_cond_wait(&peer->submitted, &peer->lock);
	jobs = peer->first;
	peer->first = NULL;
	pthread_mutex_unlock(&peer->lock);
	return jobs;
}

static void commit(struct peer *peer, const struct job *jobs)
{
	run_sql(peer, "BEGIN IMMEDIATE");
	for (const struct job *job = jobs; job; job = job->next) {
		sqlite3_bind_int64(peer->update, 1, LOWEST + (int64_t)job->number);
		sqlite3_bind_text(peer->update, 2, peer->refs[job->object], -1, SQLITE_STATIC);
		check(peer, sqlite3_step(peer->update));
		if (sqlite3_changes(peer->database) != 1)
			give_up("the update found no row");
		check(peer, sqlite3_reset(peer->update));
	}
	run_sql(peer, "COMMIT");
}

static void answer(struct peer *peer, struct job *jobs)
{
	pthread_mutex_lock(&peer->lock);
	while (jobs) {
		struct job *next = jobs->next;

		jobs->done = true;
		pthread_cond_signal(&jobs->finished);
		jobs = next;
	}
	pthread_mutex_unlock(&peer->lock);
}

static void *run_committer(void *argument)
{
	struct peer *peer = argument;
	struct job *jobs;

	while ((jobs = take_jobs(peer))) {
		commit(peer, jobs);
		answer(peer, jobs);
	}
	return NULL;
}

static void read_refs(struct peer *peer)
{
	sqlite3_stmt *select;
	size_t count = 0;

	peer->refs = allocate(peer->objects * sizeof(*peer->refs));
	check(peer,
	      sqlite3_prepare_v2(peer->database, "SELECT _ref FROM VM LIMIT ?", -1, &select, NULL));
	sqlite3_bind_int64(select, 1, (int64_t)peer->objects);
	while (count < peer->objects && sqlite3_step(select) == SQLITE_ROW)
		strncpy(peer->refs[count++], (const char *)sqlite3_column_text(select, 0),
			sizeof(*peer->refs) - 1);
	sqlite3_finalize(select);
	if (count < peer->objects)
		give_up("the database has only %zu VMs", count);
}

static void open_peer(struct peer *peer, const char *path, size_t clients)
{
	check(peer, sqlite3_open_v2(path, &peer->database, SQLITE_OPEN_READWRITE, NULL));
	run_sql(peer, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
	read_refs(peer);
	check(peer, sqlite3_prepare_v2(peer->database,
				       "UPDATE VM SET memory_dynamic_max = ? WHERE _ref = ?", -1,
				       &peer->update, NULL));
	pthread_mutex_init(&peer->lock, NULL);
	pthread_cond_init(&peer->submitted, NULL);
	peer->jobs = allocate(clients * sizeof(*peer->jobs));
	for (size_t i = 0; i < clients; i++) {
		peer->jobs[i].object = i % peer->objects;
		pthread_cond_init(&peer->jobs[i].finished, NULL);
	}
}

static void close_peer(struct peer *peer, pthread_t committer)
{
	pthread_mutex_lock(&peer->lock);
	peer->closing = true;
	pthread_cond_signal(&peer->submitted);
	pthread_mutex_unlock(&peer->lock);
	pthread_join(committer, NULL);
	sqlite3_finalize(peer->update);
}

/* What was changed last must be what is there. */
static void verify(struct peer *peer, uint64_t number)
{
	sqlite3_stmt *select;

	check(peer,
	      sqlite3_prepare_v2(peer->database, "SELECT memory_dynamic_max FROM VM WHERE _ref = ?",
				 -1, &select, NULL));
	sqlite3_bind_text(select, 1, peer->refs[0], -1, SQLITE_STATIC);
	check(peer, sqlite3_step(select));
	if (sqlite3_column_int64(select, 0) != LOWEST + (int64_t)number)
		give_up("the last change is not there");
	sqlite3_finalize(select);
}

int main(int argc, char **argv)
{
	struct peer peer = {0};
	struct threads threads = {.name = "sqlite", .change = change, .context = &peer};
	pthread_t committer;
	uint64_t last;

	if (argc != 5)
		give_up("Usage: peer_sqlite DATABASE CLIENTS OBJECTS SECONDS");
	threads.clients = number_of(argv[2]);
	threads.seconds = strtod(argv[4], NULL);
	peer.objects = number_of(argv[3]);
	open_peer(&peer, argv[1], threads.clients);
	if (pthread_create(&committer, NULL, run_committer, &peer))
		give_up("no thread that commits");
	last = threads_run(&threads);
	close_peer(&peer, committer);
	if (peer.objects == threads.clients)
		verify(&peer, last);
	check(&peer, sqlite3_close(peer.database));
	free(peer.jobs);
	free(peer.refs);
	return 0;
}
