#ifndef OFFING_TESTS_SERVE_PRICE_H
#define OFFING_TESTS_SERVE_PRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the simulator charges for the steps of an H200's int8 model, with batches of up to 32. */
struct serve_price;

/** @model of the catalogue; ends the test where there is no profile of it. */
struct serve_price *serve_price_create(const char *model);
void serve_price_destroy(struct serve_price *p);

/** New tokens of a prompt behind what is cached of it. */
struct serve_chunk {
	uint32_t new_tok, context_tok;
	bool ends;
};

/** A step in which @n_decode sequences decode over @context_tok tokens together. */
double serve_step_s(const struct serve_price *p, size_t n_decode, double context_tok,
	const struct serve_chunk *chunks, size_t n_chunks);

#ifdef __cplusplus
}
#endif
#endif
