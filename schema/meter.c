/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* meter.c – counters and histograms of the whole process. */
#include "schema/meter.h"

#include <inttypes.h>

#define PREFIX "xenapid_"

static const struct meter_info {
	enum meter_kind kind;
	const char *name;
	const char *help;
} infos[] = {
#define METER(kind, name, help) {METER_KIND_##kind, #name, help},
#include "schema/meters.def"
};

/* The number of one that only counts is its sum. */
static struct histogram meters[METERS];

/* Upper bounds, in ns and in numbers. */
static const int64_t bounds[][HISTOGRAM_BUCKETS - 1] = {
	[METER_KIND_SECONDS] = {50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
				25000000, 50000000, 100000000, 250000000, 1000000000, 5000000000,
				30000000000},
	[METER_KIND_SIZES] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384},
};

void meter_add(enum meter meter, int64_t by)
{
	atomic_fetch_add_explicit(&meters[meter].sum, by, memory_order_relaxed);
}

void meter_observe(enum meter meter, int64_t value)
{
	histogram_observe(&meters[meter], infos[meter].kind, value);
}

void histogram_observe(struct histogram *histogram, enum meter_kind kind, int64_t value)
{
	int bucket = 0;

	while (bucket < HISTOGRAM_BUCKETS - 1 && value > bounds[kind][bucket])
		bucket++;
	atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

void meter_write_head(struct buffer *out, enum meter_kind kind, const char *name, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram", "histogram"};

	buffer_add_format(out, "# TYPE " PREFIX "%s %s\n", name, types[kind]);
	if (kind == METER_KIND_SECONDS)
		buffer_add_format(out, "# UNIT " PREFIX "%s seconds\n", name);
	buffer_add_format(out, "# HELP " PREFIX "%s %s\n", name, help);
}

static void add_name(struct buffer *out, const char *name, const char *labels)
{
	buffer_add_format(out, PREFIX "%s", name);
	if (*labels)
		buffer_add_format(out, "{%s}", labels);
	buffer_add_char(out, ' ');
}

void meter_write_sample(struct buffer *out, const char *name, const char *labels, int64_t value)
{
	add_name(out, name, labels);
	buffer_add_format(out, "%" PRId64 "\n", value);
}

void meter_write_number(struct buffer *out, const char *name, const char *labels, double value)
{
	add_name(out, name, labels);
	buffer_add_format(out, "%.9g\n", value);
}

static void write_bucket(struct buffer *out, enum meter_kind kind, const char *name,
			 const char *labels, int bucket, unsigned long long count)
{
	const char *comma = *labels ? "," : "";

	buffer_add_format(out, PREFIX "%s_bucket{%s%sle=\"", name, labels, comma);
	if (bucket == HISTOGRAM_BUCKETS - 1)
		buffer_add_literal(out, "+Inf");
	else if (kind == METER_KIND_SECONDS)
		buffer_add_format(out, "%.9g", (double)bounds[kind][bucket] / 1e9);
	else
		buffer_add_format(out, "%" PRId64, bounds[kind][bucket]);
	buffer_add_format(out, "\"} %llu\n", count);
}

void histogram_write(struct buffer *out, enum meter_kind kind, const char *name, const char *labels,
		     struct histogram *histogram)
{
	double unit = kind == METER_KIND_SECONDS ? 1e9 : 1;
	AUTO_TEXT total = text_format("%s_count", name);
	AUTO_TEXT sum = text_format("%s_sum", name);
	unsigned long long count = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
		write_bucket(out, kind, name, labels, i, count);
	}
	meter_write_sample(out, total, labels, (int64_t)count);
	meter_write_number(out, sum, labels,
			   (double)atomic_load_explicit(&histogram->sum, memory_order_relaxed) /
				   unit);
}

void meter_add_label(struct buffer *out, const char *name, const char *value)
{
	buffer_add_format(out, "%s%s=\"", out->length ? "," : "", name);
	for (const char *at = value; *at; at++) {
		if (*at == '"' || *at == '\\')
			buffer_add_char(out, '\\');
		if (*at == '\n')
			buffer_add_literal(out, "\\n");
		else
			buffer_add_char(out, *at);
	}
	buffer_add_char(out, '"');
}

void meters_write(struct buffer *out)
{
	for (int i = 0; i < METERS; i++) {
		const struct meter_info *info = &infos[i];
		AUTO_TEXT name = text_format("%s%s", info->name,
					     info->kind == METER_KIND_COUNTER ? "_total" : "");

		meter_write_head(out, info->kind, info->name, info->help);
		if (info->kind == METER_KIND_COUNTER || info->kind == METER_KIND_GAUGE)
			meter_write_sample(out, name, "", atomic_load(&meters[i].sum));
		else
			histogram_write(out, info->kind, info->name, "", &meters[i]);
	}
}
