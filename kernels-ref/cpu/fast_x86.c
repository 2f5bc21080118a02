/* Fast variants of x86-64, chosen by what the processor reports. */
#include "kernels-ref/cpu/fast.h"
#include "kernels-ref/cpu/fast_list.h"

FAST_DECLARE(avx2);
FAST_DECLARE(avx512);

static const struct fast_ops plain = FAST_OPS_OF(plain);
static const struct fast_ops avx2 = FAST_OPS_OF(avx2);
static const struct fast_ops avx512 = FAST_OPS_OF(avx512);

size_t fast_count(void)
{
	return 3;
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512dq");
}

const struct fast_ops *fast_variant(size_t i)
{
	switch (i) {
	case 1:
		return &plain;
	case 2:
		return has_avx2() ? &avx2 : NULL;
	case 3:
		return has_avx512() ? &avx512 : NULL;
	default:
		return NULL;
	}
}

const struct fast_ops *fast_ops(void)
{
	for (size_t i = fast_count(); i > 1; i--) {
		if (fast_variant(i))
			return fast_variant(i);
	}
	return &plain;
}
