/* Keys that have no effect where they stand are warned of; those that have, and defaults, not. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/scenario/scenario.h"
#include "policies/all.h"
#include "tests/support/scenario_text.h"

static const char base[] = "name: t\n"
			   "run: {horizon: 60 s}\n"
			   "sites: {a: {tier: edge}, b: {tier: cloud}}\n"
			   "links:\n"
			   "  access: {between: [users, a], rate: 1 Mbps, delay: 2 ms}\n"
			   "  wan: {between: [users, b], rate: 1 Mbps}\n"
			   "instances: {q: {site: a, service: 1 s, slots: 2}}\n"
			   "users: {u: {arrivals: {process: poisson, rate: 1 /s}}}\n"
			   "policy: {name: fcfs}\n";

/** Read @text with the changes @sets, up to a NULL. */
static struct scenario *read_text(const char *text, const char *const *sets)
{
	size_t n = 0;

	while (sets && sets[n])
		n++;
	return scenario_of_text(text, sets, n);
}

#define CHANGES 4

static const struct {
	const char *sets[CHANGES];
	const char *warning;
} idle[] = {
	{{"run.limit=9 s"}, "limit has no effect: it ends a run of 'requests'"},
	{{"users.u.home=a"}, "home has no effect: no policy here goes by it"},
	{{"users.u.home=a", "policy={name: edge-only, at: any}"}, "home has no effect"},
	{{"users.u.count=40"}, "count has no effect: the rate is that of the whole group"},
	{{"instances.q.capacity=3", "instances.q.ahead=1"}, "ahead has no effect"},
	{{"policy={name: max-weight, penalty: energy}"}, "penalty has no effect: max-weight"},
	{{"instances.q.service_of={u: 2 s}"},
		"service has no effect: service_of has one for all users who come"},
	{{"links.access.jitter_correlation=10 %"}, "jitter_correlation has no effect"},
	{{"links.access.distribution=normal"}, "distribution has no effect"},
	{{"links.access.loss_correlation=10 %"}, "loss_correlation has no effect"},
	{{"links.access.loss={p: 1 %}", "links.access.loss_correlation=10 %"},
		"loss_correlation has no effect"},
	{{"links.access.gso=true"}, "gso has no effect"},
	{{"links.access.timer_late=1 ms"}, "timer_late has no effect"},
	{{"links.access.connection=warm"}, "connection has no effect: the transport is not tcp"},
	{{"links.access.rto=1 s"}, "rto has no effect: nothing is lost"},
	{{"links.wan.netem_limit=9"}, "netem_limit has no effect"},
	{{"links.access.up={connection: new}"}, "connection has no effect"},
};

static void what_has_no_effect_is_warned_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++) {
		struct scenario *s = read_text(base, idle[i].sets);

		if (s->n_warnings != 1) /* though both directions have it */
			fail_msg("%zu warnings, not 1: %s", s->n_warnings, idle[i].warning);
		if (!strstr(s->warnings[0].msg, idle[i].warning))
			fail_msg("'%s' instead of '%s'", s->warnings[0].msg, idle[i].warning);
		scenario_destroy(s);
	}
}

static const char *const fine[][CHANGES] = {
	{NULL},
	{"run.horizon=null", "run.requests=9", "run.limit=9 s"},
	{"users.u.arrivals={process: closed}", "users.u.count=40"},
	{"users.u.home=a", "policy={name: locality}"},
	{"users.u.home=a", "policy={name: edge-only, at: home}"},
	{"users.u.home=a", "links.metro={between: [a, b], rate: 1 Mbps}"},
	{"users.u.count=1", "run.limit=auto"},
	{"instances.q.ahead=1"},
	{"links.access.jitter=1 ms", "links.access.jitter_correlation=10 %",
		"links.access.distribution=normal"},
	{"links.access.loss=1 %", "links.access.loss_correlation=10 %", "links.access.rto=1 s"},
	{"links.access.loss=1 %", "links.access.connection=warm"},
	{"links.access.qdisc=htb", "links.access.gso=true"},
	{"links.access.burst=9 kB", "links.access.timer_late=1 ms"},
	{"links.access.netem_limit=9"},
	{"links.access.connection=cold", "links.access.gso=false", "links.access.rto=200 ms"},
};

static void what_has_an_effect_or_is_the_default_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
		struct scenario *s = read_text(base, fine[i]), *again = read_text(s->text, NULL);

		if (s->n_warnings > 0)
			fail_msg("%zu: %s", i, s->warnings[0].msg);
		assert_int_equal(again->n_warnings, 0);
		scenario_destroy(again);
		scenario_destroy(s);
	}
}

/* With a new policy somebody has to decide whether it goes by home. */
static void a_home_is_warned_of_by_every_policy_but_those_that_go_by_it(void **state)
{
	struct policy_registry all = policies_all();

	(void)state;
	for (size_t i = 0; i < all.n; i++) {
		char policy[100];
		bool asks = !strcmp(all.all[i]->name, "locality");
		struct scenario *s;

		snprintf(policy, sizeof policy, "policy={name: %s}", all.all[i]->name);
		s = read_text(base, (const char *[]){"users.u.home=a", policy, NULL});
		if ((s->n_warnings == 0) != asks)
			fail_msg("%s: %zu warnings", all.all[i]->name, s->n_warnings);
		scenario_destroy(s);
	}
}

/* One direction with a trace still needs the rate for the other. */
static void a_trace_takes_the_place_of_the_rate(void **state)
{
	char file[] = "/tmp/offing-test-rate-XXXXXX", both[128], one[128];
	FILE *to = fdopen(mkstemp(file), "w");
	struct scenario *s;

	(void)state;
	fputs("t_s,mbit_per_s\n0,2\n5,3\n", to);
	fclose(to);
	snprintf(both, sizeof both, "links.wan.trace={file: %s, format: rate}", file);
	snprintf(one, sizeof one, "links.wan.up.trace={file: %s, format: rate}", file);
	s = read_text(base, (const char *[]){both, NULL});
	assert_int_equal(s->n_warnings, 1);
	assert_non_null(strstr(s->warnings[0].msg, "rate has no effect: the trace gives the rate"));
	assert_int_equal(s->warnings[0].at.line, 6);
	scenario_destroy(s);
	s = read_text(base, (const char *[]){one, NULL});
	assert_int_equal(s->n_warnings, 0);
	scenario_destroy(s);
	s = read_text(base, (const char *[]){one, "links.wan.up.rate=3 Mbps", NULL});
	assert_int_equal(s->n_warnings, 1);
	scenario_destroy(s);
	unlink(file);
}

static const char apart[] =
	"name: t\n"
	"run: {horizon: 60 s}\n"
	"sites: {a: {tier: edge, gpu: a100, gpus: 2}, b: {tier: cloud, gpu: a100}}\n"
	"links: {}\n"
	"models: {chat: {model: llama2-7b}}\n"
	"instances:\n"
	"  p: {site: a, model: chat, role: prefill, kv_overlap: true}\n"
	"  d: {site: a, model: chat, role: decode}\n"
	"  m: {site: b, model: chat}\n"
	"users: {u: {model: chat, workload: humaneval, arrivals: {process: poisson, rate: 1 /s}}}\n"
	"policy: {name: fcfs}\n";

static void kv_overlap_matters_to_who_sends_kv(void **state)
{
	static const struct {
		const char *sets[CHANGES];
		const char *warning; /* NULL: none */
	} cases[] = {
		{{NULL}, NULL},
		{{"instances.d.kv_overlap=true"},
			"kv_overlap has no effect: it computes no prompts"},
		{{"instances.m.kv_overlap=true"}, "kv_overlap has no effect: its role is both"},
		{{"instances.m.kv_overlap=true", "policy.name=separated"}, NULL},
		{{"instances.m.kv_overlap=false", "instances.d.kv_overlap=false"}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scenario *s = read_text(apart, cases[i].sets);

		assert_int_equal(s->n_warnings, cases[i].warning ? 1 : 0);
		if (cases[i].warning && !strstr(s->warnings[0].msg, cases[i].warning))
			fail_msg("'%s' instead of '%s'", s->warnings[0].msg, cases[i].warning);
		scenario_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_no_effect_is_warned_of),
		cmocka_unit_test(what_has_an_effect_or_is_the_default_is_not),
		cmocka_unit_test(a_trace_takes_the_place_of_the_rate),
		cmocka_unit_test(a_home_is_warned_of_by_every_policy_but_those_that_go_by_it),
		cmocka_unit_test(kv_overlap_matters_to_who_sends_kv),
	};

	return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
