#ifndef OFFING_KERNELS_REF_EXPORT_CUH
#define OFFING_KERNELS_REF_EXPORT_CUH

/**
 * Measure the whole grid on this GPU and write @dir/DEVICE-llama2-{7b,13b}-int8-fused.profile
 * (models/cost/profiles/ holds such files; docs there). False, after a message, if the GPU's data
 * sheet is not known or a file cannot be written.
 */
bool export_profiles(const char *dir);

/** The same of Llama 68M, as a draft needs it: no steps that verify, or that mix. */
bool export_draft_profile(const char *dir);

#endif
