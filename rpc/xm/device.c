/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device.c – what the commands about devices of a VM share. */
#include "rpc/xm/device.h"

#include "rpc/xm/object.h"
#include "rpc/xm/terminal.h"
#include "schema/buffer.h"

static enum status fail_word(struct xm *xm, const struct device_word *table, const char *word)
{
	AUTO_TEXT shown = terminal_quoted(word);
	AUTO_BUFFER known = {0};

	for (size_t i = 0; table[i].word; i++)
		buffer_add_format(&known, "%s%s=", i ? ", " : "", table[i].word);
	return xm_misuse(xm, "%s is not understood; there is %s", shown, known.data);
}

static enum status take_word(struct xm *xm, const struct device_word *table, char *word,
			     char *wishes)
{
	char *equals = strchr(word, '=');
	const char *value = equals ? equals + 1 : NULL;

	for (size_t i = 0; equals && *value && table[i].word; i++) {
		if (strncmp(table[i].word, word, (size_t)(equals - word)) == 0 &&
		    !table[i].word[equals - word]) {
			memcpy(wishes + table[i].place, &value, sizeof(value));
			return STATUS_DONE;
		}
	}
	return fail_word(xm, table, word);
}

enum status device_read_words(struct xm *xm, struct device_words *words, void *ret_wishes)
{
	AUTO_BUFFER all = {0};
	enum status status = STATUS_DONE;
	char *rest = NULL;

	for (int i = 1; i < xm->count; i++)
		buffer_add_format(&all, "%s,", xm->arguments[i]);
	words->texts = text_copy(all.length ? all.data : "");
	for (char *word = strtok_r(words->texts, ",", &rest); word && status == STATUS_DONE;
	     word = strtok_r(NULL, ",", &rest))
		status = take_word(xm, words->table, word + strspn(word, " "), ret_wishes);
	return status;
}

void device_forget_words(struct device_words *words)
{
	free(words->texts);
	words->texts = NULL;
}

static int compare(const void *left, const void *right)
{
	const struct value *const *a = left, *const *b = right;

	return strverscmp(object_text(value_find(*a, "record"), "device"),
			  object_text(value_find(*b, "record"), "device"));
}

static bool read_device(struct xm *xm, const char *cls, const struct value *ref,
			struct value *devices)
{
	AUTO_TEXT method = text_format("%s.get_record", cls);
	struct value *record = ref->kind == VALUE_STRING ? xm_ask(xm, method, ref->text) : NULL;
	struct value *device;

	if (!record)
		return false;
	device = value_map();
	value_put(device, "ref", value_reference(ref));
	value_put(device, "record", record);
	value_append(devices, device);
	return true;
}

enum status device_read_all(struct xm *xm, const char *cls, struct value **ret_devices)
{
	AUTO_TEXT method = text_format("VM.get_%ss", cls);
	AUTO(value) devices = value_set();
	AUTO(value) refs = NULL;
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	refs = xm_ask(xm, method, xm->subject.ref->text);
	if (!refs)
		return xm_report(xm);
	for (uint32_t i = 0; refs->kind == VALUE_SET && i < refs->length; i++)
		if (!read_device(xm, cls, refs->items[i], devices))
			return xm_report(xm);
	if (devices->length)
		qsort(devices->items, devices->length, sizeof(*devices->items), compare);
	*ret_devices = TAKE(devices);
	return STATUS_DONE;
}

enum status device_choose(struct xm *xm, const char *method, const char *field, const char *wanted,
			  struct value *fields)
{
	AUTO(value) allowed = wanted ? NULL : xm_ask(xm, method, xm->subject.ref->text);

	if (wanted) {
		value_put(fields, field, value_string(wanted));
		return STATUS_DONE;
	}
	if (!allowed)
		return xm_report(xm);
	if (allowed->kind != VALUE_SET || !allowed->length)
		return xm_fail("no number is left for another device; name one");
	value_put(fields, field, value_reference(allowed->items[0]));
	return STATUS_DONE;
}

static bool change(struct xm *xm, const char *cls, const char *message, const struct value *ref)
{
	AUTO_TEXT method = text_format("%s.%s", cls, message);

	return xm_call(xm, method, parameters_of(value_reference(ref), (struct value *)NULL), NULL);
}

/* One that could not be plugged is not kept: the command did nothing then. */
static enum status plug(struct xm *xm, const char *cls, const struct value *ref)
{
	struct failure failure;

	if (change(xm, cls, "plug", ref))
		return STATUS_DONE;
	failure = xm->failure;
	xm->failure = (struct failure){0};
	change(xm, cls, "destroy", ref);
	failure_clear(&xm->failure);
	xm->failure = failure;
	return xm_report(xm);
}

enum status device_attach(struct xm *xm, const char *cls, const struct value *fields)
{
	AUTO_TEXT method = text_format("%s.create", cls);
	AUTO(value) record = value_map_with(fields, "VM", value_reference(xm->subject.ref));
	AUTO(value) state = xm_ask(xm, "VM.get_power_state", xm->subject.ref->text);
	AUTO(value) ref = NULL;

	if (!state || !xm_call(xm, method,
			       parameters_of(value_reference(record), (struct value *)NULL), &ref))
		return xm_report(xm);
	if (state->kind != VALUE_STRING ||
	    (strcmp(state->text, "Running") != 0 && strcmp(state->text, "Paused") != 0))
		return STATUS_DONE;
	return plug(xm, cls, ref);
}

enum status device_find(struct xm *xm, const char *cls, device_named_fn is_named,
			struct value **ret_device)
{
	AUTO(value) devices = NULL;
	AUTO_TEXT shown = terminal_quoted(xm->arguments[1]);
	enum status status = device_read_all(xm, cls, &devices);

	if (status != STATUS_DONE)
		return status;
	for (uint32_t i = 0; i < devices->length; i++) {
		if (is_named(value_find(devices->items[i], "record"), xm->arguments[1])) {
			*ret_device = value_reference(devices->items[i]);
			return STATUS_DONE;
		}
	}
	AUTO_TEXT name = vm_name(xm);

	return xm_fail("%s has no device %s", name, shown);
}

enum status device_detach(struct xm *xm, const char *cls, device_named_fn is_named)
{
	AUTO(value) device = NULL;
	enum status status = device_find(xm, cls, is_named, &device);
	const char *unplug = xm->options.force ? "unplug_force" : "unplug";

	if (status != STATUS_DONE)
		return status;
	if (object_flag(value_find(device, "record"), "currently_attached") &&
	    !change(xm, cls, unplug, value_find(device, "ref")))
		return xm_report(xm);
	if (!change(xm, cls, "destroy", value_find(device, "ref")))
		return xm_report(xm);
	return STATUS_DONE;
}
