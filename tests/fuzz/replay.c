/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay – runs a fuzzer over its corpus where libFuzzer is not there to do so */

#include "tests/tap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The block is exact, so that a read past its end is found. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	data = malloc(size > 0 ? (size_t)size : 1);
	*ret_size = data && size > 0 ? fread(data, 1, (size_t)size, file) : 0;
	fclose(file);
	return data;
}

static void replay_file(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	data = read_file(path, &size);
	if (data)
		LLVMFuzzerTestOneInput(data, size);
	ok(data != NULL, "%s", name);
	free(data);
}

int main(int argc, char **argv)
{
	const char *top = getenv("TOP_SRCDIR");
	const char *program = strrchr(argv[0], '/');
	char folder[2048];
	struct dirent **names = NULL;
	int n;

	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", top ? top : ".",
		 program ? program + 1 : argv[0]);
	n = scandir(folder, &names, NULL, alphasort);
	ok(n > 2, "%s holds a corpus", folder);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			replay_file(folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return done_testing();
}
