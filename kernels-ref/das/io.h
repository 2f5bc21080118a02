#ifndef OFFING_KERNELS_DAS_IO_H
#define OFFING_KERNELS_DAS_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "kernels-ref/ref/das.h"

/** Files of the offing-das program. */

/**
 * Read all numbers of @path into *@x (free() it) and their count into *@n. A name that ends in
 * ".csv" is text, numbers separated by commas, blanks or line ends; anything else is raw float32
 * of this machine's byte order. Fails when the file cannot be read, is empty, holds half a number,
 * something that is no number, or a value that is not finite.
 */
MUST_CHECK bool das_read_floats(float **x, size_t *n, const char *path, struct err *err);

/**
 * Draw the mask of one head as a binary PPM, the first query at the top; a block is @cell pixels
 * wide and as tall as its queries ask for at that scale. White: nothing to see there (causality).
 * Light grey: skipped by M_g. Blue: selected from the map. Orange: kept for its self-similarity.
 * Green: on the diagonal, or all when too short. The share of a kept block's row groups that stage
 * 2 skipped is mixed with black.
 * @pv as das_attn() left it. kernels-ref/das/mask.gp makes a PNG with axes and legend of it.
 */
MUST_CHECK bool das_write_picture(const char *path, const struct attn_shape *s,
	const struct das_params *p, const struct das_mask *m, const uint8_t *pv, size_t head,
	size_t cell, struct err *err);

#endif
