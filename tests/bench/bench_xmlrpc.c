/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench_xmlrpc.c – what the codec costs: reading a small call, writing a list of 1,000 records. */
#include "rpc/xmlrpc.h"
#include "schema/record.h"

#include <malloc.h>
#include <stdio.h>

#define CALLS 200000
#define RECORDS 1000
#define FIELDS 90
#define RUNS 15

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char call[] =
	"<?xml version='1.0'?>\n<methodCall>\n<methodName>VM.set_name_label</methodName>\n<params>\n"
	"<param>\n<value><string>OpaqueRef:0c3a9a2e-8f1d-4b7c-9d53-2f6f5a4f1a11</string></value>\n"
	"</param>\n<param>\n<value><string>OpaqueRef:b5d1c0de-61aa-4a0e-8f64-7d0f0c5e2b22</string>"
	"</value>\n</param>\n<param>\n<value><string>demo</string></value>\n</param>\n</params>\n"
	"</methodCall>\n";

static void read_call(struct xmlrpc_reader *reader)
{
	static const struct rpc_limits limits = {.depth = 20, .elements = 1000};
	AUTO_TEXT method = NULL;
	AUTO(value) parameters = NULL;

	if (xmlrpc_read_call(reader, &limits, call, sizeof(call) - 1, &method, &parameters))
		abort();
}

static double bench_read(void)
{
	struct xmlrpc_reader *reader = xmlrpc_reader_new();
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		double start = now();

		for (int i = 0; i < CALLS; i++)
			read_call(reader);
		if (now() - start < best)
			best = now() - start;
	}
	xmlrpc_reader_free(reader);
	return best / CALLS * 1e9;
}

/* A class of text fields, and a map of such records. */
static struct value *make_records(struct class_info *cls, struct field_info *fields)
{
	struct value *map = value_map();

	for (int i = 0; i < FIELDS; i++)
		fields[i] = (struct field_info){.name = text_format("field_number_%d", i),
						.default_value = value_nil()};
	*cls = (struct class_info){.name = "VM", .fields = fields, .field_count = FIELDS};
	for (int i = 0; i < RECORDS; i++) {
		AUTO_TEXT ref = text_format("OpaqueRef:%036d", i);
		struct record *record = record_new(cls, ref);

		for (int j = 0; j < FIELDS; j++)
			record_set(record, j,
				   value_string_format("OpaqueRef:%036d of %d and a %s", i, j,
						       j % 3 ? "little more text" : ""));
		value_put(map, ref, value_record(record));
		record_release(record);
	}
	return map;
}

static void bench_write(void)
{
	static struct class_info cls;
	static struct field_info fields[FIELDS];
	AUTO(value) map = make_records(&cls, fields);
	double writing = 1e9;
	double copying = 1e9;
	size_t length = 0;

	for (int run = 0; run < RUNS; run++) {
		struct output out = {0};
		AUTO_TEXT copy = NULL;
		double start = now();

		xmlrpc_write_success(&out, map);
		writing = now() - start < writing ? now() - start : writing;
		length = out.bytes.length;
		start = now();
		copy = malloc(length);
		memcpy(copy, out.bytes.data, length);
		__asm__ volatile("" : : "r"(copy) : "memory"); /* so that it is not left out */
		copying = now() - start < copying ? now() - start : copying;
		output_free(&out);
	}
	printf("write %d records of %d fields, %.1f MB: %.2f ms, memcpy into fresh memory %.2f ms: %.1f times\n",
	       RECORDS, FIELDS, (double)length / 1e6, writing * 1e3, copying * 1e3,
	       writing / copying);
	for (int i = 0; i < FIELDS; i++)
		free((char *)(uintptr_t)fields[i].name);
}

int main(void)
{
	/* Fixed, or glibc would soon give the same memory again instead of fresh one. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	printf("read a small call: %.0f ns\n", bench_read());
	bench_write();
	return 0;
}
