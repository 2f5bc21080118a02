/*
 * The whole of `offing run`, as a user starts it, start-up and all, in processes of its own:
 *
 *	mm1	M/M/1 at rho = .9, recording off, one thread: CPU time an event (an arrival or a
 *		departure) as a multiple of the bare loop's, measured in turn with it; SimPy 3
 *		(python3-simpy3) beside it where it is installed
 *	llm	10^6 requests of 256 tokens in and 128 out to Llama-2-7B on an A100, each recorded:
 *		peak resident memory
 *	timeline the same requests, none recorded, with a timeline of as many events as it has by
 *		default: CPU time as a multiple of that without
 *
 *	bench_run OFFING [repetitions] [path of bench_mm1.py]
 *
 * Fails when mm1 takes more than 12 times the bare loop, llm more than 64 MiB, or
 * timeline more than 3 times the run without.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/plain_mm1.h"

static const double limit = 12.0, limit_bytes = 64.0 * 1024.0 * 1024.0;
static const double timeline_limit = 3.0;

static const char mm1[] = "name: mm1\n"
			  "run: {horizon: 2000000 s, warmup: 0 s, replications: 1}\n"
			  "sites: {site: {tier: edge}}\n"
			  "links: {}\n"
			  "instances: {one: {site: site, slots: 1, discipline: fifo,\n"
			  "  service: {distribution: exponential, mean: 1 s}}}\n"
			  "users: {all: {arrivals: {process: poisson, rate: 0.9 /s}}}\n"
			  "policy: {name: fcfs}\n"
			  "record: {requests: false, queues: off}\n";
static const double mm1_events = 2.0 * 0.9 * 2e6; /* as many leave as come */

#define LLM(record) \
	"name: llm\n" \
	"run: {requests: 1000000, warmup: 0 s, replications: 1}\n" \
	"sites: {dc: {tier: cloud, gpu: a100}}\n" \
	"links: {}\n" \
	"models: {chat: {model: llama2-7b, precision: fp16}}\n" \
	"instances: {one: {site: dc, model: chat, max_batch: 64}}\n" \
	"users: {all: {model: chat, arrivals: {process: poisson, rate: 8 /s},\n" \
	"  workload: {prompt_tokens: 256, output_tokens: 128}}}\n" \
	"policy: {name: fcfs}\n" \
	"record: {" record "}\n"
static const char llm[] = LLM("requests: true, queues: off");
static const char bare_llm[] = LLM("requests: false, queues: off");
static const char drawn_llm[] = LLM("requests: false, queues: off, timeline: true");

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	if (!to || fputs(text, to) == EOF || fclose(to) != 0)
		fail(path);
}

static void become(const char *offing, const char *file, const char *out)
{
	int null = open("/dev/null", O_WRONLY);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		fail("/dev/null");
	execl(offing, offing, "run", file, "-o", out, "--force", "--quiet", "-j", "1",
		(char *)NULL);
	fail(offing);
}

/** Run @scenario in the folder @dir; what it used. */
static struct rusage run(const char *offing, const char *dir, const char *scenario)
{
	struct rusage used;
	char file[300], out[300];
	int status;
	pid_t child;

	snprintf(file, sizeof file, "%s/scenario.yaml", dir);
	snprintf(out, sizeof out, "%s/out", dir);
	write_file(file, scenario);
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0)
		become(offing, file, out);
	if (wait4(child, &status, 0, &used) != child)
		fail("wait4");
	if (status != 0) {
		fprintf(stderr, "%s run: status %d\n", offing, status);
		exit(1);
	}
	return used;
}

static double cpu_of(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       1e-6 * (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static void remove_files(const char *dir)
{
	static const char *const names[] = {
		"out/results.sqlite", "out/series.h5", "out/timeline.json", "out", "scenario.yaml"};
	char path[300];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)remove(path);
	}
	(void)remove(dir);
}

enum { MOST = 101 };

static bool compare_mm1(const char *offing, const char *dir, size_t reps, const char *script)
{
	double bare[MOST], whole[MOST], over[MOST], ratio, simpy_ns;

	for (size_t i = 0; i < reps; i++) {
		struct rusage used;

		bare[i] = plain_mm1(2e6, i).ns;
		used = run(offing, dir, mm1);
		whole[i] = cpu_of(&used) * 1e9 / mm1_events;
		over[i] = whole[i] / bare[i];
	}
	ratio = median(over, reps);
	printf("M/M/1, rho .9, ns per event (medians of %zu)\n", reps);
	printf("bare    %8.1f ns\n", median(bare, reps));
	printf("whole   %8.1f ns %7.2fx bare, limit %.0fx: %s\n", median(whole, reps), ratio, limit,
		ratio <= limit ? "ok" : "TOO SLOW");
	simpy_ns = simpy_mm1_ns(script);
	if (simpy_ns > 0.0)
		printf("simpy   %8.1f ns %7.2fx bare, %.0fx whole\n", simpy_ns,
			simpy_ns / median(bare, reps), simpy_ns / median(whole, reps));
	else
		printf("simpy   not run (python3-simpy3 is not there)\n");
	return ratio <= limit;
}

static bool measure_llm(const char *offing, const char *dir)
{
	struct rusage used = run(offing, dir, llm);
	double bytes = 1024.0 * (double)used.ru_maxrss; /* Linux counts in KiB */

	printf("10^6 requests, recorded: %.1f MiB resident, limit %.0f MiB: %s; %.2f s of CPU "
	       "time\n",
		bytes / 1048576.0, limit_bytes / 1048576.0,
		bytes <= limit_bytes ? "ok" : "TOO MUCH", cpu_of(&used));
	return bytes <= limit_bytes;
}

static bool compare_timeline(const char *offing, const char *dir, size_t reps)
{
	double without[MOST], with[MOST], over[MOST], ratio;

	for (size_t i = 0; i < reps; i++) {
		struct rusage used = run(offing, dir, bare_llm);

		without[i] = cpu_of(&used);
		used = run(offing, dir, drawn_llm);
		with[i] = cpu_of(&used);
		over[i] = with[i] / without[i];
	}
	ratio = median(over, reps);
	printf("timeline %6.2f s, without %.2f s: %.2fx, limit %.0fx: %s\n", median(with, reps),
		median(without, reps), ratio, timeline_limit,
		ratio <= timeline_limit ? "ok" : "TOO SLOW");
	return ratio <= timeline_limit;
}

int main(int argc, char **argv)
{
	const size_t asked = argc > 2 ? strtoul(argv[2], NULL, 10) : 7;
	const size_t reps = asked < 1 ? 1 : asked < MOST ? asked : MOST;
	char dir[] = "/tmp/bench_run.XXXXXX";
	bool ok;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_run OFFING [repetitions] [path of bench_mm1.py]\n");
		return 2;
	}
	if (!mkdtemp(dir))
		fail(dir);
	ok = compare_mm1(argv[1], dir, reps, argc > 3 ? argv[3] : NULL);
	ok &= measure_llm(argv[1], dir);
	ok &= compare_timeline(argv[1], dir, reps);
	remove_files(dir);
	return ok ? 0 : 1;
}
