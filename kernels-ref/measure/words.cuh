#ifndef OFFING_KERNELS_REF_WORDS_CUH
#define OFFING_KERNELS_REF_WORDS_CUH

#include <cstddef>
#include <cstdlib>
#include <cstring>

/** What stands behind @key in @word, if @word begins so; else NULL. */
inline const char *word_behind(const char *word, const char *key)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) == 0 ? word + n : NULL;
}

/** KEY=N, N from 1 on. */
inline bool read_size(size_t *out, const char *word, const char *key)
{
	const char *digits = word_behind(word, key);
	char *end;

	if (!digits || digits[0] < '1' || digits[0] > '9')
		return false;
	*out = strtoul(digits, &end, 10);
	return *end == '\0';
}

/** KEY=X, X from 0 to 1. */
inline bool read_share(double *out, const char *word, const char *key)
{
	const char *digits = word_behind(word, key);
	char *end;

	if (!digits || !((digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.'))
		return false;
	*out = strtod(digits, &end);
	return *end == '\0' && *out >= 0.0 && *out <= 1.0;
}

#endif
