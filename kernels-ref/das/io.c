/* Reading tensors and drawing masks. */
#include "kernels-ref/das/io.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

static bool read_csv(float **x, size_t *n, FILE *f, const char *path, struct err *err)
{
	struct src_pos at = {.file = path, .line = 1, .col = 1};
	size_t cap = 0;
	char word[64];
	int c;

	for (;;) {
		size_t len = 0;
		char *end;

		while ((c = fgetc(f)) != EOF && strchr(" \t\r\n,", c)) {
			at.line += c == '\n';
			at.col = c == '\n' ? 1 : at.col + 1;
		}
		for (; c != EOF && !strchr(" \t\r\n,", c); c = fgetc(f)) {
			if (len + 1 < sizeof(word))
				word[len++] = (char)c;
		}
		if (len == 0)
			return true;
		word[len] = '\0';
		*x = mem_grow(*x, *n, &cap, sizeof(**x));
		(*x)[*n] = strtof(word, &end);
		if (*end != '\0' || !isfinite((*x)[*n]))
			return err_at(err, at, "'%s' is not a finite number", word);
		++*n;
		at.col += (unsigned)len;
		if (c != EOF)
			ungetc(c, f);
	}
}

static bool read_raw(float **x, size_t *n, FILE *f, const char *path, struct err *err)
{
	size_t cap = 0;
	float one;
	size_t got;

	while ((got = fread(&one, 1, sizeof(one), f)) == sizeof(one)) {
		if (!isfinite(one))
			return err_input(err, "%s: number %zu is not finite", path, *n);
		*x = mem_grow(*x, *n, &cap, sizeof(**x));
		(*x)[(*n)++] = one;
	}
	if (got != 0)
		return err_input(err, "%s: size is not a multiple of 4 bytes", path);
	return true;
}

bool das_read_floats(float **x, size_t *n, const char *path, struct err *err)
{
	FILE *f = fopen(path, "rb");
	bool ok;

	*x = NULL;
	*n = 0;
	if (!f)
		return err_input(err, "%s: %s", path, strerror(errno));
	ok = ends_in(path, ".csv") ? read_csv(x, n, f, path, err) : read_raw(x, n, f, path, err);
	if (ok && ferror(f))
		ok = err_input(err, "%s: %s", path, strerror(errno));
	if (ok && *n == 0)
		ok = err_input(err, "%s: no numbers in it", path);
	fclose(f);
	if (!ok) {
		free(*x);
		*x = NULL;
	}
	return ok;
}

struct colour {
	uint8_t r, g, b;
};

static const struct colour white = {255, 255, 255};
static const struct colour grey = {222, 222, 222};
static const struct colour blue = {0, 114, 178}; /* Okabe and Ito's, for all eyes */
static const struct colour orange = {230, 159, 0};
static const struct colour green = {0, 158, 115};

/* Share of the row groups of a kept block whose product with V was done. */
static double share_pv(const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const uint8_t *pv, size_t head, size_t row, size_t col)
{
	size_t groups = (s->n_q_tok + p->group_tok - 1) / p->group_tok;
	size_t from = row * (p->q_block_tok / p->group_tok), n = 0, done = 0;

	for (size_t g = from; g < groups && g < from + p->q_block_tok / p->group_tok; g++) {
		size_t last = (g + 1) * p->group_tok;

		last = (last < s->n_q_tok ? last : s->n_q_tok) - 1;
		if (col * p->k_block_tok >= attn_visible(s, last))
			continue;
		n++;
		done += pv[(head * groups + g) * m->n_cols + col];
	}
	return n > 0 ? (double)done / (double)n : 1.0;
}

static struct colour colour_of(const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const uint8_t *pv, size_t head, size_t row, size_t col)
{
	uint8_t why = m->why[(head * m->n_rows + row) * m->n_cols + col];
	struct colour c = why & DAS_BY_MAP                      ? blue
			  : why & (DAS_BY_SIM_Q | DAS_BY_SIM_K) ? orange
								: green;
	double light;

	if (!das_visible(s, m, row, col))
		return white;
	if (why == DAS_SKIP)
		return grey;
	light = 0.2 + 0.8 * share_pv(s, p, m, pv, head, row, col);
	return (struct colour){
		(uint8_t)(c.r * light), (uint8_t)(c.g * light), (uint8_t)(c.b * light)};
}

bool das_write_picture(const char *path, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const uint8_t *pv, size_t head, size_t cell, struct err *err)
{
	size_t tall = (cell * m->q_block_tok + m->k_block_tok - 1) / m->k_block_tok;
	FILE *f = fopen(path, "wb");
	bool ok = f != NULL;

	if (f) {
		/* mask.gp counts on these 43 bytes */
		fprintf(f, "P6\n#%7.3f tokens a pixel\n%5zu %5zu\n255\n",
			(double)m->k_block_tok / (double)cell, m->n_cols * cell, m->n_rows * tall);
		for (size_t y = 0; y < m->n_rows * tall; y++) {
			for (size_t x = 0; x < m->n_cols * cell; x++) {
				struct colour c = colour_of(s, p, m, pv, head, y / tall, x / cell);

				fwrite(&c, sizeof(c), 1, f);
			}
		}
		ok = !ferror(f);
		ok &= fclose(f) == 0;
	}
	return ok || err_run(err, "cannot write %s: %s", path, strerror(errno));
}
