/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_damage.c – a file with flipped bytes in every page, or cut off: it is refused and left as
 * it is, or what it holds is served and what is missing is said. */
#include "schema/buffer.h"
#include "schema/log.h"
#include "tests/store/run.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE 4096
#define MARK "the next file"

static struct scratch scratch;
static struct run run;
static struct buffer whole; /* the file as it was */
static size_t vms;
static unsigned int seed;

static int refused;
static int reported;
static int silent;
static int wrong;

static void read_file(struct buffer *file)
{
	FILE *stream = fopen(scratch.path, "rb");
	char piece[PAGE];
	size_t length;

	buffer_clear(file);
	while ((length = fread(piece, 1, sizeof(piece), stream)) > 0)
		buffer_add(file, piece, length);
	fclose(stream);
}

static void write_file(const char *data, size_t length)
{
	FILE *stream;

	scratch_empty(&scratch);
	stream = fopen(scratch.path, "wb");
	if (fwrite(data, 1, length, stream) != length || fclose(stream) != 0)
		abort();
}

static void complain(const char *what, size_t where, const char *problem)
{
	wrong++;
	diag("%s at %zu: %s", what, where, problem);
}

static bool is_reported(void)
{
	AUTO_TEXT log = log_recent();
	const char *new = strstr(log, MARK);

	for (const char *next = new; next; next = strstr(next + 1, MARK))
		new = next;
	return strstr(new, "is damaged: ") || strstr(new, "is left out: ") ||
	       strstr(new, "taken as unset");
}

/* What is there must be served, or said to be missing; a change is possible or is refused. */
static void check_opened(const char *what, size_t where)
{
	bool said = is_reported();
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};

	if (said)
		reported++;
	else
		silent++;
	if (!said && store_count(scratch.store, CLASS_VM) < vms)
		complain(what, where, "objects are missing without a word");
	if (scratch_add_vm(&scratch, "new", ref, &err) < 0 &&
	    !strstr(err.parameters[0], "could not be stored: "))
		complain(what, where, err.parameters[0]);
	scratch_close(&scratch);
}

static void check_refused(const char *what, size_t where, const char *problem, const char *data,
			  size_t length)
{
	AUTO_BUFFER now = {0};

	refused++;
	read_file(&now);
	if (!strstr(problem, scratch.path))
		complain(what, where, problem);
	if (now.length != length || memcmp(now.data, data, length) != 0)
		complain(what, where, "refused, but written to");
}

static void try_file(const char *what, size_t where, const char *data, size_t length)
{
	struct store_options options = {.path = scratch.path};
	AUTO_TEXT problem = NULL;

	write_file(data, length);
	log_error(MARK);
	scratch.store = store_open(&options, &problem);
	if (scratch.store)
		check_opened(what, where);
	else
		check_refused(what, where, problem, data, length);
}

static void flip(const char *what, size_t offset, size_t length)
{
	AUTO_BUFFER damaged = {0};

	buffer_add(&damaged, whole.data, whole.length);
	for (size_t i = offset; i < offset + length; i++)
		damaged.data[i] = (char)~damaged.data[i];
	try_file(what, offset, damaged.data, damaged.length);
}

/* It would hide the rest of them. */
static void halve_cells(size_t page, size_t start)
{
	AUTO_BUFFER damaged = {0};
	unsigned char *count;

	buffer_add(&damaged, whole.data, whole.length);
	count = (unsigned char *)damaged.data + start + 3;
	count[1] /= 2;
	try_file("half of the cells", page, damaged.data, damaged.length);
}

static void clear_page(size_t page)
{
	AUTO_BUFFER damaged = {0};

	buffer_add(&damaged, whole.data, whole.length);
	memset(damaged.data + page, 0, PAGE);
	try_file("an empty page", page, damaged.data, damaged.length);
}

static void begin_count(void)
{
	refused = reported = silent = wrong = 0;
}

static void end_count(const char *what)
{
	is_int(wrong, 0, "%s: %d refused, %d served with a report, %d served with nothing missing",
	       what, refused, reported, silent);
}

/* Where SQLite keeps what the file is. */
static void test_header(void)
{
	begin_count();
	for (size_t i = 0; i < 100; i++)
		flip("header", i, 1);
	end_count("each byte of the header");
}

static void test_pages(void)
{
	begin_count();
	for (size_t page = 0; page < whole.length; page += PAGE) {
		size_t start = page ? page : 100;

		flip("kind of page", start, 1);
		flip("number of cells", start + 3, 2);
		flip("where cells begin", start + 5, 2);
		flip("a child or a cell", start + 8, 4);
		flip("anything", page + (size_t)rand_r(&seed) % (PAGE - 8), 8);
		halve_cells(page, start);
		clear_page(page);
	}
	end_count("each page");
}

static void test_truncated(void)
{
	begin_count();
	try_file("cut off", 1, whole.data, 1);
	for (size_t length = PAGE / 2; length < whole.length; length += PAGE)
		try_file("cut off", length, whole.data, length);
	for (size_t length = PAGE; length < whole.length; length += PAGE)
		try_file("cut off between pages", length, whole.data, length);
	end_count("cut off");
}

static void make_file(void)
{
	scratch_make(&scratch);
	run_begin(&run, &scratch, seed);
	scratch_open(&scratch);
	for (int i = 0; i < 10; i++)
		run_change(&run);
	run_batch(&run);
	run_large_change(&run);
	vms = store_count(scratch.store, CLASS_VM);
	scratch_close(&scratch);
	read_file(&whole);
	run_end(&run);
}

int main(void)
{
	const char *wanted_seed = getenv("XENAPID_SEED");

	seed = wanted_seed ? (unsigned int)strtoul(wanted_seed, NULL, 10) :
			     (unsigned int)time(NULL);
	diag("XENAPID_SEED=%u", seed);
	schema_init();
	make_file();
	test_header();
	test_pages();
	test_truncated();
	buffer_free(&whole);
	scratch_remove(&scratch);
	return done_testing();
}
