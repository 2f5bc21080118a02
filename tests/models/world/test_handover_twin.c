/* Phases apart against a twin that has an event for every token: prompts here, answers there, KV
 * over lines of their own, memory short or plenty. Written from docs/serving.md; it shares the
 * price of a step and nothing else. Times agree to the nanosecond. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/cost/cost.h"
#include "models/cost/llm.h"
#include "tests/support/world_fixture.h"

enum { MOST_INSTANCES = 6, LAYERS = 32 };

enum what { ARRIVES, STEP_ENDS, LAYER_ENDS, KV_LEFT, KV_ARRIVES };

struct happening {
	int64_t at_ns;
	uint64_t order;
	enum what what;
	uint32_t who;
};

/** What becomes of a request at an instance. */
enum stage { NOWHERE, CLAIMS, MOVES, LINES_UP, COMPUTES, PARKED, DECODES, OVER };

struct service {
	uint32_t at;
	enum stage stage;
	bool reserved;
};

struct twin_request {
	int64_t created_ns, first_ns, joined_ns, finished_ns;
	uint32_t prompt, output, emitted, preemptions;
	uint64_t held_tok, run_emitted; /* when the run of steps it is in began */
	uint64_t order;                 /* of joining those that decode */
	struct service of[2];           /* whole or its prompt alone; going on */
	bool part, second, waits;       /* prompt alone; it is about going on; in the global line */
	bool again, brought;
	bool computed, granted, ahead, sent;
	unsigned under_way;
	int64_t layer_ns;
};

struct list {
	uint32_t *at;
	size_t n;
};

struct twin_instance {
	const struct instance_spec *spec;
	struct cost *cost;
	uint64_t total;
	struct list line, claims, computing;
	size_t n_bare;
	uint32_t assigned;
	int64_t idle_ns; /* since when; NS_NEVER: busy */
	enum { IDLE, BETWEEN, PROMPTS, ANSWERS } does;
	int64_t run_ns, step_ns; /* when the run of steps, the step began */
	uint64_t steps, most_steps;
	double first_s, more_s;
	bool cut;
	uint64_t stamp; /* of its pending event */
};

struct twin {
	struct twin_request *r;
	size_t n;
	struct twin_instance i[MOST_INSTANCES];
	size_t n_instances;
	struct list line;
	struct happening *coming;
	size_t n_coming, cap;
	uint64_t order, joins;
	int64_t now_ns;
	int64_t free_ns[MOST_INSTANCES][MOST_INSTANCES];
	double bytes_per_s, delay_s, kv_bytes_per_tok;
	bool eager, wanted;
	uint32_t turn;
};

/* Lists */

static void insert(struct list *l, size_t place, uint32_t x)
{
	memmove(&l->at[place + 1], &l->at[place], (l->n - place) * sizeof *l->at);
	l->at[place] = x;
	l->n++;
}

static uint32_t take_out(struct list *l, size_t place)
{
	uint32_t x = l->at[place];

	l->n--;
	memmove(&l->at[place], &l->at[place + 1], (l->n - place) * sizeof *l->at);
	return x;
}

static void post(struct twin *v, int64_t at_ns, enum what what, uint32_t who)
{
	v->coming = mem_grow(v->coming, v->n_coming, &v->cap, sizeof *v->coming);
	v->coming[v->n_coming++] = (struct happening){at_ns, ++v->order, what, who};
}

static int64_t ns_of(double s)
{
	return ns_of_s(s);
}

/* Memory */

static uint64_t blocks(const struct twin_instance *x, uint64_t tok)
{
	return (tok + x->spec->block_tok - 1) / x->spec->block_tok;
}

static struct service *now_of(struct twin_request *r)
{
	return &r->of[r->second && r->of[1].stage != NOWHERE];
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/** Blocks of @r in service @s, when @steps of the run have begun. */
static uint64_t blocks_of(const struct twin_instance *x, const struct twin_request *r,
	const struct service *s, uint64_t steps)
{
	switch (s->stage) {
	case MOVES:
	case LINES_UP:
		return s->reserved ? blocks(x, (uint64_t)r->prompt + 1) : 0;
	case COMPUTES:
		return blocks(x, (uint64_t)r->prompt + r->emitted + 1);
	case PARKED:
		return blocks(x, (uint64_t)r->prompt + 1);
	case DECODES:
		return blocks(x,
			steps == 0 ? r->held_tok
				   : larger(r->held_tok, r->prompt + r->run_emitted + steps - 1));
	case NOWHERE:
	case CLAIMS:
	case OVER:
		break;
	}
	return 0;
}

static uint64_t taken(const struct twin *v, uint32_t i, uint64_t steps)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < v->n; k++)
		for (int s = 0; s < 2; s++)
			if (v->r[k].of[s].at == i)
				sum += blocks_of(&v->i[i], &v->r[k], &v->r[k].of[s], steps);
	return sum;
}

/** Steps of the run that began before now. */
static uint64_t begun(const struct twin *v, uint32_t i)
{
	const struct twin_instance *x = &v->i[i];

	return x->does == ANSWERS ? x->steps + (x->step_ns < v->now_ns) : 0;
}

static bool has_blocks(const struct twin *v, uint32_t i, uint32_t prompt)
{
	return taken(v, i, begun(v, i)) + blocks(&v->i[i], (uint64_t)prompt + 1) <= v->i[i].total;
}

static size_t decoding(const struct twin *v, uint32_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < v->n; k++)
		for (int s = 0; s < 2; s++)
			n += v->r[k].of[s].at == i && v->r[k].of[s].stage == DECODES;
	return n;
}

static bool is_held(const struct twin *v, uint32_t i)
{
	for (size_t k = 0; k < v->i[i].line.n; k++)
		if (v->r[v->i[i].line.at[k]].again)
			return true;
	return false;
}

/* The steps of an instance */

static size_t size_of(const struct twin *v, uint32_t i)
{
	return decoding(v, i) + v->i[i].computing.n;
}

static bool admissible(const struct twin *v, uint32_t i, size_t place)
{
	const struct twin_instance *x = &v->i[i];
	const struct twin_request *r = &v->r[x->line.at[place]];
	uint64_t tok = r->prompt + r->emitted;

	if (size_of(v, i) >= x->spec->max_batch)
		return false;
	if (r->brought)
		return true;
	for (size_t k = 0; k < x->computing.n; k++)
		tok += v->r[x->computing.at[k]].prompt + v->r[x->computing.at[k]].emitted;
	if (x->computing.n > 0 && tok > 4096)
		return false;
	if (now_of((struct twin_request *)r)->reserved)
		return true;
	if (x->claims.n > 0 && !r->again)
		return false;
	return taken(v, i, 0) + blocks(x, r->prompt + r->emitted + 1) <= x->total;
}

static void decode_from_now(struct twin *v, struct twin_request *r, struct service *s)
{
	s->stage = DECODES;
	r->held_tok = r->prompt + r->emitted;
	r->run_emitted = r->emitted;
	r->order = ++v->joins;
}

static void admit(struct twin *v, uint32_t i, size_t place)
{
	struct twin_instance *x = &v->i[i];
	uint32_t k = take_out(&x->line, place);
	struct twin_request *r = &v->r[k];
	struct service *s = now_of(r);

	if (r->brought) {
		r->brought = s->reserved = false;
		r->joined_ns = v->now_ns;
		decode_from_now(v, r, s);
		return;
	}
	x->n_bare -= !s->reserved && !r->again;
	r->again = s->reserved = false;
	s->stage = COMPUTES;
	insert(&x->computing, x->computing.n, k);
}

static void go(struct twin *v, uint32_t k);

static void grant(struct twin *v, uint32_t i)
{
	struct twin_instance *x = &v->i[i];

	while (x->claims.n > 0 && !is_held(v, i) &&
		x->assigned - x->n_bare < x->spec->max_batch + x->spec->ahead &&
		has_blocks(v, i, v->r[x->claims.at[0]].prompt)) {
		uint32_t k = take_out(&x->claims, 0);

		x->n_bare--;
		v->r[k].of[1] = (struct service){i, MOVES, true};
		v->r[k].granted = true;
		go(v, k);
	}
}

static void set_aside(struct twin *v, uint32_t i)
{
	struct twin_instance *x = &v->i[i];
	size_t size = size_of(v, i), n = x->n_bare > 0 ? x->line.n : 0;

	for (size_t k = 0;
		k < n && size + k < x->spec->max_batch + x->spec->ahead && !is_held(v, i); k++) {
		struct twin_request *r = &v->r[x->line.at[k]];

		if (now_of(r)->reserved)
			continue;
		if (x->claims.n > 0 ||
			taken(v, i, 0) + blocks(x, r->prompt + r->emitted + 1) > x->total)
			break;
		now_of(r)->reserved = true;
		x->n_bare--;
	}
}

static bool fits_a_step(const struct twin *v, uint32_t i, uint64_t steps)
{
	return taken(v, i, steps + 1) <= v->i[i].total;
}

static void preempt(struct twin *v, uint32_t i)
{
	uint32_t young = NO_ID;

	for (uint32_t k = 0; k < v->n; k++)
		if (now_of(&v->r[k])->at == i && now_of(&v->r[k])->stage == DECODES &&
			(young == NO_ID || v->r[k].order > v->r[young].order))
			young = k;
	now_of(&v->r[young])->stage = LINES_UP;
	v->r[young].again = true;
	v->r[young].preemptions++;
	insert(&v->i[i].line, 0, young);
}

static double prompts_s(const struct twin *v, uint32_t i)
{
	const struct twin_instance *x = &v->i[i];
	struct cost_work w = {.n_ended = x->computing.n};
	double s;

	for (size_t k = 0; k < x->computing.n; k++)
		w.prompt_tok += v->r[x->computing.at[k]].prompt + v->r[x->computing.at[k]].emitted;
	s = cost_step_s(x->cost, &w);
	for (size_t k = 0; k < x->computing.n; k++)
		s += cost_prefill_attention_s(x->cost,
			v->r[x->computing.at[k]].prompt + v->r[x->computing.at[k]].emitted, 0);
	return s;
}

static void wait_again(struct twin *v, uint32_t k)
{
	size_t place = 0;

	while (place < v->line.n && v->line.at[place] < k)
		place++;
	insert(&v->line, place, k);
	v->r[k].second = v->r[k].waits = v->wanted = true;
}

static void start_prompts(struct twin *v, uint32_t i)
{
	struct twin_instance *x = &v->i[i];
	double s = prompts_s(v, i);

	x->does = PROMPTS;
	x->stamp = v->order + 1;
	post(v, v->now_ns + ns_of(s), STEP_ENDS, i);
	for (size_t k = 0; k < x->computing.n && x->spec->kv_overlap; k++) {
		struct twin_request *r = &v->r[x->computing.at[k]];

		if (!r->part)
			continue;
		r->layer_ns = v->now_ns + ns_of(s / LAYERS);
		wait_again(v, x->computing.at[k]);
	}
}

static int64_t run_end_ns(const struct twin_instance *x, uint64_t steps)
{
	double n = (double)steps;

	return x->run_ns + ns_of(n * x->first_s + x->more_s * (0.5 * n * (n - 1.0)));
}

static void start_answers(struct twin *v, uint32_t i)
{
	struct twin_instance *x = &v->i[i];
	size_t n = decoding(v, i);
	double context = 0.0, left;
	struct cost_affine a;

	x->most_steps = UINT64_MAX;
	for (size_t k = 0; k < v->n; k++) {
		struct twin_request *r = &v->r[k];

		if (now_of(r)->at != i || now_of(r)->stage != DECODES)
			continue;
		context += r->prompt + r->emitted;
		r->run_emitted = r->emitted;
		if (r->output - r->emitted < x->most_steps)
			x->most_steps = r->output - r->emitted;
	}
	a = cost_decode(x->cost, n, (uint64_t)context);
	left = floor(((double)a.until_tok - context) / (double)n) + 1.0;
	if (left < 1.0)
		left = 1.0;
	if (left < (double)x->most_steps)
		x->most_steps = (uint64_t)left;
	x->first_s = a.base_s + a.per_tok_s * context;
	x->more_s = a.per_tok_s * (double)n;
	x->does = ANSWERS;
	x->cut = false;
	x->steps = 0;
	x->run_ns = x->step_ns = v->now_ns;
	x->stamp = v->order + 1;
	post(v, run_end_ns(x, 1), STEP_ENDS, i);
}

/** Not into what parked KV leaves free. */
static bool may_pass(const struct twin *v, uint32_t i, size_t place)
{
	for (size_t k = 0; k < v->n; k++)
		if (v->r[k].of[0].at == i && v->r[k].of[0].stage == PARKED)
			return now_of(&v->r[v->i[i].line.at[place]])->reserved;
	return true;
}

static void begin(struct twin *v, uint32_t i)
{
	struct twin_instance *x = &v->i[i];

	for (;;) {
		x->does = BETWEEN;
		grant(v, i);
		while (x->line.n > 0 && admissible(v, i, 0))
			admit(v, i, 0);
		for (size_t k = 1; size_of(v, i) == 0 && k < x->line.n; k++)
			if (admissible(v, i, k) && may_pass(v, i, k))
				admit(v, i, k);
		set_aside(v, i);
		if (x->computing.n > 0) {
			start_prompts(v, i);
			return;
		}
		x->does = IDLE;
		if (decoding(v, i) == 0)
			return;
		for (size_t k = 0; k < v->n; k++)
			if (now_of(&v->r[k])->at == i)
				v->r[k].run_emitted = v->r[k].emitted;
		while (decoding(v, i) > 0 && !fits_a_step(v, i, 0))
			preempt(v, i);
		if (decoding(v, i) > 0) {
			start_answers(v, i);
			return;
		}
	}
}

/** What the steps of the run have stored is held for good. */
static void settle(struct twin *v, uint32_t i)
{
	for (size_t k = 0; k < v->n; k++) {
		struct twin_request *r = &v->r[k];

		if (now_of(r)->at != i || now_of(r)->stage != DECODES || v->i[i].steps == 0)
			continue;
		r->held_tok = larger(r->held_tok, r->prompt + r->emitted - 1);
		r->run_emitted = r->emitted;
	}
	v->i[i].steps = 0;
}

static void line_up(struct twin *v, uint32_t k)
{
	uint32_t i = now_of(&v->r[k])->at;
	struct twin_instance *x = &v->i[i];

	now_of(&v->r[k])->stage = LINES_UP;
	insert(&x->line, x->line.n, k);
	if (x->does == IDLE) {
		begin(v, i);
	} else if (x->does == ANSWERS && admissible(v, i, 0)) {
		if (x->step_ns < v->now_ns) {
			x->cut = true;
			return;
		}
		x->stamp = 0; /* the step that begins at this instant is not made */
		settle(v, i);
		begin(v, i);
	}
}

/* From phase to phase */

static void arrived(struct twin *v, uint32_t k)
{
	v->r[k].brought = true;
	line_up(v, k);
}

static void left(struct twin *v, uint32_t k)
{
	struct twin_request *r = &v->r[k];
	uint32_t from = r->of[0].at;

	if (--r->under_way > 0 || !r->sent)
		return;
	r->of[0].stage = OVER;
	v->wanted = true;
	if (v->i[from].does == IDLE)
		begin(v, from);
	if (v->delay_s > 0.0)
		post(v, v->now_ns + ns_of(v->delay_s), KV_ARRIVES, k);
	else
		arrived(v, k);
}

static void send(struct twin *v, uint32_t k, double payload)
{
	struct twin_request *r = &v->r[k];
	int64_t *free_ns = &v->free_ns[r->of[0].at][r->of[1].at], at_ns;
	double wire = payload + 66.0 * ceil(payload / 1448.0), start_s, end_s;

	r->under_way++;
	if (!(v->bytes_per_s < HUGE_VAL)) {
		left(v, k);
		return;
	}
	start_s = *free_ns > v->now_ns ? s_of_ns(*free_ns - v->now_ns) : 0.0;
	end_s = start_s + wire / v->bytes_per_s;
	*free_ns = v->now_ns + ns_of(end_s);
	at_ns = v->now_ns + ns_of(end_s + v->delay_s - v->delay_s);
	if (at_ns > v->now_ns)
		post(v, at_ns, KV_LEFT, k);
	else
		left(v, k);
}

static void go(struct twin *v, uint32_t k)
{
	struct twin_request *r = &v->r[k];
	double bytes = r->prompt * v->kv_bytes_per_tok;

	if (!r->granted || r->sent)
		return;
	if (r->computed) {
		r->sent = true;
		send(v, k, r->ahead ? bytes / LAYERS : bytes);
	} else if (!r->ahead && v->now_ns < r->layer_ns) {
		post(v, r->layer_ns, LAYER_ENDS, k);
	} else if (!r->ahead) {
		r->ahead = true;
		send(v, k, bytes * (LAYERS - 1.0) / LAYERS);
	}
}

static void leaves(struct twin *v, uint32_t i)
{
	if (--v->i[i].assigned == 0)
		v->i[i].idle_ns = v->now_ns;
}

static void prompt_done(struct twin *v, uint32_t i, uint32_t k)
{
	struct twin_request *r = &v->r[k];
	struct service *s = r->part ? &r->of[0] : now_of(r);

	if (r->emitted++ == 0)
		r->first_ns = v->now_ns;
	if (r->part) {
		s->stage = PARKED;
		r->part = false;
		r->computed = true;
		leaves(v, i);
		if (r->second)
			go(v, k);
		else
			wait_again(v, k);
	} else if (r->emitted < r->output) {
		decode_from_now(v, r, s);
	} else {
		s->stage = OVER;
		r->finished_ns = v->now_ns;
		leaves(v, i);
	}
}

static void answers_done(struct twin *v, uint32_t i)
{
	for (size_t k = 0; k < v->n; k++) {
		struct twin_request *r = &v->r[k];

		if (now_of(r)->at != i || now_of(r)->stage != DECODES || r->emitted < r->output)
			continue;
		now_of(r)->stage = OVER;
		r->finished_ns = v->now_ns;
		leaves(v, i);
	}
}

static void decide(struct twin *v);

static void between(struct twin *v, uint32_t i)
{
	v->i[i].does = BETWEEN;
	answers_done(v, i);
	while (is_held(v, i) && v->i[i].line.n > 0 && admissible(v, i, 0))
		admit(v, i, 0);
	decide(v);
	begin(v, i);
}

static void step_ends(struct twin *v, uint32_t i)
{
	struct twin_instance *x = &v->i[i];

	if (x->does == PROMPTS) {
		size_t n = x->computing.n;

		x->does = BETWEEN;
		x->computing.n = 0;
		for (size_t k = 0; k < n; k++)
			prompt_done(v, i, x->computing.at[k]);
		between(v, i);
		return;
	}
	for (size_t k = 0; k < v->n; k++)
		v->r[k].emitted += now_of(&v->r[k])->at == i && now_of(&v->r[k])->stage == DECODES;
	x->steps++;
	if (!x->cut && x->steps < x->most_steps && fits_a_step(v, i, x->steps)) {
		x->step_ns = v->now_ns;
		x->stamp = v->order + 1;
		post(v, run_end_ns(x, x->steps + 1), STEP_ENDS, i);
		return;
	}
	for (size_t k = 0; k < v->n; k++)
		for (int q = 0; q < 2; q++)
			if (v->r[k].of[q].at == i && v->r[k].of[q].stage != OVER)
				printf("T   row %zu svc %d stage %d res %d prompt %u "
				       "emitted %u held %lu run_em %lu again %d\n",
					k, q, v->r[k].of[q].stage, v->r[k].of[q].reserved,
					v->r[k].prompt, v->r[k].emitted, v->r[k].held_tok,
					v->r[k].run_emitted, v->r[k].again);
	settle(v, i);
	between(v, i);
}

/* Policies: round-robin, which assigns at once, and fcfs, which waits for room */

static bool can_serve(const struct twin *v, const struct twin_request *r, uint32_t i)
{
	const struct twin_instance *x = &v->i[i];
	uint64_t most = x->total * x->spec->block_tok;
	enum role role = x->spec->role;
	bool followed = false;

	if (r->second)
		return role != ROLE_PREFILL && r->prompt + r->output <= most;
	if (role == ROLE_DECODE)
		return false;
	if (role == ROLE_BOTH || r->output == 1)
		return r->prompt + r->output <= most;
	for (size_t k = 0; k < v->n_instances; k++)
		followed |= v->i[k].spec->role != ROLE_PREFILL &&
			    r->prompt + r->output <= v->i[k].total * v->i[k].spec->block_tok;
	return followed && r->prompt + 1u <= most;
}

static bool has_room(const struct twin *v, uint32_t i)
{
	return !is_held(v, i) && v->i[i].assigned < v->i[i].spec->max_batch + v->i[i].spec->ahead;
}

static bool fits(const struct twin *v, const struct twin_request *r, uint32_t i)
{
	return can_serve(v, r, i) && has_room(v, i) && has_blocks(v, i, r->prompt) &&
	       (!r->second || v->i[i].n_bare == 0);
}

static void assign(struct twin *v, uint32_t k, uint32_t i)
{
	struct twin_request *r = &v->r[k];
	struct twin_instance *x = &v->i[i];
	bool bare = !has_room(v, i) || x->n_bare > 0 || !has_blocks(v, i, r->prompt);

	x->assigned++;
	x->idle_ns = NS_NEVER;
	x->n_bare += bare;
	if (r->second) {
		r->of[1] = (struct service){i, bare ? CLAIMS : MOVES, !bare};
		r->granted = !bare;
		if (bare)
			insert(&x->claims, x->claims.n, k);
		else
			go(v, k);
		return;
	}
	r->part = x->spec->role == ROLE_PREFILL && r->output > 1;
	r->of[0] = (struct service){i, LINES_UP, !bare};
	line_up(v, k);
}

static uint32_t choose(struct twin *v, const struct twin_request *r)
{
	uint32_t best = NO_ID;

	if (v->eager) {
		best = v->turn;
		while (!can_serve(v, r, best))
			best = (best + 1) % (uint32_t)v->n_instances;
		v->turn = (best + 1) % (uint32_t)v->n_instances;
		return best;
	}
	for (uint32_t i = 0; i < v->n_instances; i++)
		if (fits(v, r, i) && (best == NO_ID || v->i[i].idle_ns < v->i[best].idle_ns))
			best = i;
	return best;
}

static void decide(struct twin *v)
{
	v->wanted = false;
	while (v->line.n > 0) {
		uint32_t k = v->line.at[0], i = choose(v, &v->r[k]);

		if (i == NO_ID)
			return;
		take_out(&v->line, 0);
		v->r[k].waits = false;
		assign(v, k, i);
	}
}

/* The run */

static bool anyone_can(const struct twin *v, const struct twin_request *r)
{
	for (uint32_t i = 0; i < v->n_instances; i++)
		if (can_serve(v, r, i))
			return true;
	return false;
}

static struct happening next_of(struct twin *v)
{
	size_t first = 0;
	struct happening h;

	for (size_t k = 1; k < v->n_coming; k++)
		if (v->coming[k].at_ns < v->coming[first].at_ns ||
			(v->coming[k].at_ns == v->coming[first].at_ns &&
				v->coming[k].order < v->coming[first].order))
			first = k;
	h = v->coming[first];
	v->coming[first] = v->coming[--v->n_coming];
	return h;
}

static void happen(struct twin *v, const struct happening *h)
{
	switch (h->what) {
	case ARRIVES:
		if (!anyone_can(v, &v->r[h->who]))
			return;
		insert(&v->line, v->line.n, h->who);
		v->wanted = true;
		break;
	case STEP_ENDS:
		if (v->i[h->who].stamp == h->order)
			step_ends(v, h->who);
		break;
	case LAYER_ENDS:
		go(v, h->who);
		break;
	case KV_LEFT:
		left(v, h->who);
		break;
	case KV_ARRIVES:
		arrived(v, h->who);
		break;
	}
	if (v->wanted)
		decide(v);
}

static void twin_run(struct twin *v, int64_t to_ns)
{
	while (v->n_coming > 0) {
		struct happening h = next_of(v);

		if (h.at_ns >= to_ns)
			break;
		v->now_ns = h.at_ns;
		happen(v, &h);
	}
}

static void twin_of(struct twin *v, const struct fixture *f)
{
	size_t n = f->n_rows;

	*v = (struct twin){.n = n,
		.n_instances = f->spec.n_instances,
		.r = mem_zalloc(n, sizeof *v->r),
		.line = {mem_zalloc(n + 1, sizeof(uint32_t)), 0},
		.bytes_per_s = f->spec.n_links > 0 ? f->links[1].up.bytes_per_s : HUGE_VAL,
		.delay_s = f->spec.n_links > 0 ? f->links[1].up.delay_s : 0.0,
		.kv_bytes_per_tok = llm_kv_bytes_per_tok(&f->models[0].shape),
		.eager = !strcmp(f->policy.label, "round-robin")};
	for (uint32_t i = 0; i < v->n_instances; i++) {
		const struct instance_spec *s = &f->instances[i];
		struct cost_spec what = {.profile = s->profile,
			.gpu = &f->sites[i].gpu,
			.shape = &f->models[0].shape,
			.precision = f->models[0].precision,
			.max_batch = s->max_batch,
			.reserve_bytes = s->reserve_bytes,
			.quantile = PROFILE_MEDIAN};
		struct err err = {0};

		v->i[i] = (struct twin_instance){.spec = s, .total = s->kv.blocks};
		v->i[i].line.at = mem_zalloc(n + 1, sizeof(uint32_t));
		v->i[i].claims.at = mem_zalloc(n + 1, sizeof(uint32_t));
		v->i[i].computing.at = mem_zalloc(n + 1, sizeof(uint32_t));
		assert_true(cost_create(&v->i[i].cost, &what, &err));
	}
	for (uint32_t k = 0; k < n; k++) {
		const struct request_row *row = &f->rows[k];

		v->r[k] = (struct twin_request){.created_ns = row->created_ns,
			.prompt = row->prompt_tok,
			.output = row->output_tok,
			.of = {{NO_ID, NOWHERE, false}, {NO_ID, NOWHERE, false}},
			.first_ns = TIME_NONE,
			.joined_ns = TIME_NONE,
			.finished_ns = TIME_NONE};
		post(v, row->created_ns, ARRIVES, k);
	}
}

static void twin_finish(struct twin *v)
{
	for (size_t i = 0; i < v->n_instances; i++) {
		cost_destroy(v->i[i].cost);
		free(v->i[i].line.at);
		free(v->i[i].claims.at);
		free(v->i[i].computing.at);
	}
	free(v->line.at);
	free(v->coming);
	free(v->r);
}

/* Random systems */

static uint64_t next_random(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/** One to three that compute prompts, then one to three that go on, some of both roles. */
static void random_instances(struct fixture *f, uint64_t *x)
{
	static const char *const sites[] = {"p0", "p1", "p2", "d0", "d1", "d2"};
	static const char *const gpus[] = {"rtx-4090", "a100", "l40s"};
	uint32_t n_p = 1 + (uint32_t)(next_random(x) % 3), n_d = 1 + (uint32_t)(next_random(x) % 3);

	for (uint32_t k = 0; k < n_p + n_d; k++) {
		const char *name = k < n_p ? sites[k] : sites[3 + k - n_p];
		struct instance_spec *s;

		fixture_site(f, name, TIER_CLOUD, gpus[next_random(x) % 3]);
		s = fixture_llm(f, name, k, 0);
		s->role = k < n_p ? ROLE_PREFILL : next_random(x) % 3 ? ROLE_DECODE : ROLE_BOTH;
		s->kv_overlap = k < n_p && next_random(x) % 2;
		s->block_tok = 1 + (unsigned)(next_random(x) % 20);
		s->max_batch = 1 + (unsigned)(next_random(x) % 12);
		s->ahead = (unsigned)(next_random(x) % 2);
		/* room for one request of the longest, or for some */
		s->kv.blocks = (600 + (unsigned)(next_random(x) % 3) * 700) / s->block_tok + 1;
	}
}

static void random_system(struct fixture *f, uint64_t seed)
{
	static const double rates[] = {2e8, 1e9, 1e10};
	uint64_t x = seed;
	struct group_spec *g;

	fixture_init(f);
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 30.0;
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	random_instances(f, &x);
	if (next_random(&x) % 3 > 0) {
		fixture_link(f, "access", "users", "*", HUGE_VAL, 0.0);
		fixture_link(f, "kv", "p*", "d*", rates[next_random(&x) % 3],
			next_random(&x) % 2 ? 0.003 : 0.0);
	}
	g = fixture_group(f, "users", 1.0 + (double)(next_random(&x) % 8));
	g->workload.prompt_tok = dist_uniform(5.0, 500.0);
	g->workload.output_tok = dist_uniform(1.0, 90.0);
	fixture_policy(f, next_random(&x) % 2 ? "round-robin" : "fcfs");
}

struct seen {
	size_t done, apart, preempted, rejected;
};

static void compare(const struct twin *v, const struct fixture *f, struct seen *seen)
{
	for (size_t k = 0; k < v->n; k++) {
		const struct request_row *row = &f->rows[k];
		const struct twin_request *r = &v->r[k];

		seen->rejected += row->fate == FATE_REJECTED;
		if (row->fate != FATE_DONE)
			continue;
		assert_int_equal(row->prefill, r->of[0].at);
		assert_int_equal(row->instance, r->of[r->second].at);
		assert_int_equal(row->preemptions, r->preemptions);
		assert_int_equal(row->first_token_ns, r->first_ns);
		assert_int_equal(row->joined_ns, r->joined_ns);
		assert_int_equal(row->finished_ns, r->finished_ns);
		seen->done++;
		seen->apart += r->second;
		seen->preempted += r->preemptions > 0;
	}
}

static uint64_t first = 1, last = 50; /* seeds */

static void every_time_is_that_of_a_twin(void **state)
{
	struct seen seen = {0};

	(void)state;
	for (uint64_t seed = first; seed <= last; seed++) {
		struct fixture f;
		struct twin v;

		random_system(&f, seed);
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		twin_of(&v, &f);
		twin_run(&v, ns_of_s(f.spec.run.horizon_s));
		compare(&v, &f, &seen);
		twin_finish(&v);
		fixture_finish(&f);
	}
	assert_true(seen.done > 40 * (last - first + 1));
	assert_true(seen.apart > 30 * (last - first + 1));
	assert_true(seen.preempted > (last - first + 1));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_time_is_that_of_a_twin),
	};

	if (argc == 3) {
		first = strtoull(argv[1], NULL, 10);
		last = strtoull(argv[2], NULL, 10);
	}
	return cmocka_run_group_tests_name("handover_twin", tests, NULL, NULL);
}
