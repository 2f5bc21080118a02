#ifndef OFFING_SIM_DRIFT_TEST_H
#define OFFING_SIM_DRIFT_TEST_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Is a queueing system stable? A test of the drift of its free walk N: what comes less what would
 * be served if nobody ever lacked work. docs/stability.md derives it and shows its error rates.
 *
 * With lambda arrivals a second and an indifference delta the two hypotheses are
 *
 *	stable:   drift <= -lambda delta / (1 - delta)   (load at most 1 - delta)
 *	unstable: drift >= +lambda delta / (1 + delta)   (load at least 1 + delta)
 *
 * and either verdict is false with a probability of at most the error where its opposite holds.
 * In between either may be given; the longer the run, the closer to load 1 it is right.
 */

/** What one run, or several, showed. Sums: those of independent runs add up. */
struct drift_evidence {
	size_t runs;
	double time_s, arrivals;
	/* The walk itself: in system at the end less at the start, in all and in the second half.
	 */
	double rise, late_rise;
	double left;               /* in system at the end */
	double rise_var, late_var; /* by batch means of what it rises by */
	double rise_spread;        /* sum of var^2 / degrees of freedom */
	double level_var,
		level_spread; /* the same by few long batches: little where it stays level */
	/* Spare capacity: time x (what comes - what all servers do when full); 0 where @spare_runs
	 * is not @runs, since somebody was never full or is not told of. */
	size_t spare_runs, places; /* places: that served, largest of the runs */
	double net, net_var, net_spread;
	/* What they could have served while not full, beside what they did: not below 0, or what
	 * they do when full is no measure of what they could. */
	double unused, unused_var;
	double free_var; /* of the walk over that time, were all servers full */
	/* The least that was in the system in the second half, and in the quarter before. */
	double floor, floor_before;
	size_t emptied, doubled; /* of runs from a backlog: how they ended; set by who ran them */
	size_t correlated, walk_correlated; /* runs too short for what varies, in the walk */
};

void drift_evidence_add(struct drift_evidence *to, const struct drift_evidence *one);

enum drift_verdict { DRIFT_UNSTABLE = -1, DRIFT_UNDECIDED = 0, DRIFT_STABLE = 1 };

/** What decided, or why nothing did. */
enum drift_reason {
	DRIFT_BY_SPARE,      /* servers that are full do more, or less, than comes */
	DRIFT_BY_LEVEL,      /* the backlog is less than any unstable system's would be */
	DRIFT_BY_GROWTH,     /* it grew, and went on growing */
	DRIFT_BY_BACKLOG,    /* from a backlog it empties, or doubles */
	DRIFT_TOO_SHORT,     /* the intervals leave both open */
	DRIFT_CORRELATED,    /* what varies is slower than the run is long */
	DRIFT_CONTRADICTION, /* spare capacity and growth do not agree, yet */
	DRIFT_NO_ARRIVALS,   /* fewer than DRIFT_LEAST_ARRIVALS */
};

enum { DRIFT_LEAST_ARRIVALS = 100 };

struct drift_question {
	double error;        /* of either verdict, in (0, 0.5); 0.01 by default */
	double indifference; /* delta, in (0, 1); 0.05 by default */
	bool sequential;     /* asked again and again while evidence is added */
	bool from_backlog;   /* of runs that began with one and ended when it emptied or doubled */
};

#define DRIFT_ERROR 0.01
#define DRIFT_INDIFFERENCE 0.05

struct drift_answer {
	enum drift_verdict verdict;
	enum drift_reason reason;
	double drift_per_s;           /* of the free walk */
	double lo_per_s, hi_per_s;    /* each end is passed with the error's probability */
	double low_per_s, high_per_s; /* the hypotheses: stable at most, unstable at least */
	double h;        /* Wald's threshold: a backlog from which a system empties or doubles */
	double load;     /* arrivals to capacity; NaN: not known */
	double enough_s; /* the default length: so much time in all decides 9 of 10 cases whose
			    drift is that of a hypothesis */
};

/** Judge @e. */
struct drift_answer drift_judge(const struct drift_evidence *e, const struct drift_question *q);

/** "stable", "undecided", "unstable"; one line for a reason. */
const char *drift_verdict_name(enum drift_verdict v);
const char *drift_reason_text(enum drift_reason r);

#endif
