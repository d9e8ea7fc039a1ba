/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* measure.h – how latencies are spread, and what a program of the benchmark prints. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Ends the program: a benchmark whose answers are wrong has no figures. */
__attribute__((noreturn, format(printf, 1, 2))) void give_up(const char *format, ...);

/* Of a number on the command line. */
uint64_t number_of(const char *text);

/* Latencies, each within 3 %. */
#define HISTOGRAM_BUCKETS (60 * 32)
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t total;
	uint64_t longest_ns;
};

void histogram_add(struct histogram *histogram, int64_t latency_ns);
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* What one kind of request took, as one JSON object on a line. */
struct outcome {
	const char *name;
	double seconds;
	uint64_t bytes;
	uint64_t last; /* the last value that was acknowledged */
	const struct histogram *latency;
};
void outcome_print(const struct outcome *outcome);

#endif
