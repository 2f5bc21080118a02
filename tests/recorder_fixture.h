#ifndef OFFING_TESTS_RECORDER_FIXTURE_H
#define OFFING_TESTS_RECORDER_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/record/parts.h"
#include "io/record/recorder.h"

/* A scenario of two sites, two groups (one without a home), one model, two instances. */
static const struct site_spec fixture_sites[] = {
	{.name = "cloud", .gpu = {.name = "rtx-4090"}, .has_gpu = true, .n_gpus = 1},
	{.name = "edge", .gpu = {.name = "titan-x"}, .has_gpu = true, .n_gpus = 1},
};
static const struct group_spec fixture_groups[] = {
	{.name = "campus", .home = {1}, .model = {0}},
	{.name = "guests", .home = {NO_ID}, .model = {NO_ID}},
};
static const struct model_spec fixture_models[] = {{.name = "chat"}};
static const struct instance_spec fixture_instances[] = {
	{.name = "big", .site = {0}, .model = {0}},
	{.name = "box", .site = {1}, .synthetic = true, .model = {NO_ID}},
};
static const struct scenario_spec fixture_scenario = {
	.name = "fixture",
	.run = {.seed = 77, .replications = 4},
	.n_sites = 2,
	.sites = fixture_sites,
	.n_groups = 2,
	.groups = fixture_groups,
	.n_models = 1,
	.models = fixture_models,
	.n_instances = 2,
	.instances = fixture_instances,
};
static const struct setting fixture_settings[] = {
	{"name", "fixture"},
	{"sites.edge.gpu", "titan-x"},
};
static const struct input_file fixture_inputs[] = {
	{.key = "users.u.arrivals.trace.file", .path = "t.csv", .sha256 = "0123", .bytes = 77},
};
static const struct recorder_run fixture_run = {
	.scenario = &fixture_scenario,
	.policy = "ours",
	.resolved = "abc",
	.sha256 = "ba7816bf",
	.n_inputs = 1,
	.inputs = fixture_inputs,
	.version = "9.8.7",
	.n_settings = 2,
	.settings = fixture_settings,
};

/** A new empty folder; free() the name. */
static inline char *fixture_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = NULL;

	if (asprintf(&dir, "%s/offing-recorder-XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(dir))
		abort();
	return dir;
}

/** Take the folder and what a recorder leaves in it away. */
static inline void fixture_remove(char *dir)
{
	static const char *const files[] = {"results.sqlite", "results.sqlite-wal",
		"results.sqlite-shm", "results.sqlite-journal", "series.h5"};
	char path[4096];
	size_t i;

	rec_parts_remove(dir);
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	free(dir);
}

/** Request @id of group campus: created at 3 ms x @id, all else from that. */
static inline struct request_row fixture_row(uint64_t id)
{
	/* the differences of the times below */
	static const int64_t causes[CAUSES] = {
		[CAUSE_SCHEDULER] = 1,
		[CAUSE_UPLOAD_SEND] = 19,
		[CAUSE_INSTANCE_WAIT] = 280,
		[CAUSE_PREFILL] = 3700,
		[CAUSE_DECODE] = 46000,
		[CAUSE_DOWNLOAD] = 550000,
	};
	const int64_t t_ns = (int64_t)id * 3000000;

	return (struct request_row){
		.id = id,
		.prompt_tok = 100 + (uint32_t)(id % 7),
		.output_tok = 50,
		.fate = FATE_DONE,
		.created_ns = t_ns,
		.assigned_ns = t_ns + 1,
		.uploaded_ns = t_ns + 20,
		.started_ns = t_ns + 300,
		.first_token_ns = t_ns + 4000,
		.joined_ns = TIME_NONE,
		.finished_ns = t_ns + 50000,
		.delivered_ns = t_ns + 600000,
		.deadline_ns = TIME_NONE,
		.cause_ns = causes,
	};
}

/** Tell @sink of @row at its end. */
static inline void fixture_give(const struct probe *sink, const struct request_row *row)
{
	sink->ops->request(sink->state, MOMENT_ENDED, row->delivered_ns, row);
}

#endif
