/*
 * The GPU kernels on the CPU, thread by thread, against the C truth.
 */
#include "kernels-ref/measure/verify.cuh"

int main(void)
{
	return verify_all(VERIFY_FEW) ? 0 : 1;
}
