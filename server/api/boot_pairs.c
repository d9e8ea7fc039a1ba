/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* boot_pairs.c – maps of a VM's record that its domain is built with. */
#include "server/api/boot_pairs.h"

#define DATA "vm-data/"
#define BIOS "bios-strings/"
/* xenstored takes more; hvmloader's buffers and clients of old do not. */
#define PATH_MOST 256
#define VALUE_MOST 1024

static bool is_data(const struct member *member)
{
	return strncmp(member->key->text, DATA, strlen(DATA)) == 0;
}

static bool is_any(const struct member *member)
{
	(void)member;
	return true;
}

/* Keys behind `prefix`; room for them is there. */
static void add_pairs(struct key_value *pairs, size_t *count, const struct value *map,
		      const char *prefix, bool (*wanted)(const struct member *member))
{
	for (uint32_t i = 0; i < map->length; i++) {
		const struct member *member = &map->members[i];

		if (wanted(member))
			pairs[(*count)++] =
				(struct key_value){text_format("%s%s", prefix, member->key->text),
						   member->value->text};
	}
}

struct key_value *boot_platform(const struct record *vm, size_t *ret_count)
{
	const struct value *platform = record_get(vm, VM_platform);
	struct key_value *pairs = allocate(platform->length * sizeof(*pairs));

	*ret_count = 0;
	add_pairs(pairs, ret_count, platform, "", is_any);
	return pairs;
}

struct key_value *boot_store(const struct record *vm, size_t *ret_count)
{
	const struct value *data = record_get(vm, VM_xenstore_data);
	const struct value *bios = record_get(vm, VM_bios_strings);
	struct key_value *pairs = allocate(((size_t)data->length + bios->length) * sizeof(*pairs));

	*ret_count = 0;
	add_pairs(pairs, ret_count, data, "", is_data);
	if (record_is(vm, VM_domain_type, "hvm"))
		add_pairs(pairs, ret_count, bios, BIOS, is_any);
	return pairs;
}

void boot_pairs_free(const struct key_value *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((char *)pairs[i].key);
	free((struct key_value *)pairs);
}

static bool is_path(const char *path)
{
	size_t length = strlen(path);
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-/_@";

	return length && length <= PATH_MOST && path[length - 1] != '/' && !strstr(path, "//") &&
	       path[strspn(path, characters)] == '\0';
}

int boot_check_store(const struct record *vm, struct error *err)
{
	size_t count;
	struct key_value *pairs = boot_store(vm, &count);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!is_path(pairs[i].key))
			rc = fail(err, ERROR_INVALID_VALUE,
				  "xenstore_data, bios_strings: keys that are paths of letters, "
				  "digits, - _ and @",
				  pairs[i].key);
		else if (strlen(pairs[i].value) > VALUE_MOST)
			rc = fail(err, ERROR_INVALID_VALUE,
				  "xenstore_data, bios_strings: values of at most 1024 bytes",
				  pairs[i].key);
	}
	boot_pairs_free(pairs, count);
	return rc;
}

/* As the first thing that is said of the VM's firmware: a guest's licence may hang on it. */
int run_VM_copy_bios_strings(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);
	const struct record *host = vm ? call_edit(call, CLASS_host, 1, err) : NULL;

	if (!host)
		return -1;
	if (record_get(vm, VM_bios_strings)->length)
		return fail(err, ERROR_VM_BIOS_STRINGS_ALREADY_SET, record_ref(vm));
	record_set(vm, VM_bios_strings, value_reference(record_get(host, host_bios_strings)));
	return 0;
}
