/* Each engine beside each other one in one scenario: requests, tokens and blocks are kept, causes
 * sum to the time in the system, Little's law holds, steps and runs of them are the same, and so is
 * what comes out on one, two and three threads.
 *
 * usage: test_engine_pairs FIRST LAST     those pairs
 *        test_engine_pairs K              the text of pair K */
#include "tests/support/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/scenario/scenario.h"
#include "io/trace/arrival_trace.h"
#include "policies/all.h"
#include "study/experiment.h"
#include "tests/study/engine_pairs.h"
#include "tests/support/seeds.h"

static struct seeds seeds;

struct pair {
	char name[ENGINE_PAIR_NAME];
	struct buf text;
	struct scenario *scenario;
};

static void pair_make(struct pair *p, uint64_t seed)
{
	struct scenario_request req = {.policies = policies_all(), .traces = &arrival_trace_opener};
	char path[] = "/tmp/offing-pair-XXXXXX";
	int fd = mkstemp(path);
	struct err_list errs;

	buf_init(&p->text);
	engine_pair(&p->text, p->name, seed);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p->text.s, p->text.n), p->text.n);
	close(fd);
	req.file = path;
	err_list_init(&errs);
	if (!scenario_read(&p->scenario, &req, &errs))
		fail_msg("%s: %s", p->name, errs.items[0].msg);
	err_list_finish(&errs);
	unlink(path);
}

static void pair_finish(struct pair *p)
{
	scenario_destroy(p->scenario);
	buf_finish(&p->text);
}

/* One replication, watched */

struct probe_state {
	const struct pair *pair;
	size_t n, cap;
	struct request_row *rows; /* in order of their ends; their causes are gone */
	uint64_t tok;             /* made by instances */
	uint64_t n_runs;          /* of steps */
	uint64_t in_system;
	uint64_t blocks; /* held at the end of the last step, whichever instance */
	uint32_t beside; /* most that were in the system since it was empty */
	size_t n_lone;   /* who were alone all the time */
};

static uint64_t blocks_at_most(const struct pair *p, const struct request_row *r)
{
	const struct instance_spec *i = &p->scenario->spec.instances[r->instance];
	uint64_t tok = r->prompt_tok + r->output_tok + (i->draft.on ? 2 * 32 + 1 : 0);

	return (tok + i->block_tok - 1) / i->block_tok;
}

static void ended(struct probe_state *s, enum moment m, int64_t at_ns, const struct request_row *r)
{
	int64_t sum_ns = 0;

	(void)m;
	for (size_t c = 0; c < CAUSES; c++)
		sum_ns += r->cause_ns[c];
	if (r->fate == FATE_IN_SYSTEM) /* the run has failed */
		return;
	if (r->fate != FATE_DONE || sum_ns != at_ns - r->created_ns)
		fail_msg("%s: request %" PRIu64 " of fate %d was there for %" PRId64
			 " ns, its causes for %" PRId64 "",
			s->pair->name, r->id, r->fate, at_ns - r->created_ns, sum_ns);
	s->rows = mem_grow(s->rows, s->n, &s->cap, sizeof *s->rows);
	s->rows[s->n++] = *r;
	if (s->beside > 1)
		return;
	s->n_lone++;
	if (s->blocks > blocks_at_most(s->pair, r))
		fail_msg("%s: request %" PRIu64 " was alone, but %" PRIu64 " blocks were held, not "
			 "%" PRIu64 "",
			s->pair->name, r->id, s->blocks, blocks_at_most(s->pair, r));
}

static void in_system(struct probe_state *s, int64_t at_ns, uint64_t n)
{
	(void)at_ns;
	s->in_system = n;
	if (n == 0)
		s->beside = 0;
	else if (n > s->beside)
		s->beside = (uint32_t)n;
}

static void stepped(struct probe_state *s, const struct step_span *span)
{
	s->n_runs++;
	if (span->drafter > 0)
		return;
	s->tok += span->stage <= 1 ? span->tok : 0;
	if (span->steps > 0)
		s->blocks = span->kv_blocks;
}

static const struct probe_ops watcher = {.name = "pairs",
	.moments = 1u << MOMENT_ENDED,
	.request = ended,
	.in_system = in_system,
	.step = stepped};

static int by_id(const void *a, const void *b)
{
	const struct request_row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void run(struct probe_state *s, const struct pair *p, bool step_by_step)
{
	const struct world_setup setup = {.spec = &p->scenario->spec,
		.policy = p->scenario->spec.policies,
		.seed = p->scenario->spec.run.seed,
		.replication = 1,
		.step_by_step = step_by_step};
	struct world_result result;
	struct world *w;
	struct err err;

	*s = (struct probe_state){.pair = p};
	if (!world_create(&w, &setup, &err))
		fail_msg("%s: %s", p->name, err.msg);
	world_attach(w, &(struct probe){&watcher, s});
	assert_true(world_run(w, &result, &err));
	if (result.status != RUN_COMPLETE) /* Little's law, among others */
		fail_msg("%s: %s", p->name, result.failure);
	world_destroy(w);
	world_result_finish(&result);
	qsort(s->rows, s->n, sizeof *s->rows, by_id);
}

/* What holds of them */

static void tokens_are_kept(const struct probe_state *s)
{
	uint64_t tok = 0;

	for (size_t k = 0; k < s->n; k++) {
		assert_int_equal(s->rows[k].id, k);
		tok += s->rows[k].output_tok;
	}
	assert_int_equal(s->in_system, 0);
	if (tok != s->tok)
		fail_msg("%s: answers have %" PRIu64 " tokens, %" PRIu64 " were made",
			s->pair->name, tok, s->tok);
}

/* A run of steps is rounded once, each step of it by itself otherwise: 1 ns a run, 3 in a static
 * batch. */
static bool near(int64_t a_ns, int64_t b_ns, uint64_t n_runs)
{
	return (a_ns == TIME_NONE) == (b_ns == TIME_NONE) &&
	       (a_ns == TIME_NONE || (uint64_t)llabs(a_ns - b_ns) <= 3 * n_runs);
}

static void same_step_by_step(const struct probe_state *jump, const struct probe_state *step)
{
	assert_int_equal(jump->n, step->n);
	for (size_t k = 0; k < jump->n; k++) {
		const struct request_row *a = &jump->rows[k], *b = &step->rows[k];

		if (!near(a->first_token_ns, b->first_token_ns, jump->n_runs) ||
			!near(a->joined_ns, b->joined_ns, jump->n_runs) ||
			!near(a->delivered_ns, b->delivered_ns, jump->n_runs) ||
			a->instance != b->instance || a->preemptions != b->preemptions ||
			a->rounds != b->rounds || a->cached_tok != b->cached_tok)
			fail_msg("%s: request %zu: first token %" PRId64 " delivered %" PRId64
				 " preemptions %u cached %u, step by step %" PRId64 " %" PRId64
				 " %u %u",
				jump->pair->name, k, a->first_token_ns, a->delivered_ns,
				a->preemptions, a->cached_tok, b->first_token_ns, b->delivered_ns,
				b->preemptions, b->cached_tok);
	}
}

static void same_samples(const struct pair *p, const struct samples *a, const struct samples *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->n_metrics, b->n_metrics);
	for (size_t m = 0; m < a->n_metrics; m++)
		if (memcmp(&a->by_replication[m * a->cap], &b->by_replication[m * b->cap],
			    a->n * sizeof *a->by_replication) != 0)
			fail_msg("%s: other values of %s of '%s' by the number of threads", p->name,
				metrics[a->names[m].id].name, a->names[m].scope);
}

static void same_on_any_threads(const struct pair *p)
{
	struct experiment_result r[3];
	struct experiment x = {
		.spec = &p->scenario->spec, .policy = p->scenario->spec.policies, .digest = true};
	struct err err;

	for (size_t k = 0; k < 3; k++) {
		x.n_threads = k + 1;
		assert_true(experiment_run(&x, &r[k], &err));
		if (r[k].status != RUN_COMPLETE)
			fail_msg("%s: %s", p->name, r[k].failure);
		assert_int_equal(r[k].digest, r[0].digest);
		same_samples(p, &r[0].samples, &r[k].samples);
	}
	for (size_t k = 0; k < 3; k++)
		experiment_result_finish(&r[k]);
}

static void any_two_engines_keep_all_in_one_scenario(void **state)
{
	size_t lone = 0, preempted = 0;

	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct probe_state jump, step;
		struct pair p;

		pair_make(&p, seed);
		run(&jump, &p, false);
		run(&step, &p, true);
		tokens_are_kept(&jump);
		tokens_are_kept(&step);
		same_step_by_step(&jump, &step);
		same_on_any_threads(&p);
		lone += jump.n_lone;
		for (size_t k = 0; k < jump.n; k++)
			preempted += jump.rows[k].preemptions > 0;
		free(jump.rows);
		free(step.rows);
		pair_finish(&p);
	}
	assert_true(lone >= 2 * (seeds.last - seeds.first + 1));
	assert_true(preempted > seeds.last - seeds.first);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_two_engines_keep_all_in_one_scenario),
	};
	struct pair p;

	if (argc == 2) { /* the text of a pair */
		buf_init(&p.text);
		engine_pair(&p.text, p.name, strtoull(argv[1], NULL, 10));
		fputs(p.text.s, stdout);
		buf_finish(&p.text);
		return 0;
	}
	seeds = seeds_of(argc, argv, engine_pairs());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
