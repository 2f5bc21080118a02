/* One rule for every kind of link: properties over random networks. */
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support/net_lab.h"

enum { HOPS = 3, MOST_PACKETS = 600 };

enum sort { PLAIN, TBF, HTB, CLASS, SCHEDULE, SHAPED_SCHEDULE, MAHIMAHI, SORTS };
static const enum sort twin_knows = SHAPED_SCHEDULE; /* the sorts before it */

static const char *const names[] = {"u", "s1", "s2", "s3"};

struct chain {
	struct arena arena;
	struct link_spec links[HOPS];
	enum sort sort[HOPS];
	struct rate_step steps[HOPS][4];
	int64_t period_ns[HOPS];
	struct link_class_spec classes[HOPS];
	size_t n;
};

static double between(struct rng *rng, double from, double to)
{
	return from * pow(to / from, rng_uniform(rng));
}

static struct qdisc bucket(struct rng *rng, enum qdisc_kind kind)
{
	return (struct qdisc){.kind = kind,
		.burst_bytes = between(rng, 1514.0, 40e3),
		.limit_bytes = HUGE_VAL,
		.mtu_bytes = 1500.0};
}

static void schedule(struct chain *c, size_t h, struct link_dir_spec *d, struct rng *rng)
{
	int64_t at_ns = 0;

	for (size_t k = 0; k < 4; k++) {
		c->steps[h][k] = (struct rate_step){
			at_ns, k % 2 == 1 && rng_below(rng, 2) ? 0.0 : between(rng, 1e5, 1e7)};
		at_ns += 1 + (int64_t)rng_below(rng, 200000000);
	}
	c->period_ns[h] = at_ns;
	d->curve = rate_curve_of_steps(&c->arena, c->steps[h], 4, at_ns);
	d->bytes_per_s = rate_curve_mean_bytes_per_s(d->curve);
}

static void mahimahi(struct chain *c, struct link_dir_spec *d, struct rng *rng)
{
	int64_t at_ns[40], ms = 0;

	for (size_t k = 0; k < 40; k++) {
		ms += (int64_t)rng_below(rng, 5);
		at_ns[k] = 1000000 * (ms + 1);
	}
	d->curve = rate_curve_of_chances(&c->arena, at_ns, 40);
	d->bytes_per_s = rate_curve_mean_bytes_per_s(d->curve);
}

static void direction(struct chain *c, size_t h, struct link_dir_spec *d, struct rng *rng)
{
	*d = (struct link_dir_spec){.bytes_per_s = rng_below(rng, 3) ? between(rng, 1e5, 1e7) : 1e6,
		.delay_s = rng_below(rng, 2) ? between(rng, 1e-4, 1e-1) : 0.0,
		.rto_s = 0.2};
	switch (c->sort[h]) {
	case TBF:
		d->qdisc = bucket(rng, QDISC_TBF);
		break;
	case HTB:
		d->qdisc = bucket(rng, QDISC_HTB);
		break;
	case CLASS: /* alone on its link it has the ceil */
		d->qdisc = bucket(rng, QDISC_HTB);
		c->classes[h] = (struct link_class_spec){.name = "all",
			.htb = {.bytes_per_s = 0.5 * d->bytes_per_s,
				.ceil_bytes_per_s = d->bytes_per_s,
				.burst_bytes = d->qdisc.burst_bytes,
				.cburst_bytes = d->qdisc.burst_bytes}};
		d->classes = &c->classes[h];
		d->n_classes = 1;
		break;
	case SHAPED_SCHEDULE:
		d->qdisc = bucket(rng, QDISC_TBF);
		schedule(c, h, d, rng);
		break;
	case SCHEDULE:
		schedule(c, h, d, rng);
		break;
	case MAHIMAHI:
		mahimahi(c, d, rng);
		break;
	case PLAIN:
	case SORTS:
		break;
	}
}

static void chain_init(struct chain *c, struct rng *rng, enum sort sorts)
{
	*c = (struct chain){.n = 1 + (size_t)rng_below(rng, HOPS)};
	arena_init(&c->arena);
	for (size_t h = 0; h < c->n; h++) {
		c->links[h] = lab_link("l", names[h], names[h + 1], 1e6, 0.0);
		c->links[h].name = names[h + 1];
		c->sort[h] = (enum sort)rng_below(rng, sorts);
		direction(c, h, &c->links[h].up, rng);
	}
}

/** When a message of @bytes sent at @at_s over all hops arrives. */
static double took_s(struct chain *c, double at_s, double bytes)
{
	static struct lab l;
	double s;

	lab_init(&l, c->links, c->n, names, 1, c->n);
	lab_send(&l, at_s, 0, (uint32_t)c->n, bytes, TRANSFER_PROMPT);
	l.until_all = true;
	lab_run(&l, at_s + 1e5);
	s = lab_took_s(&l, 0);
	lab_finish(&l);
	return s;
}

static void share(struct chain *c, struct rng *rng, int how)
{
	for (size_t h = 0; h < c->n; h++) {
		bool fair = how == 1 || (how == 2 && rng_below(rng, 2));

		c->links[h].up.sharing = fair || c->sort[h] == CLASS ? SHARING_FAIR : SHARING_FIFO;
	}
}

/* The twin: every packet by itself at every hop. */

/** When a schedule that was free at @from_s has sent @bytes: second by second of it. */
static double scheduled_s(const struct chain *c, size_t h, double from_s, double bytes)
{
	double period_s = s_of_ns(c->period_ns[h]), at_s = from_s;

	for (size_t round = (size_t)(from_s / period_s);; round++)
		for (size_t k = 0; k < 4; k++) {
			double rate = c->steps[h][k].bytes_per_s;
			double end_s = (double)round * period_s +
				       (k < 3 ? s_of_ns(c->steps[h][k + 1].at_ns) : period_s);

			if (end_s <= at_s)
				continue;
			if (rate * (end_s - at_s) >= bytes)
				return at_s + bytes / rate;
			bytes -= rate * (end_s - at_s);
			at_s = end_s;
		}
}

struct hop {
	double free_s, tokens, at_s;
};

static double leaves_s(const struct chain *c, size_t h, struct hop *hop, double at_s, double bytes)
{
	const struct link_dir_spec *d = &c->links[h].up;
	double rate = d->bytes_per_s, needs = d->qdisc.kind == QDISC_HTB ? 0.0 : bytes;

	at_s = fmax(at_s, hop->free_s);
	if (c->sort[h] == PLAIN)
		at_s += bytes / rate;
	else if (c->sort[h] == SCHEDULE)
		at_s = scheduled_s(c, h, at_s, bytes);
	else {
		hop->tokens = fmin(d->qdisc.burst_bytes, hop->tokens + rate * (at_s - hop->at_s));
		if (hop->tokens < needs) {
			at_s += (needs - hop->tokens) / rate;
			hop->tokens = needs;
		}
		hop->tokens -= bytes;
		hop->at_s = at_s;
	}
	hop->free_s = at_s;
	return at_s + d->delay_s;
}

static double twin_s(const struct chain *c, double at_s, double payload)
{
	struct hop hop[HOPS];
	double last_s = at_s;

	for (size_t h = 0; h < c->n; h++)
		hop[h] = (struct hop){0.0, c->links[h].up.qdisc.burst_bytes, 0.0};
	for (double left = payload; left > 0.0; left -= 1448.0) {
		last_s = at_s;
		for (size_t h = 0; h < c->n; h++)
			last_s = leaves_s(c, h, &hop[h], last_s, fmin(left, 1448.0) + 66.0);
	}
	return last_s - at_s;
}

/** What the closed form leaves out: at each hop the last packet may find the one before it. */
static double frames_s(const struct chain *c)
{
	double s = 0.0;

	for (size_t h = 0; h < c->n; h++) {
		double least = c->links[h].up.bytes_per_s;

		for (size_t k = 0; k < 4 && c->sort[h] == SCHEDULE; k++)
			if (c->steps[h][k].bytes_per_s > 0.0)
				least = fmin(least, c->steps[h][k].bytes_per_s);
		s += 1514.0 / least;
	}
	return s;
}

static double size_of(struct rng *rng)
{
	static const double sizes[] = {1.0, 400.0, 1448.0};

	return rng_below(rng, 2) ? sizes[rng_below(rng, 3)]
				 : floor(between(rng, 1449.0, 1448.0 * MOST_PACKETS));
}

/* In order of arrival, shared, and some of each: the same to the nanosecond, for all sorts of link
 * at equal and unequal rates, over one to three hops, messages of one packet to 600, open windows
 * and slow start. */
static void an_idle_link_gives_the_same_times_whatever_sharing_says(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 11, 0, "test", "idle");
	for (int round = 0; round < 3000; round++) {
		struct chain c;
		double bytes = size_of(&rng), at_s = between(&rng, 1e-3, 10.0), s[3];

		chain_init(&c, &rng, SORTS);
		for (size_t h = 0; h < c.n; h++) {
			static const enum transport kinds[] = {
				TRANSPORT_STREAM, TRANSPORT_TCP, TRANSPORT_DATAGRAM};

			c.links[h].up.transport = kinds[rng_below(&rng, 3)];
		}
		for (int how = 0; how < 3; how++) {
			share(&c, &rng, how);
			s[how] = took_s(&c, at_s, bytes);
		}
		if (fabs(s[1] - s[0]) > 2e-9 || fabs(s[2] - s[0]) > 2e-9)
			fail_msg("round %d, %zu hops (%d %d %d), %g bytes at %.9f s: %.9f fifo, "
				 "%.9f fair, %.9f mixed",
				round, c.n, c.sort[0], c.sort[1], c.sort[2], bytes, at_s, s[0],
				s[1], s[2]);
		arena_finish(&c.arena);
	}
}

/** Over several links a train is taken to come evenly, which a rate that changes does not make it.
 */
static bool comes_unevenly(const struct chain *c)
{
	for (size_t h = 0; h < c->n && c->n > 1; h++)
		if (c->sort[h] == SCHEDULE)
			return true;
	return false;
}

/* And these times are those of the packets, each by itself at every hop: exactly for one packet;
 * of many the last may find the one before it still there, which the closed form leaves out. */
static void an_idle_link_gives_the_times_of_its_packets(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 12, 0, "test", "twin");
	for (int round = 0; round < 3000; round++) {
		double bytes = size_of(&rng), at_s = between(&rng, 1e-3, 10.0), s, twin;
		struct chain c;

		chain_init(&c, &rng, twin_knows);
		share(&c, &rng, 2);
		if (comes_unevenly(&c))
			bytes = fmin(bytes, 1448.0);
		s = took_s(&c, at_s, bytes);
		twin = twin_s(&c, at_s, bytes);
		if (s > twin + 5e-9 || s < twin - (bytes > 1448.0 ? frames_s(&c) : 5e-9))
			fail_msg("round %d, %zu hops (%d %d %d), %g bytes at %.9f s: %.9f, packet "
				 "by "
				 "packet %.9f",
				round, c.n, c.sort[0], c.sort[1], c.sort[2], bytes, at_s, s, twin);
		arena_finish(&c.arena);
	}
}

/* Jitter */

/** The mean of max(0, delay + jitter x) by the quantiles of x. */
static double expected_s(const struct link_dir_spec *d)
{
	enum { STEPS = 100000 };
	double sum = 0.0;

	for (int i = 0; i < STEPS; i++)
		sum += fmax(
			0.0, d->delay_s + d->netem.jitter_s * netem_quantile(d->netem.distribution,
								      (i + 0.5) / STEPS));
	return sum / STEPS;
}

/* One packet over one to three links of unlimited or some rate, each with a jitter of its own, from
 * a tenth of its delay to five times that, by every law: nothing is clamped but each delay at 0,
 * and the draws are the same however messages share. The mean of 8 000 is that of the laws; the
 * least comes early. */
static void jitter_keeps_its_early_half(void **state)
{
	enum { SENT = 8000 };
	static struct lab l;
	struct rng rng;

	(void)state;
	rng_init(&rng, 14, 0, "test", "jitter");
	for (int round = 0; round < 24; round++) {
		double mean_s[2] = {0}, least_s = HUGE_VAL, law_s = 0.0, nominal_s = 0.0,
		       jitter_s = 0.0;
		struct chain c;

		chain_init(&c, &rng, TBF);
		for (size_t h = 0; h < c.n; h++) {
			struct link_dir_spec *d = &c.links[h].up;

			d->delay_s = between(&rng, 1e-3, 1e-1);
			d->netem.jitter_s = d->delay_s * between(&rng, 0.1, 5.0);
			d->netem.distribution = (enum netem_distribution)(round % 4);
			law_s += expected_s(d) + 466.0 / d->bytes_per_s;
			nominal_s += d->delay_s + 466.0 / d->bytes_per_s;
			jitter_s += d->netem.jitter_s;
		}
		for (int fair = 0; fair < 2; fair++) {
			share(&c, &rng, fair);
			lab_init(&l, c.links, c.n, names, 1, c.n);
			for (size_t i = 0; i < SENT; i++)
				lab_send(&l, 10.0 * (double)i, 0, (uint32_t)c.n, 400.0,
					TRANSFER_PROMPT);
			lab_run(&l, 10.0 * (SENT + 1));
			for (size_t i = 0; i < SENT; i++) {
				mean_s[fair] += lab_took_s(&l, i) / SENT;
				least_s = fmin(least_s, lab_took_s(&l, i));
			}
			lab_finish(&l);
		}
		assert_near(mean_s[1], mean_s[0], 1e-9);
		assert_near(mean_s[0], law_s, 5.0 * jitter_s / sqrt(SENT));
		assert_true(least_s < nominal_s);
		arena_finish(&c.arena);
	}
}

/* What a link has done */

static void traffic(struct lab *l, struct rng *rng, size_t n_hops)
{
	double at_s = 0.0;

	for (size_t i = 0; i < 60; i++) {
		at_s += rng_exponential(rng, 3.0);
		lab_send(l, at_s, 0, (uint32_t)n_hops, size_of(rng),
			(enum transfer_kind)rng_below(rng, TRANSFER_KINDS));
	}
}

static void add(struct link_dir_spec *d, struct rng *rng)
{
	if (rng_below(rng, 3) == 0)
		d->netem.jitter_s = 1e-2;
	if (rng_below(rng, 3) == 0) {
		d->netem.loss = NETEM_LOSS_RANDOM;
		d->netem.loss_p = 0.02;
		d->transport = rng_below(rng, 2) ? TRANSPORT_TCP : TRANSPORT_DATAGRAM;
	}
	if (rng_below(rng, 3) == 0)
		d->netem.limit_packets = 40.0;
	if (d->qdisc.kind == QDISC_TBF && rng_below(rng, 3) == 0)
		d->qdisc.limit_bytes = 60e3;
}

static double off(double a, double b, double sum)
{
	return fabs(a + b - sum) - 1e-9 * fabs(sum);
}

static void sums_add_up(const struct tally_sums *a, const struct tally_sums *b,
	const struct tally_sums *all, const char *what)
{
	bool ok = off(a->busy_s, b->busy_s, all->busy_s) < 1e-8 &&
		  off(a->wait_s, b->wait_s, all->wait_s) < 1e-8 &&
		  off(a->left, b->left, all->left) < 1e-9 &&
		  off(a->dropped, b->dropped, all->dropped) < 1e-9 &&
		  off(a->resent, b->resent, all->resent) < 1e-9;

	for (size_t k = 0; k < TRANSFER_KINDS; k++)
		ok = ok && off(a->kind_bytes[k], b->kind_bytes[k], all->kind_bytes[k]) < 1e-2 &&
		     a->kind_bytes[k] > -1e-6 && b->kind_bytes[k] > -1e-6;
	if (!ok)
		fail_msg("%s: busy %g + %g, %g; wait %g + %g, %g; left %g + %g, %g", what,
			a->busy_s, b->busy_s, all->busy_s, a->wait_s, b->wait_s, all->wait_s,
			a->left, b->left, all->left);
}

/* Bytes, busy time, waits and counts of [0, 10) and [10, 20) are those of [0, 20) for every sort of
 * link and sharing; nobody is busy longer than the time there is; and when all is over, what left
 * is what was sent. */
static void windows_add_up_and_no_link_is_busier_than_time(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 13, 0, "test", "windows");
	for (int round = 0; round < 400; round++) {
		struct tally_sums first[HOPS], second[HOPS], all[HOPS], end;
		struct chain c;
		static struct lab l[2];
		uint64_t seed = rng_below(&rng, 1000000);

		chain_init(&c, &rng, SORTS);
		share(&c, &rng, 2);
		for (size_t h = 0; h < c.n; h++)
			add(&c.links[h].up, &rng);
		for (int k = 0; k < 2; k++) {
			struct rng same;

			rng_init(&same, seed, 0, "test", "traffic");
			lab_init(&l[k], c.links, c.n, names, 1, c.n);
			traffic(&l[k], &same, c.n);
		}
		lab_run(&l[0], 10.0);
		for (size_t h = 0; h < c.n; h++)
			first[h] =
				lab_sums(&l[0], lab_route(&l[0], 0, (uint32_t)c.n)->hops[h]->name);
		net_measure(l[0].net);
		lab_run(&l[0], 20.0);
		lab_run(&l[1], 20.0);
		for (size_t h = 0; h < c.n; h++) {
			const char *name = lab_route(&l[0], 0, (uint32_t)c.n)->hops[h]->name;
			char what[80];

			second[h] = lab_sums(&l[0], name);
			all[h] = lab_sums(&l[1], name);
			snprintf(what, sizeof what, "round %d, hop %zu, sort %d, %s", round, h,
				c.sort[h], c.links[h].up.sharing == SHARING_FAIR ? "fair" : "fifo");
			sums_add_up(&first[h], &second[h], &all[h], what);
			if (first[h].busy_s > 10.0 + 1e-8 || second[h].busy_s > 10.0 + 1e-8)
				fail_msg("%s: busy %g and %g of 10 s", what, first[h].busy_s,
					second[h].busy_s);
		}
		l[1].until_all = true;
		lab_run(&l[1], 1e6);
		l[1].until_all = false;
		lab_run(&l[1], engine_now_s(l[1].engine) + 1.0); /* past the instant itself */
		for (size_t h = 0; h < c.n; h++) {
			end = lab_sums(&l[1], lab_route(&l[1], 0, (uint32_t)c.n)->hops[h]->name);
			assert_near(end.left, 60.0, 0.0);
		}
		for (size_t i = 0; i < l[1].n; i++)
			assert_true(l[1].at[i].arrived_ns < NS_NEVER);
		lab_finish(&l[0]);
		lab_finish(&l[1]);
		arena_finish(&c.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_link_gives_the_same_times_whatever_sharing_says),
		cmocka_unit_test(an_idle_link_gives_the_times_of_its_packets),
		cmocka_unit_test(jitter_keeps_its_early_half),
		cmocka_unit_test(windows_add_up_and_no_link_is_busier_than_time),
	};

	return cmocka_run_group_tests_name("one_rule", tests, NULL, NULL);
}
