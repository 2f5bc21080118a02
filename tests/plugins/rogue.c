/* fcfs with a fault, built as users build their policies: the tests of what offing does about
 * each. The fault shows from the time `from` on. */
#include <offing/policy.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum fault {
	NONE,
	SEGV,
	FPE,
	ABORT,
	DEEP,
	SPIN,
	SLEEP,
	SEGV_FINISHED,
	SPIN_FINISHED,
	SEGV_WAKE,
	SEGV_CHECK,
	SEGV_INIT,
	SEGV_FINISH,
	SPIN_CHECK,
	REFUSE_INIT,
	ENDLESS_WHY,
	EMPTY_WHY,
	WAKE_PAST,
	WAKE_NOW,
	WAKE_SOON,
	WAKE_NAN,
	WAKE_NEVER,
	WAKE_BEFORE_ALL,
	WAKE_FAR,
	CAN_SERVE,
	FITS,
	BEST_CLASS,
	BEST_RANK,
	BEST_NOWHERE,
	PREDICT,
	PREDICT_IDLE,
	PREDICT_NAN,
	PREDICT_LONG,
	GROUP,
	NO_REQUEST,
	DRAW,
	KV_FILL,
	PATH,
	PATH_GROUP,
	ASSIGN_NOBODY,
	ASSIGN_NOWHERE,
	SEGV_REPORT,
	REPORT_LESS,
	REPORT_MORE,
};

static const char *const words[] = {"none", "segv", "fpe", "abort", "deep", "spin", "sleep",
	"segv-finished", "spin-finished", "segv-wake", "segv-check", "segv-init", "segv-finish",
	"spin-check", "refuse-init", "endless-why", "empty-why", "wake-past", "wake-now",
	"wake-soon", "wake-nan", "wake-never", "wake-before-all", "wake-far", "can-serve", "fits",
	"best-class", "best-rank", "best-nowhere", "predict", "predict-idle", "predict-nan",
	"predict-long", "group", "no-request", "draw", "kv-fill", "path", "path-group",
	"assign-nobody", "assign-nowhere", "segv-report", "report-less", "report-more", NULL};

struct policy_state {
	int fault;
	double from_s;
	char *made;
};

static const struct param_spec params[] = {
	PARAM_CHOICE(struct policy_state, fault, "fault", words, NONE, "what goes wrong"),
	PARAM_QUANTITY(struct policy_state, from_s, "from", QUANTITY_TIME, 0.0, 0.0, HUGE_VAL,
		"since when"),
	{0},
};

static void segv(void)
{
	volatile int *volatile nowhere = NULL; /* as an uninitialised pointer is, to the compiler */

	*nowhere = 1;
}

static void spin(void)
{
	for (volatile unsigned n = 0;; n++)
		;
}

/** No tail call: it still needs its room. Ends after 2^32 calls. */
static unsigned deep(volatile unsigned *n)
{
	volatile unsigned room[256] = {*n};

	*n += 1;
	return *n == 0 ? 0 : deep(n) + room[*n % 256];
}

static void ask(int fault, const struct view *v)
{
	const struct waiting *w = &v->waiting[0];
	const struct class_id none = {(uint32_t)v->n_classes};
	const struct instance_id nobody = {(uint32_t)v->n_instances}, first = {0};
	struct waiting odd = *w;
	struct instance_id i;

	odd.group.i = (uint32_t)v->n_groups;
	switch (fault) {
	case CAN_SERVE:
		v->can_serve(v, w, nobody);
		break;
	case FITS:
		v->fits(v, w, nobody);
		break;
	case BEST_CLASS:
		v->best(v, w, none, RANK_IDLE, &i);
		break;
	case BEST_RANK:
		v->best(v, w, (struct class_id){0}, RANKS, &i);
		break;
	case BEST_NOWHERE:
		v->best(v, w, (struct class_id){0}, RANK_IDLE, NULL);
		break;
	case PREDICT:
		v->predict(v, w, nobody, 3.0);
		break;
	case PREDICT_IDLE:
		v->predict_idle(v, w, nobody, 3.0);
		break;
	case PREDICT_NAN:
		v->predict(v, w, first, (double)NAN);
		break;
	case PREDICT_LONG:
		v->predict_idle(v, w, first, HUGE_VAL);
		break;
	case GROUP:
		v->can_serve(v, &odd, first);
		break;
	case NO_REQUEST:
		v->fits(v, NULL, first);
		break;
	case DRAW:
		v->draw(v, 0);
		break;
	case KV_FILL:
		v->kv_fill(v, nobody);
		break;
	case PATH:
		v->path(v, w->group, nobody, false);
		break;
	case PATH_GROUP:
		v->path(v, odd.group, first, true);
		break;
	default:
		break;
	}
}

/* Not for a sanitizer to find: it should trap. */
__attribute__((no_sanitize("undefined"))) static void misbehave(
	int fault, const struct view *v, struct assignment *out)
{
	volatile unsigned n = 0;
	volatile int zero = 0;

	switch (fault) {
	case SEGV:
		segv();
		break;
	case FPE:
		zero = 700 / zero;
		break;
	case ABORT:
		abort();
	case DEEP:
		deep(&n);
		break;
	case SPIN:
		spin();
		break;
	case SLEEP:
		for (;;)
			pause();
	case ASSIGN_NOBODY:
		out->request.n += 1000000;
		break;
	case ASSIGN_NOWHERE:
		out->instance.i = (uint32_t)v->n_instances;
		break;
	default:
		ask(fault, v);
	}
}

static bool rogue_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = &v->waiting[0];

	if (v->n_waiting == 0)
		return false;
	out->request = w->id;
	for (uint32_t c = 0; c < v->n_classes; c++) {
		if (!v->best(v, w, (struct class_id){c}, RANK_IDLE, &out->instance))
			continue;
		if (v->now_s >= st->from_s)
			misbehave(st->fault, v, out);
		return true;
	}
	return false;
}

static void rogue_finished(struct policy_state *st, const struct outcome *o)
{
	if (o->delivered_s < st->from_s)
		return;
	if (st->fault == SEGV_FINISHED)
		segv();
	if (st->fault == SPIN_FINISHED)
		spin();
}

static double rogue_wake_s(struct policy_state *st, const struct view *v)
{
	if (v->now_s < st->from_s)
		return HUGE_VAL;
	switch (st->fault) {
	case SEGV_WAKE:
		segv();
		break;
	case WAKE_PAST:
		return v->now_s - 0.5;
	case WAKE_NOW:
		return v->now_s;
	case WAKE_SOON:
		return v->now_s + 3e-10;
	case WAKE_NAN:
		return (double)NAN;
	case WAKE_BEFORE_ALL:
		return -HUGE_VAL;
	case WAKE_FAR:
		return 1e300;
	default:
		break;
	}
	return HUGE_VAL;
}

static bool rogue_check(const struct policy_state *st, const struct view *v, char *why, size_t size)
{
	(void)v;
	if (st->fault == SEGV_CHECK)
		segv();
	if (st->fault == SPIN_CHECK)
		spin();
	for (size_t i = 0; st->fault == ENDLESS_WHY && i < size; i++)
		why[i] = 'x';
	return st->fault != ENDLESS_WHY && st->fault != EMPTY_WHY;
}

static bool rogue_init(struct policy_state *st, const struct view *v, char *why, size_t size)
{
	static const char no[] = "needs better weather";

	(void)v;
	if (st->fault == SEGV_INIT)
		segv();
	/* whoever forgets finish() leaks it; after a crash in between nobody is asked */
	if (st->fault == NONE || st->fault == REFUSE_INIT || st->fault == SEGV_FINISH)
		st->made = malloc(100);
	for (size_t i = 0; st->fault == REFUSE_INIT && i < sizeof no && i < size; i++)
		why[i] = no[i];
	return st->fault != REFUSE_INIT;
}

static void rogue_report(const struct policy_state *st, struct policy_report *out)
{
	if (st->fault == SEGV_REPORT)
		segv();
	if (st->fault == REPORT_LESS)
		out->regret = -0.5;
	if (st->fault == REPORT_MORE)
		out->late_beyond = 1.5;
}

static void rogue_finish(struct policy_state *st)
{
	free(st->made);
	if (st->fault == SEGV_FINISH)
		segv();
}

const struct policy_plugin offing_policy_v2 = {
	.abi = POLICY_ABI,
	.size = sizeof(struct policy_plugin),
	.ops = {.name = "rogue",
		.summary = "fcfs with a fault",
		.state_size = sizeof(struct policy_state),
		.params = params,
		.next = rogue_next,
		.finished = rogue_finished,
		.wake_s = rogue_wake_s,
		.check = rogue_check,
		.init = rogue_init,
		.finish = rogue_finish,
		.report = rogue_report},
};
