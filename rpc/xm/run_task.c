/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_task.c – task-list and task-cancel. */
#include "rpc/xm/object.h"
#include "rpc/xm/run.h"

static int compare(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int64_t first = date_seconds(a->value, "created"),
		second = date_seconds(b->value, "created");

	if (first != second)
		return first < second ? -1 : 1;
	return strcmp(object_text(a->value, "uuid"), object_text(b->value, "uuid"));
}

static void print_task(const struct value *task)
{
	const struct value *progress = value_find(task, "progress");
	const struct value *error = value_find(task, "error_info");
	double share = progress && progress->kind == VALUE_FLOAT ? progress->number : 0;

	terminal_print(stdout, object_text(task, "uuid"), 36);
	putchar(' ');
	terminal_print(stdout, object_text(task, "status"), 10);
	printf(" %3.0f %% ", share * 100);
	terminal_print(stdout, object_text(task, "name_label"), 0);
	if (error && error->kind == VALUE_SET && error->length &&
	    error->items[0]->kind == VALUE_STRING) {
		fputs("  ", stdout);
		terminal_print(stdout, error->items[0]->text, 0);
	}
	putchar('\n');
}

enum status run_task_list(struct xm *xm)
{
	AUTO(value) tasks = NULL;

	if (!xm_call(xm, "task.get_all_records", value_set(), &tasks))
		return xm_report(xm);
	if (tasks->kind != VALUE_MAP)
		return xm_fail("the server's lists are no lists");
	printf("%-36s %-10s %5s %s\n", "UUID", "Status", "Done", "Name");
	if (tasks->length)
		qsort(tasks->members, tasks->length, sizeof(*tasks->members), compare);
	for (uint32_t i = 0; i < tasks->length; i++)
		print_task(tasks->members[i].value);
	return STATUS_DONE;
}

enum status run_task_cancel(struct xm *xm)
{
	AUTO(value) ref = xm_ask(xm, "task.get_by_uuid", xm->arguments[0]);

	if (!ref || !xm_call(xm, "task.cancel",
			     parameters_of(value_reference(ref), (struct value *)NULL), NULL))
		return xm_report(xm);
	return STATUS_DONE;
}
