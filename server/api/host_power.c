/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_power.c – the host is shut down, started anew or named, by commands that the administrator
 * has configured. */
#include "server/api/private.h"

#include "schema/log.h"
#include "server/api/child.h"
#include "server/api/dry_run.h"
#include "server/api/vm.h"

#include <ctype.h>
#include <errno.h>

#define WORDS_MOST 32
#define TIMEOUT_MS 60000
#define NAME_LENGTH_MAX 64

static int fail_command(struct error *err, const char *command, int status, const char *complaint)
{
	AUTO_TEXT text = status < 0 ?
				 text_format("%s: %s", command, strerror(errno)) :
				 text_format("%s: exit status %d: %s", command, status, complaint);

	return fail(err, ERROR_INTERNAL_ERROR, text);
}

/* The words of the command, which is written to, and then `last` if it is not NULL. */
static void split(char *command, const char *last, const char *words[WORDS_MOST + 2])
{
	char *at;
	int count = 0;

	for (char *word = strtok_r(command, " ", &at); word && count < WORDS_MOST;
	     word = strtok_r(NULL, " ", &at))
		words[count++] = word;
	words[count++] = last;
	words[count] = NULL;
}

static int run_command(const char *key, const char *command, const char *last, struct error *err)
{
	AUTO_TEXT copy = text_copy(command ? command : "");
	AUTO_CHILD_OUTPUT output = {0};
	const char *words[WORDS_MOST + 2];
	int status;

	split(copy, last, words);
	if (!words[0] || words[0] == last) {
		AUTO_TEXT reason = text_format("the key %s of the configuration is empty", key);

		return fail(err, ERROR_OPERATION_NOT_ALLOWED, reason);
	}
	if (dry_run_is_on())
		return 0;
	log_info("running %s %s", command, last ? last : "");
	status = child_run(words, TIMEOUT_MS, &output);
	return status == 0 ? 0 : fail_command(err, command, status, output.complaint);
}

/* A VM with a domain, whoever has made it, or with something under way; NULL: there is none. To be
 * released. */
static struct record *find_in_use(struct api *api)
{
	struct record *found = NULL;
	size_t count;
	struct record **vms = store_list(api->store, CLASS_VM, &count);

	for (size_t i = 0; i < count && !found; i++)
		if (!record_bool(vms[i], VM_is_control_domain) &&
		    (vm_is_live(vms[i]) || record_get(vms[i], VM_current_operations)->length))
			found = record_reference(vms[i]);
	store_free_list(vms, count);
	return found;
}

/* Nothing begins on a host that is disabled, so what is not there now does not come. */
static int check_unused(struct call *call, struct error *err)
{
	AUTO(record) host = store_read(call->api->store, CLASS_host, record_ref(call->self));
	AUTO(record) vm = NULL;

	if (!host || record_bool(host, host_enabled))
		return fail(err, ERROR_HOST_NOT_DISABLED);
	vm = find_in_use(call->api);
	if (vm)
		return fail(err, ERROR_HOST_IN_USE, record_ref(host), "VM", record_ref(vm));
	return 0;
}

int run_host_shutdown(struct call *call, struct error *err)
{
	if (check_unused(call, err) < 0)
		return -1;
	return run_command("shutdown-command", call->api->options.shutdown_command, NULL, err);
}

int run_host_reboot(struct call *call, struct error *err)
{
	if (check_unused(call, err) < 0)
		return -1;
	return run_command("reboot-command", call->api->options.reboot_command, NULL, err);
}

/* As gethostname(2) has it: labels of letters, digits and hyphens. */
static bool is_hostname(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_LENGTH_MAX || name[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		bool begins = i == 0 || name[i - 1] == '.';
		bool ends = i + 1 == length || name[i + 1] == '.';

		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && (begins || (name[i] != '.' && (ends || name[i] != '-')))))
			return false;
	}
	return true;
}

struct naming {
	const char *ref;
	const char *name;
};

static int note_name(struct transaction *transaction, void *argument, struct error *err)
{
	const struct naming *naming = argument;
	struct record *host = transaction_edit(transaction, CLASS_host, naming->ref);

	if (!host)
		return fail(err, ERROR_HANDLE_INVALID, "host", naming->ref);
	record_set_text(host, host_hostname, naming->name);
	return 0;
}

int run_host_set_hostname_live(struct call *call, struct error *err)
{
	struct naming naming = {record_ref(call->self), argument_text(call, 1)};

	if (!is_hostname(naming.name))
		return fail(err, ERROR_INVALID_VALUE,
			    "hostname: letters, digits, hyphens and dots, 1 to 64", naming.name);
	if (run_command("hostname-command", call->api->options.hostname_command, naming.name, err) <
	    0)
		return -1;
	return store_mutate(call->api->store, note_name, &naming, err);
}
