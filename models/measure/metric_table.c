#include "models/measure/metric.h"

#include <math.h>
#include <string.h>

const char *const metric_scope_words[SCOPES] = {
	"system", "group", "site", "instance", "link", "stage"};

#define SYSTEM_GROUP (SCOPE_SYSTEM | SCOPE_GROUP)
#define SITE_INSTANCE (SCOPE_SITE | SCOPE_INSTANCE)

/* The six rows of a span; @p50 and the rest: how it is shown. */
#define SPAN(id, word, also, large_mean, p50, p95, p99, section, what) \
	[METRIC_##id##_MEAN] = {word ".mean_s", "s", SYSTEM_GROUP | (also), BETTER_LESS, \
		large_mean, section, "mean", what}, \
	[METRIC_##id##_SD] = {word ".sd_s", "s", SYSTEM_GROUP, BETTER_LESS, SHOW_NOT, section, \
		"sd", "its standard deviation over requests"}, \
	[METRIC_##id##_P50] = {word ".p50_s", "s", SYSTEM_GROUP, BETTER_LESS, p50, section, "p50", \
		"its median, within 0.5 %"}, \
	[METRIC_##id##_P90] = {word ".p90_s", "s", SYSTEM_GROUP, BETTER_LESS, SHOW_NOT, section, \
		"p90", "its 90 % quantile, within 0.5 %"}, \
	[METRIC_##id##_P95] = {word ".p95_s", "s", SYSTEM_GROUP, BETTER_LESS, p95, section, "p95", \
		"its 95 % quantile, within 0.5 %"}, \
	[METRIC_##id##_P99] = {word ".p99_s", "s", SYSTEM_GROUP, BETTER_LESS, p99, section, "p99", \
		"its 99 % quantile, within 0.5 %"}

/* Where the time went: seconds of a request, and of all the time of all. */
#define TIME_OF(cause, word, label, what) \
	[METRIC_TIME + CAUSE_##cause] = {"time." word "_s", "s", SYSTEM_GROUP | SCOPE_INSTANCE, \
		BETTER_LESS, SHOW_NOT, "time in", label, what}, \
		       [METRIC_TIME_SHARE + CAUSE_##cause] = {"time." word "_share", "1", \
			       SYSTEM_GROUP | SCOPE_INSTANCE, BETTER_NONE, SHOW_SMALL, "time in", \
			       label, "the same as a share of the end-to-end time", .hi = 1.0}

const struct metric metrics[METRICS] = {
	[METRIC_REQUESTS_CREATED] = {"requests.created", "1", SYSTEM_GROUP, BETTER_NONE, SHOW_SMALL,
		"requests", "created", "of the cohort"},
	[METRIC_REQUESTS_DONE] = {"requests.done", "1", SYSTEM_GROUP | SITE_INSTANCE, BETTER_MORE,
		SHOW_SMALL, "requests", "done",
		"of the cohort; of a site or an instance, those that left it in the window"},
	[METRIC_REQUESTS_REJECTED] = {"requests.rejected", "1", SYSTEM_GROUP, BETTER_LESS,
		SHOW_SMALL, "requests", "rejected", "of the cohort"},
	[METRIC_REQUESTS_DROPPED] = {"requests.dropped", "1", SYSTEM_GROUP, BETTER_LESS, SHOW_SMALL,
		"requests", "dropped", "of the cohort"},
	[METRIC_REQUESTS_IN_SYSTEM] = {"requests.in_system", "1", SYSTEM_GROUP, BETTER_LESS,
		SHOW_SMALL, "requests", "in system", "of the cohort, at the end"},
	[METRIC_LATENCY_PER_TOKEN] = {"latency.mean_ms_per_token", "ms/token", SYSTEM_GROUP,
		BETTER_LESS, SHOW_LARGE, "latency", "mean",
		"from creation to the last byte, over the output tokens"},
	SPAN(E2E, "e2e", 0, SHOW_LARGE, SHOW_LARGE, SHOW_LARGE, SHOW_LARGE, "end to end",
		"from creation to the last byte"),
	SPAN(TTFT, "ttft", 0, SHOW_NOT, SHOW_LARGE, SHOW_LARGE, SHOW_NOT, "first token",
		"from creation to the first token, and its way back"),
	SPAN(TPOT, "tpot", 0, SHOW_NOT, SHOW_LARGE, SHOW_LARGE, SHOW_NOT, "per token",
		"from the first token to the last, over the tokens but the first"),
	SPAN(WAIT, "wait", SCOPE_LINK, SHOW_SMALL, SHOW_NOT, SHOW_NOT, SHOW_NOT, "wait",
		"from creation to the start of the prefill, upload taken off; of a link, of a "
		"message for others"),
	[METRIC_NETWORK_MEAN] = {"network.mean_s", "s", SYSTEM_GROUP, BETTER_LESS, SHOW_SMALL,
		"network", "mean", "upload and download of a request, waiting for links included"},
	TIME_OF(SCHEDULER, "scheduler", "scheduler",
		"waiting at the scheduler, its delays included"),
	TIME_OF(UPLOAD_WAIT, "upload_wait", "upload wait",
		"what the upload took longer than alone on idle links"),
	TIME_OF(UPLOAD_SEND, "upload_send", "upload", "what the upload takes alone on idle links"),
	TIME_OF(INSTANCE_WAIT, "instance_wait", "instance wait", "in line at the instance"),
	TIME_OF(PREFILL, "prefill", "prefill", "computing the prompt"),
	TIME_OF(DECODE, "decode", "decode", "steps that make its tokens"),
	TIME_OF(STALLED, "stalled", "stall", "decoding held up by the prompts of others"),
	TIME_OF(PREEMPTED, "preempted", "preemption",
		"put back for want of KV memory: waiting again, and computing again"),
	TIME_OF(SPECULATION, "speculation", "speculation", "drafting and verification"),
	TIME_OF(KV, "kv", "KV transfer",
		"the KV cache on its way to another instance, waiting included"),
	TIME_OF(SERVICE, "service", "service", "in service at a synthetic instance"),
	TIME_OF(DOWNLOAD, "download", "download", "from the last token to the last byte"),
	[METRIC_THROUGHPUT_TOKENS] = {"throughput.tok_per_s", "token/s", SCOPE_SYSTEM, BETTER_MORE,
		SHOW_LARGE, "throughput", "tokens", "of requests answered in the window"},
	[METRIC_THROUGHPUT_REQUESTS] = {"throughput.req_per_s", "1/s", SCOPE_SYSTEM, BETTER_MORE,
		SHOW_LARGE, "throughput", "requests", "answered in the window"},
	[METRIC_GOODPUT] = {"goodput.req_per_s", "1/s", SYSTEM_GROUP, BETTER_MORE, SHOW_LARGE,
		"goodput", "requests", "answered in time in the window, whoever created them"},
	[METRIC_QOS_SHARE] = {"qos.share", "1", SYSTEM_GROUP, BETTER_MORE, SHOW_LARGE, "goodput",
		"in time", "answered in time, of those whose fate is known", .hi = 1.0},
	[METRIC_OBJECTIVE_S] = {"objective.S", "1/s", SCOPE_SYSTEM, BETTER_LESS, SHOW_NOT,
		"objective", "S", "Eq. 1: minus the goodput", .lo = -HUGE_VAL},
	[METRIC_OBJECTIVE_T] = {"objective.T_s", "s", SCOPE_SYSTEM, BETTER_LESS, SHOW_NOT,
		"objective", "T", "Eq. 1: network time summed over the cohort"},
	[METRIC_QUEUE_MEAN] = {"queue.mean", "1", SCOPE_SYSTEM | SCOPE_INSTANCE, BETTER_LESS,
		SHOW_SMALL, "queue", "mean",
		"the scheduler's queue over time; of an instance, assigned and unfinished"},
	[METRIC_QUEUE_MAX] = {"queue.max", "1", SCOPE_SYSTEM | SCOPE_INSTANCE, BETTER_LESS,
		SHOW_SMALL, "queue", "max", "its largest length"},
	[METRIC_LYAPUNOV_L] = {"lyapunov.L_mean", "1", SCOPE_SYSTEM, BETTER_LESS, SHOW_NOT,
		"Lyapunov", "L", "over the slots of record.queues in the window"},
	[METRIC_LYAPUNOV_DRIFT] = {"lyapunov.drift_mean", "1", SCOPE_SYSTEM, BETTER_LESS, SHOW_NOT,
		"Lyapunov", "drift", "its change a slot", .lo = -HUGE_VAL},
	[METRIC_LYAPUNOV_EPSILON] = {"lyapunov.epsilon", "1", SCOPE_SYSTEM, BETTER_MORE, SHOW_NOT,
		"Lyapunov", "epsilon",
		"Eq. 22: by how much more each request of a backlog lowers the drift of a slot",
		.lo = -HUGE_VAL},
	[METRIC_LYAPUNOV_B] = {"lyapunov.B", "1", SCOPE_SYSTEM, BETTER_NONE, SHOW_NOT, "Lyapunov",
		"B", "Eq. 22: the drift that a backlog of none would have", .lo = -HUGE_VAL},
	[METRIC_LYAPUNOV_VERDICT] = {"lyapunov.verdict", "1", SCOPE_SYSTEM, BETTER_MORE, SHOW_SMALL,
		"stability", "verdict", "1 stable, 0 undecided, -1 unstable", .lo = -1.0,
		.hi = 1.0},
	[METRIC_VIOLATION] = {"work_conserving.violation_s", "s", SCOPE_SYSTEM, BETTER_LESS,
		SHOW_NOT, "work conserving", "violation",
		"time in which a free place met a request that could have used it"},
	[METRIC_PREDICTION_BIAS] = {"prediction.bias_s", "s",
		SCOPE_SYSTEM | SCOPE_GROUP | SCOPE_INSTANCE, BETTER_NONE, SHOW_NOT, "prediction",
		"bias", "what answers took longer than was predicted when they were assigned",
		.lo = -HUGE_VAL},
	[METRIC_PREDICTION_ERROR] = {"prediction.error_s", "s",
		SCOPE_SYSTEM | SCOPE_GROUP | SCOPE_INSTANCE, BETTER_LESS, SHOW_NOT, "prediction",
		"error", "the same without its sign"},
	[METRIC_CHOICE_MARGIN] = {"choice.margin_s", "s",
		SCOPE_SYSTEM | SCOPE_GROUP | SCOPE_INSTANCE, BETTER_NONE, SHOW_NOT, "prediction",
		"margin", "what the best of the other instances was predicted to take longer",
		.lo = -HUGE_VAL},
	[METRIC_POLICY_REGRET] = {"policy.regret", "1", SCOPE_SYSTEM, BETTER_LESS, SHOW_NOT,
		"policy", "regret",
		"of one that learns: what it paid beyond the best fixed choice, as a share of "
		"that"},
	[METRIC_POLICY_LATE] = {"policy.late_beyond", "1", SCOPE_SYSTEM, BETTER_LESS, SHOW_NOT,
		"policy", "late beyond",
		"of one that learns: share of answers late beyond what its constraint allows",
		.hi = 1.0},
	[METRIC_BUSY_SHARE] = {"busy.share", "1", SITE_INSTANCE | SCOPE_LINK | SCOPE_STAGE,
		BETTER_NONE, SHOW_NOT, "busy", "share",
		"of the window; of a site the mean of its instances", .hi = 1.0},
	[METRIC_BUSY_PER_REQUEST] = {"busy.s_per_request", "s", SITE_INSTANCE, BETTER_LESS,
		SHOW_NOT, "busy", "per request", "over the requests answered by the whole system"},
	[METRIC_BUBBLE_SHARE] = {"bubble.share", "1", SCOPE_STAGE, BETTER_LESS, SHOW_NOT, "bubble",
		"share",
		"of the time in which the pipeline is busy, that in which the stage is not",
		.hi = 1.0},
	[METRIC_LAYERS] = {"layers", "1", SCOPE_STAGE, BETTER_NONE, SHOW_NOT, "stage", "layers",
		"of the model, that the stage has"},
	[METRIC_HOPS_MEAN] = {"hops.mean_s", "s", SCOPE_INSTANCE, BETTER_LESS, SHOW_NOT, "hops",
		"mean", "of a token: from stage to stage of a pipeline and back to the first"},
	[METRIC_BATCH_MEAN] = {"batch.mean", "1", SITE_INSTANCE, BETTER_NONE, SHOW_NOT, "batch",
		"mean", "sequences in the batch while busy"},
	[METRIC_KV_PEAK] = {"kv.peak_bytes", "B", SITE_INSTANCE, BETTER_LESS, SHOW_NOT, "KV cache",
		"peak", "most KV memory in use; of a site the sum over its instances"},
	[METRIC_PREEMPTIONS] = {"preemptions", "1", SITE_INSTANCE, BETTER_LESS, SHOW_NOT,
		"KV cache", "preemptions", "sequences put back for want of KV memory"},
	[METRIC_SWAP_BYTES] = {"swap.bytes", "B", SITE_INSTANCE, BETTER_LESS, SHOW_NOT, "KV cache",
		"swapped", "copied to the host and back when sequences were put back"},
	[METRIC_KV_WAIT] = {"kv.wait_s", "s", SYSTEM_GROUP, BETTER_LESS, SHOW_SMALL, "KV handed on",
		"wait",
		"from the end of the prefill to the start of the decode, where they are apart"},
	[METRIC_KV_BYTES] = {"kv.bytes", "B", SCOPE_SYSTEM | SCOPE_INSTANCE, BETTER_LESS,
		SHOW_SMALL, "KV handed on", "sent", "KV sent to other instances in the window"},
	[METRIC_PREFIX_HIT_SHARE] = {"prefix.hit_share", "1", SYSTEM_GROUP | SCOPE_INSTANCE,
		BETTER_MORE, SHOW_SMALL, "prefix cache", "hit share",
		"prompt tokens found in a prefix cache, over prompt tokens; of an instance, of "
		"prompts that started in the window",
		.hi = 1.0},
	[METRIC_PREFIX_EVICTED] = {"prefix.evicted_blocks", "1", SCOPE_INSTANCE, BETTER_LESS,
		SHOW_NOT, "prefix cache", "evicted blocks",
		"KV blocks that were kept and had to go, in the window"},
	[METRIC_SPEC_ACCEPTANCE] = {"speculation.acceptance", "1", SCOPE_SYSTEM | SCOPE_INSTANCE,
		BETTER_MORE, SHOW_SMALL, "speculation", "acceptance",
		"of the drafted tokens that were looked at, up to the first rejected", .hi = 1.0},
	[METRIC_SPEC_TOKENS] = {"speculation.tokens_per_round", "1", SCOPE_SYSTEM | SCOPE_INSTANCE,
		BETTER_MORE, SHOW_SMALL, "speculation", "tokens a round",
		"accepted, and the model's own; past the end of an answer too"},
	[METRIC_SPEC_ROUNDS] = {"speculation.rounds", "1", SCOPE_SYSTEM | SCOPE_INSTANCE,
		BETTER_LESS, SHOW_NOT, "speculation", "rounds",
		"drafts verified, each of one sequence"},
	[METRIC_SPEC_DRAFTED] = {"speculation.drafted_tok", "1", SCOPE_SYSTEM | SCOPE_INSTANCE,
		BETTER_LESS, SHOW_NOT, "speculation", "drafted", "tokens of drafts"},
	[METRIC_SPEC_WASTED] = {"speculation.wasted_tok", "1", SCOPE_SYSTEM | SCOPE_INSTANCE,
		BETTER_LESS, SHOW_NOT, "speculation", "wasted", "drafted and in no answer"},
	[METRIC_SPEC_BYTES] = {"speculation.draft_bytes", "B", SCOPE_SYSTEM | SCOPE_INSTANCE,
		BETTER_LESS, SHOW_NOT, "speculation", "bytes",
		"of drafts sent to where they are verified, headers not included"},
	[METRIC_ENERGY] = {"energy.J", "J", SCOPE_SYSTEM | SCOPE_INSTANCE, BETTER_LESS, SHOW_SMALL,
		"energy", "total", "board power times busy time"},
	[METRIC_COST] = {"cost.usd", "USD", SCOPE_SYSTEM | SCOPE_INSTANCE, BETTER_LESS, SHOW_SMALL,
		"cost", "rent", "rent of the whole window, busy or not"},
	[METRIC_EDGE_SHARE] = {"served.edge_share", "1", SCOPE_SYSTEM, BETTER_NONE, SHOW_SMALL,
		"served", "edge", "of the requests that left a machine in the window"},
	[METRIC_CLOUD_SHARE] = {"served.cloud_share", "1", SCOPE_SYSTEM, BETTER_NONE, SHOW_SMALL,
		"served", "cloud", "the rest of them"},
	[METRIC_ROWS_SKIPPED] = {"trace.rows_skipped", "1", SCOPE_GROUP, BETTER_NONE, SHOW_NOT,
		"trace", "rows skipped", "rows without output tokens, up to the last one read"},
	[METRIC_SESSIONS_BEGUN] = {"sessions.begun", "1", SCOPE_GROUP, BETTER_NONE, SHOW_NOT,
		"sessions", "begun", "in the window"},
	[METRIC_SESSIONS_CUT] = {"sessions.cut", "1", SCOPE_GROUP, BETTER_NONE, SHOW_NOT,
		"sessions", "cut", "ended in the window as the next turn would exceed the context"},
	[METRIC_BYTES_WIRE] = {"bytes.wire", "B", SCOPE_LINK, BETTER_LESS, SHOW_NOT, "bytes",
		"wire", "headers included"},
	[METRIC_BYTES_PROMPT] = {"bytes.prompt", "B", SCOPE_LINK, BETTER_NONE, SHOW_NOT, "bytes",
		"prompt", "the same of prompts"},
	[METRIC_BYTES_ANSWER] = {"bytes.answer", "B", SCOPE_LINK, BETTER_NONE, SHOW_NOT, "bytes",
		"answer", "the same of answers"},
	[METRIC_BYTES_HIDDEN] = {"bytes.hidden", "B", SCOPE_LINK, BETTER_NONE, SHOW_NOT, "bytes",
		"hidden", "the same of hidden states"},
	[METRIC_BYTES_KV] = {"bytes.kv", "B", SCOPE_LINK, BETTER_NONE, SHOW_NOT, "bytes", "kv",
		"the same of KV caches"},
	[METRIC_BYTES_DRAFT] = {"bytes.draft", "B", SCOPE_LINK, BETTER_NONE, SHOW_NOT, "bytes",
		"draft", "the same of drafts"},
	[METRIC_PACKETS_DROPPED] = {"packets.dropped", "1", SCOPE_LINK, BETTER_LESS, SHOW_NOT,
		"packets", "dropped", "by a full queue or by loss"},
	[METRIC_PACKETS_RESENT] = {"packets.resent", "1", SCOPE_LINK, BETTER_LESS, SHOW_NOT,
		"packets", "resent", "after a drop"},
};

bool metric_find(enum metric_id *out, const char *name)
{
	for (enum metric_id m = 0; m < METRICS; m++) {
		if (strcmp(metrics[m].name, name) == 0) {
			*out = m;
			return true;
		}
	}
	return false;
}

/** Shares are sums of times over a time: a few units in the last place are rounding. */
static const double ROUNDING = 1e-9;

static bool can_be(const struct metric *m, double x)
{
	double hi = m->hi > 0.0 ? m->hi : HUGE_VAL;

	if (isnan(x))
		return true;
	return isfinite(x) && x >= m->lo - ROUNDING && x <= hi * (1.0 + ROUNDING);
}

bool metric_rows_check(const struct metric_row *rows, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct metric *m = &metrics[rows[i].id];

		if (can_be(m, rows[i].value))
			continue;
		return err_run(err, "%s of %s%s%s is %.9g, which cannot be: a fault of offing",
			m->name, rows[i].scope[0] ? "'" : "the system", rows[i].scope,
			rows[i].scope[0] ? "'" : "", rows[i].value);
	}
	return true;
}
