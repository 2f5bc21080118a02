#ifndef OFFING_MODELS_PROFILE_H
#define OFFING_MODELS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/cost/llm.h"
#include "models/cost/spec.h"

/**
 * How long a device takes, as data. Two kinds:
 *
 *	form	constants of the transferred form (docs/models.md, "Transferred devices"):
 *		t(op) = t0 + cbrt((flop / (ec peak))^3 + (bytes / (eb bandwidth))^3)
 *	grid	measured times of whole steps of one model
 *
 * io/profile/file.h reads them from text; models/cost/profiles/README.md is the
 * manual of that text. A profile is plain constant data, in the reader's arena.
 */

enum profile_kind { PROFILE_FORM, PROFILE_GRID };
enum provenance { PROVENANCE_MEASURED, PROVENANCE_TRANSFERRED, PROVENANCE_FITTED, PROVENANCES };
extern const char *const provenance_names[PROVENANCES];

/** Where one constant of a form comes from. */
enum profile_mark { MARK_MEASURED, MARK_PUBLISHED, MARK_FITTED, MARK_ASSUMED, MARKS };
extern const char *const profile_mark_names[MARKS];

/** Which data-sheet rate a class computes at; a GPU without it uses the next one down. */
enum profile_peak { PEAK_FP32, PEAK_FP16, PEAK_INT8, PEAKS };
extern const char *const profile_peak_names[PEAKS];

/** One class of operations in one precision. */
struct profile_op {
	double t0_s;           /* >= 0, what remains for a matrix of no size */
	double ec, eb;         /* > 0, share of the peak rate and of the bandwidth */
	double weight_bytes;   /* moved per weight; 0: what the precision stores */
	double cycles_per_key; /* prefill attention: latency that grows with length */
	double mixed;          /* decode attention: times as long beside prompts; 0: once */
	double widen_rows;     /* more rows than so many: weights are widened in memory first, */
	double widen_bytes;    /* which moves so many for each; 0: never */
	enum profile_peak peak;
};

struct profile_form {
	struct profile_op op[LLM_PRECISIONS][LLM_OPS];
	double launch_s[LLM_PRECISIONS]; /* per layer */
	bool launch_overlaps;            /* a layer takes max(launch, work), not launch + work */
	size_t n_marks[MARKS];
};

/**
 * One measured step. Decode: @count sequences with @context_tok tokens between
 * them. Prefill: one sequence of @count new tokens behind @context_tok cached
 * ones; all layers and the head of one row.
 */
struct profile_step_row {
	uint64_t count, context_tok;
	double step_s;
};

struct profile_attention_row {
	uint64_t new_tok;
	double sparsity; /* share of the causal blocks left out */
	double all_layers_s;
};

struct profile_prediction_row {
	uint64_t new_tok;
	double all_layers_s;
};

/** A step that verifies drafts: @rows_each tokens of each of @count sequences with @context_tok
 *  cached tokens between them. */
struct profile_verify_row {
	uint64_t count, rows_each, context_tok;
	double step_s;
};

/** A step in which @count sequences decode, with @context_tok tokens between them, and a prompt
 *  ends with @chunk_tok new ones behind @chunk_context_tok. */
struct profile_mixed_row {
	uint64_t count, context_tok, chunk_tok, chunk_context_tok;
	double step_s;
};

/** What the host of a server takes beside the device's time: of one step, with its deviation. */
enum profile_host { HOST_DECODE, HOST_PREFILL, HOSTS };
extern const char *const profile_host_names[HOSTS];

struct profile_host_row {
	enum profile_host step;
	double host_s, sd_s;
};

/** What was measured beside the steps; the simulator does not read it, people do. */
struct profile_launch_row {
	const char *name;
	double launch_s;
};

struct profile_t0_row {
	const char *op;
	double t0_s, ec, eb;
};

/** Rows ascend in their columns, left to right; none twice. */
struct profile_grid {
	size_t n_decode, n_prefill, n_verify, n_mixed, n_attention, n_prediction, n_host, n_launch,
		n_t0;
	const struct profile_step_row *decode, *prefill;
	const struct profile_verify_row *verify;
	const struct profile_mixed_row *mixed;
	const struct profile_attention_row *attention;
	const struct profile_prediction_row *prediction;
	const struct profile_host_row *host;
	const struct profile_launch_row *launch;
	const struct profile_t0_row *t0;
};

/** Standard deviations of log time. */
struct profile_sigma {
	double decode, prefill, attention;
	double latency; /* of the length-independent part of prefill attention */
};

struct profile {
	const char *name;                     /* the file's name without ".profile" */
	const char *device, *runtime, *model; /* "*": any; names with blanks between */
	unsigned precisions;                  /* bit 1 << p for every precision covered */
	double cc_from, cc_below;             /* compute capabilities a "*" device may have */
	enum profile_kind kind;
	enum provenance provenance;
	const char *date, *driver, *kernels, *method; /* "" when not given */
	struct profile_sigma sigma;
	bool has_host;                   /* it was fitted with the step, sequence and request of */
	struct host_time host;           /* this, which stand in place of a scenario's */
	const struct profile_form *form; /* NULL unless PROFILE_FORM */
	const struct profile_grid *grid; /* NULL unless PROFILE_GRID */
};

/** Whether @p may serve; "*" matches all. A grid must be of the very model and precision. */
bool profile_covers(const struct profile *p, const struct gpu_spec *gpu, const char *runtime,
	const char *model, enum precision precision);

/**
 * The most specific of @n profiles: a grid before a form, a named device
 * before "*", the first of equals. NULL when none covers.
 */
const struct profile *profile_choose(const struct profile *const *all, size_t n,
	const struct gpu_spec *gpu, const char *runtime, const char *model,
	enum precision precision);

/** Put the host's times that @p was fitted with in place of those in @to, if it was. */
void profile_host(struct host_time *to, const struct profile *p);

/** The text of a profile that is part of the program. */
struct profile_text {
	const char *name, *text;
};
extern const struct profile_text profile_texts[];
extern const size_t profile_n_texts;

#endif
