/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state.c – what list shows of a VM. */
#include "rpc/xm/state.h"

#include "rpc/xm/amount.h"

static void set_letter(char *letters, char letter)
{
	letters[strchr(STATE_LETTERS, letter) - STATE_LETTERS] = letter;
}

static bool metrics_say(const struct vm *vm, const char *word)
{
	const struct value *words = value_find(vm->metrics, "state");

	return words && words->kind == VALUE_SET && value_set_has(words, word);
}

void state_letters(const struct vm *vm, char *ret_letters)
{
	static const struct {
		const char *word;
		char letter;
	} words[] = {{"running", 'r'},	{"blocked", 'b'}, {"paused", 'p'},
		     {"shutdown", 's'}, {"crashed", 'c'}, {"dying", 'd'}};
	const char *state = vm_text(vm, "power_state");

	strcpy(ret_letters, "------");
	if (strcmp(state, "Suspended") == 0) {
		set_letter(ret_letters, 's');
	} else if (!vm_has_domain(vm)) {
		ret_letters[0] = '\0';
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			if (metrics_say(vm, words[i].word))
				set_letter(ret_letters, words[i].letter);
		}
		if (strcmp(state, "Paused") == 0)
			set_letter(ret_letters, 'p');
	}
}

int64_t state_memory_target(const struct vm *vm)
{
	int64_t target = amount_of(vm->record, "memory_target");

	return target ? target : amount_of(vm->record, "memory_dynamic_min");
}

int64_t state_memory(const struct vm *vm)
{
	int64_t actual = amount_of(vm->metrics, "memory_actual");

	return vm_has_domain(vm) && actual ? actual : state_memory_target(vm);
}

int64_t state_vcpus_online(const struct vm *vm)
{
	int64_t online = amount_of(vm->metrics, "VCPUs_number");

	return vm_has_domain(vm) && online ? online : amount_of(vm->record, "VCPUs_at_startup");
}

/* The inverse of what an xl.cfg's shadow_memory becomes. */
int64_t state_shadow_mib(const struct vm *vm)
{
	const struct value *multiplier = value_find(vm->record, "HVM_shadow_multiplier");
	int64_t pages = 256 * amount_of(vm->record, "VCPUs_max") +
			2 * (amount_of(vm->record, "memory_static_max") / MIB);
	int64_t usual = (pages + 255) / 256;

	if (!multiplier || multiplier->kind != VALUE_FLOAT || multiplier->number <= 1)
		return 0;
	return (int64_t)(multiplier->number * (double)(usual < 1 ? 1 : usual) + 0.5);
}
