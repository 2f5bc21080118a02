#ifndef OFFING_IO_RECORD_TIMELINE_PARTS_H
#define OFFING_IO_RECORD_TIMELINE_PARTS_H

#include "base/mem.h"
#include "io/record/timeline.h"
#include "io/record/trace_event.h"

/** The inside of a timeline, between the files it is made of. */

/** What its counters say of a micro-batch, or of the batch where there is one. */
struct timeline_lane {
	uint64_t batch, kv_blocks, waiting;
};

/** Of an instance: its tracks, its counters, and until when it worked. */
struct timeline_instance {
	uint32_t first_track, n_tracks; /* one a stage */
	bool named;                     /* they are */
	int64_t until_ns;
	uint32_t n_lanes;
	struct timeline_lane *lanes, shown; /* shown: their sums, as written last */
};

struct timeline_link {
	bool named;
	int64_t until_ns; /* what it carries in order has left */
};

/** What a probe of it knows: the policy that runs. */
struct probe_state {
	struct trace_out out;
	const struct scenario_spec *scenario;
	struct arena arena;
	int64_t delay_ns; /* from a decision to the site */
	uint32_t process; /* from 1 */
	struct timeline_instance *instances;
	uint32_t link_track;  /* of link 0; those of instances are below */
	uint32_t draft_track; /* of the first who drafts, in between */
	bool *drafter_named;
	struct timeline_link *links;
	size_t n_links, cap_links; /* that carried something */
	uint64_t flows;            /* told of, over links that are shared */
	int64_t full_ns;           /* from here on not all is written */
	uint64_t waiting;
};

/** Track 0 of a process is the scheduler's; those of instances follow, and those of links. */
static inline uint32_t timeline_track(const struct probe_state *t, uint32_t instance)
{
	return t->instances[instance].first_track;
}

/** Is there room for @n events at @at_ns? */
static inline bool timeline_room(struct probe_state *t, uint64_t n, int64_t at_ns)
{
	bool room = trace_room(&t->out, n);

	if (!room && at_ns < t->full_ns)
		t->full_ns = at_ns;
	return room;
}

/* timeline_steps.c: instances, and their counters */
void timeline_step(struct probe_state *t, const struct step_span *s);
void timeline_line(struct probe_state *t, int64_t at_ns, size_t n);
/** The run is over: nobody is in a batch any more. */
void timeline_idle(struct probe_state *t);
/** Number the tracks. */
void timeline_tracks(struct probe_state *t);

/* timeline_links.c */
void timeline_transfer(struct probe_state *t, const struct transfer_span *s);

/* timeline_request.c */
void timeline_request(
	struct probe_state *t, enum moment m, int64_t at_ns, const struct request_row *r);

#endif
