#ifndef OFFING_IO_RECORD_TIMELINE_PARTS_H
#define OFFING_IO_RECORD_TIMELINE_PARTS_H

#include "io/record/timeline.h"
#include "io/record/trace_event.h"

/** The inside of a timeline, between the files it is made of. */

/** What its counters say of an instance, and until when it worked. */
struct timeline_instance {
	bool named; /* its track is */
	int64_t until_ns;
	uint64_t batch, kv_blocks, waiting;
};

/** What a probe of it knows: the policy that runs. */
struct probe_state {
	struct trace_out out;
	const struct scenario_spec *scenario;
	int64_t delay_ns; /* from a decision to the site */
	uint32_t process; /* from 1 */
	struct timeline_instance *instances;
	int64_t full_ns; /* from here on not all is written */
	uint64_t waiting;
};

/** Track 0 of a process is the scheduler's, the others are those of the instances. */
static inline uint32_t timeline_track(uint32_t instance)
{
	return instance + 1;
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

/* timeline_request.c */
void timeline_request(
	struct probe_state *t, enum moment m, int64_t at_ns, const struct request_row *r);

#endif
