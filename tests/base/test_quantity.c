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
	{"100 kbps", QUANTITY_BIT_RATE, 12500},
	{"100 kbit", QUANTITY_BIT_RATE, 12500},
	{"100 Kbit", QUANTITY_BIT_RATE, 12500},
	{"1Mbit", QUANTITY_BIT_RATE, 125e3},
	{"1 mbit", QUANTITY_BIT_RATE, 125e3},
	{"1 Gbit", QUANTITY_BIT_RATE, 125e6},
	{"64 Kibit", QUANTITY_BIT_RATE, 8192},
	{"1 ns", QUANTITY_TIME, 1e-9},
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
	{"12 gib", QUANTITY_BYTES,
		"has the unknown unit 'gib'; did you mean 'GiB'? (1 Gibit would be an eighth of "
		"it)"},
	{"12 KB", QUANTITY_BYTES,
		"has the unknown unit 'KB'; did you mean 'kB', in steps of 1000, or 'KiB', of "
		"1024?"},
	{"12 G", QUANTITY_BYTES,
		"has the unknown unit 'G'; did you mean 'GB', in steps of 1000, or 'GiB', of "
		"1024?"},
	{"1 Mb", QUANTITY_BYTES, "has the unknown unit 'Mb'; these are bits, of which 1 MB has 8"},
	{"1 Mbit", QUANTITY_BYTES,
		"has the unknown unit 'Mbit'; these are bits, of which 1 MB has 8"},
	{"50 mbps", QUANTITY_BIT_RATE,
		"has the unknown unit 'mbps'; did you mean 'Mbps'? (what tc calls so is MB/s, 8 "
		"times as fast)"},
	{"1 Mbit/s", QUANTITY_BIT_RATE,
		"has the unknown unit 'Mbit/s'; did you mean 'Mbps'? (1 MB/s would be 8 times as "
		"fast)"},
	{"1 Mb/s", QUANTITY_BIT_RATE,
		"has the unknown unit 'Mb/s'; did you mean 'Mbps'? (1 MB/s would be 8 times as "
		"fast)"},
	{"1 MBps", QUANTITY_BIT_RATE,
		"has the unknown unit 'MBps'; did you mean 'MB/s'? (1 Mbps would be an eighth of "
		"it)"},
	{"1 gb/s", QUANTITY_BIT_RATE,
		"has the unknown unit 'gb/s'; did you mean 'Gbps' or, 8 times as fast, 'GB/s'?"},
	{"900 GiB/s", QUANTITY_BYTE_RATE,
		"has the unknown unit 'GiB/s'; write it as in '900 GB/s'"},
	{"900 Gbps", QUANTITY_BYTE_RATE,
		"has the unknown unit 'Gbps'; these are bits, of which 1 GB/s has 8"},
	{"5 Ms", QUANTITY_TIME, "has the unknown unit 'Ms'; write it as in '20 ms'"},
	{"5 sec", QUANTITY_TIME, "has the unknown unit 'sec'; did you mean 's'?"},
	{"1 PFLOP/s", QUANTITY_FLOP_RATE,
		"has the unknown unit 'PFLOP/s'; write it as in '80 TFLOP/s'"},
	{"80 TFLOPS", QUANTITY_FLOP_RATE, "has the unknown unit 'TFLOPS'; did you mean 'TFLOP/s'?"},
	{"300 mW", QUANTITY_POWER, "has the unknown unit 'mW'; write it as in '250 W'"},
	{"0.5 ns", QUANTITY_TIME, "is below 1 ns, the shortest time there is: '0.5 ns'"},
	{"1e-300 s", QUANTITY_TIME, "is below 1 ns, the shortest time there is: '1e-300 s'"},
	{"20\xc2\xa0ms", QUANTITY_TIME, "has a no-break space (U+00A0) in '20\\u00a0ms'"},
	{"5 parsecs", QUANTITY_TIME, "has the unknown unit 'parsecs'; write it as in '20 ms'"},
	{"5 s", QUANTITY_NUMBER, "takes no unit, but has 's'"},
	{"eight", QUANTITY_NUMBER, "should be a number, not 'eight'"},
	{"", QUANTITY_TIME, "should be a number with a unit, as in '20 ms', not ''"},
	{"inf s", QUANTITY_TIME, "should be a number with a unit, as in '20 ms', not 'inf s'"},
	{"0x10 s", QUANTITY_TIME, "should be a number with a unit, as in '20 ms', not '0x10 s'"},
	{"1e999 s", QUANTITY_TIME, "is too large a number: '1e999 s'"},
	{"5 s s", QUANTITY_TIME, "has the unknown unit 's s'; write it as in '20 ms'"},
	{"a\033[31m", QUANTITY_NUMBER, "has a control character (U+001B) in 'a\\x1b[31m'"},
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
	const double values[] = {1.0 / 3, 2.0 / 3e7, 0.1 + 0.2, 3e-9, 7e22, 123456789.125};
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
	assert_string_equal(quote(buf, sizeof buf,
				    "\xc2\x9b"
				    "1\xe2\x80\xae"
				    "caf\xc3\xa9\x9b"),
		"\\u009b1\\u202ecaf\xc3\xa9\\x9b");
	memset(shown, 'y', 40);
	snprintf(shown + 40, 4, "...");
	assert_string_equal(
		quote(buf, sizeof buf, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"),
		shown);
}

/* What a spelling can only mean, in bits: 0 when it may be bits or bytes, or is none. */
static double meant_bits(const char *prefix, const char *kibi, const char *base)
{
	static const char letters[] = "kmgt";
	double per_step = kibi[0] ? 1024.0 : 1000.0, bits = 1.0;
	bool is_lower = strpbrk(prefix, "KMGT") == NULL && kibi[0] != 'I';

	if (kibi[0] && !prefix[0])
		return 0.0;
	if (prefix[0])
		for (const char *l = letters; l == letters || l[-1] != (prefix[0] | 0x20); l++)
			bits *= per_step;
	if (!strcmp(base, "b") && is_lower)
		return 0.0;
	return strchr("B", base[0]) ? 8.0 * bits : bits;
}

/* Over all spellings of bits and bytes: what is understood, and what a hint offers without saying
 * how the sizes differ, is as large as what was written. */
static void no_hint_changes_the_size(void **state)
{
	static const char *const prefixes[] = {"", "k", "K", "m", "M", "g", "G", "t", "T"};
	static const char *const kibis[] = {"", "i", "I"};
	static const char *const bases[] = {"b", "B", "bit", "bits", "Byte", "Bytes"};
	static const char *const rates[] = {"", "/s", "ps"};
	static const enum quantity_dim dims[] = {
		QUANTITY_BYTES, QUANTITY_BIT_RATE, QUANTITY_BYTE_RATE};
	size_t hints = 0;

	(void)state;
	for (size_t i = 0; i < 9 * 3 * 6 * 3 * 3; i++) {
		const char *prefix = prefixes[i % 9], *kibi = kibis[i / 9 % 3];
		const char *base = bases[i / 27 % 6], *rate = rates[i / 162 % 3];
		const enum quantity_dim dim = dims[i / 486];
		double bits = meant_bits(prefix, kibi, base), si;
		char text[40], offered[40], why[300], again[300], *hint;

		snprintf(text, sizeof text, "1 %s%s%s%s", prefix, kibi, base, rate);
		if (quantity_parse(&si, text, dim, why, sizeof why)) {
			if (bits > 0.0 && 8.0 * si != bits)
				fail_msg("%s: %g bits", text, 8.0 * si);
			continue;
		}
		hint = strstr(why, "did you mean '");
		if (!hint || strstr(why, ", of 1024") || strstr(why, " or, 8 times"))
			continue;
		snprintf(
			offered, sizeof offered, "1 %.*s", (int)strcspn(hint + 14, "'"), hint + 14);
		if (!quantity_parse(&si, offered, dim, again, sizeof again))
			fail_msg("%s: %s", text, why);
		if (bits > 0.0 ? 8.0 * si != bits
			       : !strstr(why, "8 times") && !strstr(why, "an eighth"))
			fail_msg("%s %s", text, why);
		hints++;
	}
	assert_true(hints > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_turn_into_si_exactly),
		cmocka_unit_test(wrong_text_is_explained),
		cmocka_unit_test(no_hint_changes_the_size),
		cmocka_unit_test(si_turns_into_the_shortest_text),
		cmocka_unit_test(printed_text_reads_back_to_the_same_bits),
		cmocka_unit_test(quotes_are_cut_and_escaped),
	};
	return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
