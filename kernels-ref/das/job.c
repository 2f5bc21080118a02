/* The options of offing-das. */
#include "kernels-ref/das/job.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char das_help[] =
	"usage: offing-das [options]\n"
	"Show the masks, the sparsity and the error of dynamic attention sparsification on\n"
	"Q, K, V from files, or generated (synthetic; says nothing about a real model).\n"
	"\n"
	"input\n"
	"  --q FILE --k FILE --v FILE  [heads][tokens][dim], raw float32 or .csv; else generated\n"
	"  --tokens N       tokens to generate (2048)\n"
	"  --heads N        query heads (4)        --kv-heads N   heads of K and V (= heads)\n"
	"  --dim N          of a head (128)        --seed N       of the generator (1)\n"
	"  --normal         generate without structure: independent normals\n"
	"  --full           no causal mask\n"
	"method\n"
	"  --theta X        self-similarity at or below which a block is always computed (0.6)\n"
	"  --tau X          mass of the compressed map to keep (0.98)\n"
	"  --before         stop before tau is exceeded, as usual elsewhere\n"
	"  --topk X         keep this share of the blocks of a row, instead of tau\n"
	"  --lambda X       stage 2 threshold in nats, below 0, or 'off' (-34.66)\n"
	"  --sum-all        stage 2 leaves skipped keys in the denominator\n"
	"  --int8           int8 scores, one scale a block, K smoothed\n"
	"  --block QxK      block of queries x keys (128x64)\n"
	"  --group N        rows of one stage-2 decision (32)\n"
	"output\n"
	"  --picture FILE   draw the mask of --head as a PPM, --cell pixels a block\n"
	"  --head N         head to draw and to bound (0)   --cell N  pixels (8)\n"
	"  --lengths A,B,.. sparsity of the mask alone, generated at these lengths\n"
	"  --tune X         find theta, tau and lambda of each head for a relative L1 error\n"
	"                   of X (X + 0.01 with stage 2), and print them\n"
	"  --decode         show das-decode of the last query instead\n"
	"  --help\n";

static bool parse_size(size_t *out, const char *name, const char *text, struct err *err)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || *out > 1u << 24)
		return err_input(
			err, "--%s must be a whole number up to 16777216, not '%s'", name, text);
	if (*out == 0 && strcmp(name, "seed") != 0 && strcmp(name, "head") != 0)
		return err_input(err, "--%s must be above 0", name);
	return true;
}

static bool parse_double(double *out, const char *name, const char *text, struct err *err)
{
	char *end;

	*out = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(*out))
		return err_input(err, "--%s must be a number, not '%s'", name, text);
	return true;
}

static bool parse_block(struct das_params *p, const char *text, struct err *err)
{
	char *x = NULL, *end = NULL;

	p->q_block_tok = strtoul(text, &x, 10);
	if (x && *x == 'x')
		p->k_block_tok = strtoul(x + 1, &end, 10);
	if (!end || *end != '\0' || p->q_block_tok - 1 > 65535 || p->k_block_tok - 1 > 65535)
		return err_input(err, "--block must be like 128x64, not '%s'", text);
	return true;
}

static bool parse_lengths(struct das_job *j, const char *text, struct err *err)
{
	size_t most = sizeof(j->lengths) / sizeof(*j->lengths);

	for (j->n_lengths = 0; j->n_lengths < most; text++) {
		char *end;
		size_t n = strtoul(text, &end, 10);

		if (*text < '0' || *text > '9' || n == 0 || n > 1u << 24)
			break;
		j->lengths[j->n_lengths++] = n;
		if (*end == '\0')
			return true;
		text = end;
	}
	return err_input(
		err, "--lengths must be up to %zu whole numbers with commas, at '%s'", most, text);
}

enum opt {
	OPT_HELP,
	OPT_Q,
	OPT_K,
	OPT_V,
	OPT_TOKENS,
	OPT_HEADS,
	OPT_KV_HEADS,
	OPT_DIM,
	OPT_SEED,
	OPT_NORMAL,
	OPT_FULL,
	OPT_THETA,
	OPT_TAU,
	OPT_BEFORE,
	OPT_TOPK,
	OPT_LAMBDA,
	OPT_SUM_ALL,
	OPT_INT8,
	OPT_BLOCK,
	OPT_GROUP,
	OPT_PICTURE,
	OPT_HEAD,
	OPT_CELL,
	OPT_LENGTHS,
	OPT_TUNE,
	OPT_DECODE,
};

static const struct option options[] = {
	{"help", no_argument, NULL, OPT_HELP},
	{"q", required_argument, NULL, OPT_Q},
	{"k", required_argument, NULL, OPT_K},
	{"v", required_argument, NULL, OPT_V},
	{"tokens", required_argument, NULL, OPT_TOKENS},
	{"heads", required_argument, NULL, OPT_HEADS},
	{"kv-heads", required_argument, NULL, OPT_KV_HEADS},
	{"dim", required_argument, NULL, OPT_DIM},
	{"seed", required_argument, NULL, OPT_SEED},
	{"normal", no_argument, NULL, OPT_NORMAL},
	{"full", no_argument, NULL, OPT_FULL},
	{"theta", required_argument, NULL, OPT_THETA},
	{"tau", required_argument, NULL, OPT_TAU},
	{"before", no_argument, NULL, OPT_BEFORE},
	{"topk", required_argument, NULL, OPT_TOPK},
	{"lambda", required_argument, NULL, OPT_LAMBDA},
	{"sum-all", no_argument, NULL, OPT_SUM_ALL},
	{"int8", no_argument, NULL, OPT_INT8},
	{"block", required_argument, NULL, OPT_BLOCK},
	{"group", required_argument, NULL, OPT_GROUP},
	{"picture", required_argument, NULL, OPT_PICTURE},
	{"head", required_argument, NULL, OPT_HEAD},
	{"cell", required_argument, NULL, OPT_CELL},
	{"lengths", required_argument, NULL, OPT_LENGTHS},
	{"tune", required_argument, NULL, OPT_TUNE},
	{"decode", no_argument, NULL, OPT_DECODE},
	{0},
};

static bool set_option(
	struct das_job *j, enum opt opt, const char *name, const char *arg, struct err *err)
{
	size_t seed;

	switch (opt) {
	case OPT_Q:
	case OPT_K:
	case OPT_V:
		j->file[opt - OPT_Q] = arg;
		return true;
	case OPT_TOKENS:
		return parse_size(&j->s.n_k_tok, name, arg, err);
	case OPT_HEADS:
		return parse_size(&j->s.n_heads, name, arg, err);
	case OPT_KV_HEADS:
		return parse_size(&j->s.n_kv_heads, name, arg, err);
	case OPT_DIM:
		return parse_size(&j->s.dim, name, arg, err);
	case OPT_SEED:
		if (!parse_size(&seed, name, arg, err))
			return false;
		j->seed = seed;
		return true;
	case OPT_NORMAL:
		return j->normal = true;
	case OPT_FULL:
		j->s.causal = false;
		return true;
	case OPT_THETA:
		return parse_double(&j->p.theta, name, arg, err);
	case OPT_TAU:
		return parse_double(&j->p.tau, name, arg, err);
	case OPT_BEFORE:
		j->p.rule = DAS_TOP_CDF_BEFORE;
		return true;
	case OPT_TOPK:
		j->p.rule = DAS_TOP_K;
		return parse_double(&j->p.topk_share, name, arg, err);
	case OPT_LAMBDA:
		j->p.lambda_nats = -HUGE_VAL;
		return strcmp(arg, "off") == 0 || parse_double(&j->p.lambda_nats, name, arg, err);
	case OPT_SUM_ALL:
		j->p.denominator = DAS_SUM_ALL;
		return true;
	case OPT_INT8:
		j->p.scores = DAS_SCORES_INT8;
		return true;
	case OPT_BLOCK:
		return parse_block(&j->p, arg, err);
	case OPT_GROUP:
		return parse_size(&j->p.group_tok, name, arg, err);
	case OPT_PICTURE:
		j->picture = arg;
		return true;
	case OPT_HEAD:
		return parse_size(&j->head, name, arg, err);
	case OPT_CELL:
		return parse_size(&j->cell, name, arg, err);
	case OPT_LENGTHS:
		return parse_lengths(j, arg, err);
	case OPT_TUNE:
		return parse_double(&j->tune_l1, name, arg, err);
	case OPT_DECODE:
		return j->decode = true;
	case OPT_HELP:
		return j->help = true;
	}
	return err_input(err, "unknown option; try --help");
}

static bool check_job(struct das_job *j, struct err *err)
{
	if (j->s.n_kv_heads == 0)
		j->s.n_kv_heads = j->s.n_heads;
	j->s.n_q_tok = j->s.n_k_tok;
	if (j->s.n_heads > 4096 || j->s.n_heads % j->s.n_kv_heads != 0)
		return err_input(err, "--heads must be a multiple of --kv-heads, up to 4096");
	if (j->head >= j->s.n_heads)
		return err_input(err, "--head must be below %zu", j->s.n_heads);
	if (!(j->p.tau > 0.0))
		return err_input(err, "--tau must be above 0, not %g", j->p.tau);
	if (!(j->p.topk_share > 0.0 && j->p.topk_share <= 1.0))
		return err_input(err, "--topk must be above 0, up to 1, not %g", j->p.topk_share);
	if (!(j->p.lambda_nats < 0.0))
		return err_input(err, "--lambda must be below 0, not %g", j->p.lambda_nats);
	if (j->p.q_block_tok % j->p.group_tok != 0)
		return err_input(
			err, "--group must divide the block's %zu queries", j->p.q_block_tok);
	if (j->tune_l1 < 0.0 || j->tune_l1 > 1.0)
		return err_input(err, "--tune must be from 0 to 1, not %g", j->tune_l1);
	if (!j->file[0] && j->s.dim < 2)
		return err_input(err, "--dim must be at least 2 to generate");
	if (!j->file[0] != !j->file[1] || !j->file[0] != !j->file[2])
		return err_input(err, "--q, --k and --v go together");
	if (j->file[0] && j->n_lengths > 0)
		return err_input(err, "--lengths generates its input: leave --q, --k, --v out");
	return true;
}

bool das_job_parse(struct das_job *j, int argc, char **argv, struct err *err)
{
	int opt, index = 0;

	*j = (struct das_job){.s = {.n_heads = 4, .n_k_tok = 2048, .dim = 128, .causal = true},
		.p = das_params_default(),
		.seed = 1,
		.cell = 8};
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (opt == '?' || opt == ':')
			return err_input(err, "'%s' is no option, or lacks its value; try --help",
				argv[optind - 1]);
		if (!set_option(j, (enum opt)opt, options[index].name, optarg, err))
			return false;
	}
	if (optind < argc)
		return err_input(err, "'%s' is not expected; try --help", argv[optind]);
	return j->help || check_job(j, err);
}
