#ifndef OFFING_TESTS_NET_LAB_H
#define OFFING_TESTS_NET_LAB_H

#include "models/net/net.h"
#include "models/net/route.h"

/** A network alone, without a world: messages at given instants, and when each arrives. */
enum { LAB_MOST = 8192 };

struct lab_message {
	int64_t at_ns, arrived_ns; /* NS_NEVER: not yet */
	uint32_t from, to;
	double bytes;
	enum transfer_kind kind;
};

struct lab {
	struct world *world; /* what the engine hands to its handlers */
	struct engine *engine;
	struct net *net;
	size_t n, arrived;
	bool until_all; /* lab_run() ends when the last message has arrived */
	struct lab_message at[LAB_MOST];
};

/** Ends are @n_groups groups and then @n_sites sites, of these names; routes between all of them
 *  are there. */
void lab_init(struct lab *l, const struct link_spec *links, size_t n_links,
	const char *const *names, size_t n_groups, size_t n_sites);
void lab_finish(struct lab *l);

const struct route *lab_route(struct lab *l, uint32_t from, uint32_t to);

/** Send at @at_s, once lab_run() comes to it; messages are numbered from 0. */
void lab_send(struct lab *l, double at_s, uint32_t from, uint32_t to, double bytes,
	enum transfer_kind kind);
void lab_run(struct lab *l, double until_s);

/** Seconds that message @i took. */
double lab_took_s(const struct lab *l, size_t i);

/** What the link called so did since the start, or the last lab_measure(). */
struct tally_sums lab_sums(struct lab *l, const char *name);

/** A link as written. */
struct link_spec lab_link(
	const char *name, const char *a, const char *b, double bytes_per_s, double delay_s);

#endif
