#include "tests/support/check.h"

#include <string.h>

#include "models/net/topology.h"
#include "tests/support/world_fixture.h"

static const double S = 1e9; /* ns in a second */

static struct topology make(struct fixture *f)
{
	struct topology t;
	struct err err = {0};

	if (!topology_create(&t, &f->arena, &f->spec, &err))
		fail_msg("%s", err.msg);
	return t;
}

/* 1 066 bytes at 50 Mbps = 6.25e6 B/s take 170.56 us, then 2 ms of propagation. A second
 * message sent at the same time waits for the first, but not for its propagation. */
static void a_link_is_a_fifo_and_a_delay(void **state)
{
	struct fixture f;
	struct topology t;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, NULL);
	fixture_station(&f, "q", 0, 2.0);
	fixture_group(&f, "users", 0.3);
	fixture_link(&f, "access", "users", "edge", 6.25e6, 2e-3);
	t = make(&f);
	assert_near((double)route_send(&t.up[0], 5000000000, 1000.0, TRANSFER_PROMPT) / S,
		5.0 + 2.17056e-3, 1e-9);
	assert_near((double)route_send(&t.up[0], 5000000000, 1000.0, TRANSFER_PROMPT) / S,
		5.0 + 2.34112e-3, 1e-9);
	/* the other direction is idle */
	assert_near((double)route_send(&t.down[0], 5000000000, 1000.0, TRANSFER_PROMPT) / S,
		5.0 + 2.17056e-3, 1e-9);
	assert_near(link_busy_s(t.up[0].hops[0], 6000000000), 2 * 170.56e-6, 1e-9);
	assert_near(t.up[0].hops[0]->wait_s, 170.56e-6, 1e-9);
	topology_finish(&t);
	fixture_finish(&f);
}

/* Two hops, 1e6 then 5e5 B/s, 1 and 3 ms: 3 000 bytes are packets of 1 514, 1 514 and 170 on
 * the wire. The first is at the second link after 1.514 + 1 ms; the slower link then works
 * without a pause: 2.514 + 3.198/0.5 = 8.91 ms, and 3 more. The other way the fast link comes
 * second: the train leaves the slow one after 6.396 ms, is there 3 ms later, and only its last
 * packet (0.17 ms) remains to be sent: 6.396 + 3 + 0.17 + 1 = 10.566 ms. */
static void hops_are_pipelined_by_packets(void **state)
{
	struct fixture f;
	struct topology t;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, NULL);
	fixture_site(&f, "cloud", TIER_CLOUD, NULL);
	fixture_station(&f, "q", 1, 2.0);
	fixture_group(&f, "users", 0.3);
	fixture_link(&f, "access", "users", "edge", 1e6, 1e-3);
	fixture_link(&f, "wan", "edge", "cloud", 5e5, 3e-3);
	t = make(&f);
	assert_int_equal(t.up[1].n, 2);
	assert_near((double)route_send(&t.up[1], 0, 3000.0, TRANSFER_PROMPT) / S, 11.91e-3, 1e-9);
	assert_near(
		(double)route_send(&t.down[1], 0, 3000.0, TRANSFER_PROMPT) / S, 10.566e-3, 1e-9);
	assert_near(route_idle_s(&t.up[1], 0, 3000.0), 11.91e-3, 1e-12);
	topology_finish(&t);
	fixture_finish(&f);
}

/* far is reached over one slow direct link although two fast hops would do; of two ways of
 * two hops, that over b has less delay. */
static void a_route_has_fewest_hops_then_least_delay(void **state)
{
	struct fixture f;
	struct topology t;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "a", TIER_EDGE, NULL);
	fixture_site(&f, "b", TIER_EDGE, NULL);
	fixture_site(&f, "far", TIER_CLOUD, NULL);
	fixture_site(&f, "end", TIER_CLOUD, NULL);
	fixture_station(&f, "q2", 2, 2.0);
	fixture_station(&f, "q3", 3, 2.0);
	fixture_group(&f, "users", 0.3);
	fixture_link(&f, "near", "users", "[ab]", 1e6, 1e-3);
	fixture_link(&f, "direct", "users", "far", 1e3, 9e-1);
	fixture_link(&f, "viaa", "a", "end", 1e6, 5e-3);
	fixture_link(&f, "viab", "b", "end", 1e6, 4e-3);
	t = make(&f);
	assert_int_equal(t.up[2].n, 1);
	assert_string_equal(t.up[2].hops[0]->name, "direct/users-far/up");
	assert_int_equal(t.up[3].n, 2);
	assert_string_equal(t.up[3].hops[0]->name, "near/users-b/up");
	assert_string_equal(t.down[3].hops[0]->name, "viab/b-end/down");
	assert_near(t.up[3].delay_s, 5e-3, 1e-12);
	topology_finish(&t);
	fixture_finish(&f);
}

static void a_shared_link_is_one_pipe_for_all_pairs(void **state)
{
	struct fixture f;
	struct topology t;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge1", TIER_EDGE, NULL);
	fixture_site(&f, "edge2", TIER_EDGE, NULL);
	fixture_station(&f, "q1", 0, 2.0);
	fixture_station(&f, "q2", 1, 2.0);
	fixture_group(&f, "u", 0.3);
	fixture_group(&f, "v", 0.3);
	fixture_link(&f, "radio", "users", "edge*", 1e6, 1e-3)->shared = true;
	t = make(&f);
	assert_int_equal(t.n_links, 2);
	for (size_t r = 1; r < 4; r++)
		assert_ptr_equal(t.up[r].hops[0], t.up[0].hops[0]);
	f.links[0].shared = false;
	t = make(&f);
	assert_int_equal(t.n_links, 8);
	assert_ptr_not_equal(t.up[1].hops[0], t.up[0].hops[0]);
	topology_finish(&t);
	fixture_finish(&f);
}

/* Three edges, all pairs: 3 pairs, 2 directions. */
static void a_glob_against_itself_joins_each_pair_once(void **state)
{
	struct fixture f;
	struct topology t;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge1", TIER_EDGE, NULL);
	fixture_site(&f, "edge2", TIER_EDGE, NULL);
	fixture_site(&f, "edge3", TIER_EDGE, NULL);
	fixture_station(&f, "q", 2, 2.0);
	fixture_group(&f, "u", 0.3);
	fixture_link(&f, "access", "users", "edge1", 1e6, 1e-3);
	fixture_link(&f, "metro", "edge*", "edge*", 1e6, 1e-3);
	t = make(&f);
	assert_int_equal(t.n_links, 2 + 6);
	assert_int_equal(t.up[2].n, 2);
	topology_finish(&t);
	fixture_finish(&f);
}

static void wrong_links_are_refused(void **state)
{
	struct fixture f;
	struct topology t;
	struct err err = {0};

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, NULL);
	fixture_site(&f, "cloud", TIER_CLOUD, NULL);
	fixture_station(&f, "q", 1, 2.0);
	fixture_group(&f, "campus", 0.3);
	fixture_link(&f, "access", "users", "edje*", 1e6, 1e-3);
	assert_false(topology_create(&t, &f.arena, &f.spec, &err));
	assert_string_equal(err.msg, "link 'access': no site matches 'edje*'");
	f.links[0].between[1] = "edge";
	err = (struct err){0};
	assert_false(topology_create(&t, &f.arena, &f.spec, &err));
	assert_string_equal(err.msg, "users 'campus' have no route to site 'cloud'");
	f.links[0].between[0] = "edge";
	err = (struct err){0};
	assert_false(topology_create(&t, &f.arena, &f.spec, &err));
	assert_string_equal(err.msg, "link 'access' joins no two different ends");
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_a_fifo_and_a_delay),
		cmocka_unit_test(hops_are_pipelined_by_packets),
		cmocka_unit_test(a_route_has_fewest_hops_then_least_delay),
		cmocka_unit_test(a_shared_link_is_one_pipe_for_all_pairs),
		cmocka_unit_test(a_glob_against_itself_joins_each_pair_once),
		cmocka_unit_test(wrong_links_are_refused),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
