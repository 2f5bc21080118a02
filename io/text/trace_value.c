#include "io/text/trace_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define LAST_NS (9 * NS_PER_S * NS_PER_S) /* what int64 nanoseconds hold, rounded down */

enum { NUMBER_BYTES = 63 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What strtod() takes beyond decimals is kept from it; a copy ends the text. */
bool trace_number(struct str text, double *out)
{
	char copy[NUMBER_BYTES + 1], *end;
	size_t i;

	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	for (i = 0; i < text.n; i++)
		if (!is_digit(text.s[i]) && !memchr("+-.eE", text.s[i], 5))
			return false;
	memcpy(copy, text.s, text.n);
	copy[text.n] = '\0';
	*out = strtod(copy, &end);
	return *end == '\0' && isfinite(*out);
}

bool trace_whole(struct str text, uint32_t most, uint32_t *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < text.n && is_digit(text.s[i]); i++) {
		n = 10 * n + (uint64_t)(text.s[i] - '0');
		if (n > most)
			return false;
	}
	if (i == 0)
		return false;
	if (i < text.n && text.s[i] == '.')
		for (i++; i < text.n && text.s[i] == '0'; i++)
			;
	if (i < text.n)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool take_exponent(struct str t, int *exponent)
{
	bool below = t.n > 0 && t.s[0] == '-';
	int x = 0;

	if (t.n > 0 && (t.s[0] == '+' || below))
		t = (struct str){t.s + 1, t.n - 1};
	if (t.n == 0 || t.n > 4)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (!is_digit(t.s[i]))
			return false;
		x = 10 * x + (t.s[i] - '0');
	}
	*exponent += below ? -x : x;
	return true;
}

/* The digits of a number as one whole number, and where its point stands: 1.25e3 is 125, 1.
 * Digits behind the nineteenth are left out: they are below a nanosecond of the largest time. */
static bool take_decimal(struct str t, uint64_t *digits, int *exponent)
{
	const size_t most = 19;
	size_t i = t.n > 0 && t.s[0] == '+', n = 0, seen = 0;
	int point = 0;

	*digits = 0;
	*exponent = 0;
	for (; i < t.n && (is_digit(t.s[i]) || (t.s[i] == '.' && !point)); i++) {
		if (t.s[i] == '.') {
			point = 1;
			continue;
		}
		seen++;
		if (n < most)
			*digits = 10 * *digits + (uint64_t)(t.s[i] - '0');
		*exponent += (n >= most) - point;
		n += *digits > 0;
	}
	if (seen == 0 || (i < t.n && t.s[i] != 'e' && t.s[i] != 'E'))
		return false;
	return i == t.n || take_exponent((struct str){t.s + i + 1, t.n - i - 1}, exponent);
}

/* @digits times ten to the power @exponent, rounded; above @most: false. */
static bool scale(uint64_t digits, int exponent, int64_t most, int64_t *out)
{
	uint64_t over = 1;

	for (; exponent < 0 && digits / over > 0 && over <= UINT64_MAX / 10; exponent++)
		over *= 10;
	if (exponent < 0) /* nothing is left of it, or less than half */
		digits = 0;
	digits = digits / over + (digits % over >= over - over / 2);
	for (; exponent > 0 && digits > 0; exponent--) {
		if (digits > (uint64_t)most / 10)
			return false;
		digits *= 10;
	}
	*out = (int64_t)digits;
	return digits <= (uint64_t)most;
}

bool trace_time(struct str text, int64_t unit_ns, int64_t *out_ns)
{
	uint64_t digits;
	int exponent;

	if (text.n == 0 || text.n > NUMBER_BYTES || !take_decimal(text, &digits, &exponent))
		return false;
	for (; unit_ns > 1; unit_ns /= 10)
		exponent++;
	return scale(digits, exponent, LAST_NS, out_ns);
}

/* Take @n digits off the front as a number from @lo to @hi. */
static bool take(struct str *t, size_t n, int lo, int hi, int *out)
{
	size_t i;
	int x = 0;

	if (t->n < n)
		return false;
	for (i = 0; i < n; i++) {
		if (!is_digit(t->s[i]))
			return false;
		x = 10 * x + (t->s[i] - '0');
	}
	t->s += n;
	t->n -= n;
	*out = x;
	return x >= lo && x <= hi;
}

static bool take_char(struct str *t, const char *any)
{
	if (t->n == 0 || t->s[0] == '\0' || !strchr(any, t->s[0]))
		return false;
	t->s++;
	t->n--;
	return true;
}

/* ".6805900" in nanoseconds; nothing there is 0. */
static bool take_fraction(struct str *t, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;

	*ns = 0;
	if (!take_char(t, "."))
		return true;
	if (t->n == 0 || !is_digit(t->s[0]))
		return false;
	for (; t->n > 0 && is_digit(t->s[0]); t->s++, t->n--, unit /= 10)
		*ns += unit * (t->s[0] - '0');
	return true;
}

/* "Z", "+00:00", "-0530", "+01", or nothing. */
static bool take_zone(struct str *t, int64_t *east_s)
{
	int h, m = 0, sign;

	*east_s = 0;
	if (t->n == 0 || take_char(t, "Z"))
		return t->n == 0;
	sign = t->s[0] == '-' ? -1 : 1;
	if (!take_char(t, "+-") || !take(t, 2, 0, 14, &h))
		return false;
	take_char(t, ":");
	if (t->n > 0 && !take(t, 2, 0, 59, &m))
		return false;
	*east_s = sign * (3600 * h + 60 * m);
	return t->n == 0;
}

bool trace_date_time(struct str text, int64_t *out_ns)
{
	struct tm tm = {0}, back;
	int64_t ns, east_s;
	time_t s;
	int year, month;

	if (!take(&text, 4, 1970, 2199, &year) || !take_char(&text, "-") ||
		!take(&text, 2, 1, 12, &month) || !take_char(&text, "-") ||
		!take(&text, 2, 1, 31, &tm.tm_mday) || !take_char(&text, " T") ||
		!take(&text, 2, 0, 23, &tm.tm_hour) || !take_char(&text, ":") ||
		!take(&text, 2, 0, 59, &tm.tm_min) || !take_char(&text, ":") ||
		!take(&text, 2, 0, 59, &tm.tm_sec) || !take_fraction(&text, &ns) ||
		!take_zone(&text, &east_s))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	back = tm;
	s = timegm(&back);
	if (back.tm_mday != tm.tm_mday) /* 30 February */
		return false;
	*out_ns = ((int64_t)s - east_s) * NS_PER_S + ns;
	return true;
}
