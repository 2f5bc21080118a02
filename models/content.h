#ifndef OFFING_MODELS_CONTENT_H
#define OFFING_MODELS_CONTENT_H

#include <stdint.h>

/**
 * What a sequence consists of, for those who ask whether two begin alike: not words, but places
 * in streams of tokens, each known by its key. Token j of a stream is equal to itself and to
 * nothing else. A sequence is, in this order,
 *
 *	the first prefix_tok tokens of the stream `prefix`,
 *	of each of n_ids streams the first id_tok, up to token own_tok of the sequence,
 *	from token own_tok on, and without end, the stream `own`: the rest of its prompt and
 *	its answer. A session is one such stream, and each of its turns begins with all before it.
 */
struct content {
	uint64_t prefix, own;
	uint32_t prefix_tok, own_tok;
	uint64_t *ids; /* keys */
	uint32_t n_ids, id_tok;
};

/** What gives streams their names; each kind numbers its own. */
enum content_kind { CONTENT_REQUEST = 1, CONTENT_SESSION, CONTENT_PREFIX, CONTENT_TRACE };

/** A bijection of 64 bits that leaves no pattern (the finaliser of splitmix64: Steele et al.,
 *  OOPSLA 2014). */
static inline uint64_t content_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/** What numbers streams, by its name (FNV-1a): a group, a set of prefixes, a file. */
static inline uint64_t content_scope(enum content_kind kind, const char *name)
{
	uint64_t h = 0xcbf29ce484222325u + (uint64_t)kind;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return content_mix(h);
}

/** The key of stream @n of a scope. Two of them are equal by chance once in 2^64. */
static inline uint64_t content_key(uint64_t scope, uint64_t n)
{
	return content_mix(scope + content_mix(n));
}

/** Of one stream, from place @from on. */
struct content_piece {
	uint64_t key, from, tok; /* tok UINT64_MAX: without end */
};

/** What stands at token @at of @c, and for how long that goes on. */
static inline struct content_piece content_at(const struct content *c, uint64_t at)
{
	uint64_t k, end;

	if (at >= c->own_tok)
		return (struct content_piece){c->own, at - c->own_tok, UINT64_MAX};
	if (at < c->prefix_tok) {
		end = c->prefix_tok < c->own_tok ? c->prefix_tok : c->own_tok;
		return (struct content_piece){c->prefix, at, end - at};
	}
	k = (at - c->prefix_tok) / c->id_tok;
	end = c->prefix_tok + (k + 1) * c->id_tok;
	return (struct content_piece){c->ids[k], (at - c->prefix_tok) - k * c->id_tok,
		(end < c->own_tok ? end : c->own_tok) - at};
}

/** Where the stream of its own begins, in a prompt of @prompt_tok. */
static inline uint32_t content_own_tok(const struct content *c, uint32_t prompt_tok)
{
	uint64_t shared = c->prefix_tok + (uint64_t)c->n_ids * c->id_tok;

	return shared < prompt_tok ? (uint32_t)shared : prompt_tok;
}

#endif
