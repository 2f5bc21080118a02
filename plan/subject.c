#include "plan/subject.h"

#include <math.h>

#include "models/cost/llm.h"
#include "models/serving/acceptance.h"
#include "models/workload/dataset.h"
#include "models/workload/lengths.h"

/* Where nothing is known of the requests. */
enum { PROMPT_TOK = 512, OUTPUT_TOK = 128, DRAFT_K = 4 };

static uint32_t whole(double tok, double most)
{
	return (uint32_t)fmax(fmin(round(tok), most), 1.0);
}

/** What @g asks for; @out has the first users' means and the most of all. */
static bool add_group(
	struct lengths *out, const struct group_spec *g, uint32_t limit_tok, struct err *err)
{
	struct workload_lengths l;
	double most = limit_tok;

	if (!workload_lengths(&l, &g->workload, err))
		return false;
	/* what stands before the prompt may be anything */
	if (l.known && g->prefixes.count == 0 && !g->sessions.on)
		most = fmin(ceil(l.prompt_most_tok) + ceil(l.output_most_tok), most);
	if (most > out->most_tok)
		out->most_tok = whole(most, limit_tok);
	if (out->of)
		return true;
	out->of = g;
	if (l.known) {
		out->prompt_tok = whole(l.prompt_mean_tok, limit_tok);
		out->output_tok = whole(l.output_mean_tok, limit_tok);
	}
	return true;
}

bool lengths_of(struct lengths *out, const struct scenario_spec *s, struct model_id model,
	uint32_t limit_tok, struct err *err)
{
	*out = (struct lengths){0};
	for (size_t g = 0; g < s->n_groups; g++)
		if (s->groups[g].model.i == model.i &&
			!add_group(out, &s->groups[g], limit_tok, err))
			return false;
	if (!out->of)
		out->most_tok = limit_tok;
	return true;
}

uint32_t subject_limit_tok(const struct subject *u)
{
	uint32_t context = subject_model(u)->shape.context, given = u->like->limits.max_len_tok;

	return given > 0 && given < context ? given : context;
}

/** As runs have it, of the first users who ask; below 0: nothing is known of some. */
static double acceptance_of(const struct subject *u)
{
	const struct model_spec *m = subject_model(u);
	double given = u->like->draft.acceptance, first = -1.0, one;

	if (!m->draft || m->draft->shape.vocab != m->shape.vocab)
		return -1.0;
	if (u->like->draft.at.line > 0 && given >= 0.0)
		return given;
	for (size_t g = 0; g < u->s->n_groups; g++) {
		const struct workload_spec *w = &u->s->groups[g].workload;

		if (u->s->groups[g].model.i != u->like->model.i)
			continue;
		if (w->kind != WORKLOAD_DATASET ||
			!acceptance_assumed(&one, w->dataset->name, llm_params(&m->draft->shape)))
			return -1.0;
		first = first < 0.0 ? one : first;
	}
	return first;
}

/** What runs refuse beside drafts. */
static bool may_draft(const struct instance_spec *i)
{
	return !i->prefix_cache && i->role == ROLE_BOTH && i->parallel.ranks <= 1 &&
	       !(i->decode_keep > 0.0);
}

static void set_draft(struct subject *u, enum drafting wanted)
{
	const struct draft_spec *d = &u->like->draft;

	u->acceptance = acceptance_of(u);
	u->k = d->at.line > 0 && !d->adaptive && !d->planned ? d->k : DRAFT_K;
	u->drafting =
		u->acceptance < 0.0 || u->k == 0 || !may_draft(u->like) ? DRAFTING_NEVER : wanted;
}

bool subject_init(struct subject *out, const struct scenario_spec *s,
	const struct placing_like *like, struct err *err)
{
	struct lengths l;
	uint32_t limit;

	*out = (struct subject){.s = s,
		.like = like->like,
		.profiles = like->profiles,
		.n_profiles = like->n_profiles};
	limit = subject_limit_tok(out);
	if (!lengths_of(&l, s, like->like->model, limit, err))
		return false;
	out->prompt_tok = l.prompt_tok > 0 ? l.prompt_tok : PROMPT_TOK;
	out->output_tok = l.output_tok > 0 ? l.output_tok : OUTPUT_TOK;
	if (out->output_tok + 1 > limit)
		out->output_tok = limit > 1 ? limit / 2 : 1;
	if (out->prompt_tok + out->output_tok > limit)
		out->prompt_tok = limit > out->output_tok ? limit - out->output_tok : 1;
	out->room_tok = l.most_tok;
	set_draft(out, like->drafting);
	return like->drafting != DRAFTING_MUST || out->drafting == DRAFTING_MUST ||
	       err_at(err, like->like->draft.at,
		       "the model '%s' is to speculate, but it has no draft whose acceptance is "
		       "known",
		       subject_model(out)->name);
}

bool subject_may_pipeline(const struct subject *u)
{
	const struct instance_spec *i = u->like;

	return u->drafting != DRAFTING_MUST && !i->prefix_cache && i->role == ROLE_BOTH &&
	       i->parallel.ranks <= 1 && i->kv.preemption != PREEMPTION_SWAP &&
	       !(i->batching == BATCHING_STATIC && i->limits.batch_wait_s > 0.0);
}

double subject_round_tok(const struct subject *u)
{
	size_t tok = u->output_tok > 1 ? u->output_tok - 1 : 1;

	return (double)tok / acceptance_slowest_rounds(u->acceptance, u->k, tok, 1);
}
