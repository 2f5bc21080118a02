/* The built-in data sets against the table they were counted into, and their draws. */
#include "tests/support/check.h"

#include <gsl/gsl_statistics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/workload/dataset.h"

#define N 100000u

static const struct dataset *get(const char *name)
{
	const struct dataset *d = dataset_find(name);

	assert_non_null(d);
	return d;
}

static void all_are_found_by_name(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(dataset_count(), 5);
	for (i = 0; i < dataset_count(); i++) {
		assert_ptr_equal(dataset_find(dataset_at(i)->name), dataset_at(i));
		assert_in_range(strlen(dataset_at(i)->summary), 20, 72);
	}
	assert_null(dataset_find("wikitext2"));
	assert_null(dataset_find(""));
}

/* The row of quantiles21.csv for @name in tokens: mean and 21 quantiles. */
static void read_quantiles(const char *name, double *mean, double q[DATASET_QUANTILES])
{
	FILE *f = fopen(SHARED_DATA "/quantiles21.csv", "r");
	char line[1024], *field;
	size_t i;

	if (!f) {
		print_message("skipped: there is no %s\n", SHARED_DATA "/quantiles21.csv");
		skip();
	}
	while (fgets(line, sizeof line, f)) {
		if (strncmp(line, name, strlen(name)) != 0 ||
			strncmp(line + strlen(name), ",llama2_tokens,", 15) != 0)
			continue;
		strtok(line, ","); /* name, unit, n, mean, sd, q00, ... */
		strtok(NULL, ",");
		strtok(NULL, ",");
		*mean = strtod(strtok(NULL, ","), NULL);
		strtok(NULL, ",");
		for (i = 0; i < DATASET_QUANTILES; i++) {
			field = strtok(NULL, ",");
			assert_non_null(field);
			q[i] = strtod(field, NULL);
		}
		fclose(f);
		return;
	}
	fclose(f);
	fail_msg("no row for %s", name);
}

static void check_table(const char *name, const double *table)
{
	double q[DATASET_QUANTILES], mean;
	size_t i;

	read_quantiles(name, &mean, q);
	for (i = 0; i < DATASET_QUANTILES; i++)
		assert_near(table[i], q[i], 0.0);
}

static void tables_are_those_of_the_counts(void **state)
{
	(void)state;
	check_table("humaneval.prompt", get("humaneval")->prompt_tok);
	check_table("humaneval.output_canonical", get("humaneval")->output_tok);
	check_table("ceval.prompt_0shot", get("ceval")->prompt_tok);
	check_table("ceval.prompt_0shot", get("ceval-letter")->prompt_tok);
	check_table("summeval.prompt", get("summeval")->prompt_tok);
	check_table("summeval.output_ref", get("summeval")->output_tok);
}

/* Straight lines between 21 quantiles overstate a long tail a little: the largest error of
 * the six means, HumanEval's outputs, is 2.1 %. */
static void means_are_those_of_the_counts_but_for_the_interpolation(void **state)
{
	double q[DATASET_QUANTILES], mean;

	(void)state;
	read_quantiles("humaneval.prompt", &mean, q);
	assert_ratio(dataset_prompt_mean_tok(get("humaneval")), mean, 0.01);
	read_quantiles("humaneval.output_canonical", &mean, q);
	assert_ratio(dataset_output_mean_tok(get("humaneval")), mean, 0.022);
	read_quantiles("ceval.prompt_0shot", &mean, q);
	assert_ratio(dataset_prompt_mean_tok(get("ceval")), mean, 0.015);
	read_quantiles("summeval.prompt", &mean, q);
	assert_ratio(dataset_prompt_mean_tok(get("summeval")), mean, 0.01);
	read_quantiles("summeval.output_ref", &mean, q);
	assert_ratio(dataset_output_mean_tok(get("summeval")), mean, 0.01);
}

static void draw_all(const struct dataset *d, double *prompt, double *output)
{
	struct rng r;
	uint32_t in, out;
	size_t i;

	rng_init(&r, 9, 0, "lengths", d->name);
	for (i = 0; i < N; i++) {
		dataset_draw(d, &r, &in, &out);
		prompt[i] = in;
		output[i] = out;
	}
}

/* Each margin is its table's: the mean within 4 standard errors. Pearson's correlation of the
 * normal scores is rho; Spearman's of the lengths is 6/pi asin(rho/2), with a standard error
 * below 1/sqrt(n) for rho > 0; rounding to tokens takes less than .002 from it. */
static void check_joint(const char *name, double rho)
{
	double *prompt = calloc(4 * N, sizeof *prompt), *output = prompt + N;
	const struct dataset *d = get(name);

	assert_non_null(prompt);
	draw_all(d, prompt, output);
	assert_near(gsl_stats_mean(prompt, 1, N), dataset_prompt_mean_tok(d),
		4.0 * gsl_stats_sd(prompt, 1, N) / sqrt(N));
	assert_near(gsl_stats_mean(output, 1, N), dataset_output_mean_tok(d),
		4.0 * gsl_stats_sd(output, 1, N) / sqrt(N));
	assert_near(gsl_stats_spearman(prompt, 1, output, 1, N, prompt + 2 * N),
		6.0 / M_PI * asin(0.5 * rho), 4.0 / sqrt(N) + 0.002);
	free(prompt);
}

static void copulas_join_prompts_and_outputs(void **state)
{
	(void)state;
	check_joint("humaneval", 0.47);
	check_joint("summeval", 0.38);
}

static void check_fixed(const char *name, double prompt_min, double prompt_max, double output_tok)
{
	double *prompt = calloc(2 * N, sizeof *prompt), min, max;
	const struct dataset *d = get(name);

	assert_non_null(prompt);
	draw_all(d, prompt, prompt + N);
	gsl_stats_minmax(&min, &max, prompt, 1, N);
	assert_near(min, prompt_min, 0.0);
	assert_near(max, prompt_max, 0.0);
	gsl_stats_minmax(&min, &max, prompt + N, 1, N);
	assert_near(min, output_tok, 0.0);
	assert_near(max, output_tok, 0.0);
	assert_near(dataset_output_mean_tok(d), output_tok, 0.0);
	assert_near(dataset_output_quantile_tok(d, 0.9), output_tok, 0.0);
	free(prompt);
}

/* The shortest and the longest C-Eval prompt have 87 and 615 tokens, and 1e5 draws reach
 * both: 1 of 400 lies within half a token of 87 (20 tokens carry 5 %); of 615, 1 of 9 250
 * (231 tokens carry 5 %): missed with probability e^-10.8. */
static void fixed_lengths_are_fixed(void **state)
{
	(void)state;
	check_fixed("ceval", 87.0, 615.0, 236.0);
	check_fixed("ceval-letter", 87.0, 615.0, 2.0);
	check_fixed("wikitext-2", 32.0, 32.0, 96.0);
}

/* 90 % of HumanEval's outputs have at most 128.4 tokens; between 90 and 95 % 152.1. */
static void quantiles_are_linear_between_entries(void **state)
{
	(void)state;
	assert_near(dataset_output_quantile_tok(get("humaneval"), 0.9), 128.4, 1e-9);
	assert_near(dataset_output_quantile_tok(get("humaneval"), 0.925), 140.25, 1e-9);
	assert_near(dataset_output_quantile_tok(get("humaneval"), 1.0), 300.0, 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_found_by_name),
		cmocka_unit_test(tables_are_those_of_the_counts),
		cmocka_unit_test(means_are_those_of_the_counts_but_for_the_interpolation),
		cmocka_unit_test(copulas_join_prompts_and_outputs),
		cmocka_unit_test(fixed_lengths_are_fixed),
		cmocka_unit_test(quantiles_are_linear_between_entries),
	};

	return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
