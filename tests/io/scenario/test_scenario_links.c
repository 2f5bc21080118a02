/* What a scenario says of shaped links, as the specification has it. */
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/scenario/scenario.h"
#include "policies/all.h"
#include "sim/event.h"

static const char head[] = "name: t\n"
			   "run: {horizon: 10 s, warmup: 0 s}\n"
			   "sites: {edge: {tier: edge}}\n"
			   "instances: {edge: {site: edge, service: 0.1 s}}\n"
			   "users: {u: {arrivals: {process: poisson, rate: 1 /s}}}\n"
			   "policy: {name: fcfs}\n"
			   "links: {a: {between: [users, edge], ";

struct text {
	char dir[32], file[64], trace[64];
};

static void put(const char *name, const char *a, const char *b, const char *c)
{
	FILE *to = fopen(name, "w");

	assert_non_null(to);
	fprintf(to, "%s%s%s", a, b, c);
	assert_int_equal(fclose(to), 0);
}

/** The scenario whose only link has these @keys; a trace beside it holds @trace. */
static struct scenario *read_link(const char *keys, const char *trace)
{
	struct text t = {.dir = "/tmp/offing-test-XXXXXX"};
	struct scenario_request req = {.file = t.file, .policies = policies_all()};
	struct scenario *s;
	struct err_list errs;
	bool ok;

	assert_non_null(mkdtemp(t.dir));
	snprintf(t.file, sizeof t.file, "%s/s.yaml", t.dir);
	snprintf(t.trace, sizeof t.trace, "%s/trace", t.dir);
	put(t.file, head, keys, "}}\n");
	put(t.trace, trace, "", "");
	err_list_init(&errs);
	ok = scenario_read(&s, &req, &errs);
	if (!ok)
		err_list_print(&errs, stderr);
	err_list_finish(&errs);
	unlink(t.file);
	unlink(t.trace);
	rmdir(t.dir);
	assert_true(ok);
	return s;
}

/* A result names each of its files once, though this one is of both directions. */
static void a_trace_of_both_directions_is_one_input(void **state)
{
	struct scenario *s = read_link("trace: {file: trace, format: rate}, up: {delay: 1 ms}",
		"t_s,mbit_per_s\n0,3\n5,4\n");

	(void)state;
	assert_int_equal(s->n_inputs, 1);
	assert_string_equal(s->inputs[0].key, "links.a.trace.file");
	scenario_destroy(s);
}

/* 10 Mbps = 1.25e6 B/s; 20 ms of latency and a burst of 4 KiB: 25000 + 4096 bytes. */
static void a_burst_makes_it_tbf(void **state)
{
	struct scenario *s =
		read_link("rate: 10 Mbps, delay: 3 ms, burst: 4 KiB, latency: 20 ms", "");
	const struct link_dir_spec *d = &s->spec.links[0].up;

	(void)state;
	assert_int_equal(d->qdisc.kind, QDISC_TBF);
	assert_near(d->bytes_per_s, 1.25e6, 1e-6);
	assert_near(d->qdisc.burst_bytes, 4096.0, 0.0);
	assert_near(d->qdisc.limit_bytes, 29096.0, 1e-6);
	assert_near(d->qdisc.timer_late_s, 15e-6, 1e-12);
	assert_int_equal(d->transport, TRANSPORT_TCP);
	assert_int_equal(d->connection, CONNECTION_COLD);
	assert_int_equal(d->sharing, SHARING_FAIR);
	assert_near(s->spec.links[0].down.qdisc.burst_bytes, 4096.0, 0.0);
	assert_int_equal(s->n_warnings, 0);
	scenario_destroy(s);
}

/* One direction changes what both have. */
static void a_direction_goes_before_its_link(void **state)
{
	struct scenario *s = read_link("rate: 10 Mbps, burst: 4 KiB, loss: 2 %, "
				       "up: {rate: 1 Mbps, loss: {p: 5 %, 1-k: 1 %}}, "
				       "down: {transport: datagram}",
		"");
	const struct link_dir_spec *up = &s->spec.links[0].up, *down = &s->spec.links[0].down;

	(void)state;
	assert_near(up->bytes_per_s, 125e3, 1e-6);
	assert_near(down->bytes_per_s, 1.25e6, 1e-6);
	assert_int_equal(up->netem.loss, NETEM_LOSS_GEMODEL);
	assert_near(up->netem.loss_p, 0.05, 1e-12);
	assert_near(up->netem.loss_r, 0.95, 1e-12); /* tc: 100 % - p */
	assert_near(up->netem.loss_in_bad, 1.0, 1e-12);
	assert_near(up->netem.loss_in_good, 0.01, 1e-12);
	assert_int_equal(down->netem.loss, NETEM_LOSS_RANDOM);
	assert_near(down->netem.loss_p, 0.02, 1e-12);
	assert_int_equal(down->transport, TRANSPORT_DATAGRAM);
	assert_int_equal(down->sharing, SHARING_FIFO);
	assert_int_equal(up->sharing, SHARING_FAIR);
	scenario_destroy(s);
}

static void a_plain_link_stays_plain(void **state)
{
	struct scenario *s = read_link("rate: 10 Mbps, delay: 3 ms, jitter: 0 ms, loss: 0 %", "");
	const struct link_dir_spec *d = &s->spec.links[0].up;

	(void)state;
	assert_int_equal(d->qdisc.kind, QDISC_NONE);
	assert_int_equal(d->transport, TRANSPORT_STREAM);
	assert_int_equal(d->sharing, SHARING_FIFO);
	assert_int_equal(d->netem.loss, NETEM_LOSS_NONE);
	assert_null(d->curve);
	scenario_destroy(s);
}

/* 10 Mbps to 5 s, 2 Mbps to 8 s, 10 Mbps to 20 s, none to 30 s: 6.25e6 + 0.75e6 + 15e6 bytes. */
static void a_schedule_returns_to_the_rate(void **state)
{
	struct scenario *s = read_link("rate: 10 Mbps, schedule: {5 s: {rate: 2 Mbps, for: 3 s}, "
				       "20 s: {rate: 0}}, repeat: 30 s",
		"");
	const struct rate_curve *c = s->spec.links[0].up.curve;

	(void)state;
	assert_non_null(c);
	assert_near(rate_curve_bytes(c, ns_of_s(8.0)), 7e6, 1.0);
	assert_near(rate_curve_bytes(c, ns_of_s(30.0)), 22e6, 1.0);
	assert_near(rate_curve_bytes(c, ns_of_s(35.0)), 28.25e6, 1.0);
	assert_near(rate_curve_now_bytes_per_s(c, ns_of_s(55.0)), 0.0, 0.0);
	scenario_destroy(s);
}

/* 10 Mbps; from 2 s on 1 Mbps; none from 5 to 6 s, and then what it had before, 1 Mbps; in the next
 * round 10 Mbps again. By 6 s 2.5e6 + 0.375e6 bytes, by 7 s 0.125e6 more. */
static void for_ends_in_what_held_before(void **state)
{
	struct scenario *s = read_link("rate: 10 Mbps, schedule: {2 s: {rate: 1 Mbps}, "
				       "5 s: {rate: 0, for: 1 s}}, repeat: 8.3 s",
		"");
	const struct rate_curve *c = s->spec.links[0].up.curve;

	(void)state;
	assert_near(rate_curve_bytes(c, ns_of_s(6.0)), 2.875e6, 1e-3);
	assert_near(rate_curve_bytes(c, ns_of_s(7.0)), 3.0e6, 1e-3);
	assert_near(rate_curve_now_bytes_per_s(c, ns_of_s(8.3)), 1.25e6, 1e-9);
	scenario_destroy(s);
}

/* Two traces in one file; the second: 8 Mbit/s for 1.5 s, then 4: 1e6 and 0.5e6 B/s. */
static void rates_come_from_a_trace(void **state)
{
	struct scenario *s =
		read_link("trace: {file: trace, format: rate, select: 1}, burst: 16 KiB",
			"trace,t_s,mbit_per_s\n0,0,3\n0,1,5\n1,10.0,8\n1,11.5,4\n");
	const struct link_dir_spec *d = &s->spec.links[0].up;

	(void)state;
	assert_near(rate_curve_bytes(d->curve, ns_of_s(2.5)), 2e6, 1.0);
	assert_near(d->bytes_per_s, 0.5e6, 1e-6);
	scenario_destroy(s);
	s = read_link("trace: {file: trace, format: mahimahi}", "2\n2\n10\n");
	assert_int_equal(rate_curve_when_ns(s->spec.links[0].up.curve, 4000.0), 10000000);
	assert_near(s->spec.links[0].up.bytes_per_s, 3.0 * 1514.0 / 0.010, 1e-6);
	scenario_destroy(s);
}

/* tc: ceil is the rate, burst and cburst 1600 bytes, unless said. */
static void classes_have_the_defaults_of_tc(void **state)
{
	struct scenario *s =
		read_link("rate: 10 Mbps, classes: {talk: {rate: 2 Mbps, ceil: 8 Mbps, "
			  "prio: 2, carries: [prompt, kv]}, rest: {rate: 8 Mbps}}",
			"");
	const struct link_dir_spec *d = &s->spec.links[0].down;

	(void)state;
	assert_int_equal(d->qdisc.kind, QDISC_HTB);
	assert_int_equal(d->sharing, SHARING_FAIR);
	assert_int_equal(d->n_classes, 2);
	assert_int_equal(d->classes[0].carries, 1 << TRANSFER_PROMPT | 1 << TRANSFER_KV);
	assert_near(d->classes[0].htb.ceil_bytes_per_s, 1e6, 1e-6);
	assert_int_equal(d->classes[0].htb.prio, 2);
	assert_near(d->classes[1].htb.ceil_bytes_per_s, 1e6, 1e-6);
	assert_near(d->classes[1].htb.burst_bytes, 1600.0, 0.0);
	assert_near(d->classes[1].htb.cburst_bytes, 1600.0, 0.0);
	assert_int_equal(d->classes[1].carries, 0);
	scenario_destroy(s);
}

/* Each direction: below two frames there is a warning that names the rate. */
static void a_small_burst_is_warned_about(void **state)
{
	struct scenario *s = read_link("rate: 100 Mbps, burst: 1600 B", "");

	(void)state;
	assert_int_equal(s->n_warnings, 1);
	assert_non_null(strstr(s->warnings[0].msg, "less than two frames of 1514 bytes"));
	assert_non_null(strstr(s->warnings[0].msg, "of 100 Mbit/s"));
	assert_int_equal(s->warnings[0].at.line, 7);
	scenario_destroy(s);
	s = read_link("rate: 100 Mbps, burst: 3028 B", "");
	assert_int_equal(s->n_warnings, 0);
	scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_of_both_directions_is_one_input),
		cmocka_unit_test(a_burst_makes_it_tbf),
		cmocka_unit_test(a_direction_goes_before_its_link),
		cmocka_unit_test(a_plain_link_stays_plain),
		cmocka_unit_test(a_schedule_returns_to_the_rate),
		cmocka_unit_test(for_ends_in_what_held_before),
		cmocka_unit_test(rates_come_from_a_trace),
		cmocka_unit_test(classes_have_the_defaults_of_tc),
		cmocka_unit_test(a_small_burst_is_warned_about),
	};

	return cmocka_run_group_tests_name("scenario_links", tests, NULL, NULL);
}
