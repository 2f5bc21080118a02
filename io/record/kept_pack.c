#include "io/record/kept_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Packing */

static void put_text(struct buf *to, const char *s)
{
	buf_add(to, s, strlen(s) + 1);
}

void kept_pack_names(struct buf *to, const struct world_result *r)
{
	for (size_t i = 0; i < r->n_metrics; i++) {
		put_text(to, metrics[r->metrics[i].id].name);
		put_text(to, r->metrics[i].scope);
	}
}

/* Of a drift what is not empty. */
struct cell {
	uint32_t stretch, bin;
	struct drift_sums sums;
};

static size_t count_cells(const struct drift *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		for (size_t b = 0; b < DRIFT_BINS; b++)
			n += d->at[i][b].slots > 0.0;
	return n;
}

static void put_cells(struct buf *to, const struct drift *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		for (uint32_t b = 0; b < DRIFT_BINS; b++) {
			const struct cell c = {i, b, d->at[i][b]};

			if (c.sums.slots > 0.0)
				buf_add(to, (const char *)&c, sizeof c);
		}
}

/* What has a fixed length; that of others is known by their numbers. */
struct fixed {
	uint64_t size; /* of this: another build has another */
	double warmup_s, horizon_s;
	uint64_t events, digest, created, in_system;
	uint64_t random;
	uint64_t n_metrics, n_warnings, n_stretches, n_cells;
	uint64_t filled, full;
	double places, most_left;
	struct drift_evidence evidence;
	uint64_t n_within;
	struct within_interval within[WITHIN_METRICS];
};

void kept_pack(struct buf *to, const struct world_result *r)
{
	struct fixed f = {
		.size = sizeof f,
		.warmup_s = r->warmup_s,
		.horizon_s = r->horizon_s,
		.events = r->events,
		.digest = r->digest,
		.created = r->created,
		.in_system = r->in_system,
		.random = r->random,
		.n_metrics = r->n_metrics,
		.n_warnings = r->warnings.n,
		.n_stretches = r->drift.n,
		.n_cells = count_cells(&r->drift),
		.filled = r->drift.filled,
		.full = r->drift.full,
		.places = r->drift.places,
		.most_left = r->drift.most_left,
		.evidence = r->evidence,
		.n_within = r->n_within,
	};

	memcpy(f.within, r->within, sizeof f.within);
	buf_add(to, (const char *)&f, sizeof f);
	for (size_t i = 0; i < r->n_metrics; i++)
		buf_add(to, (const char *)&r->metrics[i].value, sizeof(double));
	put_cells(to, &r->drift);
	for (size_t i = 0; i < r->warnings.n; i++) {
		put_text(to, warning_words[r->warnings.at[i].kind]);
		put_text(to, r->warnings.at[i].scope);
		put_text(to, r->warnings.at[i].text);
	}
}

/* Unpacking: what lacks bytes leaves the rest empty and s NULL */

static bool get(void *out, struct str *from, size_t n)
{
	if (!from->s || from->n < n) {
		from->s = NULL;
		return false;
	}
	memcpy(out, from->s, n);
	from->s += n;
	from->n -= n;
	return true;
}

/* "" where there is none. */
static const char *get_text(struct str *from)
{
	const char *s = from->s, *end = s ? memchr(s, '\0', from->n) : NULL;

	if (!end) {
		from->s = NULL;
		return "";
	}
	from->n -= (size_t)(end + 1 - s);
	from->s = end + 1;
	return s;
}

static bool warning_of(enum warning_kind *out, const char *word)
{
	for (size_t k = 0; k < WARNING_KINDS; k++)
		if (strcmp(warning_words[k], word) == 0) {
			*out = (enum warning_kind)k;
			return true;
		}
	return false;
}

/* Scopes stay in a copy of the names. */
static bool get_metrics(struct world_result *out, struct str names, struct str *from)
{
	struct str at;
	bool ok = true;

	out->strings = mem_zalloc(names.n + 1, 1);
	memcpy(out->strings, names.s, names.n);
	at = (struct str){out->strings, names.n};
	for (size_t i = 0; i < out->n_metrics && ok; i++) {
		ok = metric_find(&out->metrics[i].id, get_text(&at));
		out->metrics[i].scope = get_text(&at);
		ok = ok && get(&out->metrics[i].value, from, sizeof(double));
	}
	return ok && at.s && at.n == 0;
}

static bool get_drift(struct drift *out, const struct fixed *f, struct str *from)
{
	struct cell c;

	*out = (struct drift){.n = f->n_stretches,
		.cap = f->n_stretches,
		.filled = (uint32_t)f->filled,
		.full = (uint32_t)f->full,
		.places = f->places,
		.most_left = f->most_left};
	out->at = mem_zalloc(out->n, sizeof *out->at);
	for (size_t i = 0; i < f->n_cells; i++) {
		if (!get(&c, from, sizeof c) || c.stretch >= out->n || c.bin >= DRIFT_BINS)
			return false;
		out->at[c.stretch][c.bin] = c.sums;
	}
	return true;
}

static bool get_warnings(struct warnings *out, size_t n, struct str *from)
{
	enum warning_kind kind;

	for (size_t i = 0; i < n; i++) {
		const char *scope;

		if (!warning_of(&kind, get_text(from)))
			return false;
		scope = get_text(from);
		warnings_add(out, kind, scope, "%s", get_text(from));
	}
	return from->s && from->n == 0;
}

bool kept_unpack(struct world_result *out, struct str names, struct str bytes)
{
	struct fixed f;

	*out = (struct world_result){0};
	if (!get(&f, &bytes, sizeof f) || f.size != sizeof f ||
		f.n_metrics > bytes.n / sizeof(double) || f.n_stretches > DRIFT_OF_RUN)
		return false;
	*out = (struct world_result){
		.status = RUN_COMPLETE,
		.warmup_s = f.warmup_s,
		.horizon_s = f.horizon_s,
		.events = f.events,
		.digest = f.digest,
		.created = f.created,
		.in_system = f.in_system,
		.random = f.random,
		.n_metrics = f.n_metrics,
		.metrics = mem_zalloc(f.n_metrics, sizeof *out->metrics),
		.evidence = f.evidence,
	};
	out->n_within = f.n_within;
	memcpy(out->within, f.within, sizeof f.within);
	if (get_metrics(out, names, &bytes) && get_drift(&out->drift, &f, &bytes) &&
		get_warnings(&out->warnings, f.n_warnings, &bytes))
		return true;
	world_result_finish(out);
	return false;
}
