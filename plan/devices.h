#ifndef OFFING_PLAN_DEVICES_H
#define OFFING_PLAN_DEVICES_H

#include "base/mem.h"
#include "models/net/net.h"
#include "models/scenario.h"

/**
 * The gpus of a scenario, each with what it has of its host, and how far apart they are. Its
 * instances are not looked at.
 *
 * Devices of one *kind* are equal: the same gpu and host at sites that the same links name, so that
 * swapping two of them changes no time.
 */

struct route; /* models/net/route.h */

struct device {
	const char *name; /* "edge1", or "edge1/2" where the site has several */
	const char *host; /* "host of edge1"; NULL: it has none */
	struct site_id site;
	uint32_t kind;  /* from 0, in order of the first of each */
	bool reachable; /* from every group of users: prompts can come here */
};

struct devices {
	const struct scenario_spec *spec;
	size_t n, n_kinds;
	struct device *at;
	/* of sites: those with the same number are joined alike to all others */
	uint32_t *joint;
	size_t n_joints;
	const struct route **ways; /* [joint][joint], between two sites; NULL: none */
	bool *inner;               /* of links: between sites */
	struct arena arena;
	struct net *net;
};

/** Most gpus, and most ways in which their sites are joined to others. */
enum { DEVICES_MOST = 1000, JOINTS_MOST = 200 };

/** Fails at the sites when there are none or too many, and at the users when they reach none. On
 * false @d needs no devices_finish(). */
MUST_CHECK bool devices_init(struct devices *d, const struct scenario_spec *spec, struct err *err);
void devices_finish(struct devices *d);

/** Seconds of @bytes of hidden states, or of drafts, from a gpu of site @a to another one of site
 *  @b while nothing else is on its way; HUGE_VAL: there is no way. Within a site it takes the
 *  interconnect. */
double devices_way_s(const struct devices *d, struct site_id a, struct site_id b, double bytes,
	enum transfer_kind kind);

/** The same between two devices; 0 of one to itself. */
static inline double devices_hop_s(
	const struct devices *d, size_t a, size_t b, double bytes, enum transfer_kind kind)
{
	return a == b ? 0.0 : devices_way_s(d, d->at[a].site, d->at[b].site, bytes, kind);
}

/** Of what is between them, the slowest part; HUGE_VAL where nothing is slow, 0: there is no way.
 */
double devices_bytes_per_s(const struct devices *d, size_t a, size_t b);

/** PCIe between a device and its host. */
double devices_pcie_bytes_per_s(const struct devices *d, size_t at);

/** The first device of a site that has some. */
size_t devices_at(const struct devices *d, struct site_id site);

#endif
