/* Units as people write them, and what they are called here. */
#include "base/unit_hint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Other spellings of the same size. */
static const struct alias {
	enum quantity_dim dim;
	const char *unit;
	const char *spellings; /* each between blanks */
} aliases[] = {
	{QUANTITY_TIME, "ns", " nsec nsecs nanosecond nanoseconds "},
	{QUANTITY_TIME, "us", " \xc2\xb5s \xce\xbcs usec usecs microsecond microseconds "},
	{QUANTITY_TIME, "ms", " msec msecs millisecond milliseconds "},
	{QUANTITY_TIME, "s", " S sec secs Sec second seconds "},
	{QUANTITY_TIME, "min", " m mins Min minute minutes "},
	{QUANTITY_TIME, "h", " H hr hrs hour hours "},
	{QUANTITY_TIME, "d", " D day days "},
	{QUANTITY_FREQUENCY, "/s", " 1/s /sec /second /S per_second rps qps req/s requests/s "},
	{QUANTITY_FREQUENCY, "/min", " 1/min /m /minute rpm req/min requests/min "},
	{QUANTITY_FREQUENCY, "/h", " 1/h /hr /hour req/h requests/h "},
	{QUANTITY_FLOP_RATE, "GFLOP/s", " GFLOPS GFLOPs GFlops GFlop/s GFLOPS/s Gflop/s Gflops "},
	{QUANTITY_FLOP_RATE, "TFLOP/s", " TFLOPS TFLOPs TFlops TFlop/s TFLOPS/s Tflop/s Tflops "},
	{QUANTITY_FLOP_RATE, "GOP/s", " GOPS GOPs GOPS/s Gop/s "},
	{QUANTITY_FLOP_RATE, "TOP/s", " TOPS TOPs TOPS/s Top/s "},
	{QUANTITY_CLOCK, "MHz", " MHZ Mhz "},
	{QUANTITY_CLOCK, "GHz", " GHZ Ghz ghz gHz "},
	{QUANTITY_CLOCK, "Hz", " hz HZ "},
	{QUANTITY_POWER, "W", " w watt watts Watt "},
	{QUANTITY_POWER, "kW", " kw KW Kw "},
	{QUANTITY_FRACTION, "%", " percent pct per_cent "},
	{QUANTITY_PRICE, "USD/h", " $/h usd/h USD/hour USD/hr $/hour "},
};

static bool find_alias(enum quantity_dim dim, const char *unit, char *hint, size_t size)
{
	char word[24];

	if (strlen(unit) + 3 > sizeof word || strchr(unit, ' '))
		return false;
	snprintf(word, sizeof word, " %s ", unit);
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (aliases[i].dim == dim && strstr(aliases[i].spellings, word)) {
			snprintf(hint, size, "did you mean '%s'?", aliases[i].unit);
			return true;
		}
	return false;
}

/* Bits and bytes: a prefix, what it multiplies, and whether a second. */
struct data_unit {
	const char *kilo, *kibi; /* "M", "Mi" */
	bool binary;
	char base;           /* 'b' bits, 'B' bytes, '?' either, 0 not said */
	bool is_rate, as_tc; /* mbps: tc's word for MB/s */
};

static bool take(const char **s, const char *word)
{
	if (strncasecmp(*s, word, strlen(word)) != 0)
		return false;
	*s += strlen(word);
	return true;
}

static void take_prefix(struct data_unit *u, const char **s)
{
	static const char *const kilo[] = {"k", "M", "G", "T"};
	static const char *const kibi[] = {"Ki", "Mi", "Gi", "Ti"};

	u->kilo = u->kibi = "";
	for (size_t i = 0; i < 4; i++)
		if (take(s, kilo[i])) {
			u->kilo = kilo[i];
			u->kibi = kibi[i];
			u->binary = take(s, "i");
			return;
		}
}

static bool decode(struct data_unit *u, const char *s)
{
	bool is_lower = true;

	for (const char *c = s; *c; c++)
		is_lower = is_lower && !isupper((unsigned char)*c);
	*u = (struct data_unit){0};
	take_prefix(u, &s);
	if (take(&s, "bytes") || take(&s, "byte"))
		u->base = 'B';
	else if (take(&s, "bits") || take(&s, "bit"))
		u->base = 'b';
	else if (*s == 'b' || *s == 'B')
		u->base = is_lower ? '?' : *s++;
	if (u->base == '?')
		s++;
	u->as_tc = is_lower && !strcmp(s, "ps");
	u->is_rate = take(&s, "/sec") || take(&s, "/s") || take(&s, "ps");
	return !*s && (u->base || u->kilo[0]);
}

static bool hint_of_bits(const struct data_unit *u, char *hint, size_t size)
{
	if (u->binary)
		snprintf(hint, size, "did you mean '%sbit'?", u->kibi);
	else
		snprintf(hint, size, "did you mean '%sbps'? (1 %sB/s would be 8 times as fast)",
			u->kilo, u->kilo);
	return true;
}

static bool hint_of_bit_rate(const struct data_unit *u, char *hint, size_t size)
{
	if (u->base == 'b')
		return hint_of_bits(u, hint, size);
	if (u->binary)
		return false;
	if (u->as_tc)
		snprintf(hint, size,
			"did you mean '%sbps'? (what tc calls so is %sB/s, 8 times as fast)",
			u->kilo, u->kilo);
	else if (u->base == 'B')
		snprintf(hint, size, "did you mean '%sB/s'? (1 %sbps would be an eighth of it)",
			u->kilo, u->kilo);
	else
		snprintf(hint, size, "did you mean '%sbps' or, 8 times as fast, '%sB/s'?", u->kilo,
			u->kilo);
	return true;
}

static bool hint_of_bytes(
	const struct data_unit *u, const char *unit, const char *per, char *hint, size_t size)
{
	const char *prefix = u->binary ? u->kibi : u->kilo;

	if (u->base == 'b')
		snprintf(hint, size, "these are bits, of which 1 %sB%s has 8", prefix, per);
	else if (u->binary && per[0])
		return false;
	else if (!u->base || (unit[0] == 'K' && !u->binary && !per[0]))
		snprintf(hint, size, "did you mean '%sB%s', in steps of 1000, or '%sB%s', of 1024?",
			u->kilo, per, u->kibi, per);
	else
		snprintf(hint, size, "did you mean '%sB%s'?%s%s%s%s", prefix, per,
			u->base == '?' ? " (1 " : "", u->base == '?' ? prefix : "",
			u->base == '?' ? "bit" : "",
			u->base == '?' ? " would be an eighth of it)" : "");
	return true;
}

bool unit_hint(enum quantity_dim dim, const char *unit, char *hint, size_t size)
{
	struct data_unit u;

	if (dim != QUANTITY_BYTES && dim != QUANTITY_BIT_RATE && dim != QUANTITY_BYTE_RATE)
		return find_alias(dim, unit, hint, size);
	if (!decode(&u, unit))
		return false;
	if (dim == QUANTITY_BIT_RATE)
		return hint_of_bit_rate(&u, hint, size);
	if (dim == QUANTITY_BYTES)
		return !u.is_rate && hint_of_bytes(&u, unit, "", hint, size);
	return (u.base || !u.is_rate) && hint_of_bytes(&u, unit, "/s", hint, size);
}
