/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* settings.h – what can be changed of a domain while it runs: as a record says, and as a domain has
 * it. */
#ifndef SERVER_API_SETTINGS_H
#define SERVER_API_SETTINGS_H

#include "schema/record.h"
#include "server/hypervisor/domain.h"

struct settings {
	struct memory_range memory;
	int64_t maximum;
	int64_t shadow;
	int vcpus;
	struct scheduling scheduling; /* its mask is the record's */
};

struct settings settings_of(const struct record *vm);
/* Overwrites what is known of the domain. */
void settings_take(struct settings *settings, const struct domain_info *domain);
/* What the record does not name is what a new domain has. */
struct settings settings_with_defaults(struct settings settings);

/*
 * A few fields of a live VM can be set for its next start only: VCPUs_at_startup, VCPUs_params,
 * name_label. VM.told keeps what its domain was told of them.
 */
/* A domain was built from `from`. */
void settings_note_built(struct record *vm, const struct record *from);
/* It was told what `from` says in one of those fields. */
void settings_note(struct record *vm, const struct record *from, int field);
/* The same of VCPUs_params as a whole; a domain keeps its mask. */
void settings_note_params(struct record *vm, const struct record *from);
/* A copy of the record in which they are as the domain was told. */
struct record *settings_told(const struct record *vm);

#endif
