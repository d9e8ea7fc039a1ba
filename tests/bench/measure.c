/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* measure.c – a histogram with 32 buckets for each power of two. */
#include "tests/bench/measure.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void give_up(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

uint64_t number_of(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 10);

	if (end == text || *end)
		give_up("%s is no number", text);
	return number;
}

static size_t bucket_of(uint64_t value)
{
	unsigned power;

	if (value < 32)
		return value;
	power = 63 - (unsigned)__builtin_clzll(value);
	return (power - 4) * 32 + ((value >> (power - 5)) & 31);
}

/* The middle of a bucket. */
static double value_of(size_t bucket)
{
	if (bucket < 32)
		return (double)bucket;
	return (32.5 + (double)(bucket % 32)) * (double)(UINT64_C(1) << (bucket / 32 - 1));
}

void histogram_add(struct histogram *histogram, int64_t latency_ns)
{
	uint64_t value = (uint64_t)latency_ns;

	histogram->counts[bucket_of(value)]++;
	histogram->total++;
	if (value > histogram->longest_ns)
		histogram->longest_ns = value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->counts[i] += other->counts[i];
	histogram->total += other->total;
	if (other->longest_ns > histogram->longest_ns)
		histogram->longest_ns = other->longest_ns;
}

/* The middle of its bucket, but no more than was ever measured. */
static double quantile_us(const struct histogram *histogram, double quantile)
{
	double longest = (double)histogram->longest_ns;
	double rank = quantile * (double)histogram->total;
	uint64_t seen = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->counts[i];
		if (seen > 0 && (double)seen >= rank)
			return (value_of(i) < longest ? value_of(i) : longest) / 1e3;
	}
	return 0;
}

void outcome_print(const struct outcome *outcome)
{
	const struct histogram *latency = outcome->latency;

	printf("{\"name\": \"%s\", \"requests\": %" PRIu64
	       ", \"seconds\": %.6f, \"bytes\": %" PRIu64 ", \"last\": %" PRIu64
	       ", \"p50\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f}\n",
	       outcome->name, latency->total, outcome->seconds, outcome->bytes, outcome->last,
	       quantile_us(latency, 0.5), quantile_us(latency, 0.99), quantile_us(latency, 0.999),
	       (double)latency->longest_ns / 1e3);
}
