#include "base/utf8.h"

size_t utf8_decode(const char *text, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2, i;

	*c = s[0];
	if (len == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > n)
		return 0;
	*c = s[0] & (0xffU >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = (*c << 6) | (s[i] & 0x3fU);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return len;
}

/* Ranges that do not show, in order; what has no name of its own is a control character. */
static const struct hidden {
	uint32_t from, to;
	const char *name;
} hidden[] = {
	{0x00, 0x08, NULL},
	{0x09, 0x09, "tab"},
	{0x0a, 0x0a, "line feed"},
	{0x0b, 0x0c, NULL},
	{0x0d, 0x0d, "carriage return"},
	{0x0e, 0x1f, NULL},
	{0x7f, 0x9f, NULL},
	{0xa0, 0xa0, "no-break space"},
	{0xad, 0xad, "soft hyphen"},
	{0x61c, 0x61c, "direction mark"},
	{0x1680, 0x1680, "ogham space"},
	{0x180e, 0x180e, "vowel separator"},
	{0x2000, 0x200a, "typographic space"},
	{0x200b, 0x200b, "zero-width space"},
	{0x200c, 0x200d, "zero-width joiner"},
	{0x200e, 0x200f, "direction mark"},
	{0x2028, 0x2029, "line separator"},
	{0x202a, 0x202e, "direction mark"},
	{0x202f, 0x202f, "narrow no-break space"},
	{0x205f, 0x205f, "typographic space"},
	{0x2060, 0x2064, "word joiner"},
	{0x2066, 0x206f, "direction mark"},
	{0x3000, 0x3000, "ideographic space"},
	{0xfeff, 0xfeff, "byte order mark"},
	{0xfff9, 0xfffb, "annotation mark"},
	{0xfffe, 0xffff, "noncharacter"},
	{0xe0000, 0xe0fff, "tag character"},
};

static const struct hidden *find_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return &hidden[i];
	return NULL;
}

bool utf8_is_shown(uint32_t c)
{
	return !find_hidden(c);
}

const char *utf8_name(uint32_t c)
{
	const struct hidden *h = find_hidden(c);

	return h && h->name ? h->name : "control character";
}

size_t utf8_prefix(const char *s, size_t n, size_t most)
{
	if (most >= n)
		return n;
	while (most > 0 && ((unsigned char)s[most] & 0xc0) == 0x80)
		most--;
	return most;
}
