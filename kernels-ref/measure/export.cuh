#ifndef OFFING_KERNELS_REF_EXPORT_CUH
#define OFFING_KERNELS_REF_EXPORT_CUH

#include <string>

#include "kernels-ref/ref/llama.h"

struct export_what {
	const llama_shape *shape; /* of 7B, 13B or 68M (a draft: its steps neither verify nor
				   * mix); NULL: the first two */
	std::string tuned;        /* of serve_device_create() */
};

/**
 * Measure the whole grid on this GPU and write @dir/DEVICE-llama2-{7b,13b}-int8-fused.profile
 * (models/cost/profiles/ holds such files; docs there). False, after a message, if the GPU's data
 * sheet is not known or a file cannot be written.
 */
bool export_profiles(const char *dir, const export_what &what);

#endif
