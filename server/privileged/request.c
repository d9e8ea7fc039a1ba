/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.c – the layout of every struct that may stand in a request, and of an answer */
#include "server/privileged/request.h"

#include "server/privileged/layout.h"

#define NUMBER(type, member, low, high)                                                         \
	{                                                                                       \
		.name = #member, .kind = FIELD_NUMBER, .offset = offsetof(struct type, member), \
		.size = sizeof(((struct type *)NULL)->member), .lowest = low, .highest = high   \
	}
#define INT(type, member) NUMBER(type, member, INT32_MIN, INT32_MAX)
#define COUNT(type, member) NUMBER(type, member, 0, INT32_MAX)
#define INT64(type, member) NUMBER(type, member, INT64_MIN, INT64_MAX)
#define FLAG(type, member) NUMBER(type, member, 0, 1)
#define PLAIN(type, member, what)                                                       \
	{                                                                               \
		.name = #member, .kind = what, .offset = offsetof(struct type, member), \
		.size = sizeof(((struct type *)NULL)->member)                           \
	}
#define CHARS(type, member) PLAIN(type, member, FIELD_CHARS)
#define TEXT(type, member) PLAIN(type, member, FIELD_TEXT)
#define BYTES(type, member, count, most)                                                       \
	{                                                                                      \
		.name = #member, .kind = FIELD_BYTES, .offset = offsetof(struct type, member), \
		.size = sizeof(((struct type *)NULL)->member[0]), .highest = most,             \
		.count_offset = offsetof(struct type, count)                                   \
	}
#define LIST(type, member, count, most, of)                                                   \
	{                                                                                     \
		.name = #member, .kind = FIELD_LIST, .offset = offsetof(struct type, member), \
		.highest = most, .count_offset = offsetof(struct type, count),                \
		.layout = &of##_layout                                                        \
	}
#define ONE(type, member, of)                                                                \
	{                                                                                    \
		.name = #member, .kind = FIELD_ONE, .offset = offsetof(struct type, member), \
		.layout = &of##_layout                                                       \
	}
#define LAYOUT(type, ...)                                               \
	static const struct field type##_fields[] = {__VA_ARGS__, {0}}; \
	static const struct layout type##_layout = {sizeof(struct type), type##_fields}

LAYOUT(memory_range, INT64(memory_range, target), INT64(memory_range, dynamic_min),
       INT64(memory_range, dynamic_max));
LAYOUT(scheduling, INT(scheduling, weight), INT(scheduling, cap), TEXT(scheduling, mask));
LAYOUT(nic_config, COUNT(nic_config, device), INT(nic_config, mtu), CHARS(nic_config, mac),
       CHARS(nic_config, bridge), INT64(nic_config, rate_bytes),
       NUMBER(nic_config, lock, NIC_UNLOCKED, NIC_DISABLED),
       BYTES(nic_config, ipv4, ipv4_count, NIC_ADDRESSES_MOST),
       BYTES(nic_config, ipv6, ipv6_count, NIC_ADDRESSES_MOST));
LAYOUT(disk_config, COUNT(disk_config, device), TEXT(disk_config, path), TEXT(disk_config, format),
       FLAG(disk_config, read_only), FLAG(disk_config, is_cd));
LAYOUT(pci_config, NUMBER(pci_config, domain, 0, 0xffff), NUMBER(pci_config, bus, 0, 0xff),
       NUMBER(pci_config, slot, 0, 0x1f), NUMBER(pci_config, function, 0, 7),
       NUMBER(pci_config, guest_slot, 0, 0x1f));
LAYOUT(host_bridge, CHARS(host_bridge, name), INT(host_bridge, mtu));
LAYOUT(host_vlan, CHARS(host_vlan, name), CHARS(host_vlan, parent), NUMBER(host_vlan, tag, 1, 4094),
       CHARS(host_vlan, bridge), INT(host_vlan, mtu));
LAYOUT(key_value, TEXT(key_value, key), TEXT(key_value, value));
LAYOUT(device_traffic, INT(device_traffic, device));
LAYOUT(word, TEXT(word, text));
#define RANGE(type, member) \
	INT64(type, member.target), INT64(type, member.dynamic_min), INT64(type, member.dynamic_max)
LAYOUT(domain_config, TEXT(domain_config, uuid), TEXT(domain_config, name),
       NUMBER(domain_config, type, GUEST_PV, GUEST_HVM), RANGE(domain_config, memory),
       INT64(domain_config, memory_maximum), INT64(domain_config, memory_overhead),
       PLAIN(domain_config, shadow_multiplier, FIELD_DOUBLE), INT(domain_config, vcpus),
       INT(domain_config, vcpus_max), INT(domain_config, scheduling.weight),
       INT(domain_config, scheduling.cap), TEXT(domain_config, scheduling.mask),
       TEXT(domain_config, kernel), TEXT(domain_config, ramdisk), TEXT(domain_config, arguments),
       TEXT(domain_config, bootloader), TEXT(domain_config, bootloader_arguments),
       TEXT(domain_config, boot_order),
       LIST(domain_config, platform, platform_count, 1024, key_value),
       LIST(domain_config, store, store_count, 1024, key_value),
       LIST(domain_config, nics, nic_count, 256, nic_config),
       LIST(domain_config, disks, disk_count, 1024, disk_config),
       LIST(domain_config, pcis, pci_count, 256, pci_config));

/* In the order of enum request_part. */
static const struct field parts[] = {
	TEXT(request, uuid),
	TEXT(request, text),
	TEXT(request, secret),
	INT64(request, number),
	INT64(request, other),
	FLAG(request, flag),
	ONE(request, range, memory_range),
	ONE(request, scheduling, scheduling),
	ONE(request, nic, nic_config),
	ONE(request, disk, disk_config),
	ONE(request, bridge, host_bridge),
	ONE(request, vlan, host_vlan),
	ONE(request, config, domain_config),
	LIST(request, traffic, traffic_count, 1024, device_traffic),
	LIST(request, words, word_count, 64, word),
	ONE(request, pci, pci_config),
};

#define UUID REQUEST_UUID
#undef TEXT
#define TEXT REQUEST_TEXT
#undef NUMBER
#define NUMBER REQUEST_NUMBER
#define OTHER REQUEST_OTHER
#undef FLAG
#define FLAG REQUEST_FLAG
#undef RANGE
#define RANGE REQUEST_RANGE
#define SCHEDULING REQUEST_SCHEDULING
#define NIC REQUEST_NIC
#define DISK REQUEST_DISK
#define BRIDGE REQUEST_BRIDGE
#define VLAN REQUEST_VLAN
#define CONFIG REQUEST_CONFIG
#define TRAFFIC REQUEST_TRAFFIC
#define PCI REQUEST_PCI
static const struct {
	const char *name;
	unsigned parts;
} ops[] = {
#define OP(name, changes, acts, its_parts) {#name, its_parts},
#include "server/hypervisor/ops.def"
	{"check_password", REQUEST_TEXT | REQUEST_SECRET},
	{"run_tool", REQUEST_NUMBER | REQUEST_WORDS},
	{"open_image", REQUEST_TEXT | REQUEST_NUMBER | REQUEST_OTHER},
};

_Static_assert(ARRAY_SIZE(ops) == REQUEST_OPS, "one row for each op");

const char *request_op_name(enum request_op op)
{
	return ops[op].name;
}

void request_write(const struct request *request, struct buffer *bytes)
{
	int32_t op = request->op;

	buffer_add(bytes, &op, sizeof(op));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (ops[op].parts & 1u << i)
			field_write(&parts[i], request, bytes);
}

static bool read_parts(struct reader *reader, struct request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (ops[request->op].parts & 1u << i && !field_read(&parts[i], reader, request))
			return false;
	if (reader->at == reader->end)
		return true;
	reader->problem = text_format("%s: %td bytes are left over", ops[request->op].name,
				      reader->end - reader->at);
	return false;
}

bool request_read(char *bytes, size_t length, struct request *ret_request, char **ret_problem)
{
	struct reader reader = {.end = bytes + length};
	int32_t op = -1;
	bool fine;

	*ret_request = (struct request){0};
	memcpy(&op, bytes, length < sizeof(op) ? 0 : sizeof(op));
	if (op < 0 || op >= REQUEST_OPS) {
		*ret_problem = text_format("there is no op %d, only 0 to %d", op, REQUEST_OPS - 1);
		return false;
	}
	ret_request->op = (enum request_op)op;
	reader.at = bytes + sizeof(op);
	fine = read_parts(&reader, ret_request);
	ret_request->memory = reader.memory;
	*ret_problem = reader.problem;
	return fine;
}

void request_clear(struct request *request)
{
	request_memory_free(request->memory);
	*request = (struct request){0};
}

/* What an answer has beside its items and texts. */
struct answer_head {
	int rc;
	enum hypervisor_error_kind kind;
	int64_t needed;
	int64_t available;
	int64_t number;
	size_t size;
	size_t count;
	size_t lengths[2]; /* of the texts, with their NUL; 0: NULL */
	char text[sizeof(((struct hypervisor_error *)NULL)->text)];
};

void answer_write(const struct answer *answer, struct buffer *bytes)
{
	struct answer_head head = {answer->rc,
				   answer->err.kind,
				   answer->err.needed,
				   answer->err.available,
				   answer->number,
				   answer->size,
				   answer->count,
				   {0},
				   ""};

	if (answer->rc < 0)
		memcpy(head.text, answer->err.text, sizeof(head.text));
	for (size_t i = 0; i < ARRAY_SIZE(head.lengths); i++)
		head.lengths[i] = answer->texts[i] ? strlen(answer->texts[i]) + 1 : 0;
	buffer_add(bytes, &head, sizeof(head));
	buffer_add(bytes, answer->items, answer->size * answer->count);
	for (size_t i = 0; i < ARRAY_SIZE(head.lengths); i++)
		buffer_add(bytes, answer->texts[i], head.lengths[i]);
}

static char *read_answer_text(const char *bytes, size_t length)
{
	char *text = length ? allocate(length) : NULL;

	if (text)
		memcpy(text, bytes, length - 1);
	return text;
}

bool answer_read(const char *bytes, size_t length, size_t size, struct answer *ret_answer)
{
	struct answer_head head;
	const char *at = bytes + sizeof(head);
	size_t rest = length - sizeof(head);

	*ret_answer = (struct answer){0};
	if (length < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	if ((head.count && head.size != size) || (size && head.count > rest / size) ||
	    head.lengths[0] > rest || head.lengths[1] > rest ||
	    head.count * size + head.lengths[0] + head.lengths[1] != rest)
		return false;
	ret_answer->rc = head.rc;
	ret_answer->err = (struct hypervisor_error){
		.kind = head.kind, .needed = head.needed, .available = head.available};
	memcpy(ret_answer->err.text, head.text, sizeof(head.text) - 1);
	ret_answer->number = head.number;
	ret_answer->size = size;
	ret_answer->count = head.count;
	ret_answer->items = allocate(head.count * size + 1);
	memcpy(ret_answer->items, at, head.count * size);
	at += head.count * size;
	ret_answer->texts[0] = read_answer_text(at, head.lengths[0]);
	ret_answer->texts[1] = read_answer_text(at + head.lengths[0], head.lengths[1]);
	return true;
}

void answer_clear(struct answer *answer)
{
	free(answer->items);
	free(answer->texts[0]);
	free(answer->texts[1]);
	*answer = (struct answer){0};
}
