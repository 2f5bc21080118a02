#ifndef OFFING_TESTS_TRUTH_CELL_H
#define OFFING_TESTS_TRUTH_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/net/qdisc.h"

/**
 * One thing to measure and to predict: messages through one shaped link. Plain values.
 */

enum { CELL_FLOWS_MAX = 8, CELL_PORT = 7700 /* of flow 0; flow i has i more */ };

/** What is claimed of a cell; verdict.h has the bars. */
enum family {
	FAMILY_SINGLE, /* one transfer of 1 ms or more */
	FAMILY_COLD,   /* a cold connection behind a delay */
	FAMILY_WARM,   /* a warm one, or datagrams, behind a delay */
	FAMILY_SHARE,  /* several flows */
	FAMILY_SUPER,  /* htb fed with super-packets: only bounds are claimed */
	FAMILY_BEHIND, /* a short message while others send much: nothing is claimed */
	FAMILIES,
};

struct cell_flow {
	double start_s; /* after the first one's, ascending */
	uint64_t bytes; /* of payload */
};

struct cell {
	enum family family;
	enum qdisc_kind qdisc;
	enum transport transport;
	enum connection connection; /* not CONNECTION_NEW */
	bool gso;                   /* else one packet at a time enters the qdisc */
	double bytes_per_s, burst_bytes, limit_bytes; /* as in struct qdisc */
	double peak_bytes_per_s, minburst_bytes;
	double delay_s; /* each way; 0: the plain rig */
	size_t n_flows;
	struct cell_flow flow[CELL_FLOWS_MAX];
};

/** What one repetition gave; seconds from the first send of the first flow. */
struct sample {
	double start_s[CELL_FLOWS_MAX]; /* each flow's first send */
	double end_s[CELL_FLOWS_MAX];   /* its last byte read */
	double makespan_s;
};

#endif
