/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_network.c – network-list, network-attach and network-detach. */
#include "rpc/xm/device.h"
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"
#include "schema/rate.h"

#include <strings.h>

/* xl's own, where none is named */
#define BRIDGE "xenbr0"

/* What may be said of a new interface, in the words of xl; each NULL when it is not. */
struct wishes {
	const char *bridge, *mac, *mtu, *devid, *rate;
};

static const struct device_word words[] = {
	{"bridge", offsetof(struct wishes, bridge)}, {"mac", offsetof(struct wishes, mac)},
	{"mtu", offsetof(struct wishes, mtu)},	     {"devid", offsetof(struct wishes, devid)},
	{"rate", offsetof(struct wishes, rate)},     {NULL, 0},
};

static void print_vif(struct xm *xm, const struct value *vif)
{
	const char *ref = object_text(vif, "network");
	AUTO(value) network = *ref ? xm_ask(xm, "network.get_record", ref) : NULL;

	terminal_print(stdout, object_text(vif, "device"), 3);
	putchar(' ');
	terminal_print(stdout, object_text(vif, "MAC"), 17);
	printf(" %5lld %-8s ", (long long)amount_of(vif, "MTU"),
	       object_flag(vif, "currently_attached") ? "yes" : "no");
	terminal_print(stdout, object_text(network, "bridge"), 15);
	putchar(' ');
	terminal_print(stdout, object_text(network, "name_label"), 0);
	putchar('\n');
}

enum status run_network_list(struct xm *xm)
{
	AUTO(value) vifs = NULL;
	enum status status = device_read_all(xm, "VIF", &vifs);

	if (status != STATUS_DONE)
		return status;
	printf("%-3s %-17s %5s %-8s %-15s %s\n", "Idx", "MAC", "MTU", "Attached", "Bridge",
	       "Network");
	for (uint32_t i = 0; i < vifs->length; i++)
		print_vif(xm, value_find(vifs->items[i], "record"));
	return STATUS_DONE;
}

static enum status add_rate(struct xm *xm, const char *rate, struct value *fields)
{
	AUTO_TEXT shown = terminal_quoted(rate);
	struct value *params;
	int64_t kib;

	if (!rate_read(rate, &kib))
		return xm_misuse(xm, "%s is no rate like 10Mb/s or 250KB/s", shown);
	params = value_map();
	value_put(params, "kbps", value_string_format("%lld", (long long)kib));
	value_put(fields, "qos_algorithm_type", value_string("ratelimit"));
	value_put(fields, "qos_algorithm_params", params);
	return STATUS_DONE;
}

/* The record of the VIF to make, but for VM and device. */
static enum status write_vif(struct xm *xm, const struct wishes *wishes, struct value *fields)
{
	static const char *const names[] = {"bridge", "name_label", "uuid", NULL};
	AUTO_OBJECT network = {0};
	enum status status = STATUS_DONE;

	if (wishes->rate)
		status = add_rate(xm, wishes->rate, fields);
	if (status == STATUS_DONE)
		status = object_find(xm, "network", names, wishes->bridge ? wishes->bridge : BRIDGE,
				     &network);
	if (status != STATUS_DONE)
		return status;
	value_put(fields, "network", value_reference(network.ref));
	value_put(fields, "MAC", value_string(wishes->mac ? wishes->mac : ""));
	if (wishes->mtu)
		value_put(fields, "MTU", value_string(wishes->mtu));
	return STATUS_DONE;
}

enum status run_network_attach(struct xm *xm)
{
	AUTO(value) fields = value_map();
	struct device_words said = {words};
	struct wishes wishes = {0};
	enum status status = device_read_words(xm, &said, &wishes);

	if (status == STATUS_DONE)
		status = vm_find(xm, xm->arguments[0]);
	if (status == STATUS_DONE)
		status = write_vif(xm, &wishes, fields);
	if (status == STATUS_DONE)
		status = device_choose(xm, "VM.get_allowed_VIF_devices", "device", wishes.devid,
				       fields);
	if (status == STATUS_DONE)
		status = device_attach(xm, "VIF", fields);
	device_forget_words(&said);
	return status;
}

static bool is_named(const struct value *vif, const char *argument)
{
	return strcmp(object_text(vif, "device"), argument) == 0 ||
	       strcasecmp(object_text(vif, "MAC"), argument) == 0;
}

enum status run_network_detach(struct xm *xm)
{
	return device_detach(xm, "VIF", is_named);
}
