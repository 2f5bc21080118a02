#ifndef OFFING_KERNELS_REF_HARNESS_CUH
#define OFFING_KERNELS_REF_HARNESS_CUH

#include <algorithm>
#include <vector>

#include "kernels-ref/cuda/cuda_common.cuh"

/**
 * Clock, warm-up and quantiles. Work is captured into a graph and replayed back to back, so
 * that the host is never waited for; CUDA events around each replay give its time.
 */
struct timing {
	double median_s, p10_s, p90_s;
};

/** Quantiles of the samples (seconds), each divided by @share. */
inline timing timing_of(std::vector<double> s, double share)
{
	std::sort(s.begin(), s.end());
	size_t n = s.size();

	return {s[n / 2] / share, s[n / 10] / share, s[n - 1 - n / 10] / share};
}

/** @launch(i, stream) for i < @copies is one sample; time of one of them. Rotate buffers by i
 *  so that together they are several times the L2. */
template <class F> timing time_graph(F launch, int copies, int rounds)
{
	cudaStream_t stream;
	cudaGraph_t graph;
	cudaGraphExec_t exec;
	std::vector<cudaEvent_t> at(rounds + 1);
	std::vector<double> s;

	CUDA_TRY(cudaStreamCreate(&stream));
	CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	for (int i = 0; i < copies; i++)
		launch(i, stream);
	CUDA_TRY(cudaStreamEndCapture(stream, &graph));
	CUDA_TRY(cudaGraphInstantiate(&exec, graph, 0));
	for (int i = 0; i < 3; i++)
		CUDA_TRY(cudaGraphLaunch(exec, stream));
	for (int i = 0; i <= rounds; i++)
		CUDA_TRY(cudaEventCreate(&at[i]));
	CUDA_TRY(cudaEventRecord(at[0], stream));
	for (int i = 0; i < rounds; i++) {
		CUDA_TRY(cudaGraphLaunch(exec, stream));
		CUDA_TRY(cudaEventRecord(at[i + 1], stream));
	}
	CUDA_TRY(cudaStreamSynchronize(stream));
	for (int i = 0; i < rounds; i++) {
		float ms;

		CUDA_TRY(cudaEventElapsedTime(&ms, at[i], at[i + 1]));
		s.push_back((double)ms * 1e-3);
	}
	for (cudaEvent_t e : at)
		CUDA_TRY(cudaEventDestroy(e));
	CUDA_TRY(cudaGraphExecDestroy(exec));
	CUDA_TRY(cudaGraphDestroy(graph));
	CUDA_TRY(cudaStreamDestroy(stream));
	return timing_of(s, copies);
}

/** The same without a graph, each sample waited for. */
template <class F> timing time_stream(F launch, int copies, int rounds)
{
	cudaStream_t stream;
	cudaEvent_t at[2];
	std::vector<double> s;

	CUDA_TRY(cudaStreamCreate(&stream));
	for (cudaEvent_t &e : at)
		CUDA_TRY(cudaEventCreate(&e));
	for (int i = -3; i < rounds; i++) {
		float ms;

		CUDA_TRY(cudaEventRecord(at[0], stream));
		for (int k = 0; k < copies; k++)
			launch(k, stream);
		CUDA_TRY(cudaEventRecord(at[1], stream));
		CUDA_TRY(cudaStreamSynchronize(stream));
		CUDA_TRY(cudaEventElapsedTime(&ms, at[0], at[1]));
		if (i >= 0) /* warm by then */
			s.push_back((double)ms * 1e-3);
	}
	for (cudaEvent_t e : at)
		CUDA_TRY(cudaEventDestroy(e));
	CUDA_TRY(cudaStreamDestroy(stream));
	return timing_of(s, copies);
}

/** Rounds that take about @budget_s, between @least and 200. */
inline int rounds_for(double one_s, double budget_s, int least)
{
	double n = budget_s / one_s;

	return n < least ? least : n > 200 ? 200 : (int)n;
}

/** As time_graph(), the number of rounds chosen to take about @budget_s, at least 11. */
template <class F> timing time_for(F launch, int copies, double budget_s)
{
	timing t = time_graph(launch, copies, 3);

	return time_graph(launch, copies, rounds_for(t.median_s * copies, budget_s, 11));
}

/** Standard normal halves, the same for a @seed on every machine. */
void fill_normal(half *to, size_t n, uint64_t seed);

/** Bytes per second of a large device-to-device copy, read and written counted. */
double copy_bandwidth(void);

#endif
