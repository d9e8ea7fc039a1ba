/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run.c – changes whose outcome can be told from two numbers per VM. */
#include "tests/store/run.h"

#include "tests/store/disk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LARGE 400000

struct step {
	struct mutation mutation;
	struct run *run;
	int vm;
	int number; /* 0: it is deleted */
	int other;  /* a second VM, −1: none */
	int length; /* of its description */
	size_t state;
	enum error_code code;
};

static void ref_of(char ref[REF_SIZE], const char *kind, int vm, int born)
{
	snprintf(ref, REF_SIZE, "OpaqueRef:%s-%d-%d", kind, vm, born);
}

static char *description_of(int number, int length)
{
	char *text = allocate((size_t)length + 1);

	memset(text, 'a' + number % 26, (size_t)length);
	return text;
}

static int length_of(int number)
{
	return number * 397 % 7000;
}

static void fill(struct record *vm, int index, int number, int length)
{
	AUTO_TEXT name = text_format("VM %d", index);
	AUTO_TEXT description = description_of(number, length);
	AUTO_TEXT text = text_format("%d", number);
	struct value *config = value_map();

	value_put(config, "number", value_string(text));
	record_set_text(vm, VM_name_label, name);
	record_set_text(vm, VM_name_description, description);
	record_set_int(vm, VM_order, number);
	record_set_int(vm, VM_memory_static_max, (int64_t)number << 20);
	record_set_int(vm, VM_memory_dynamic_max, (int64_t)number << 19);
	record_set(vm, VM_other_config, config);
}

/* What becomes of one VM of the state. */
static void advance(struct run_state *state, int index, int number)
{
	struct run_vm *vm = &state->vms[index];

	if (number && !vm->number)
		vm->born = number;
	state->deleted += !number && vm->number;
	vm->number = number;
}

static void advance_by(struct run_state *state, const struct step *step)
{
	advance(state, step->vm, step->number);
	if (step->other >= 0)
		advance(state, step->other, step->number);
}

static void make(struct transaction *transaction, int index, const struct run_vm *vm, int length)
{
	char ref[REF_SIZE];
	char console[REF_SIZE];
	AUTO_TEXT uuid = NULL;

	ref_of(ref, "vm", index, vm->born);
	ref_of(console, "console", index, vm->born);
	fill(transaction_create(transaction, CLASS_VM, ref), index, vm->number, length);
	record_set_text(transaction_create(transaction, CLASS_console, console), console_VM, ref);
}

static void remove_vm(struct transaction *transaction, int index, int born)
{
	char ref[REF_SIZE];

	ref_of(ref, "console", index, born);
	transaction_delete(transaction, CLASS_console, ref);
	ref_of(ref, "vm", index, born);
	transaction_delete(transaction, CLASS_VM, ref);
}

/* −1: the change before it that made the VM was refused. */
static int change_vm(struct transaction *transaction, const struct step *step, int index)
{
	const struct run_vm *before = &step->run->states[step->state - 1].vms[index];
	struct run_vm after = {step->number, before->number ? before->born : step->number};
	struct record *vm;
	char ref[REF_SIZE];

	ref_of(ref, "vm", index, after.born);
	vm = before->number ? transaction_edit(transaction, CLASS_VM, ref) : NULL;
	if (before->number && !vm)
		return -1;
	if (!vm && step->number)
		make(transaction, index, &after, step->length);
	else if (vm && !step->number)
		remove_vm(transaction, index, before->born);
	else if (vm)
		fill(vm, index, step->number, step->length);
	return 0;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int run_step(struct transaction *transaction, void *argument, struct error *err)
{
	const struct step *step = argument;

	/* those that wait come into one batch */
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	if (change_vm(transaction, step, step->vm) < 0 ||
	    (step->other >= 0 && change_vm(transaction, step, step->other) < 0))
		return fail(err, ERROR_HANDLE_INVALID, "VM", "");
	return 0;
}

static pthread_mutex_t waiting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static int answers;

static void take_answer(struct mutation *mutation, struct error *err)
{
	struct step *step = mutation->argument;

	step->code = err->code;
	pthread_mutex_lock(&waiting);
	if (err->code == ERROR_NONE) {
		disk_note(RUN_ACKNOWLEDGED, step->state);
		disk_note(RUN_REVISION, store_revision(step->run->scratch->store));
	} else if (err->code == ERROR_INTERNAL_ERROR) {
		free(step->run->problem);
		step->run->problem = text_copy(err->parameters[0]);
	}
	error_clear(err);
	answers++;
	pthread_cond_signal(&answered);
	pthread_mutex_unlock(&waiting);
}

static void submit(struct run *run, struct step *step)
{
	struct run_state state = run->states[run->count - 1];

	step->mutation = (struct mutation){.run = run_step, .done = take_answer, .argument = step};
	step->run = run;
	step->state = run->count;
	advance_by(&state, step);
	run->states[run->count++] = state;
	disk_note(RUN_SUBMITTED, step->state);
	store_submit(run->scratch->store, &step->mutation);
}

static void wait_for(int count)
{
	pthread_mutex_lock(&waiting);
	while (answers < count)
		pthread_cond_wait(&answered, &waiting);
	answers = 0;
	pthread_mutex_unlock(&waiting);
}

/* The states after what was not refused. */
static int settle(struct run *run, const struct step *steps, int count)
{
	struct run_state state = run->states[steps[0].state - 1];
	int refused = 0;

	for (int i = 0; i < count; i++) {
		refused += steps[i].code != ERROR_NONE;
		if (steps[i].code == ERROR_NONE)
			advance_by(&state, &steps[i]);
	}
	if (!refused)
		return 0;
	run->count = steps[0].state + (refused < count);
	run->states[run->count - 1] = state;
	return refused;
}

#define STATES_MAX 4096

void run_begin(struct run *run, struct scratch *scratch, unsigned int seed)
{
	*run = (struct run){.scratch = scratch, .count = 1, .next_number = 1, .seed = seed};
	run->states = allocate(STATES_MAX * sizeof(*run->states));
}

void run_end(struct run *run)
{
	free(TAKE(run->states));
	free(TAKE(run->problem));
}

static bool change(struct run *run, struct step *step)
{
	submit(run, step);
	wait_for(1);
	return settle(run, step, 1) == 0;
}

bool run_change(struct run *run)
{
	struct step step = {.number = run->next_number++, .other = -1};
	int what = rand_r(&run->seed) % 8;

	step.vm = rand_r(&run->seed) % RUN_VMS;
	if (what == 0)
		step.number = 0;
	else if (what <= 3)
		step.other = (step.vm + 1) % RUN_VMS;
	step.length = length_of(step.number);
	return change(run, &step);
}

bool run_large_change(struct run *run)
{
	struct step step = {.number = run->next_number++, .other = -1, .length = LARGE};

	return change(run, &step);
}

int run_batch(struct run *run)
{
	struct step steps[RUN_BATCH] = {0};

	pthread_mutex_lock(&gate);
	for (int i = 0; i < RUN_BATCH; i++) {
		int number = run->next_number++;

		steps[i] = (struct step){.vm = i % RUN_VMS, .number = number, .other = -1};
		steps[i].length = length_of(number);
		submit(run, &steps[i]);
	}
	pthread_mutex_unlock(&gate);
	wait_for(RUN_BATCH);
	return settle(run, steps, RUN_BATCH);
}

static bool is_filled(const struct record *vm, int index, int number)
{
	int length = (int)strlen(record_text(vm, VM_name_description));
	AUTO_TEXT description = description_of(number, length);
	AUTO_TEXT name = text_format("VM %d", index);
	AUTO_TEXT text = text_format("%d", number);
	const char *noted = value_find_text(record_get(vm, VM_other_config), "number");

	return record_is(vm, VM_name_label, name) &&
	       record_is(vm, VM_name_description, description) &&
	       (length == length_of(number) || length == LARGE) &&
	       record_int(vm, VM_memory_static_max) == (int64_t)number << 20 &&
	       record_int(vm, VM_memory_dynamic_max) == (int64_t)number << 19 && noted &&
	       strcmp(noted, text) == 0;
}

static char *look_at(struct store *store, const struct record *vm, struct run_state *state)
{
	int number = (int)record_int(vm, VM_order);
	char ref[REF_SIZE];
	AUTO(record) console = NULL;
	int index;
	int born;

	if (sscanf(record_ref(vm), "OpaqueRef:vm-%d-%d", &index, &born) != 2 || index < 0 ||
	    index >= RUN_VMS || state->vms[index].number)
		return text_format("there is %s", record_ref(vm));
	if (!is_filled(vm, index, number))
		return text_format("%s is not whole", record_ref(vm));
	ref_of(ref, "console", index, born);
	console = store_read(store, CLASS_console, ref);
	if (!console || !record_is(console, console_VM, record_ref(vm)))
		return text_format("%s has no console", record_ref(vm));
	state->vms[index] = (struct run_vm){number, born};
	return NULL;
}

static void count_deleted(void *argument, const struct store_change *change)
{
	if (!change->record)
		++*(int *)argument;
}

char *run_look(struct store *store, struct run_state *ret_state)
{
	struct run_state state = {0};
	size_t count;
	struct record **vms = store_list(store, CLASS_VM, &count);
	char *problem = NULL;

	for (size_t i = 0; i < count && !problem; i++)
		problem = look_at(store, vms[i], &state);
	store_free_list(vms, count);
	if (!problem && store_count(store, CLASS_console) != count)
		problem = text_format("%zu consoles of %zu VMs", store_count(store, CLASS_console),
				      count);
	store_hold(store);
	store_each_change(store, CLASS_VM, 0, count_deleted, &state.deleted);
	store_let_go(store);
	if (!problem)
		*ret_state = state;
	return problem;
}

static bool is_state(const struct run_state *a, const struct run_state *b)
{
	for (int i = 0; i < RUN_VMS; i++)
		if (a->vms[i].number != b->vms[i].number ||
		    (a->vms[i].number && a->vms[i].born != b->vms[i].born))
			return false;
	return a->deleted == b->deleted;
}

char *run_check(const struct run *run, struct store *store, size_t from, size_t to)
{
	struct run_state state;
	char *problem = run_look(store, &state);

	if (problem)
		return problem;
	for (size_t i = from; i <= to; i++)
		if (is_state(&state, &run->states[i]))
			return NULL;
	for (size_t i = 0; i < run->count; i++)
		if (is_state(&state, &run->states[i]))
			return text_format("the state is that after change %zu, not of %zu to %zu",
					   i, from, to);
	return text_format("the state is none that ever was");
}
