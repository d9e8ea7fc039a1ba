/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hypervisor_call.h – how an op is called, for hypervisor.c and hypervisor_host.c. */
#ifndef SERVER_HYPERVISOR_HYPERVISOR_CALL_H
#define SERVER_HYPERVISOR_HYPERVISOR_CALL_H

#include "server/hypervisor/adapter.h"
#include "server/hypervisor/hypervisor.h"

#include <stdatomic.h>

struct counter {
	_Atomic uint64_t calls;
	_Atomic uint64_t failures;
	_Atomic uint64_t time_ns;
};

struct hypervisor {
	const char *name;
	const struct hypervisor_ops *ops;
	void *adapter;
	struct host_facts host;
	bool trace;
	struct counter counters[HYPERVISOR_OPS];
};

const char *op_name(enum hypervisor_op op);
int64_t op_begin(struct hypervisor *hypervisor, enum hypervisor_op op,
		 struct hypervisor_error *err);
int op_refuse(const struct hypervisor *hypervisor, enum hypervisor_op op,
	      struct hypervisor_error *err);
int op_end(struct hypervisor *hypervisor, enum hypervisor_op op, const char *subject,
	   int64_t begun_ns, int rc, const struct hypervisor_error *err);
/* This thread rehearses, and the op acts. */
bool op_is_left_out(enum hypervisor_op op);
int op_rehearse(const struct hypervisor *hypervisor, enum hypervisor_op op, bool is_there,
		struct hypervisor_error *err);

/* Whether any adapter would refuse it, for what the host has not or no domain can be: so a
 * rehearsal, which leaves the op out, fails as it would. An adapter without check_bridge or
 * check_pci leaves that to the op. */
int op_check_bridge(struct hypervisor *hypervisor, enum hypervisor_op op, const char *bridge,
		    struct hypervisor_error *err);
int op_check_config(struct hypervisor *hypervisor, enum hypervisor_op op,
		    const struct domain_config *config, struct hypervisor_error *err);

/* The arguments are the op's own, but for the adapter and err. `subject` is for the trace. */
#define ASK(op, subject, ...)                                                          \
	({                                                                             \
		const struct hypervisor_ops *ops_ = hypervisor->ops;                   \
		int64_t begun_ns_ = op_begin(hypervisor, HYPERVISOR_OP_##op, err);     \
		int rc_ = ops_->op ? ops_->op(hypervisor->adapter, __VA_ARGS__, err) : \
				     op_refuse(hypervisor, HYPERVISOR_OP_##op, err);   \
		op_end(hypervisor, HYPERVISOR_OP_##op, subject, begun_ns_, rc_, err);  \
	})
#define CALL(op, subject, ...)                                                           \
	(op_is_left_out(HYPERVISOR_OP_##op) ?                                            \
		 op_rehearse(hypervisor, HYPERVISOR_OP_##op, hypervisor->ops->op, err) : \
		 ASK(op, subject, __VA_ARGS__))

#endif
