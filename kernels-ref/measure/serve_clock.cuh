#ifndef OFFING_KERNELS_REF_SERVE_CLOCK_CUH
#define OFFING_KERNELS_REF_SERVE_CLOCK_CUH

#include <chrono>
#include <thread>

/** Seconds since a server began to serve. */
struct serve_clock {
	std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

	double now_s() const
	{
		return std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
			.count();
	}

	/** Sleep to shortly before @at_s, then watch the clock. */
	void wait_until(double at_s) const
	{
		double left = at_s - now_s();

		if (left > 2e-3)
			std::this_thread::sleep_for(std::chrono::duration<double>(left - 1e-3));
		while (now_s() < at_s)
			;
	}
};

/** Between two looks at what others may have changed: long enough for them to get at it. */
inline void serve_pause()
{
	serve_clock since;

	while (since.now_s() < 1e-6)
		;
}

#endif
