/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.h – what the process that faces the network asks of the privileged one, and what that
 * answers; as plain values, and as bytes. */
#ifndef SERVER_PRIVILEGED_REQUEST_H
#define SERVER_PRIVILEGED_REQUEST_H

#include "schema/buffer.h"
#include "server/hypervisor/adapter.h"

/* Requests are never longer, nor answers than ANSWER_MOST. */
#define REQUEST_MOST (1 << 20)
#define ANSWER_MOST (64 << 20)
/* As many items as an answer has at most where the asker says how many it takes. */
#define ITEMS_MOST 65536

/* Those of ops.def, and what else only root can do. */
enum request_op {
#define OP(name, ...) REQUEST_OP_##name,
#include "server/hypervisor/ops.def"
	REQUEST_OP_check_password, /* of the account `text`, by PAM; 1 or 0 */
	REQUEST_OP_run_tool,	   /* the row `number` of tools.def with `words` */
	REQUEST_OP_open_image,	   /* disk_image_open(text, number, other) */
	REQUEST_OPS
};

/* Which members of a request say the arguments of an op; they are sent in this order. */
enum request_part {
	REQUEST_UUID = 1 << 0,
	REQUEST_TEXT = 1 << 1,
	REQUEST_SECRET = 1 << 2,
	REQUEST_NUMBER = 1 << 3,
	REQUEST_OTHER = 1 << 4,
	REQUEST_FLAG = 1 << 5,
	REQUEST_RANGE = 1 << 6,
	REQUEST_SCHEDULING = 1 << 7,
	REQUEST_NIC = 1 << 8,
	REQUEST_DISK = 1 << 9,
	REQUEST_BRIDGE = 1 << 10,
	REQUEST_VLAN = 1 << 11,
	REQUEST_CONFIG = 1 << 12,
	REQUEST_TRAFFIC = 1 << 13,
	REQUEST_WORDS = 1 << 14,
	REQUEST_PCI = 1 << 15
};

struct word {
	const char *text;
};

struct request {
	enum request_op op;
	const char *uuid;
	const char *text;
	const char *secret;
	int64_t number;
	int64_t other;
	bool flag;
	const struct memory_range *range;
	const struct scheduling *scheduling;
	const struct nic_config *nic;
	const struct disk_config *disk;
	const struct host_bridge *bridge;
	const struct host_vlan *vlan;
	const struct domain_config *config;
	const struct device_traffic *traffic; /* which devices */
	size_t traffic_count;
	const struct word *words;
	size_t word_count;
	const struct pci_config *pci;
	struct request_memory *memory; /* of one that was read */
};

const char *request_op_name(enum request_op op);

/* A NULL text is sent as "". */
void request_write(const struct request *request, struct buffer *bytes);
/*
 * What stands in `bytes`, which must stay as long as the request does; to be cleared in any case.
 * Nothing of it is trusted: false with *ret_problem, which names the member, the value and what
 * would be accepted, when a text has no end, a number is out of its range, a list is too long, or
 * bytes are missing or left over.
 */
bool request_read(char *bytes, size_t length, struct request *ret_request, char **ret_problem);
void request_clear(struct request *request);

/* `items` is `count` times `size` bytes, a struct that holds no pointer. */
struct answer {
	int rc;
	struct hypervisor_error err; /* where rc is negative */
	int64_t number;
	void *items;
	size_t size;
	size_t count;
	char *texts[2];
};

/* The number of an answer before the last one: a tool is at work, and texts[0] is the end of what
 * it has said. */
#define TOOL_GOES_ON INT64_MIN

void answer_write(const struct answer *answer, struct buffer *bytes);
/* `size` is what items must have. False: these bytes are no answer to that. */
bool answer_read(const char *bytes, size_t length, size_t size, struct answer *ret_answer);
void answer_clear(struct answer *answer);

#endif
