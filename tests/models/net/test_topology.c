#include "tests/support/check.h"

#include <string.h>

#include "tests/support/net_lab.h"

/* 1 066 bytes at 50 Mbps = 6.25e6 B/s take 170.56 us, then 2 ms of propagation. A second
 * message sent at the same time waits for the first, but not for its propagation. */
static void a_link_is_a_fifo_and_a_delay(void **state)
{
	static const char *const names[] = {"users", "edge"};
	struct link_spec link = lab_link("access", "users", "edge", 6.25e6, 2e-3);
	struct tally_sums up;
	struct lab l;

	(void)state;
	lab_init(&l, &link, 1, names, 1, 1);
	lab_send(&l, 5.0, 0, 1, 1000.0, TRANSFER_PROMPT);
	lab_send(&l, 5.0, 0, 1, 1000.0, TRANSFER_PROMPT);
	lab_send(&l, 5.0, 1, 0, 1000.0, TRANSFER_PROMPT); /* the other direction is idle */
	lab_run(&l, 6.0);
	assert_near(lab_took_s(&l, 0), 2.17056e-3, 1e-9);
	assert_near(lab_took_s(&l, 1), 2.34112e-3, 1e-9);
	assert_near(lab_took_s(&l, 2), 2.17056e-3, 1e-9);
	up = lab_sums(&l, "access/users-edge/up");
	assert_near(up.busy_s, 2 * 170.56e-6, 1e-9);
	assert_near(up.wait_s, 170.56e-6, 1e-9);
	lab_finish(&l);
}

/* Two hops, 1e6 then 5e5 B/s, 1 and 3 ms: 3 000 bytes are packets of 1 514, 1 514 and 170 on
 * the wire. The first is at the second link after 1.514 + 1 ms; the slower link then works
 * without a pause: 2.514 + 3.198/0.5 = 8.91 ms, and 3 more. The other way the fast link comes
 * second: the train leaves the slow one after 6.396 ms, is there 3 ms later, and only its last
 * packet (0.17 ms) remains to be sent: 6.396 + 3 + 0.17 + 1 = 10.566 ms. */
static void hops_are_pipelined_by_packets(void **state)
{
	static const char *const names[] = {"users", "edge", "cloud"};
	const struct link_spec links[] = {lab_link("access", "users", "edge", 1e6, 1e-3),
		lab_link("wan", "edge", "cloud", 5e5, 3e-3)};
	struct lab l;

	(void)state;
	lab_init(&l, links, 2, names, 1, 2);
	assert_int_equal(lab_route(&l, 0, 2)->n, 2);
	lab_send(&l, 0.0, 0, 2, 3000.0, TRANSFER_PROMPT);
	lab_send(&l, 0.0, 2, 0, 3000.0, TRANSFER_PROMPT);
	lab_run(&l, 1.0);
	assert_near(lab_took_s(&l, 0), 11.91e-3, 1e-9);
	assert_near(lab_took_s(&l, 1), 10.566e-3, 1e-9);
	assert_near(net_predict_s(l.net, lab_route(&l, 0, 2), 3000.0, TRANSFER_PROMPT, true),
		11.91e-3, 1e-12);
	lab_finish(&l);
}

/* far is reached over one slow direct link although two fast hops would do; of two ways of
 * two hops, that over b has less delay. */
static void a_route_has_fewest_hops_then_least_delay(void **state)
{
	static const char *const names[] = {"users", "a", "b", "far", "end"};
	const struct link_spec links[] = {lab_link("near", "users", "[ab]", 1e6, 1e-3),
		lab_link("direct", "users", "far", 1e3, 9e-1),
		lab_link("viaa", "a", "end", 1e6, 5e-3), lab_link("viab", "b", "end", 1e6, 4e-3)};
	const struct route *r;
	struct lab l;

	(void)state;
	lab_init(&l, links, 4, names, 1, 4);
	r = lab_route(&l, 0, 3);
	assert_int_equal(r->n, 1);
	assert_string_equal(r->hops[0]->name, "direct/users-far/up");
	r = lab_route(&l, 0, 4);
	assert_int_equal(r->n, 2);
	assert_string_equal(r->hops[0]->name, "near/users-b/up");
	assert_near(r->delay_s, 5e-3, 1e-12);
	assert_string_equal(lab_route(&l, 4, 0)->hops[0]->name, "viab/b-end/down");
	lab_finish(&l);
}

/* Group ends: an office has a line of its own to its edge, both share the radio to the other;
 * to the cloud of two ways alike a goes over b, the first by name, unless its home is c. */
static void routes_start_at_a_groups_own_links_and_home_decides(void **state)
{
	static const char *const names[] = {"office1", "office2", "b", "c", "cloud"};
	const struct link_spec links[] = {lab_link("line", "office*", "c", 1e6, 1e-3),
		lab_link("cable", "office2", "b", 1e6, 1e-3),
		lab_link("metro", "[bc]", "[bc]", 1e6, 1e-3),
		lab_link("wan", "[bc]", "cloud", 1e6, 1e-3)};
	const uint32_t homes[2][2] = {{NO_ID, NO_ID}, {NO_ID, 3}};
	const struct route *r;
	struct net *n;
	struct err err = {0};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct net_build b = {.n_links = 4,
			.links = links,
			.n_groups = 2,
			.n_sites = 3,
			.end_names = names,
			.home_ends = homes[k]};

		assert_true(net_create(&n, &b, &err));
		assert_true(net_route(&r, n, (struct end_id){0}, (struct end_id){2}, &err));
		assert_int_equal(r->n, 2); /* no cable of its own */
		assert_string_equal(r->hops[0]->name, "line/office1-c/up");
		assert_string_equal(r->hops[1]->name, "metro/b-c/down");
		assert_true(net_route(&r, n, (struct end_id){1}, (struct end_id){2}, &err));
		assert_int_equal(r->n, 1);
		assert_string_equal(r->hops[0]->name, "cable/office2-b/up");
		assert_true(net_route(&r, n, (struct end_id){1}, (struct end_id){4}, &err));
		assert_int_equal(r->n, 2);
		assert_string_equal(
			r->hops[0]->name, k == 0 ? "cable/office2-b/up" : "line/office2-c/up");
		net_destroy(n);
	}
}

static void a_shared_link_is_one_pipe_for_all_pairs(void **state)
{
	static const char *const names[] = {"u", "v", "edge1", "edge2"};
	struct link_spec link = lab_link("radio", "users", "edge*", 1e6, 1e-3);
	struct lab l;

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		const struct link *first;

		link.shared = shared;
		lab_init(&l, &link, 1, names, 2, 2);
		assert_int_equal(net_n_links(l.net), shared ? 2 : 8);
		first = lab_route(&l, 0, 2)->hops[0];
		assert_true((lab_route(&l, 1, 3)->hops[0] == first) == shared);
		lab_finish(&l);
	}
}

/* Three edges, all pairs: 3 pairs, 2 directions; forth is from the first to the later. */
static void a_glob_against_itself_joins_each_pair_once(void **state)
{
	static const char *const names[] = {"u", "edge1", "edge2", "edge3"};
	const struct link_spec links[] = {lab_link("access", "users", "edge1", 1e6, 1e-3),
		lab_link("metro", "edge*", "edge*", 1e6, 1e-3)};
	struct lab l;

	(void)state;
	lab_init(&l, links, 2, names, 1, 3);
	assert_int_equal(net_n_links(l.net), 2 + 6);
	assert_int_equal(lab_route(&l, 0, 3)->n, 2);
	assert_string_equal(lab_route(&l, 3, 1)->hops[0]->name, "metro/edge1-edge3/down");
	assert_string_equal(lab_route(&l, 2, 3)->hops[0]->name, "metro/edge2-edge3/up");
	lab_finish(&l);
}

static void refused(const struct link_spec *link, const char *message)
{
	static const char *const names[] = {"campus", "edge", "cloud"};
	const struct net_build b = {
		.n_links = 1, .links = link, .n_groups = 1, .n_sites = 2, .end_names = names};
	struct err err = {0};
	struct net *n;

	assert_false(net_create(&n, &b, &err));
	assert_null(n);
	assert_string_equal(err.msg, message);
}

static void wrong_links_are_refused(void **state)
{
	static const char *const names[] = {"campus", "edge", "cloud"};
	struct link_spec link = lab_link("access", "users", "edje*", 1e6, 1e-3);
	const struct route *r;
	struct err err = {0};
	struct net *n;

	(void)state;
	refused(&link, "link 'access': no site and no group matches 'edje*'");
	link = lab_link("access", "edge", "edge", 1e6, 1e-3);
	refused(&link, "link 'access' joins no two different ends");
	link = lab_link("access", "users", "campus", 1e6, 1e-3);
	refused(&link, "link 'access' joins no two different ends");
	link = lab_link("access", "users", "edge", 1e6, 1e-3);
	assert_true(net_create(&n,
		&(struct net_build){.n_links = 1,
			.links = &link,
			.n_groups = 1,
			.n_sites = 2,
			.end_names = names},
		&err));
	assert_false(net_route(&r, n, (struct end_id){0}, (struct end_id){2}, &err));
	assert_string_equal(err.msg, "there is no route from 'campus' to 'cloud'");
	net_destroy(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_a_fifo_and_a_delay),
		cmocka_unit_test(hops_are_pipelined_by_packets),
		cmocka_unit_test(a_route_has_fewest_hops_then_least_delay),
		cmocka_unit_test(routes_start_at_a_groups_own_links_and_home_decides),
		cmocka_unit_test(a_shared_link_is_one_pipe_for_all_pairs),
		cmocka_unit_test(a_glob_against_itself_joins_each_pair_once),
		cmocka_unit_test(wrong_links_are_refused),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
