/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi_birth.h – VDIs on their way: the image first, as a part, then its record. For workers. */
#ifndef SERVER_API_VDI_BIRTH_H
#define SERVER_API_VDI_BIRTH_H

#include "server/api/storage.h"

struct vdi_birth {
	struct record *draft; /* in no table yet */
	struct place *place;  /* of its SR, open */
	struct image image;   /* known once it is finished */
};

/* A record with a reference of its own. */
struct record *vdi_new_draft(void);
/* The format that sm_config of the draft asks for, raw unless it does; NULL with *err: its SR does
 * not take it. */
const char *vdi_wanted_format(const struct record *draft, const struct place *place,
			      struct error *err);
/* Gives it a uuid; its image is made under the name that follows from that. Where the SR does not
 * take the format it is raw. */
void vdi_name_draft(struct record *draft, const struct place *place, const char *format);

/* In a transaction: the draft becomes a VDI. */
int vdi_insert(struct transaction *transaction, const struct vdi_birth *birth, struct error *err);
/*
 * Of those whose images are there as parts: all become VDIs, in one transaction with `more` (NULL:
 * nothing more); or none does, and the images are gone.
 */
int vdi_births_commit(struct api *api, struct vdi_birth *births, size_t count, mutation_fn more,
		      void *argument, struct error *err);

#endif
