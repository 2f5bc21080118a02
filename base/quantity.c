/* Quantities: a number, perhaps blanks, and a unit out of a table. */
#include "base/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/unit_hint.h"
#include "base/utf8.h"

/* Both parts of a scale are exact in a double, so that a product or a quotient rounds once. */
struct unit {
	const char *name;
	double times, over;
	bool read_only; /* understood, but never printed */
};

#define MAX_UNITS 24

static const double TICK_S = 1e-9; /* of the clock */

struct dimension {
	const char *example;
	struct unit units[MAX_UNITS]; /* ends with {0}; the first is SI, largest last */
};

static const struct dimension dimensions[QUANTITY_DIMS] = {
	[QUANTITY_NUMBER] = {"0.5", {{"", 1, 1}}},
	[QUANTITY_TIME] =
		{
			"20 ms",
			{{"s", 1, 1}, {"ns", 1, 1e9}, {"us", 1, 1e6}, {"ms", 1, 1e3},
				{"min", 60, 1}, {"h", 3600, 1}, {"d", 86400, 1}},
		},
	[QUANTITY_BYTES] =
		{
			"12 GiB",
			{{"B", 1, 1}, {"kB", 1e3, 1}, {"KiB", 1024, 1}, {"MB", 1e6, 1},
				{"MiB", 1048576, 1}, {"GB", 1e9, 1}, {"GiB", 1073741824, 1},
				{"TB", 1e12, 1}, {"TiB", 1099511627776, 1}},
		},
	[QUANTITY_BIT_RATE] =
		{
			"50 Mbps",
			{{"bps", 1, 8}, {"kbps", 1e3, 8}, {"Mbps", 1e6, 8}, {"Gbps", 1e9, 8},
				{"Tbps", 1e12, 8}, {"B/s", 1, 1, true}, {"kB/s", 1e3, 1, true},
				{"MB/s", 1e6, 1, true}, {"GB/s", 1e9, 1, true},
				{"TB/s", 1e12, 1, true},
				/* as tc spells them */
				{"bit", 1, 8, true}, {"kbit", 1e3, 8, true}, {"Kbit", 1e3, 8, true},
				{"Mbit", 1e6, 8, true}, {"mbit", 1e6, 8, true},
				{"Gbit", 1e9, 8, true}, {"gbit", 1e9, 8, true},
				{"Tbit", 1e12, 8, true}, {"tbit", 1e12, 8, true},
				{"Kibit", 1024, 8, true}, {"Mibit", 1048576, 8, true},
				{"Gibit", 1073741824, 8, true}, {"Tibit", 1099511627776, 8, true}},
		},
	[QUANTITY_FREQUENCY] = {"0.5 /s", {{"/s", 1, 1}, {"/h", 1, 3600}, {"/min", 1, 60}}},
	[QUANTITY_FLOP_RATE] =
		{
			"80 TFLOP/s",
			{{"FLOP/s", 1, 1}, {"GFLOP/s", 1e9, 1}, {"TFLOP/s", 1e12, 1},
				{"OP/s", 1, 1, true}, {"GOP/s", 1e9, 1, true},
				{"TOP/s", 1e12, 1, true}},
		},
	[QUANTITY_BYTE_RATE] =
		{
			"900 GB/s",
			{{"B/s", 1, 1}, {"kB/s", 1e3, 1}, {"MB/s", 1e6, 1}, {"GB/s", 1e9, 1},
				{"TB/s", 1e12, 1}},
		},
	[QUANTITY_CLOCK] = {"2.5 GHz", {{"Hz", 1, 1}, {"MHz", 1e6, 1}, {"GHz", 1e9, 1}}},
	[QUANTITY_POWER] = {"250 W", {{"W", 1, 1}, {"kW", 1e3, 1}}},
	[QUANTITY_FRACTION] = {"5 %", {{"", 1, 1}, {"%", 1, 100}}},
	[QUANTITY_PRICE] = {"0.4 USD/h", {{"USD/h", 1, 1}}},
};

const char *quantity_unit(enum quantity_dim dim, size_t i)
{
	const struct unit *u = dimensions[dim].units;

	for (; u->name; u++)
		if (!u->read_only && i-- == 0)
			return u->name;
	return NULL;
}

const char *quantity_example(enum quantity_dim dim)
{
	return dimensions[dim].example;
}

static const struct unit *find_unit(enum quantity_dim dim, const char *name)
{
	const struct unit *u;

	for (u = dimensions[dim].units; u->name; u++)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

static bool known_elsewhere(const char *name)
{
	int dim;

	for (dim = 0; dim < QUANTITY_DIMS; dim++)
		if (find_unit((enum quantity_dim)dim, name))
			return true;
	return false;
}

static bool explain_unit(enum quantity_dim dim, const char *name, char *why, size_t size)
{
	char quoted[QUOTE_SIZE], hint[120];

	quote(quoted, sizeof quoted, name);
	if (dim == QUANTITY_NUMBER)
		snprintf(why, size, "takes no unit, but has '%s'", quoted);
	else if (unit_hint(dim, name, hint, sizeof hint))
		snprintf(why, size, "has the unknown unit '%s'; %s", quoted, hint);
	else if (known_elsewhere(name))
		snprintf(why, size, "has the wrong kind of unit, '%s'; write it as in '%s'", quoted,
			quantity_example(dim));
	else
		snprintf(why, size, "has the unknown unit '%s'; write it as in '%s'", quoted,
			quantity_example(dim));
	return false;
}

/* A character that looks like a blank, or like nothing, has no place in a number. */
static bool names_hidden(const char *text, char *why, size_t size)
{
	size_t n = strlen(text), at = 0, length;
	char quoted[QUOTE_SIZE];
	uint32_t c;

	for (; at < n; at += length) {
		length = utf8_decode(text + at, n - at, &c);
		if (length == 0)
			return false;
		if (utf8_is_shown(c))
			continue;
		snprintf(why, size, "has a %s (U+%04X) in '%s'", utf8_name(c), c,
			quote(quoted, sizeof quoted, text));
		return true;
	}
	return false;
}

/* strtod also takes "inf", "nan" and hexadecimal, which are no quantities. */
static bool starts_number(const char *s)
{
	s += *s == '+' || *s == '-';
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return false;
	return isdigit((unsigned char)s[0]) || (s[0] == '.' && isdigit((unsigned char)s[1]));
}

bool quantity_parse(
	double *out, const char *text, enum quantity_dim dim, char *why, size_t why_size)
{
	char quoted[QUOTE_SIZE], *end;
	const struct unit *u;
	double x;

	if (names_hidden(text, why, why_size))
		return false;
	if (!starts_number(text)) {
		snprintf(why, why_size, "should be a number%s%s%s, not '%s'",
			dim == QUANTITY_NUMBER ? "" : " with a unit, as in '",
			dim == QUANTITY_NUMBER ? "" : quantity_example(dim),
			dim == QUANTITY_NUMBER ? "" : "'", quote(quoted, sizeof quoted, text));
		return false;
	}
	x = strtod(text, &end);
	end += strspn(end, " ");
	if (!*end && x != 0.0 && !find_unit(dim, "")) {
		snprintf(why, why_size, "needs a unit, as in '%s'", quantity_example(dim));
		return false;
	}
	u = *end || find_unit(dim, "") ? find_unit(dim, end) : &dimensions[dim].units[0];
	if (!u)
		return explain_unit(dim, end, why, why_size);
	x = x * u->times / u->over;
	if (!isfinite(x)) {
		snprintf(why, why_size, "is too large a number: '%s'",
			quote(quoted, sizeof quoted, text));
		return false;
	}
	if (dim == QUANTITY_TIME && x != 0.0 && fabs(x) < TICK_S) {
		snprintf(why, why_size, "is below 1 ns, the shortest time there is: '%s'",
			quote(quoted, sizeof quoted, text));
		return false;
	}
	*out = x + 0.0; /* -0 becomes 0 */
	return true;
}

/* Print @si in @u with the fewest digits that read back to it, and say how clumsy that
 * is: one for a significant digit, two for a value below 1 (0.1 in the SI unit). HUGE_VAL when only
 * an exponent would do. */
static double print_digits(char *buf, size_t size, double si, const struct unit *u)
{
	double x = si * u->over / u->times, small = x == si ? 0.1 : 1.0;
	size_t n, zeros = 0;
	int digits;

	for (digits = 1; digits <= 17; digits++) {
		n = (size_t)snprintf(buf, size, "%.*g", digits, x);
		if (strchr(buf, 'e') || strtod(buf, NULL) * u->times / u->over != si)
			continue;
		while (!strchr(buf, '.') && zeros < n && buf[n - 1 - zeros] == '0')
			zeros++;
		return digits - (double)zeros + (fabs(x) < small ? 2.0 : 0.0);
	}
	return HUGE_VAL;
}

char *quantity_print(char *buf, size_t size, double si, enum quantity_dim dim)
{
	const struct unit *first = dimensions[dim].units, *best = NULL, *u;
	double least = HUGE_VAL, clumsy;
	char digits[400];

	for (u = first; u->name && si != 0.0 && isfinite(si); u++) {
		clumsy = u->read_only ? HUGE_VAL : print_digits(digits, sizeof digits, si, u);
		if (clumsy > least || clumsy == HUGE_VAL ||
			(clumsy == least && u->times / u->over < best->times / best->over))
			continue;
		least = clumsy;
		best = u;
		snprintf(buf, size, "%s%s%s", digits, u->name[0] ? " " : "", u->name);
	}
	if (!best)
		snprintf(buf, size, "%.17g%s%s", si * first->over / first->times,
			first->name[0] ? " " : "", first->name);
	return buf;
}
