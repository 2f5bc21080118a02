#ifndef OFFING_MODELS_NET_SPEC_H
#define OFFING_MODELS_NET_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "models/ids.h"
#include "models/net/netem.h"
#include "models/net/qdisc.h"
#include "models/net/rate_curve.h"
#include "models/net/fair.h"

/**
 * Links as a scenario says them: plain data that io/ fills in from a file and tests write as
 * literals. SI units throughout; every part keeps the place it was written at, so that any
 * complaint can point there. Strings and arrays are borrowed from whoever filled it in.
 */

/** A class of an htb link and the kinds of transfer (enum transfer_kind) it carries. */
struct link_class_spec {
	const char *name;
	struct htb_class htb;
	unsigned carries; /* bit set */
	struct src_pos at;
};

enum link_sharing { SHARING_FIFO, SHARING_FAIR };

/** One direction. All but rate and delay may be 0, and then is not there. */
struct link_dir_spec {
	double bytes_per_s; /* > 0; HUGE_VAL: no limit */
	double delay_s;     /* propagation, >= 0 */
	/** Bucket and timer; its bytes_per_s is not used. QDISC_NONE: no bucket. */
	struct qdisc qdisc;
	struct netem netem;
	enum transport transport; /* anything but STREAM: MTU and connection below count */
	enum connection connection;
	enum link_sharing sharing;
	double rto_s;                   /* what is lost for good is sent again after this */
	const struct rate_curve *curve; /* in place of bytes_per_s, which is then its mean */
	size_t n_classes;
	const struct link_class_spec *classes;
	struct src_pos at;
};

struct link_spec {
	const char *name;
	const char *between[2]; /* site names or globs; "users" is every group */
	struct src_pos between_at[2];
	bool shared;                   /* one pipe for all pairs */
	struct link_dir_spec up, down; /* up: from between[0] to between[1] */
	struct src_pos at;
};

#endif
