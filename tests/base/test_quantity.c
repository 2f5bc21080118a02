#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "base/quote.h"

struct sample {
	const char *text;
	enum quantity_dim dim;
	double si;
};

/* Every figure by the definition of its unit; bit rates are kept in bytes: 50e6 / 8. */
static const struct sample samples[] = {
	{"3.5", QUANTITY_NUMBER, 3.5},
	{"-2e3", QUANTITY_NUMBER, -2000},
	{"20 ms", QUANTITY_TIME, 0.02},
	{"7ms", QUANTITY_TIME, 0.007},
	{"250 us", QUANTITY_TIME, 0.00025},
	{"1.5 h", QUANTITY_TIME, 5400},
	{"2 d", QUANTITY_TIME, 172800},
	{"0", QUANTITY_TIME, 0},
	{"12 GiB", QUANTITY_BYTES, 12884901888.0},
	{"1.5 kB", QUANTITY_BYTES, 1500},
	{"50 Mbps", QUANTITY_BIT_RATE, 6.25e6},
	{"50 MB/s", QUANTITY_BIT_RATE, 50e6},
	{"30 /min", QUANTITY_FREQUENCY, 0.5},
	{"0.8 /s", QUANTITY_FREQUENCY, 0.8},
	{"82.6 TFLOP/s", QUANTITY_FLOP_RATE, 82.6e12},
	{"330 TOP/s", QUANTITY_FLOP_RATE, 330e12},
	{"336.5 GB/s", QUANTITY_BYTE_RATE, 336.5e9},
	{"2.52 GHz", QUANTITY_CLOCK, 2.52e9},
	{"450 W", QUANTITY_POWER, 450},
	{"5 %", QUANTITY_FRACTION, 0.05},
	{"5%", QUANTITY_FRACTION, 0.05},
	{"0.25", QUANTITY_FRACTION, 0.25},
	{"0.34 USD/h", QUANTITY_PRICE, 0.34},
};

static void units_turn_into_si_exactly(void **state)
{
	char why[300];
	double si;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		assert_true(quantity_parse(&si, samples[i].text, samples[i].dim, why, sizeof why));
		if (si != samples[i].si)
			fail_msg("%s: %.17g", samples[i].text, si);
	}
}

struct complaint {
	const char *text;
	enum quantity_dim dim;
	const char *why;
};

static const struct complaint complaints[] = {
	{"3600", QUANTITY_TIME, "needs a unit, as in '20 ms'"},
	{"20 Mbps", QUANTITY_TIME, "has the wrong kind of unit, 'Mbps'; write it as in '20 ms'"},
	{"12 gib", QUANTITY_BYTES, "has the unknown unit 'gib'; did you mean 'GiB'?"},
	{"50 mbps", QUANTITY_BIT_RATE, "has the unknown unit 'mbps'; did you mean 'Mbps'?"},
	{"5 parsecs", QUANTITY_TIME, "has the unknown unit 'parsecs'; write it as in '20 ms'"},
	{"5 s", QUANTITY_NUMBER, "takes no unit, but has 's'"},
	{"eight", QUANTITY_NUMBER, "should be a number, not 'eight'"},
	{"", QUANTITY_TIME, "should be a number with a unit, as in '20 ms', not ''"},
	{"inf s", QUANTITY_TIME, "should be a number with a unit, as in '20 ms', not 'inf s'"},
	{"0x10 s", QUANTITY_TIME, "should be a number with a unit, as in '20 ms', not '0x10 s'"},
	{"1e999 s", QUANTITY_TIME, "is too large a number: '1e999 s'"},
	{"5 s s", QUANTITY_TIME, "has the unknown unit 's s'; write it as in '20 ms'"},
	{"a\033[31m", QUANTITY_NUMBER, "should be a number, not 'a\\x1b[31m'"},
};

static void wrong_text_is_explained(void **state)
{
	char why[300];
	double si;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof complaints / sizeof complaints[0]; i++) {
		assert_false(quantity_parse(
			&si, complaints[i].text, complaints[i].dim, why, sizeof why));
		assert_string_equal(why, complaints[i].why);
	}
}

static const struct sample printed[] = {
	{"20 ms", QUANTITY_TIME, 0.02},
	{"10 min", QUANTITY_TIME, 600},
	{"90 s", QUANTITY_TIME, 90},
	{"12 s", QUANTITY_TIME, 12},
	{"0.25 s", QUANTITY_TIME, 0.25},
	{"0 s", QUANTITY_TIME, 0},
	{"-0.2 s", QUANTITY_TIME, -0.2},
	{"12 GiB", QUANTITY_BYTES, 12884901888.0},
	{"13.34 GB", QUANTITY_BYTES, 13.34e9},
	{"50 Mbps", QUANTITY_BIT_RATE, 6.25e6},
	{"0.8 /s", QUANTITY_FREQUENCY, 0.8},
	{"5 %", QUANTITY_FRACTION, 0.05},
	{"8", QUANTITY_NUMBER, 8},
	{"100000", QUANTITY_NUMBER, 100000},
};

static void si_turns_into_the_shortest_text(void **state)
{
	char text[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof printed / sizeof printed[0]; i++)
		assert_string_equal(printed[i].text,
			quantity_print(text, sizeof text, printed[i].si, printed[i].dim));
}

/* Awkward values: thirds, halves of an ulp away, very large and very small. */
static void printed_text_reads_back_to_the_same_bits(void **state)
{
	const double values[] = {1.0 / 3, 2.0 / 3e7, 0.1 + 0.2, 1e-300, 7e22, 123456789.125};
	char text[80], why[300];
	double back;
	size_t i;
	int dim;

	(void)state;
	for (dim = 0; dim < QUANTITY_DIMS; dim++)
		for (i = 0; i < sizeof values / sizeof values[0]; i++) {
			quantity_print(text, sizeof text, values[i], (enum quantity_dim)dim);
			assert_true(quantity_parse(
				&back, text, (enum quantity_dim)dim, why, sizeof why));
			if (back != values[i])
				fail_msg("%.17g printed as '%s'", values[i], text);
		}
}

static void quotes_are_cut_and_escaped(void **state)
{
	char buf[QUOTE_SIZE], shown[44];

	(void)state;
	assert_string_equal(quote(buf, sizeof buf, "a\tb\x7f"), "a\\x09b\\x7f");
	memset(shown, 'y', 40);
	snprintf(shown + 40, 4, "...");
	assert_string_equal(
		quote(buf, sizeof buf, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"),
		shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_turn_into_si_exactly),
		cmocka_unit_test(wrong_text_is_explained),
		cmocka_unit_test(si_turns_into_the_shortest_text),
		cmocka_unit_test(printed_text_reads_back_to_the_same_bits),
		cmocka_unit_test(quotes_are_cut_and_escaped),
	};
	return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
