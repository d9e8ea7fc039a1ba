/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_cpus.c – xl's CPU affinity to the mask of VCPUs_params. */
#include "server/import/xl_import.h"

#include "schema/buffer.h"

#include <ctype.h>

/* More than Xen can be built for. */
#define CPUS 4096
#define MASK_LENGTH_MAX ((size_t)64 << 10)

static bool read_cpu(const char **text, unsigned *ret_cpu)
{
	unsigned cpu = 0;

	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text) && cpu < CPUS; (*text)++)
		cpu = cpu * 10 + (unsigned)(**text - '0');
	*ret_cpu = cpu;
	return cpu < CPUS;
}

/* "3", "0-7", or either with ^ before it: to be left out. */
static bool read_range(const char **text, bool *cpus)
{
	bool allowed = **text != '^';
	unsigned first, last;

	if (!allowed)
		(*text)++;
	if (!read_cpu(text, &first))
		return false;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!read_cpu(text, &last) || last < first)
			return false;
	}
	for (unsigned cpu = first; cpu <= last; cpu++)
		cpus[cpu] = allowed;
	return true;
}

static void skip_blanks(const char **text)
{
	while (**text == ' ' || **text == '\t')
		(*text)++;
}

static const char *read_list(const char *text, bool *cpus)
{
	for (;; text++) {
		skip_blanks(&text);
		if (strncmp(text, "all", 3) == 0)
			return "all CPUs are allowed without a mask";
		if (strncmp(text, "node", 4) == 0 || strncmp(text, "^node", 5) == 0)
			return "NUMA nodes cannot be named in a mask";
		if (!read_range(&text, cpus))
			return "this is no list of CPUs";
		skip_blanks(&text);
		if (*text == '\0')
			return NULL;
		if (*text != ',')
			return "this is no list of CPUs";
	}
}

static const char *add_list(struct buffer *mask, const char *text)
{
	bool cpus[CPUS] = {false};
	const char *reason = read_list(text, cpus);
	const char *separator = "";

	for (unsigned cpu = 0; cpu < CPUS && !reason; cpu++) {
		if (!cpus[cpu])
			continue;
		buffer_add_format(mask, "%s%u", separator, cpu);
		separator = ",";
	}
	if (!reason && !*separator)
		return "it leaves no CPU";
	return reason;
}

char *xl_cpus_to_mask(const char *const *lists, size_t count, const char **ret_reason)
{
	AUTO_BUFFER mask = {0};
	const char *reason = count ? NULL : "it is empty";

	for (size_t i = 0; i < count && !reason; i++) {
		if (i > 0)
			buffer_add_char(&mask, ';');
		reason = add_list(&mask, lists[i]);
		if (mask.length > MASK_LENGTH_MAX)
			reason = "it is too long for a mask";
	}
	if (reason) {
		*ret_reason = reason;
		return NULL;
	}
	return buffer_take(&mask);
}
