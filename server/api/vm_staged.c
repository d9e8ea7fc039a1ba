/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_staged.c – what is kept for the next start of a VM that has a domain, or is Suspended. */
#include "server/api/vm_staged.h"

#include "schema/explain.h"
#include "schema/log.h"
#include "schema/text.h"
#include "server/api/vm.h"
#include "server/api/vm_running.h"

static const char *name_of(int field)
{
	return schema_classes[CLASS_VM]->fields[field].name;
}

/* NULL: nothing of the field is staged. */
static const char *staged_text(const struct record *vm, int field)
{
	const struct value *entry = value_find(record_get(vm, VM_staged), name_of(field));

	return entry ? value_find_text(entry, "value") : NULL;
}

bool vm_is_staged(const struct record *vm, int field)
{
	return staged_text(vm, field);
}

static void overlay_staged(struct record *vm)
{
	AUTO(value) texts = value_map();

	for (int i = 0; i < vm->cls->field_count; i++) {
		const char *text = staged_text(vm, i);

		if (text)
			value_put(texts, name_of(i), value_string(text));
	}
	vm_overlay(vm, texts);
	record_set(vm, VM_staged, value_map());
}

void vm_apply_staged(struct record *vm)
{
	if (record_get(vm, VM_staged)->length)
		overlay_staged(vm);
}

struct record *vm_next(const struct record *vm)
{
	struct record *next = record_copy(vm);

	overlay_staged(next);
	record_set_text(next, VM_power_state, "Halted");
	record_set(next, VM_current_operations, value_map());
	return next;
}

static bool can_be_staged(int field)
{
	enum running_kind kind = vm_running_of(field)->kind;

	return kind == RUNNING_LIVE || kind == RUNNING_STAGED;
}

static struct value *entry_of(const struct record *vm, int field, const char *text, const char *by)
{
	const struct value *known = value_find(record_get(vm, VM_staged), name_of(field));
	const char *before = staged_text(vm, field);
	AUTO(value) since = value_datetime_of((time_t)now_seconds());
	struct value *entry;

	if (before && strcmp(before, text) == 0)
		return value_reference(known);
	entry = value_map();
	value_put(entry, "value", value_string(text));
	value_put(entry, "since", value_string(since->text));
	value_put(entry, "by", value_string(by));
	return entry;
}

void vm_stage(struct record *vm, const struct record *next, const char *by)
{
	struct value *staged = value_map();

	for (int i = 0; i < vm->cls->field_count; i++) {
		AUTO_TEXT text = NULL;

		if (!can_be_staged(i) || value_equal(record_get(vm, i), record_get(next, i)))
			continue;
		text = value_to_text(record_get(next, i));
		value_put(staged, name_of(i), entry_of(vm, i, text, by));
	}
	record_set(vm, VM_staged, staged);
}

bool vm_was_staged(const struct record *old, const struct record *vm, int field)
{
	const char *waited = staged_text(old, field);
	AUTO_TEXT text = value_to_text(record_get(vm, field));

	return waited && strcmp(waited, text) == 0 && !staged_text(vm, field);
}

/* Whoever set it later meant that. */
static void drop_superseded(const struct record *old, struct record *vm)
{
	const struct value *staged = record_get(old, VM_staged);

	for (uint32_t i = 0; i < staged->length; i++) {
		const char *name = staged->members[i].key->text;
		const struct field_info *info = schema_field(vm->cls, name);
		int field = info ? (int)(info - vm->cls->fields) : -1;

		if (field < 0 || value_equal(record_get(old, field), record_get(vm, field)))
			continue;
		record_set(vm, VM_staged, value_map_without(record_get(vm, VM_staged), name));
		if (field == VM_memory_target) {
			AUTO(record) next = vm_next(vm);

			vm_follow_bounds(next, VM_memory_static_max);
			vm_stage(vm, next, "");
		}
	}
}

static bool concerns_next(const struct record *old, const struct record *vm)
{
	for (int i = 0; i < vm->cls->field_count; i++)
		if ((can_be_staged(i) || i == VM_staged) &&
		    !value_equal(record_get(old, i), record_get(vm, i)))
			return true;
	return false;
}

static int refuse(const struct record *vm, const struct error *problem, struct error *err)
{
	const struct value *staged = record_get(vm, VM_staged);
	AUTO_TEXT words = explain_inside(problem);
	AUTO_BUFFER text = {0};

	for (uint32_t i = 0; i < staged->length; i++)
		buffer_add_format(&text, "%s%s %s", i ? ", " : "", staged->members[i].key->text,
				  value_find_text(staged->members[i].value, "value"));
	buffer_add_format(&text,
			  " waits for the next start of the VM, which could not be then: %s; "
			  "VM.drop_pending (xm pending --drop) takes it back",
			  words);
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, text.data);
}

int vm_check_staged(struct api *api, const struct record *old, struct record *vm, struct error *err)
{
	AUTO_ERROR problem = {0};

	if (!old || !record_get(old, VM_staged)->length || !record_get(vm, VM_staged)->length ||
	    !concerns_next(old, vm))
		return 0;
	drop_superseded(old, vm);
	AUTO(record) next = vm_next(vm);
	AUTO(record) base = record_copy(vm);

	record_set_text(base, VM_power_state, "Halted");
	record_set(base, VM_current_operations, value_map());
	record_set(base, VM_staged, value_map());
	return vm_check(api, base, next, &problem) < 0 ? refuse(vm, &problem, err) : 0;
}

/* What the domain has of the field, as text; NULL: what the record says. */
static const char *running_text(const struct record *vm, int field)
{
	const char *told = value_find_text(record_get(vm, VM_told), name_of(field));

	/* a Suspended VM gets its name anew when it goes on */
	if (told || vm_running_of(field)->kind != RUNNING_START || field == VM_name_label)
		return told;
	return value_find_text(record_get(vm, VM_boot_record), name_of(field));
}

static struct value *typed(const struct record *vm, int field, const char *text)
{
	struct value *value;

	if (text && !text_to_value(vm->cls->fields[field].type, text, &value))
		return value;
	return value_reference(record_get(vm, field));
}

static void add_pending(struct value *pending, const struct record *vm, int field)
{
	const struct value *staged = value_find(record_get(vm, VM_staged), name_of(field));
	AUTO(value) running = typed(vm, field, running_text(vm, field));
	AUTO(value) next = typed(vm, field, staged_text(vm, field));
	struct value *entry;

	if (value_equal(running, next))
		return;
	entry = value_map();
	value_put(entry, "running", TAKE(running));
	value_put(entry, "next", TAKE(next));
	value_put(entry, "reason", value_string(vm_running_of(field)->reason));
	if (staged) {
		value_put(entry, "since", value_datetime(value_find_text(staged, "since")));
		value_put(entry, "by", value_reference(value_find(staged, "by")));
	}
	value_put(pending, name_of(field), entry);
}

struct value *vm_pending(const struct record *vm)
{
	struct value *pending = value_map();

	if (record_is(vm, VM_power_state, "Halted") || record_bool(vm, VM_is_control_domain) ||
	    record_bool(vm, VM_is_a_snapshot))
		return pending;
	for (int i = 0; i < vm->cls->field_count; i++)
		if (vm_running_of(i)->kind != RUNNING_AT_ONCE)
			add_pending(pending, vm, i);
	return pending;
}
