#include "study/design_range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/quote.h"
#include "base/str.h"
#include "study/design.h"

/* Digits of a value that is not exact within SIGNIFICANT_EXACT of them. */
enum { SIGNIFICANT = 6, SIGNIFICANT_EXACT = 12, SIGNIFICANT_MOST = 17 };

/* Kinds */

enum kind { LIN, LOG, INT, LOGINT, STEP, N_KINDS };
static const char *const kinds[N_KINDS] = {"lin:", "log:", "int:", "logint:", "step:"};

static enum kind kind_of(const char *text)
{
	enum kind k = LIN;

	while (k < N_KINDS && strncmp(text, kinds[k], strlen(kinds[k])) != 0)
		k++;
	return k;
}

bool design_range_is(const char *text)
{
	return kind_of(text) < N_KINDS;
}

/* A number and the unit behind it */

struct number {
	double value;
	char unit[24];
};

static bool read_number(struct number *out, struct str text)
{
	static const char shape[] = "0123456789.+-eE";
	char copy[80], *end;
	size_t n;

	text = str_trim(text);
	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.s, text.n);
	copy[text.n] = '\0';
	out->value = strtod(copy, &end);
	n = (size_t)(end - copy);
	if (n == 0 || strspn(copy, shape) < n || !isfinite(out->value))
		return false;
	end += strspn(end, " \t");
	if (strlen(end) >= sizeof out->unit || end[strcspn(end, "0123456789:,. \t")])
		return false; /* no unit looks like that */
	snprintf(out->unit, sizeof out->unit, "%s", end);
	return true;
}

/* Units */

/* How many @small are one @large; 0: they do not measure the same. */
static double ratio(const char *large, const char *small)
{
	char one[40], other[40], why[200];
	double x, y;

	snprintf(one, sizeof one, "1 %s", large);
	snprintf(other, sizeof other, "1 %s", small);
	for (int d = 0; d < QUANTITY_DIMS; d++)
		if (quantity_parse(&x, one, (enum quantity_dim)d, why, sizeof why) &&
			quantity_parse(&y, other, (enum quantity_dim)d, why, sizeof why))
			return x / y;
	return 0;
}

/* The smallest unit that any of them has into @unit; false when two measure different things. */
static bool common_unit(char unit[24], const struct number *numbers, size_t n, bool *several)
{
	double times;

	unit[0] = '\0';
	*several = false;
	for (size_t i = 0; i < n; i++) {
		if (!numbers[i].unit[0] || !strcmp(numbers[i].unit, unit))
			continue;
		*several = unit[0] != '\0';
		times = *several ? ratio(unit, numbers[i].unit) : 2;
		if (times == 0.0)
			return false;
		if (times > 1)
			memcpy(unit, numbers[i].unit, sizeof numbers[i].unit);
	}
	return true;
}

/* Bring all to one unit. */
static bool settle_units(
	char unit[24], struct number *numbers, size_t n, const char *text, struct err *err)
{
	char quoted[QUOTE_SIZE];
	bool several;

	quote(quoted, sizeof quoted, text);
	if (!common_unit(unit, numbers, n, &several))
		return err_input(
			err, "range '%s': its units do not measure the same thing", quoted);
	for (size_t i = 0; i < n; i++) {
		if (numbers[i].unit[0])
			numbers[i].value *=
				!strcmp(numbers[i].unit, unit) ? 1 : ratio(numbers[i].unit, unit);
		else if (several && numbers[i].value != 0.0)
			return err_input(err,
				"range '%s': each number needs its unit, since they differ",
				quoted);
	}
	return true;
}

/* All of it */

static bool refuse(const char *text, struct err *err)
{
	const char *const shape = kind_of(text) == STEP ? "step:0..50:10 ms"
				  : kind_of(text) == INT || kind_of(text) == LOGINT
					  ? "int:1..16:4"
					  : "log:1..100:10 Mbps, or log:1 Mbps..100 Mbps for all "
					    "between";
	char quoted[QUOTE_SIZE];

	return err_input(
		err, "range '%s' should look like %s", quote(quoted, sizeof quoted, text), shape);
}

/* "10 Mbps" behind the second colon: how many, and the unit of the whole. */
static bool read_count(
	struct design_range *r, const struct number *n, const char *text, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (n->value != floor(n->value) || n->value < 2 || n->value > DESIGN_MOST_POINTS)
		return err_input(err, "range '%s': the number of values should be from 2 to %d",
			quote(quoted, sizeof quoted, text), DESIGN_MOST_POINTS);
	r->n = (size_t)n->value;
	return true;
}

static bool read_step(struct design_range *r, double step, const char *text, struct err *err)
{
	double n = floor((r->to - r->from) / step + 1e-9) + 1;
	char quoted[QUOTE_SIZE];

	quote(quoted, sizeof quoted, text);
	if (step == 0.0)
		return err_input(err, "range '%s': a step should not be 0", quoted);
	if (!(n >= 1))
		return err_input(err, "range '%s': its steps lead away from its end", quoted);
	if (n > DESIGN_MOST_POINTS)
		return err_input(
			err, "range '%s' has more than %d values", quoted, DESIGN_MOST_POINTS);
	r->step = step;
	r->n = (size_t)n;
	return true;
}

static bool check_ends(const struct design_range *r, const char *text, struct err *err)
{
	char quoted[QUOTE_SIZE];

	quote(quoted, sizeof quoted, text);
	if (r->logarithmic && !(r->from > 0 && r->to > 0))
		return err_input(
			err, "range '%s': both ends of a logarithmic one are above 0", quoted);
	if (r->from == r->to)
		return err_input(err, "range '%s': both ends are the same", quoted);
	if (r->whole && (r->from != floor(r->from) || r->to != floor(r->to)))
		return err_input(err, "range '%s': its ends should be whole numbers", quoted);
	return true;
}

bool design_range_parse(struct design_range *r, const char *text, struct err *err)
{
	const enum kind kind = kind_of(text);
	const char *from = kind < N_KINDS ? text + strlen(kinds[kind]) : "";
	const char *dots = strstr(from, ".."), *colon = dots ? strchr(dots, ':') : NULL;
	struct number numbers[3] = {0};
	size_t n = colon ? 3 : 2;
	struct number count;

	*r = (struct design_range){.logarithmic = kind == LOG || kind == LOGINT,
		.whole = kind == INT || kind == LOGINT};
	if (!dots || (kind == STEP && !colon) ||
		!read_number(&numbers[0], (struct str){from, (size_t)(dots - from)}) ||
		!read_number(&numbers[1], colon ? (struct str){dots + 2, (size_t)(colon - dots) - 2}
						: str_of(dots + 2)) ||
		(colon && !read_number(&numbers[2], str_of(colon + 1))))
		return refuse(text, err);
	count = numbers[2];
	if (kind != STEP)
		numbers[2].value = 0; /* no quantity: only its unit counts */
	if (!settle_units(r->unit, numbers, n, text, err))
		return false;
	r->from = numbers[0].value;
	r->to = numbers[1].value;
	if (!check_ends(r, text, err))
		return false;
	if (kind == STEP)
		return read_step(r, numbers[2].value, text, err);
	return !colon || read_count(r, &count, text, err);
}

/* Values */

/* In plain digits, never with an exponent, without zeros at the end. */
static void print_number(char *buf, size_t size, double x, int significant)
{
	int decimals = x == 0.0 ? 0 : significant - 1 - (int)floor(log10(fabs(x)));
	size_t n;

	if (decimals < 0)
		decimals = 0;
	n = (size_t)snprintf(buf, size, "%.*f", decimals, x);
	if (decimals == 0 || n >= size)
		return;
	while (buf[n - 1] == '0')
		n--;
	if (buf[n - 1] == '.')
		n--;
	buf[n] = '\0';
	if (!strcmp(buf, "-0"))
		strcpy(buf, "0");
}

/* The fewest digits that say @x as nearly as twelve do, if there are fewer. */
static bool print_exact(char *buf, size_t size, double x)
{
	for (int digits = 1; digits < SIGNIFICANT_EXACT; digits++) {
		print_number(buf, size, x, digits);
		if (fabs(strtod(buf, NULL) - x) <= 1e-14 * fabs(x))
			return true;
	}
	return false;
}

static double value_of(const struct design_range *r, double share)
{
	double x = r->logarithmic ? r->from * pow(r->to / r->from, share)
				  : r->from + share * (r->to - r->from);

	if (!r->logarithmic && fabs(x) < 1e-12 * fmax(fabs(r->from), fabs(r->to)))
		x = 0; /* but for rounding */
	return r->whole ? round(x) : x;
}

static double nth(const struct design_range *r, size_t i)
{
	if (r->step != 0.0)
		return value_of(r, (double)i * r->step / (r->to - r->from));
	if (i == 0 || i == r->n - 1)
		return i == 0 ? r->from : r->to;
	return value_of(r, (double)i / (double)(r->n - 1));
}

static char *end_with_unit(const struct design_range *r, char buf[DESIGN_VALUE_SIZE])
{
	size_t n = strlen(buf);

	snprintf(buf + n, DESIGN_VALUE_SIZE - n, "%s%s", r->unit[0] ? " " : "", r->unit);
	return buf;
}

/* Would @buf, which stands for value @i, stand for value @k as well? */
static bool confused(const struct design_range *r, size_t i, size_t k, const char *buf, int digits)
{
	char other[DESIGN_VALUE_SIZE];

	if (k >= r->n || nth(r, i) == nth(r, k))
		return false;
	print_number(other, sizeof other, nth(r, k), digits);
	return !strcmp(buf, other);
}

char *design_range_value(const struct design_range *r, size_t i, char buf[DESIGN_VALUE_SIZE])
{
	int digits = SIGNIFICANT;

	if (print_exact(buf, DESIGN_VALUE_SIZE - 30, nth(r, i)))
		return end_with_unit(r, buf);
	print_number(buf, DESIGN_VALUE_SIZE - 30, nth(r, i), digits);
	while (digits < SIGNIFICANT_MOST &&
		(confused(r, i, i - 1, buf, digits) || confused(r, i, i + 1, buf, digits)))
		print_number(buf, DESIGN_VALUE_SIZE - 30, nth(r, i), ++digits);
	return end_with_unit(r, buf);
}

/* A whole number, each as likely as its share of the range that ends with the next one. */
static double whole_at(const struct design_range *r, double u)
{
	double low = fmin(r->from, r->to), high = fmax(r->from, r->to);
	double x = r->logarithmic ? low * pow((high + 1) / low, u) : low + u * (high + 1 - low);

	return fmin(floor(x), high);
}

char *design_range_at(const struct design_range *r, double u, char buf[DESIGN_VALUE_SIZE])
{
	print_number(buf, DESIGN_VALUE_SIZE - 30, r->whole ? whole_at(r, u) : value_of(r, u),
		SIGNIFICANT);
	return end_with_unit(r, buf);
}
