/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* meter.h – counters and histograms of the whole process, and how OpenMetrics writes them. */
#ifndef SCHEMA_METER_H
#define SCHEMA_METER_H

#include "schema/buffer.h"

#include <stdatomic.h>
#include <stdint.h>

enum meter {
#define METER(kind, name, help) METER_##name,
#include "schema/meters.def"
	METERS
};

/* From any thread, without a lock. */
void meter_add(enum meter meter, int64_t by);
void meter_observe(enum meter meter, int64_t value);

enum meter_kind { METER_KIND_COUNTER, METER_KIND_GAUGE, METER_KIND_SECONDS, METER_KIND_SIZES };
#define HISTOGRAM_BUCKETS 16

/* For those who have labels. `kind` is SECONDS or SIZES. */
struct histogram {
	atomic_ullong buckets[HISTOGRAM_BUCKETS]; /* the last is without an upper bound */
	atomic_llong sum;
};
void histogram_observe(struct histogram *histogram, enum meter_kind kind, int64_t value);

/* The lines before a metric's samples. `name` is without the program's prefix. */
void meter_write_head(struct buffer *out, enum meter_kind kind, const char *name, const char *help);
/* A sample; `labels` as in {…}, already escaped, "": none. A counter's has its _total. */
void meter_write_sample(struct buffer *out, const char *name, const char *labels, int64_t value);
void meter_write_number(struct buffer *out, const char *name, const char *labels, double value);
void histogram_write(struct buffer *out, enum meter_kind kind, const char *name, const char *labels,
		     struct histogram *histogram);
/* A label's value with its name: vm="…", control characters and quotes escaped. */
void meter_add_label(struct buffer *out, const char *name, const char *value);

/* All of meters.def. */
void meters_write(struct buffer *out);

#endif
