/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peer_libvirt.c – a client of a private libvirtd: defines inactive domains, counts them, changes
 * their persistent configuration. The library is opened when it runs: nothing else needs it. */
#include "schema/base.h"
#include "tests/bench/threads.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AFFECT_CONFIG 2U
#define LOWEST_KIB 97656250UL

/* As <libvirt/libvirt.h> declares them, but for the types of its objects. */
#define FUNCTIONS(X)                                                                       \
	X(void *, virConnectOpen, (const char *uri))                                       \
	X(int, virConnectClose, (void *connection))                                        \
	X(int, virConnectNumOfDefinedDomains, (void *connection))                          \
	X(void *, virDomainDefineXML, (void *connection, const char *xml))                 \
	X(void *, virDomainLookupByName, (void *connection, const char *name))             \
	X(int, virDomainSetMemoryFlags, (void *domain, unsigned long kib, unsigned flags)) \
	X(int, virDomainSetVcpusFlags, (void *domain, unsigned count, unsigned flags))     \
	X(int, virDomainFree, (void *domain))                                              \
	X(const char *, virGetLastErrorMessage, (void))

#define DECLARE(result, name, arguments) static result(*name) arguments;
FUNCTIONS(DECLARE)

static void load_library(void)
{
	void *library = dlopen("libvirt.so.0", RTLD_NOW);

	if (!library)
		give_up("%s", dlerror());
#define LOAD(result, name, arguments) *(void **)&(name) = dlsym(library, #name);
	FUNCTIONS(LOAD)
}

struct client {
	void *connection;
	void *domain;
};

static void *need(void *object)
{
	if (!object)
		give_up("libvirt: %s", virGetLastErrorMessage());
	return object;
}

static void change_memory(void *context, size_t client, uint64_t number)
{
	struct client *clients = context;

	if (virDomainSetMemoryFlags(clients[client].domain, LOWEST_KIB + number, AFFECT_CONFIG) < 0)
		give_up("libvirt: %s", virGetLastErrorMessage());
}

static void change_vcpus(void *context, size_t client, uint64_t number)
{
	struct client *clients = context;

	if (virDomainSetVcpusFlags(clients[client].domain, 1 + (unsigned)(number % 9),
				   AFFECT_CONFIG) < 0)
		give_up("libvirt: %s", virGetLastErrorMessage());
}

/* Client i is the one that defines every i-th domain, or changes domain i % objects. */
static struct client *connect_clients(const char *uri, size_t count, size_t objects)
{
	struct client *clients = allocate(count * sizeof(*clients));

	for (size_t i = 0; i < count; i++) {
		char name[32];

		clients[i].connection = need(virConnectOpen(uri));
		if (objects == 0)
			continue;
		snprintf(name, sizeof(name), "vm-%zu", i % objects);
		clients[i].domain = need(virDomainLookupByName(clients[i].connection, name));
	}
	return clients;
}

static void close_clients(struct client *clients, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (clients[i].domain)
			virDomainFree(clients[i].domain);
		virConnectClose(clients[i].connection);
	}
	free(clients);
}

static void define(void *connection, size_t number)
{
	char xml[512];

	snprintf(xml, sizeof(xml),
		 "<domain type='qemu'><name>vm-%zu</name><memory unit='GiB'>1024</memory>"
		 "<vcpu current='1'>16</vcpu><os><type arch='x86_64'>hvm</type></os></domain>",
		 number);
	virDomainFree(need(virDomainDefineXML(connection, xml)));
}

static void run_define(const char *uri, size_t count)
{
	struct client *client = connect_clients(uri, 1, 0);

	for (size_t i = 0; i < count; i++)
		define(client->connection, i);
	close_clients(client, 1);
}

static void run_count(const char *uri)
{
	struct client *client = connect_clients(uri, 1, 0);

	printf("%d\n", virConnectNumOfDefinedDomains(client->connection));
	close_clients(client, 1);
}

static void run_changes(const char *uri, char **arguments)
{
	struct threads threads = {.name = arguments[0], .clients = number_of(arguments[1])};

	threads.seconds = strtod(arguments[3], NULL);
	threads.change = strcmp(arguments[0], "memory") == 0 ? change_memory : change_vcpus;
	threads.context = connect_clients(uri, threads.clients, number_of(arguments[2]));
	threads_run(&threads);
	close_clients(threads.context, threads.clients);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		give_up("Usage: peer_libvirt URI count | define N | memory|vcpus CLIENTS OBJECTS SECONDS");
	load_library();
	if (strcmp(argv[2], "count") == 0)
		run_count(argv[1]);
	else if (argc == 4 && strcmp(argv[2], "define") == 0)
		run_define(argv[1], number_of(argv[3]));
	else if (argc == 6)
		run_changes(argv[1], argv + 2);
	return 0;
}
