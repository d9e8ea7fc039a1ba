/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vif.h – the network interfaces of VMs: records, and what a domain gets of them. */
#ifndef SERVER_API_VIF_H
#define SERVER_API_VIF_H

#include "server/api/private.h"

/* In a transaction: those that an xl.cfg describes (server/import/import.h). NULL: none. */
int vif_make_all(struct transaction *transaction, const struct record *vm, const struct value *vifs,
		 struct error *err);
/* In a transaction: the same for `copy`, with MACs of its own or the same ones. */
enum vif_macs { VIFS_OWN_MACS, VIFS_SAME_MACS };
void vif_copy_all(struct transaction *transaction, const struct record *vm,
		  const struct record *copy, enum vif_macs macs);

/* As a domain is to have it. INVALID_VALUE: of its rate limit. */
int vif_read(struct api *api, const struct record *vif, struct nic_config *ret_nic,
	     struct error *err);
/* All of a VM's; to be freed. */
int vif_read_all(struct api *api, const struct record *vm, struct nic_config **ret_nics,
		 size_t *ret_count, struct error *err);

/* vif_filter.c. INVALID_VALUE: of its addresses. */
int vif_check_filter(const struct record *vif, struct error *err);
/* On a worker: a domain that has it is told first; it is told back if `store` fails, which makes
 * the record what `changed` is. */
int vif_change(struct call *call, const struct record *vif, const struct record *changed,
	       mutation_fn store, void *argument, struct error *err);
/* What it may send, by its own mode and its network's. */
void vif_read_filter(const struct record *vif, const struct record *network,
		     struct nic_config *nic);
/* May block. The domain's interfaces may send what the records say. */
void vif_follow_filters(struct api *api, const struct record *vm);

#endif
