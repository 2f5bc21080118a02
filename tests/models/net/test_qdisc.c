/* The shapers in closed form: by hand, and against transfers measured on a kernel. */
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>

#include "tests/support/path.h"
#include "tests/support/measured.h"

static const struct qdisc tbf = {.kind = QDISC_TBF,
	.bytes_per_s = 1.25e6,
	.burst_bytes = 3200.0,
	.limit_bytes = HUGE_VAL,
	.mtu_bytes = 1500.0};

static struct train tcp_train(double payload_bytes)
{
	struct framing f = framing_of(TRANSPORT_TCP, 1500.0);

	return train_of(&f, payload_bytes);
}

/* TCP: 1500 - 20 IP - 20 TCP - 12 time stamps = 1448 of payload, 14 + 52 = 66 of headers; UDP:
 * 1500 - 28 = 1472 and 42. 4000 bytes: TCP 3 packets, the last of 4000 - 2896 + 66 = 1170. */
static void headers_are_those_of_the_transport(void **state)
{
	struct framing tcp = framing_of(TRANSPORT_TCP, 1500.0);
	struct framing udp = framing_of(TRANSPORT_DATAGRAM, 1500.0);
	struct framing jumbo = framing_of(TRANSPORT_TCP, 9000.0);
	struct train t = train_of(&tcp, 4000.0);

	(void)state;
	assert_near(tcp.payload_bytes, 1448.0, 0.0);
	assert_near(tcp.header_bytes, 66.0, 0.0);
	assert_near(udp.payload_bytes, 1472.0, 0.0);
	assert_near(udp.header_bytes, 42.0, 0.0);
	assert_near(jumbo.payload_bytes, 8948.0, 0.0);
	assert_near(t.packets, 3.0, 0.0);
	assert_near(t.wire_bytes, 4198.0, 0.0);
	assert_near(t.last_bytes, 1170.0, 0.0);
	assert_near(t.first_bytes, 1514.0, 0.0);
}

/* 4198 bytes through a full bucket of 3200 at 1.25 MB/s: 998 / 1.25e6 = 798.4 us; through one
 * that holds 500: 3698 / 1.25e6 = 2958.4 us; 1000 bytes of payload ride in the burst. */
static void tbf_waits_for_what_the_bucket_lacks(void **state)
{
	struct train t = tcp_train(4000.0), small = tcp_train(1000.0);

	(void)state;
	assert_near(qdisc_send_s(&tbf, &t, 3200.0), 798.4e-6, 1e-12);
	assert_near(qdisc_send_s(&tbf, &t, 500.0), 2958.4e-6, 1e-12);
	assert_near(qdisc_send_s(&tbf, &small, 3200.0), 0.0, 0.0);
}

/* Peak 2.5 MB/s behind 2000 bytes: (4198 - 2000) / 2.5e6 = 879.2 us, more than 798.4 us; for
 * 40000 bytes = 28 packets, 41848 on the wire, the rate rules: 38648 / 1.25e6 = 30.9184 ms. */
static void a_peak_rate_holds_back_the_burst(void **state)
{
	struct qdisc q = tbf;
	struct train t = tcp_train(4000.0), large = tcp_train(40000.0);

	(void)state;
	q.peak_bytes_per_s = 2.5e6;
	q.minburst_bytes = 2000.0;
	assert_near(qdisc_send_s(&q, &t, 3200.0), 879.2e-6, 1e-12);
	assert_near(qdisc_send_s(&q, &large, 3200.0), 30.9184e-3, 1e-12);
}

/* Debt is charged after sending: the last packet of 1170 bytes is not waited for, and
 * 4198 - 1170 < 3200 passes at once; with 500 tokens (3028 - 500) / 1.25e6 = 2022.4 us.
 * A lone class borrows up to its ceil of 2.5 MB/s: half of that. */
static void htb_charges_after_sending(void **state)
{
	struct qdisc q = tbf;
	struct train t = tcp_train(4000.0);

	(void)state;
	q.kind = QDISC_HTB;
	assert_near(qdisc_send_s(&q, &t, 3200.0), 0.0, 0.0);
	assert_near(qdisc_send_s(&q, &t, 500.0), 2022.4e-6, 1e-12);
	q.ceil_bytes_per_s = 2.5e6;
	assert_near(qdisc_send_s(&q, &t, 500.0), 1011.2e-6, 1e-12);
}

/* 16384 bytes = 12 packets: two super-packets of five, then two packets once 15140 - 1600 bytes
 * are paid for: 10.832 ms at 1.25 MB/s. 7240 bytes are five packets: at once. 72400 bytes are
 * 50: the last ten leave when 40 x 1514 - 1600 are paid: 47.168 ms. */
static void super_packets_overshoot_in_htb(void **state)
{
	struct qdisc q = tbf;
	struct train t = tcp_train(16384.0);

	(void)state;
	q.kind = QDISC_HTB;
	q.burst_bytes = 1600.0;
	q.gso = true;
	assert_near(qdisc_send_s(&q, &t, 1600.0), 10.832e-3, 1e-12);
	t = tcp_train(7240.0);
	assert_near(qdisc_send_s(&q, &t, 1600.0), 0.0, 0.0);
	t = tcp_train(72400.0);
	assert_near(qdisc_send_s(&q, &t, 1600.0), 47.168e-3, 1e-12);
}

/* Slack 1600 - 1514 = 86 bytes, 6.88 us at 12.5 MB/s; timers late by 10 us on average, with a
 * deviation of 2.5 us: z = 3.12 / 2.5 = 1.248, Phi = 0.893984, phi = 0.183110 cost
 * 3.12 x 0.893984 + 2.5 x 0.183110 = 3.24701 us a packet: 1514 / (121.12 + 3.24701) us =
 * 12.17364 MB/s. With a burst of 3200 the slack is 134.88 us, fifty deviations: nothing. */
static void a_late_timer_loses_tokens_of_a_small_bucket(void **state)
{
	struct qdisc q = tbf;

	(void)state;
	q.bytes_per_s = 12.5e6;
	q.timer_late_s = 10e-6;
	assert_near(qdisc_rate_bytes_per_s(&q), 12.5e6, 5.0);
	q.burst_bytes = 1600.0;
	assert_near(qdisc_rate_bytes_per_s(&q), 12.17364e6, 20.0);
}

/* 100 packets of 1514 bytes without a limit, round trip 10 ms: rounds of 10, 20, 40, 30; the
 * last starts at 30 ms. At 1.514 MB/s a packet takes 1 ms: round 0 of ten lasts 10 ms, the
 * link never idles. At 6.056 MB/s (0.25 ms): 10 + (100 - 10) / 4 = 32.5 ms after one idle
 * round, 20 + 70 / 4 = 37.5 ms after two, 30 + 7.5 = 37.5 ms after three, against 25 ms. */
static void slow_start_waits_for_acknowledgements(void **state)
{
	struct train t = tcp_train(144800.0);

	(void)state;
	assert_near(slow_start_delay_s(&t, 10e-3, HUGE_VAL, 0.0), 30e-3, 1e-15);
	assert_near(slow_start_delay_s(&t, 10e-3, 1.514e6, 0.0), 0.0, 0.0);
	assert_near(slow_start_delay_s(&t, 10e-3, 6.056e6, 0.0), 12.5e-3, 1e-12);
	assert_near(slow_start_delay_s(&t, 0.0, HUGE_VAL, 0.0), 0.0, 0.0);
	t = tcp_train(14480.0);
	assert_near(slow_start_delay_s(&t, 10e-3, HUGE_VAL, 0.0), 0.0, 0.0);
}

/* The closed form against the maximum over every round, for many sizes, rates and buckets. */
static void slow_start_is_the_latest_of_all_rounds(void **state)
{
	(void)state;
	for (double packets = 1.0; packets < 9000.0; packets *= 1.37)
		for (double rate = 1e5; rate < 1e9; rate *= 2.3)
			for (double credit = 0.0; credit < 1e6; credit = 3.0 * credit + 1514.0) {
				struct train t = tcp_train(floor(packets) * 1448.0);
				double end_s = 0.0, open_s, sent = 0.0, window = 10.0, at_s = 0.0;

				open_s = fmax(0.0, t.wire_bytes - credit) / rate;
				for (; sent < t.packets; sent += window, window *= 2.0) {
					end_s = fmax(end_s,
						at_s + fmax(0.0, t.wire_bytes - 1514.0 * sent -
									 credit) /
								rate);
					at_s += 0.03;
				}
				assert_near(slow_start_delay_s(&t, 0.03, rate, credit),
					end_s - open_s, 1e-9);
			}
}

/* A path: 2 ms there, 3 ms back, 0.1 ms in the hosts each way; 144800 bytes without a limit:
 * 2.1 ms warm, + 3 x 5.2 cold, + 5.2 of handshake. */
static void a_path_adds_its_delays_and_round_trips(void **state)
{
	struct path p = {
		.qdisc = {.bytes_per_s = HUGE_VAL, .mtu_bytes = 1500.0},
		.transport = TRANSPORT_TCP,
		.connection = CONNECTION_WARM,
		.delay_s = 2e-3,
		.return_s = 3e-3,
		.host_s = 1e-4,
	};

	(void)state;
	assert_near(path_transfer_s(&p, 144800.0), 2.1e-3, 2e-9);
	p.connection = CONNECTION_COLD;
	assert_near(path_transfer_s(&p, 144800.0), 17.7e-3, 2e-9);
	p.connection = CONNECTION_NEW;
	assert_near(path_transfer_s(&p, 144800.0), 22.9e-3, 2e-9);
}

/* Against a kernel. Two figures belong to the measuring rig: what its two hosts add to each
 * transfer, and how late its timer fires (mean; the sender of datagrams, woken for
 * every packet, keeps its processor busier). */

static const double HOST_S = 70e-6, LATE_TCP_S = 17e-6, LATE_UDP_S = 22e-6;

static struct path cell(const struct measured *m, size_t i)
{
	bool udp = measured_is(m, i, "proto", "udp");

	return (struct path){
		.qdisc = {.kind = measured_is(m, i, "qdisc", "tbf") ? QDISC_TBF : QDISC_HTB,
			.bytes_per_s = 1.25e5 * measured_number(m, i, "rate_mbit"),
			.burst_bytes = measured_number(m, i, "burst_B"),
			.limit_bytes = HUGE_VAL,
			.mtu_bytes = 1500.0,
			.timer_late_s = udp ? LATE_UDP_S : LATE_TCP_S,
			.gso = !measured_is(m, i, "segmentation", "per_packet")},
		.transport = udp ? TRANSPORT_DATAGRAM : TRANSPORT_TCP,
		.connection = CONNECTION_WARM,
		.host_s = HOST_S,
	};
}

/* Transfers of 1 ms or more. Beside the bars stand two modes that the closed form does not
 * claim: BBR, which paces below the rate after it lost tokens, and htb fed with super-packets,
 * where the size of the last one, up to 64 KB, varies from run to run (the repetitions of one
 * cell differ by up to 70 %). */
static void single_transfers_are_met_within_the_bars(void **state)
{
	struct measured m;
	struct errors good = {0}, bbr = {0}, super = {0}, given = {0};

	(void)state;
	if (!measured_read(&m, SHARED_DATA "/tc_tbf_measured.csv"))
		skip();
	for (size_t i = 0; i < m.n; i++) {
		struct path p = cell(&m, i);
		double ms = measured_number(&m, i, "median_ms");
		double predicted_ms = 1e3 * path_transfer_s(&p, measured_number(&m, i, "size_B"));
		bool is_bbr = measured_is(&m, i, "cc", "bbr");
		bool is_super = p.qdisc.kind == QDISC_HTB && p.qdisc.gso;

		if (ms < 1.0)
			continue;
		errors_add(is_bbr ? &bbr : is_super ? &super : &good, predicted_ms, ms);
		if (!is_bbr && !is_super)
			errors_add(&given, measured_number(&m, i, "model_ms"), ms);
	}
	errors_print(&good, "tbf and htb, cubic and datagrams");
	errors_print(&given, "  the same by the model given");
	errors_print(&bbr, "tbf, BBR");
	errors_print(&super, "htb, super-packets");
	assert_true(errors_quantile(&good, 0.5) <= 0.005);
	assert_true(errors_quantile(&good, 1.0) <= 0.05);
	assert_true(errors_quantile(&good, 0.95) < errors_quantile(&given, 0.95));
	assert_true(errors_quantile(&bbr, 0.5) <= 0.005);
	assert_true(errors_quantile(&super, 0.5) <= 0.02);
	assert_true(errors_quantile(&super, 1.0) <= 0.2);
	errors_finish(&good);
	errors_finish(&given);
	errors_finish(&bbr);
	errors_finish(&super);
	measured_finish(&m);
}

/* The delay is made by a forwarder in user space that adds 0.2 ms each way. It copies about
 * 0.2 GB/s, so an open window without a shaper measures the forwarder and is left out. */
static const double FORWARDER_S = 0.2e-3;

static void delayed_transfers_are_met_within_the_bars(void **state)
{
	struct measured m;
	struct errors cold = {0}, warm = {0};

	(void)state;
	if (!measured_read(&m, SHARED_DATA "/tc_delay_measured.csv"))
		skip();
	for (size_t i = 0; i < m.n; i++) {
		double mbit = measured_number(&m, i, "rate_mbit_0_is_unshaped");
		double delay_s = 1e-3 * measured_number(&m, i, "oneway_ms");
		double ms = measured_number(&m, i, "median_ms");
		struct path p = {
			.qdisc = {.kind = mbit > 0.0 ? QDISC_TBF : QDISC_NONE,
				.bytes_per_s = mbit > 0.0 ? 1.25e5 * mbit : HUGE_VAL,
				.burst_bytes = measured_number(&m, i, "burst_B"),
				.limit_bytes = HUGE_VAL,
				.mtu_bytes = 1500.0,
				.timer_late_s = LATE_TCP_S},
			.transport = TRANSPORT_TCP,
			.connection = measured_is(&m, i, "conn", "cold") ? CONNECTION_COLD
									 : CONNECTION_WARM,
			.delay_s = delay_s,
			.return_s = delay_s,
			.host_s = FORWARDER_S,
		};

		if (measured_is(&m, i, "cc", "cubic") &&
			(mbit > 0.0 || p.connection == CONNECTION_COLD))
			errors_add(p.connection == CONNECTION_COLD ? &cold : &warm,
				1e3 * path_transfer_s(&p, measured_number(&m, i, "size_B")), ms);
	}
	errors_print(&cold, "behind 5 ms each way, cold");
	errors_print(&warm, "behind 5 ms each way, warm");
	assert_true(errors_quantile(&cold, 0.5) <= 0.01);
	assert_true(errors_quantile(&warm, 0.5) <= 0.01);
	assert_true(errors_quantile(&cold, 1.0) <= 0.05);
	errors_finish(&cold);
	errors_finish(&warm);
	measured_finish(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_those_of_the_transport),
		cmocka_unit_test(tbf_waits_for_what_the_bucket_lacks),
		cmocka_unit_test(a_peak_rate_holds_back_the_burst),
		cmocka_unit_test(htb_charges_after_sending),
		cmocka_unit_test(super_packets_overshoot_in_htb),
		cmocka_unit_test(a_late_timer_loses_tokens_of_a_small_bucket),
		cmocka_unit_test(slow_start_waits_for_acknowledgements),
		cmocka_unit_test(slow_start_is_the_latest_of_all_rounds),
		cmocka_unit_test(a_path_adds_its_delays_and_round_trips),
		cmocka_unit_test(single_transfers_are_met_within_the_bars),
		cmocka_unit_test(delayed_transfers_are_met_within_the_bars),
	};

	return cmocka_run_group_tests_name("qdisc", tests, NULL, NULL);
}
