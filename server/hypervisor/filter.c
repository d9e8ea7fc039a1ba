/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter.c – what guests' interfaces may send and receive, through libnftables */
#include "server/hypervisor/filter.h"

#include "schema/buffer.h"
#include "server/hypervisor/adapter.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <nftables/libnftables.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define TABLE "bridge xenapid"

/* Each interface has a chain of its name, to which the maps lead. */
static const char base[] =
	"add table " TABLE "\n"
	"add map " TABLE " senders { type ifname : verdict; }\n"
	"add map " TABLE " receivers { type ifname : verdict; }\n"
	"add chain " TABLE " prerouting { type filter hook prerouting priority -300; }\n"
	"add chain " TABLE " postrouting { type filter hook postrouting priority 300; }\n"
	"flush chain " TABLE " prerouting\n"
	"flush chain " TABLE " postrouting\n"
	"add rule " TABLE " prerouting iifname vmap @senders\n"
	"add rule " TABLE " postrouting oifname vmap @receivers\n";

/* libnftables' parser is not for several threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Whether there may be rules; where there are none the kernel is not asked again and again. */
static atomic_bool used = true;
static atomic_flag looked = ATOMIC_FLAG_INIT;

/* Adds what it says to `answer`; −1 with its reason instead. */
static int run(const char *commands, bool json, struct buffer *answer)
{
	struct nft_ctx *nft;
	int rc;

	pthread_mutex_lock(&lock);
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	if (json)
		nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON);
	rc = nft_run_cmd_from_buffer(nft, commands);
	buffer_add_text(answer,
			rc ? nft_ctx_get_error_buffer(nft) : nft_ctx_get_output_buffer(nft));
	nft_ctx_free(nft);
	pthread_mutex_unlock(&lock);
	return rc ? -1 : 0;
}

/* Whatever there is of it: what is added first can be deleted. */
static void add_removal(struct buffer *commands, const char *interface)
{
	buffer_add_format(commands,
			  "add chain " TABLE " %s\n"
			  "add element " TABLE " senders { \"%s\" : jump %s }\n"
			  "delete element " TABLE " senders { \"%s\" }\n"
			  "add element " TABLE " receivers { \"%s\" : drop }\n"
			  "delete element " TABLE " receivers { \"%s\" }\n"
			  "flush chain " TABLE " %s\n",
			  interface, interface, interface, interface, interface, interface,
			  interface);
}

/* "{ 192.0.2.1, 192.0.2.2 }" */
static void add_addresses(struct buffer *commands, int family, const void *addresses, size_t size,
			  size_t count)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < count; i++) {
		inet_ntop(family, (const char *)addresses + i * size, text, sizeof(text));
		buffer_add_format(commands, "%s%s", i ? ", " : "{ ", text);
	}
	buffer_add_text(commands, " }");
}

static void add_rule(struct buffer *commands, const char *interface, const char *rule)
{
	buffer_add_format(commands, "add rule " TABLE " %s %s\n", interface, rule);
}

static void add_ipv4_rule(struct buffer *commands, const char *interface, const char *match,
			  const struct nic_config *nic)
{
	buffer_add_format(commands, "add rule " TABLE " %s %s ", interface, match);
	add_addresses(commands, AF_INET, nic->ipv4, sizeof(nic->ipv4[0]), nic->ipv4_count);
	buffer_add_text(commands, " accept\n");
}

static void add_ipv6_rule(struct buffer *commands, const char *interface,
			  const struct nic_config *nic)
{
	buffer_add_format(commands, "add rule " TABLE " %s ether type ip6 ip6 saddr ", interface);
	add_addresses(commands, AF_INET6, nic->ipv6, sizeof(nic->ipv6[0]), nic->ipv6_count);
	buffer_add_text(commands, " accept\n");
}

/* It may say of its addresses only that they are here. A raw match wants numbers. */
static void add_advertisement_rule(struct buffer *commands, const char *interface,
				   const struct nic_config *nic)
{
	buffer_add_format(
		commands,
		"add rule " TABLE " %s icmpv6 type nd-neighbor-advert @th,64,128 != ", interface);
	for (size_t i = 0; i < nic->ipv6_count; i++) {
		buffer_add_text(commands, i ? ", 0x" : "{ 0x");
		for (size_t byte = 0; byte < sizeof(nic->ipv6[i]); byte++)
			buffer_add_format(commands, "%02x", nic->ipv6[i].s6_addr[byte]);
	}
	buffer_add_text(commands, " } drop\n");
}

/* Its MAC and its addresses only, in ARP and neighbour discovery, too; and the question for an
 * address, which has none yet. What a router or a DHCP server says is not a guest's. */
static void add_locked(struct buffer *commands, const char *interface, const struct nic_config *nic)
{
	AUTO_TEXT others = text_format("ether saddr != %s drop", nic->mac);
	AUTO_TEXT spoofed = text_format("ether type arp arp saddr ether != %s drop", nic->mac);

	add_rule(commands, interface, others);
	add_rule(commands, interface, spoofed);
	if (nic->ipv4_count) {
		add_rule(commands, interface, "udp sport 67 drop");
		add_ipv4_rule(commands, interface, "ether type arp arp saddr ip", nic);
		add_ipv4_rule(commands, interface, "ether type ip ip saddr", nic);
		add_rule(commands, interface,
			 "ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept");
	}
	if (nic->ipv6_count) {
		add_rule(commands, interface, "icmpv6 type { nd-router-advert, nd-redirect } drop");
		add_advertisement_rule(commands, interface, nic);
		add_ipv6_rule(commands, interface, nic);
		add_rule(commands, interface,
			 "ether type ip6 ip6 saddr :: icmpv6 type nd-neighbor-solicit accept");
	}
	add_rule(commands, interface, "drop");
}

static void add_rules(struct buffer *commands, const char *interface, const struct nic_config *nic)
{
	if (nic->lock == NIC_LOCKED)
		add_locked(commands, interface, nic);
	else
		add_rule(commands, interface, "drop");
	buffer_add_format(commands, "add element " TABLE " senders { \"%s\" : jump %s }\n",
			  interface, interface);
	if (nic->lock == NIC_DISABLED)
		buffer_add_format(commands, "add element " TABLE " receivers { \"%s\" : drop }\n",
				  interface);
}

int filter_set(const char *interface, const struct nic_config *nic, struct hypervisor_error *err)
{
	AUTO_BUFFER commands = {0};
	AUTO_BUFFER answer = {0};

	if (nic->lock == NIC_UNLOCKED && !used)
		return 0;
	used = true;
	buffer_add_text(&commands, base);
	add_removal(&commands, interface);
	if (nic->lock == NIC_UNLOCKED)
		buffer_add_format(&commands, "delete chain " TABLE " %s\n", interface);
	else
		add_rules(&commands, interface, nic);
	if (run(commands.data, false, &answer) == 0)
		return 0;
	return hypervisor_fail(err, HYPERVISOR_FAILED, "packets of %s cannot be filtered: %.*s",
			       interface, (int)strcspn(answer.data, "\n"), answer.data);
}

/* The chains are the answer's objects {"chain": {"name": "vif1.0", …}}. */
static const char *chain_of(const json_t *object)
{
	return json_string_value(json_object_get(json_object_get(object, "chain"), "name"));
}

/* Whether there were rules of any interface. */
static bool forget_gone(const json_t *objects, filter_gone_fn is_gone, void *argument)
{
	static const struct nic_config unlocked = {.lock = NIC_UNLOCKED};
	struct hypervisor_error ignored;
	bool found = false;

	for (size_t i = 0; i < json_array_size(objects); i++) {
		const char *name = chain_of(json_array_get(objects, i));
		uint32_t domid;

		if (!name || sscanf(name, "vif%u.", &domid) != 1)
			continue;
		found = true;
		if (is_gone(domid, argument))
			filter_set(name, &unlocked, &ignored);
	}
	return found;
}

void filter_forget(filter_gone_fn is_gone, void *argument)
{
	AUTO_BUFFER answer = {0};
	json_t *list = NULL;
	bool found;

	if (!used)
		return;
	if (run("list table " TABLE "\n", true, &answer) == 0)
		list = json_loads(answer.data, 0, NULL);
	found = forget_gone(json_object_get(list, "nftables"), is_gone, argument);
	json_decref(list);
	/* the first time: what an earlier daemon has left */
	if (!atomic_flag_test_and_set(&looked) && !found)
		used = false;
}
