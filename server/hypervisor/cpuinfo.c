/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpuinfo.c – reads /proc/cpuinfo */
#include "server/hypervisor/cpuinfo.h"

#include "schema/base.h"

#include <stdio.h>

char *cpuinfo_value_of(char *line, const char *key)
{
	size_t length = strlen(key);
	char *value = strchr(line, ':');

	if (strncmp(line, key, length) != 0 || !value)
		return NULL;
	if (strspn(line + length, " \t") != (size_t)(value - line) - length)
		return NULL;
	value += 1 + strspn(value + 1, " \t");
	value[strcspn(value, "\n")] = '\0';
	return value;
}

/* As many whole words as there is room for. */
static void copy_words(char *target, size_t size, const char *source)
{
	size_t length = strlen(source);

	if (length >= size) {
		length = size - 1;
		while (length > 0 && source[length] != ' ')
			length--;
	}
	memcpy(target, source, length);
	target[length] = '\0';
}

static void read_cpu_line(char *line, struct host_facts *facts)
{
	const struct {
		const char *key;
		char *text;
		size_t size;
		int *number;
	} keys[] = {
		{"vendor_id", facts->cpu_vendor, sizeof(facts->cpu_vendor), NULL},
		{"model name", facts->cpu_modelname, sizeof(facts->cpu_modelname), NULL},
		{"flags", facts->cpu_flags, sizeof(facts->cpu_flags), NULL},
		{"cpu family", NULL, 0, &facts->cpu_family},
		{"model", NULL, 0, &facts->cpu_model},
		{"stepping", NULL, 0, &facts->cpu_stepping},
		{"cpu MHz", NULL, 0, &facts->cpu_mhz},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = cpuinfo_value_of(line, keys[i].key);

		if (value && keys[i].text)
			copy_words(keys[i].text, keys[i].size, value);
		else if (value)
			*keys[i].number = atoi(value);
	}
}

/* The first processor stands for all; sockets and threads are counted from it too. */
void cpuinfo_read(struct host_facts *facts)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[8192];
	int siblings = 0, cores = 0;
	char *value;

	while (file && fgets(line, sizeof(line), file) && line[0] != '\n') {
		read_cpu_line(line, facts);
		value = cpuinfo_value_of(line, "siblings");
		if (value)
			siblings = atoi(value);
		value = cpuinfo_value_of(line, "cpu cores");
		if (value)
			cores = atoi(value);
	}
	if (file)
		fclose(file);
	facts->cpu_threads_per_core = cores > 0 && siblings >= cores ? siblings / cores : 1;
	facts->cpu_sockets = siblings > 0 && facts->pcpus > siblings ? facts->pcpus / siblings : 1;
}
