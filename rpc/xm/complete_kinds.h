/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* complete_kinds.h – what stands for DOMAIN, FIELD and the like of a usage; for complete*.c */
#ifndef RPC_XM_COMPLETE_KINDS_H
#define RPC_XM_COMPLETE_KINDS_H

#include "rpc/xm/run.h"

struct completion {
	const char *word;   /* as far as it is there */
	const char *before; /* of the word, what is no part of the value: "--state=" */
	const char *domain; /* the first argument, NULL: not there yet */
	struct globals globals;
	long timeout_ms;
	bool is_open;
	struct xm xm;
};

/* Prints before and word if they go on from what is there. */
void complete_offer(const struct completion *completion, const char *before, const char *word,
		    const char *what);
/* Offers what a usage calls so; others have no words. COMPLETE_FILES: names of files. */
int complete_kind(struct completion *completion, const char *kind);
void complete_close(struct completion *completion);

#endif
