/* The published cells that are inputs. */
#include "scripts/paper/fit/cells.h"

#include "io/text/csv.h"
#include "io/text/trace_value.h"

const char *const card_names[CARDS] = {"titan-x", "rtx-4090"};
const char *const paper_model_names[PAPER_MODELS] = {"llama2-7b", "llama2-13b"};
static const char *const system_names[CARDS] = {"edge-only", "cloud-only"};

enum { MODEL, SYSTEM, DATASET, LATENCY, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[MODEL] = {"model", CSV_NEEDED},
	[SYSTEM] = {"system", CSV_NEEDED},
	[DATASET] = {"dataset", CSV_NEEDED},
	[LATENCY] = {"latency_ms_per_token", CSV_NEEDED},
};

static int word_in(struct str word, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (str_eq(word, list[i]))
			return i;
	return -1;
}

static bool add(struct cells *out, struct arena *a, const struct csv_reader *r,
	const struct str *value, struct err *err)
{
	struct src_pos at = {r->lines.file, (unsigned)r->lines.line, 1};
	int card = word_in(value[SYSTEM], system_names, CARDS);
	int model = word_in(value[MODEL], paper_model_names, PAPER_MODELS);
	double ms;

	if (card < 0)
		return true; /* to be predicted */
	if (model < 0 || !trace_number(value[LATENCY], &ms) || !(ms > 0.0))
		return err_at(err, at, "a cell needs a known model and a latency above 0 ms");
	if (out->n == CELLS_MOST)
		return err_at(err, at, "more than %d cells", CELLS_MOST);
	out->at[out->n++] = (struct cell){.card = (enum card)card,
		.model = (enum paper_model)model,
		.dataset = arena_printf(a, "%.*s", (int)value[DATASET].n, value[DATASET].s),
		.latency_s = 1e-3 * ms};
	return true;
}

bool cells_read(struct cells *out, struct arena *a, const char *file, struct err *err)
{
	struct csv_reader r;
	struct str value[CSV_COLUMNS];
	int got;
	bool ok = true;

	if (!csv_open(&r, file, (struct line_limits){1u << 20, 1000}, columns, COLUMNS, "a fit",
		    (struct src_pos){0}, err))
		return false;
	*out = (struct cells){.at = arena_alloc(a, CELLS_MOST, sizeof *out->at)};
	while (ok && (got = csv_next(&r, value, err)) != 0)
		ok = got > 0 && add(out, a, &r, value, err);
	csv_close(&r);
	return ok;
}

const char *cell_system_name(enum card card)
{
	return system_names[card];
}
