/* Links as tc commands: units as tc reads them, and one command line for each thing. */
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tc.h"

/* tc: bit, kbit, mbit, gbit are powers of ten of bits/s (mbps is megabytes/s); b is bytes (kbit is
 * 125 of them); 6.25e6 B/s are 50 Mbit/s, 187500 B/s 1.5 Mbit/s, 12345 bytes/s 98760 bit/s. */
static void units_are_those_tc_reads(void **state)
{
	char s[64];

	(void)state;
	assert_string_equal(tc_rate(s, 6.25e6), "50mbit");
	assert_string_equal(tc_rate(s, 187500.0), "1500kbit");
	assert_string_equal(tc_rate(s, 12345.0), "98760bit");
	assert_string_equal(tc_rate(s, 1.25e9), "10gbit");
	assert_string_equal(tc_size(s, 32768.0), "32768b");
	assert_string_equal(tc_size(s, 3000.25), "3001b");
	assert_string_equal(tc_time(s, 2.5e-3), "2.5ms");
	assert_string_equal(tc_time(s, 40e-6), "0.04ms");
}

static char *printed(const struct link_dir_spec *up, const struct link_dir_spec *down)
{
	struct link_spec link = {
		.name = "wan-1", .between = {"users", "edge*"}, .up = *up, .down = *down};
	struct scenario_spec spec = {.name = "t", .n_links = 1, .links = &link};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	tc_print(to, &spec);
	fclose(to);
	return text;
}

static void has(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at > text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line '%s' in\n%s", line, text);
}

/* 10 Mbit/s for 50 ms and a burst of 32 KiB: limit 62500 + 32768. 1 ms at 1.25 MB/s is less than
 * netem's 1000 packets. */
static void tbf_goes_below_netem(void **state)
{
	struct link_dir_spec up = {
		.bytes_per_s = 1.25e6,
		.delay_s = 1e-3,
		.qdisc = {.kind = QDISC_TBF,
			.burst_bytes = 32768.0,
			.limit_bytes = 95268.0,
			.mtu_bytes = 1500.0},
		.netem = {.jitter_s = 5e-4,
			.delay_correlation = 0.25,
			.distribution = NETEM_PARETO,
			.loss = NETEM_LOSS_GEMODEL,
			.loss_p = 0.01,
			.loss_r = 0.2,
			.loss_in_bad = 0.9,
			.loss_in_good = 0.001,
			.limit_packets = HUGE_VAL},
	};
	struct link_dir_spec down = {.bytes_per_s = 1.25e6, .delay_s = 1e-3};
	char *text = printed(&up, &down);

	(void)state;
	has(text, "ip link set dev $wan_1_up mtu 1500");
	has(text, "ip link set dev $wan_1_up gso_max_segs 1");
	has(text, "tc qdisc add dev $wan_1_up root handle 1: netem limit 1000 delay 1ms 0.5ms 25% "
		  "distribution pareto loss gemodel 1% 20% 90% 0.1%");
	has(text, "tc qdisc add dev $wan_1_up parent 1:1 handle 10: tbf rate 10mbit burst 32768b "
		  "limit 95268b");
	has(text, "tc qdisc add dev $wan_1_down root handle 1: netem limit 1000 delay 1ms rate "
		  "10mbit");
	free(text);
}

/* A frame of 1514 bytes at 12.5 MB/s is 121120 ns = 1892.5 ticks of 64 ns; tc would keep 1892 and
 * show a bucket of 1513.6 bytes. 64 ns are 0.8 bytes: 1514 + 1 + 1. */
static void a_bucket_of_one_frame_survives_the_ticks_of_tc(void **state)
{
	struct link_dir_spec d = {
		.bytes_per_s = 6.25e6,
		.qdisc = {.kind = QDISC_TBF,
			.burst_bytes = 32768.0,
			.limit_bytes = HUGE_VAL,
			.peak_bytes_per_s = 12.5e6,
			.minburst_bytes = 1514.0,
			.mtu_bytes = 1500.0},
	};
	char *text = printed(&d, &d);

	(void)state;
	has(text, "tc qdisc add dev $wan_1_up root handle 10: tbf rate 50mbit burst 32768b "
		  "limit 1000000000b peakrate 100mbit minburst 1516b");
	free(text);
}

static void classes_of_htb_hang_below_the_rate(void **state)
{
	const struct link_class_spec classes[] = {
		{.name = "talk",
			.htb = {.bytes_per_s = 2.5e6,
				.ceil_bytes_per_s = 12.5e6,
				.burst_bytes = 1600.0,
				.cburst_bytes = 3200.0,
				.quantum_bytes = 1514.0,
				.prio = 1},
			.carries = 1u << TRANSFER_PROMPT | 1u << TRANSFER_ANSWER},
		{.name = "rest",
			.htb = {.bytes_per_s = 10e6,
				.ceil_bytes_per_s = 10e6,
				.burst_bytes = 1600.0,
				.cburst_bytes = 1600.0}},
	};
	struct link_dir_spec d = {
		.bytes_per_s = 12.5e6,
		.qdisc = {.kind = QDISC_HTB,
			.burst_bytes = 1600.0,
			.limit_bytes = HUGE_VAL,
			.mtu_bytes = 1500.0,
			.gso = true},
		.n_classes = 2,
		.classes = classes,
	};
	char *text = printed(&d, &d);

	(void)state;
	has(text, "tc qdisc add dev $wan_1_up root handle 1: htb default 11");
	has(text, "tc class add dev $wan_1_up parent 1: classid 1:1 htb rate 100mbit ceil 100mbit "
		  "burst 1600b cburst 1600b");
	has(text, "tc class add dev $wan_1_up parent 1:1 classid 1:10 htb rate 20mbit ceil 100mbit "
		  "burst 1600b cburst 3200b quantum 1514 prio 1");
	has(text, "tc class add dev $wan_1_up parent 1:1 classid 1:11 htb rate 80mbit ceil 80mbit "
		  "burst 1600b cburst 1600b prio 0");
	has(text, "tc filter add dev $wan_1_up parent 1: handle 10 fw flowid 1:10");
	assert_null(strstr(text, "gso_max_segs"));
	assert_null(strstr(text, "netem"));
	free(text);
}

/* A '-' is no part of a variable. What then falls together gets a number that no link has. */
static void every_link_has_variables_of_its_own(void **state)
{
	static const char *const names[] = {"x-y", "x_y", "a", "x-y--2", "x_y__3", "X-y"};
	static const char *const vars[] = {"x_y", "x_y__4", "a", "x_y__2", "x_y__3", "X_y"};
	enum { LINKS = sizeof names / sizeof names[0] };
	struct link_spec links[LINKS] = {{0}};
	struct scenario_spec spec = {.name = "t", .n_links = LINKS, .links = links};
	char *text = NULL, line[80];
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	for (size_t i = 0; i < LINKS; i++)
		links[i] = (struct link_spec){.name = names[i],
			.between = {"users", "e"},
			.up = {.bytes_per_s = 1000.0 * (double)(i + 1)},
			.down = {.bytes_per_s = HUGE_VAL}};
	tc_print(to, &spec);
	fclose(to);
	for (size_t i = 0; i < LINKS; i++) {
		snprintf(line, sizeof line,
			"tc qdisc add dev $%s_up root handle 1: netem limit 1000 rate %zukbit",
			vars[i], 8 * (i + 1));
		has(text, line);
	}
	free(text);
}

/* Whatever a library call hands over, a comment ends with its line. */
static void a_comment_never_becomes_a_command(void **state)
{
	struct link_spec link = {.name = "l\nreboot",
		.between = {"users\r\nreboot", "e\x1b[2J"},
		.up = {.bytes_per_s = 1000.0},
		.down = {.bytes_per_s = 1000.0}};
	struct scenario_spec spec = {.name = "t\nreboot", .n_links = 1, .links = &link};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	tc_print(to, &spec);
	fclose(to);
	assert_null(strstr(text, "\nreboot"));
	assert_null(strpbrk(text, "\r\x1b"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_those_tc_reads),
		cmocka_unit_test(every_link_has_variables_of_its_own),
		cmocka_unit_test(a_comment_never_becomes_a_command),
		cmocka_unit_test(tbf_goes_below_netem),
		cmocka_unit_test(a_bucket_of_one_frame_survives_the_ticks_of_tc),
		cmocka_unit_test(classes_of_htb_hang_below_the_rate),
	};

	return cmocka_run_group_tests_name("tc", tests, NULL, NULL);
}
