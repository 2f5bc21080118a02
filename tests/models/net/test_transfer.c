/* Messages over shaped and shared links, in a world and on routes. */
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "models/net/qdisc.h"
#include "sim/event.h"
#include "tests/support/net_lab.h"
#include "tests/support/world_fixture.h"

/* 14480 bytes are ten full packets: 15140 on the wire, 10 ms at 1.514 MB/s. */
static const double TEN_PACKETS_TOK = 3620.0, RATE = 1.514e6;

/** One site with slots for all, a link to it, and a group that sends ten packets every second. */
static void one_link(struct fixture *f, const char *policy)
{
	struct instance_spec *q;

	fixture_init(f);
	f->spec.run.horizon_s = 4.5;
	fixture_policy(f, policy);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	q = fixture_station(f, "q", 0, 1.0);
	q->service = dist_constant(0.125);
	q->slots = 64;
	fixture_link(f, "access", "users", "edge", RATE, 2e-3);
}

static struct group_spec *sender(struct fixture *f, const char *name, double prompt_tok)
{
	struct group_spec *g = fixture_group(f, name, 1.0);

	g->arrivals.process = ARRIVAL_DETERMINISTIC;
	g->workload.kind = WORKLOAD_DISTS;
	g->workload.prompt_tok = dist_constant(prompt_tok);
	return g;
}

static void shape(struct link_dir_spec *d, double burst_bytes)
{
	d->qdisc = (struct qdisc){.kind = QDISC_TBF,
		.burst_bytes = burst_bytes,
		.limit_bytes = HUGE_VAL,
		.mtu_bytes = 1500.0};
	d->transport = TRANSPORT_TCP;
	d->connection = CONNECTION_WARM;
	d->sharing = SHARING_FAIR;
	d->rto_s = 0.2;
}

static double upload_s(const struct fixture *f, size_t row)
{
	return s_of_ns(f->rows[row].uploaded_ns - f->rows[row].assigned_ns);
}

/* Alone: 10 ms and 2 of propagation; behind a bucket of 3028 two packets are free: 8 + 2. */
static void a_bucket_lets_its_depth_pass_at_once(void **state)
{
	struct fixture f;

	(void)state;
	one_link(&f, "fcfs");
	sender(&f, "a", TEN_PACKETS_TOK);
	fixture_run(&f);
	assert_near(upload_s(&f, 2), 12e-3, 2e-9);
	shape(&f.links[0].up, 3028.0);
	fixture_run(&f);
	assert_near(upload_s(&f, 2), 10e-3, 2e-9);
	assert_near(fixture_metric(&f, "link:access/a-edge/up", "bytes.prompt"), 4 * 15140.0, 1e-6);
	assert_near(fixture_metric(&f, "link:access/a-edge/up", "bytes.answer"), 0.0, 0.0);
	fixture_finish(&f);
}

/* Two groups on one pipe at the same instants: each gets half. In order of arrival the first
 * takes 10 ms and the second 20; shared, with a bucket of two packets, (30280 - 3028) / rate
 * = 18 ms both, and both waited 8 ms more than alone. */
static void flows_share_one_pipe(void **state)
{
	struct fixture f;

	(void)state;
	one_link(&f, "fcfs");
	f.links[0].shared = true;
	sender(&f, "a", TEN_PACKETS_TOK);
	sender(&f, "b", TEN_PACKETS_TOK);
	fixture_run(&f);
	assert_near(upload_s(&f, 2) + upload_s(&f, 3), 12e-3 + 22e-3, 4e-9);
	shape(&f.links[0].up, 3028.0);
	fixture_run(&f);
	assert_near(upload_s(&f, 2), 20e-3, 4e-9);
	assert_near(upload_s(&f, 3), 20e-3, 4e-9);
	assert_near(fixture_metric(&f, "link:access/up", "busy.share"), 8 * 10e-3 / 4.5, 1e-9);
	fixture_finish(&f);
}

/* b comes 5 ms after a: a has
 * 5 ms left when b starts and needs 10 at half the rate: 15 ms in all; b has had 5 of its
 * 10 by then and is alone again: 15 ms too. The arrival of a, posted when it was alone, moved. */
static void a_later_flow_slows_the_first_down(void **state)
{
	struct fixture f;
	struct group_spec *b;

	(void)state;
	one_link(&f, "fcfs");
	f.links[0].shared = true;
	shape(&f.links[0].up, 1514.0);
	f.links[0].up.qdisc.kind = QDISC_NONE;
	sender(&f, "a", TEN_PACKETS_TOK);
	b = sender(&f, "b", TEN_PACKETS_TOK);
	b->arrivals.rate_per_s = 1.0 / 1.005;
	fixture_run(&f);
	assert_near(upload_s(&f, 0), 17e-3, 4e-9);
	assert_near(upload_s(&f, 1), 17e-3, 4e-9);
	fixture_finish(&f);
}

/* Cold connections: the first ten packets fit the initial window; twenty packets, 20 ms, have to
 * wait for a round trip of 4 ms, in which the link is busy for 10: nothing. At ten times the
 * rate a window takes 1 ms: 4 ms of waiting, then ten packets more: 4 + 1 + 2. */
static void cold_connections_wait_for_acknowledgements(void **state)
{
	struct fixture f;

	(void)state;
	one_link(&f, "fcfs");
	sender(&f, "a", 2 * TEN_PACKETS_TOK);
	shape(&f.links[0].up, 1514.0);
	f.links[0].up.qdisc.kind = QDISC_NONE;
	f.links[0].up.connection = CONNECTION_COLD;
	fixture_run(&f);
	assert_near(upload_s(&f, 0), 22e-3, 4e-9);
	f.links[0].up.bytes_per_s = f.links[0].down.bytes_per_s = 10.0 * RATE;
	fixture_run(&f);
	assert_near(upload_s(&f, 0), 7e-3, 4e-9);
	f.links[0].up.connection = CONNECTION_NEW;
	fixture_run(&f);
	assert_near(upload_s(&f, 0), 11e-3, 4e-9);
	fixture_finish(&f);
}

/* The link goes down at 1.004 s for half a second. A message of 10 ms sent at 1 s has 6 ms to
 * go: 1.51 s, whether messages share or not; the next is not touched. */
static void an_outage_delays_and_loses_nothing(void **state)
{
	const struct rate_step steps[] = {{0, RATE}, {1004000000, 0.0}, {1504000000, RATE}};
	struct fixture f;

	(void)state;
	one_link(&f, "fcfs");
	sender(&f, "a", TEN_PACKETS_TOK);
	f.links[0].up.curve = rate_curve_of_steps(&f.arena, steps, 3, 0);
	for (int sharing = 0; sharing < 2; sharing++) {
		f.links[0].up.sharing = (enum link_sharing)sharing;
		fixture_run(&f);
		assert_near(upload_s(&f, 0), 0.512, 1e-8);
		assert_near(upload_s(&f, 1), 12e-3, 1e-8);
	}
	fixture_finish(&f);
}

/* edge serves in 0.5 s, the cloud in 0.1 s behind a link that takes 10 ms and from 2.5 s on
 * 10 s: requests of 1 and 2 s go to the cloud, those of 3 and 4 s stay. */
static void policies_see_rates_change(void **state)
{
	const struct rate_step steps[] = {{0, RATE}, {2500000000, 1e-3 * RATE}};
	struct fixture f;
	struct instance_spec *q;

	(void)state;
	one_link(&f, "k-p-fcfs");
	f.instances[0].service = dist_constant(0.5);
	fixture_site(&f, "cloud", TIER_CLOUD, NULL);
	q = fixture_station(&f, "far", 1, 1.0);
	q->service = dist_constant(0.1);
	sender(&f, "a", TEN_PACKETS_TOK);
	fixture_link(&f, "wan", "users", "cloud", RATE, 2e-3);
	f.links[1].up.curve = rate_curve_of_steps(&f.arena, steps, 2, 0);
	fixture_run(&f);
	assert_int_equal(f.n_rows, 4);
	assert_int_equal(f.rows[0].instance, 1);
	assert_int_equal(f.rows[1].instance, 1);
	assert_int_equal(f.rows[2].instance, 0);
	assert_int_equal(f.rows[3].instance, 0);
	fixture_finish(&f);
}

/** A message alone: delay, the bucket, the timer by which its last packet leaves, slow start. */
static double lone_s(const struct link_dir_spec *d, double payload_bytes)
{
	struct framing f = framing_of(TRANSPORT_TCP, 1500.0);
	struct train t = train_of(&f, payload_bytes);
	struct qdisc q = d->qdisc;
	double full, send_s;

	q.bytes_per_s = d->bytes_per_s;
	full = qdisc_burst_bytes(&q);
	send_s = qdisc_send_s(&q, &t, full);
	if (send_s > 0.0)
		send_s += q.timer_late_s;
	if (d->connection == CONNECTION_COLD)
		send_s += slow_start_delay_s(&t, 2.0 * d->delay_s, qdisc_rate_bytes_per_s(&q),
			qdisc_credit_bytes(&q, &t, full));
	return d->delay_s + send_s;
}

/* For sizes of one packet to 8 MB, both buckets, in order and shared, cold and warm. */
static void a_lone_transfer_is_its_closed_form(void **state)
{
	static const double sizes[] = {900.0, 6000.0, 40e3, 300e3, 8e6};

	(void)state;
	for (unsigned i = 0; i < 5 * 8; i++) {
		struct fixture f;

		one_link(&f, "fcfs");
		f.spec.run.horizon_s = 20.0;
		sender(&f, "a", sizes[i / 8] / 4.0)->arrivals.rate_per_s = 0.1;
		shape(&f.links[0].up, 3200.0);
		f.links[0].up.qdisc.timer_late_s = 12e-6;
		f.links[0].up.qdisc.kind = i & 1 ? QDISC_TBF : QDISC_HTB;
		f.links[0].up.sharing = i & 2 ? SHARING_FAIR : SHARING_FIFO;
		f.links[0].up.connection = i & 4 ? CONNECTION_COLD : CONNECTION_WARM;
		fixture_run(&f);
		assert_near(upload_s(&f, 0), lone_s(&f.links[0].up, sizes[i / 8]), 4e-9);
		fixture_finish(&f);
	}
}

static const char *const ends[] = {"a", "edge"};

/* In order of arrival, bucket of 3028: the first message of ten packets leaves after 8 ms and
 * puts the bucket in debt by 8 packets; one sent 3 ms later has 8 - 3 + 10 packets ahead:
 * 18 - 3 = 15 ms; htb would charge its last packet afterwards: 14. */
static void messages_in_order_share_a_bucket(void **state)
{
	struct link_spec link = lab_link("access", "users", "edge", RATE, 2e-3);

	(void)state;
	shape(&link.up, 3028.0);
	link.up.sharing = SHARING_FIFO;
	for (int htb = 0; htb < 2; htb++) {
		struct lab l;

		link.up.qdisc.kind = htb ? QDISC_HTB : QDISC_TBF;
		lab_init(&l, &link, 1, ends, 1, 1);
		lab_send(&l, 0.0, 0, 1, 14480.0, TRANSFER_KV);
		lab_send(&l, 3e-3, 0, 1, 14480.0, TRANSFER_KV);
		lab_run(&l, 1.0);
		assert_near(lab_took_s(&l, 0), 10e-3 - 1e-3 * htb, 2e-9);
		assert_near(lab_took_s(&l, 1), 17e-3 - 1e-3 * htb, 2e-9);
		assert_near(lab_sums(&l, "access/a-edge/up").wait_s, 5e-3, 1e-9);
		lab_finish(&l);
	}
}

/* 20 packets of 1472 + 42 bytes at once, a bucket of 2 and a queue of 8: ten are dropped, and
 * sent again after 0.2 s, when bucket and queue are empty: 8 ms more: 208 + 2 ms. */
static void a_full_queue_drops_datagrams_and_they_come_again(void **state)
{
	struct link_spec link = lab_link("access", "users", "edge", RATE, 2e-3);
	struct lab l;

	(void)state;
	shape(&link.up, 3028.0);
	link.up.sharing = SHARING_FIFO;
	link.up.transport = TRANSPORT_DATAGRAM;
	link.up.qdisc.limit_bytes = 8 * 1514.0;
	lab_init(&l, &link, 1, ends, 1, 1);
	lab_send(&l, 0.0, 0, 1, 20 * 1472.0, TRANSFER_PROMPT);
	lab_run(&l, 1.0);
	assert_near(lab_took_s(&l, 0), 210e-3, 4e-9);
	assert_near(lab_sums(&l, "access/a-edge/up").dropped, 10.0, 0.0);
	assert_near(lab_sums(&l, "access/a-edge/up").resent, 10.0, 0.0);
	lab_finish(&l);
}

/* Twice twenty packets at one instant into a queue of eight behind a bucket of two, at a packet
 * a millisecond, and a time-out of one: the queue never runs empty, so that the last of the forty
 * leaves when the bucket has made up for all but two, at 38 ms or with the time-out after. */
static void a_full_queue_sends_no_faster_than_its_rate(void **state)
{
	struct link_spec link = lab_link("access", "users", "edge", RATE, 0.0);
	struct lab l;

	(void)state;
	shape(&link.up, 2 * 1514.0);
	link.up.sharing = SHARING_FIFO;
	link.up.transport = TRANSPORT_DATAGRAM;
	link.up.qdisc.limit_bytes = 8 * 1514.0;
	link.up.rto_s = 1e-3;
	lab_init(&l, &link, 1, ends, 1, 1);
	lab_send(&l, 0.0, 0, 1, 20 * 1472.0, TRANSFER_PROMPT);
	lab_send(&l, 0.0, 0, 1, 20 * 1472.0, TRANSFER_PROMPT);
	lab_run(&l, 1.0);
	assert_true(lab_took_s(&l, 1) > 38e-3 - 4e-9);
	assert_true(lab_took_s(&l, 1) < 39e-3 + 4e-9);
	assert_true(lab_sums(&l, "access/a-edge/up").busy_s < 40e-3 + 4e-9);
	lab_finish(&l);
}

/* netem holds 3 packets in a delay of 10 ms. A message of 7: three at 0, three when those come out
 * at 10 ms, one at 20: there at 30 ms. One packet 12 ms later finds 4, 5, 6 under way and 7 before
 * it: it enters when 5 is out, at 20 ms, and takes 18. What is behind it is not held: at 50 ms none
 * are. */
static void a_delay_holds_so_many_packets(void **state)
{
	struct link_spec link = lab_link("access", "users", "edge", HUGE_VAL, 10e-3);
	struct lab l;

	(void)state;
	link.up.netem.limit_packets = 3.0;
	lab_init(&l, &link, 1, ends, 1, 1);
	lab_send(&l, 0.0, 0, 1, 7 * 1448.0, TRANSFER_PROMPT);
	lab_send(&l, 12e-3, 0, 1, 100.0, TRANSFER_PROMPT);
	lab_send(&l, 50e-3, 0, 1, 3 * 1448.0, TRANSFER_PROMPT);
	lab_run(&l, 1.0);
	assert_near(lab_took_s(&l, 0), 30e-3, 2e-9);
	assert_near(lab_took_s(&l, 1), 18e-3, 2e-9);
	assert_near(lab_took_s(&l, 2), 10e-3, 2e-9);
	lab_finish(&l);
}

/* 1 bit/s and 1e11 bytes are 8e11 s: beyond the clock. The engine stops, the link is named. */
static void what_the_clock_cannot_count_names_its_link(void **state)
{
	struct link_spec link = lab_link("snail", "users", "edge", 0.125, 0.0);

	(void)state;
	for (int fair = 0; fair < 2; fair++) {
		struct lab l;

		link.up.sharing = fair ? SHARING_FAIR : SHARING_FIFO;
		lab_init(&l, &link, 1, ends, 1, 1);
		lab_send(&l, 1.0, 0, 1, 1e11, TRANSFER_PROMPT);
		lab_run(&l, 5.0);
		assert_non_null(net_failure(l.net));
		assert_non_null(strstr(
			net_failure(l.net)->msg, "link 'snail/a-edge/up': a message of 1e+11"));
		assert_true(l.at[0].arrived_ns == NS_NEVER);
		lab_finish(&l);
	}
}

/* Loss of 20 % on the way of one-packet messages: a time-out of 0.2 s for each loss, whose number
 * is geometric: 0.25 on average, 50 ms, and as many packets sent again. */
static void loss_is_sent_again(void **state)
{
	struct fixture f;

	(void)state;
	one_link(&f, "fcfs");
	f.spec.run.horizon_s = 4000.5;
	sender(&f, "a", 100.0);
	f.links[0].up.netem = (struct netem){.loss = NETEM_LOSS_RANDOM, .loss_p = 0.2};
	f.links[0].up.transport = TRANSPORT_DATAGRAM;
	f.links[0].up.rto_s = 0.2;
	fixture_run(&f);
	assert_near(
		fixture_metric(&f, "link:access/a-edge/up", "packets.resent") / 4000.0, 0.25, 0.03);
	assert_near(fixture_metric(&f, "", "network.mean_s"), 0.05 + 4e-3, 6e-3);
	fixture_finish(&f);
}

/* 20 tokens of 4 + 66 bytes, streamed by one request alone over 700 bytes/s: each takes 0.1 s, more
 * than a decode step, so they queue up behind the first and the last is there 2 s and 3 ms after
 * that was made. */
static void a_streamed_answer_is_a_message_a_token(void **state)
{
	static const char down[] = "link:access/a-edge/down";
	struct fixture f;
	struct group_spec *g;

	(void)state;
	fixture_init(&f);
	f.spec.run.horizon_s = 20.0;
	fixture_site(&f, "edge", TIER_EDGE, "rtx-4090");
	fixture_model(&f, "llama2-7b", PRECISION_INT8);
	fixture_llm(&f, "q", 0, 0);
	fixture_link(&f, "access", "users", "edge", 700.0, 3e-3)->up.bytes_per_s = 1e9;
	g = fixture_group(&f, "a", 0.1);
	g->arrivals.process = ARRIVAL_DETERMINISTIC;
	g->workload.output_tok = dist_constant(20.0);
	g->stream = true;
	fixture_run(&f);
	assert_near(fixture_metric(&f, down, "bytes.answer"), 20 * 70.0, 1e-6);
	assert_near(fixture_metric(&f, down, "busy.share"), 2.0 / 20.0, 1e-8);
	assert_near(s_of_ns(f.rows[0].delivered_ns - f.rows[0].first_token_ns), 2.003, 1e-7);
	g->stream = false; /* one packet of 80 + 66 bytes once all is made */
	fixture_run(&f);
	assert_near(fixture_metric(&f, down, "bytes.answer"), 146.0, 1e-6);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_lets_its_depth_pass_at_once),
		cmocka_unit_test(flows_share_one_pipe),
		cmocka_unit_test(a_later_flow_slows_the_first_down),
		cmocka_unit_test(cold_connections_wait_for_acknowledgements),
		cmocka_unit_test(an_outage_delays_and_loses_nothing),
		cmocka_unit_test(policies_see_rates_change),
		cmocka_unit_test(a_lone_transfer_is_its_closed_form),
		cmocka_unit_test(messages_in_order_share_a_bucket),
		cmocka_unit_test(a_full_queue_drops_datagrams_and_they_come_again),
		cmocka_unit_test(a_full_queue_sends_no_faster_than_its_rate),
		cmocka_unit_test(a_delay_holds_so_many_packets),
		cmocka_unit_test(what_the_clock_cannot_count_names_its_link),
		cmocka_unit_test(loss_is_sent_again),
		cmocka_unit_test(a_streamed_answer_is_a_message_a_token),
	};

	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
