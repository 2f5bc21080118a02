/* Names that make two links alike, against a naive twin that writes every pair out. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/scenario/scenario.h"
#include "policies/all.h"

enum { MOST = 8, NAME = 12, PAIRS = 4 * MOST * MOST };

/** Groups first, then sites, as a scenario ranks them. */
struct names {
	size_t n_groups, n;
	char name[2 * MOST][NAME];
};

static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/** One to three letters, some with a dash between: many names are made of others. */
static void draw_name(char *to)
{
	unsigned n = 1 + draw(3);

	for (unsigned i = 0; i < n; i++) {
		if (i > 0 && draw(3) > 0)
			*to++ = '-';
		*to++ = (char)('a' + draw(2));
	}
	*to = '\0';
}

static bool is_new(const struct names *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->name[i], name))
			return false;
	return true;
}

static void draw_names(struct names *s)
{
	*s = (struct names){0};
	for (size_t k = 0; k < 2; k++) {
		size_t from = s->n, wanted = 1 + draw(MOST - 1);

		for (size_t tries = 0; s->n - from < wanted && tries < 60; tries++) {
			draw_name(s->name[s->n]);
			s->n += is_new(s, s->name[s->n]);
		}
		if (k == 0)
			s->n_groups = s->n;
	}
}

static char *scenario_of(const struct names *s, const char *ends)
{
	struct buf b;

	buf_init(&b);
	buf_printf(&b, "name: s\nrun: {horizon: 1 s}\npolicy: {name: fcfs}\nsites:\n");
	for (size_t i = s->n_groups; i < s->n; i++)
		buf_printf(&b, "  %s: {tier: edge}\n", s->name[i]);
	buf_printf(&b, "links: {l: {between: %s, rate: 1 Mbps}}\n", ends);
	buf_printf(&b, "instances: {i: {site: %s, service: 1 ms}}\nusers:\n", s->name[s->n_groups]);
	for (size_t i = 0; i < s->n_groups; i++)
		buf_printf(&b, "  %s: {arrivals: {process: poisson, rate: 1 /s}}\n", s->name[i]);
	return b.s;
}

/** Whether two pairs have one name. @users: the first ends are groups, else sites as well. */
static bool naive(const struct names *s, bool users)
{
	size_t from = users ? 0 : s->n_groups, to = users ? s->n_groups : s->n, n = 0;
	static char pair[PAIRS][2 * NAME + 2];

	for (size_t a = from; a < to; a++)
		for (size_t b = users ? s->n_groups : a + 1; b < s->n; b++)
			snprintf(pair[n++], sizeof pair[0], "%s-%s", s->name[a], s->name[b]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(pair[i], pair[j]))
				return true;
	return false;
}

static bool refused(const char *text)
{
	char path[] = "/tmp/offing-alike-XXXXXX";
	const struct scenario_request req = {.file = path, .policies = policies_all()};
	struct scenario *s = NULL;
	struct err_list errs;
	bool said;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err_list_init(&errs);
	if (!scenario_read(&s, &req, &errs) && !strstr(errs.items[0].msg, "would be called"))
		fail_msg("%s\n%s", errs.items[0].msg, text);
	said = s == NULL;
	scenario_destroy(s);
	err_list_finish(&errs);
	unlink(path);
	return said;
}

static void links_are_refused_when_and_only_when_two_are_alike(void **state)
{
	size_t n_alike = 0;

	(void)state;
	for (seed = 1; seed < 2000; seed += 7) {
		uint64_t kept = seed;
		struct names s;

		draw_names(&s);
		for (int users = 0; users < 2; users++) {
			char *text = scenario_of(&s, users ? "[users, \"*\"]" : "[\"*\", \"*\"]");
			bool alike = naive(&s, users);

			if (!users && s.n - s.n_groups < 2)
				alike = false;
			else if (refused(text) != alike)
				fail_msg("seed %ju, %s:\n%s", (uintmax_t)kept,
					alike ? "accepted" : "refused", text);
			n_alike += alike;
			free(text);
		}
		seed = kept;
	}
	assert_in_range(n_alike, 25, 520); /* of 572, so that both happen */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_refused_when_and_only_when_two_are_alike),
	};
	return cmocka_run_group_tests_name("names_alike", tests, NULL, NULL);
}
