#ifndef OFFING_PLAN_FLUID_PARTS_H
#define OFFING_PLAN_FLUID_PARTS_H

#include "base/mem.h"
#include "models/net/net.h"
#include "models/net/route.h"
#include "models/scenario.h"
#include "plan/fluid_bound.h"
#include "plan/least.h"

/** The inside of plan/fluid*.c. */

/* Who comes */

struct fluid_request {
	uint32_t prompt_tok, output_tok;
	uint32_t own_tok;    /* of the prompt, that no prefix cache can have */
	uint32_t shared_tok; /* of the prompt, that others have at the same time, too */
};

struct fluid_group {
	double rate_per_s; /* of requests */
	size_t n;
	struct fluid_request *at; /* each as likely as another */
	bool drawn;               /* not all there are */
};

/** At most @most of each group; in @a. */
MUST_CHECK bool fluid_groups_draw(struct fluid_group **out, const struct scenario_spec *s,
	size_t most, struct arena *a, struct err *err);

/* What they take */

/** @seconds of every second of resource @r. */
struct fluid_use {
	uint32_t r;
	double seconds;
};

struct fluid_uses {
	size_t n, cap;
	struct fluid_use *at;
};

/** From the users to an instance, or by way of two. */
struct fluid_way {
	uint32_t prefill, decode; /* instances: the same where one does all */
	const struct route *up, *down, *kv;
};

struct fluid_ways {
	size_t n, cap;
	struct fluid_way *at;
};

/** Resources that are looked at together: 10 % more of all of them. */
struct fluid_family {
	enum fluid_kind kind;
	const char *name;
	uint32_t class; /* of its instances, FLUID_TIME and _MEMORY */
};

struct fluid_resource {
	uint32_t family;
	double more; /* of it, 1: as it is */
};

enum { FLUID_RULES = 4 }; /* ways to share the steps of an instance out among requests, at most */

/** Instances that are alike. */
struct fluid_class {
	uint32_t first, n;
	double acceptance, room_more;
	struct least_mix mix; /* of all that ask for its model */
	size_t n_rules;
	struct least *rules[FLUID_RULES];
	struct least_mix rule_mix[FLUID_RULES]; /* that each was made for */
	double *service_s;                      /* synthetic: by group, a slot's */
};

struct fluid_system {
	const struct scenario_spec *spec;
	const struct fluid_group *groups;
	struct arena *arena;
	struct net *net;
	struct fluid_ways *ways; /* [group] */
	uint32_t *class_of;      /* [instance] */
	struct fluid_class *classes;
	size_t n_classes;
	const struct route ***hops; /* [instance][stage] */
	struct fluid_resource *resources;
	size_t n_resources, cap_resources;
	struct fluid_family *families;
	size_t n_families, cap_families;
	uint32_t *link_at; /* the resource of link number l; those of its classes follow */
	size_t n_links;
	uint32_t *time_at, *memory_at, *within_at; /* [instance]; NO_ID: none */
	bool *within_at_site;                      /* [site]: devices there are joined */
};

MUST_CHECK bool fluid_system_make(struct fluid_system *f, const struct scenario_spec *s,
	const struct fluid_group *groups, struct arena *a, struct err *err);
void fluid_system_finish(struct fluid_system *f);

/** A rule for class @c from the work that it is found to have: that of @mix. */
MUST_CHECK bool fluid_class_rule(
	struct fluid_system *f, uint32_t c, const struct least_mix *mix, struct err *err);
/** All its rules anew, for its memory times @more. */
MUST_CHECK bool fluid_class_memory(
	struct fluid_system *f, uint32_t c, double more, struct err *err);

/** What @r of group @g takes on way @w into @u. False: it cannot go there. */
bool fluid_uses_of(struct fluid_uses *u, const struct fluid_system *f, uint32_t g,
	const struct fluid_way *w, const struct fluid_request *r);
void fluid_uses_finish(struct fluid_uses *u);

/* The links of a network, fluid_links.c */

/** Resources for all that the routes go over. */
void fluid_links_make(struct fluid_system *f);
void fluid_links_use(struct fluid_uses *u, const struct fluid_system *f, const struct route *r,
	double wire_bytes, enum transfer_kind kind);
/** On the wire, of @n messages of @bytes each. */
double fluid_wire_bytes(const struct route *r, double n, double bytes);
/** The same, of messages that others share. */
double fluid_wire_shared_bytes(const struct route *r, double bytes);

void fluid_use_add(struct fluid_uses *u, uint32_t r, double seconds);
uint32_t fluid_resource_add(struct fluid_system *f, uint32_t family);
uint32_t fluid_family_of(
	struct fluid_system *f, enum fluid_kind kind, const char *name, uint32_t class);

/* The linear program, fluid_lp.c */

/** Requests of a group that are much alike, with what they take on average. */
struct fluid_bin {
	uint32_t group;
	double rate_per_s;
	size_t n;
	struct fluid_request *of; /* some of them */
	struct fluid_uses *uses;  /* [way] */
	bool *can;                /* [way] */
};

struct fluid_lp {
	const struct fluid_system *f;
	size_t n_bins;
	struct fluid_bin *bins;
	double load;   /* of the fullest resource at scale 1: 1 / x */
	double **flow; /* [bin][way]: the part that goes there */
	double *price; /* [resource], of load */
};

void fluid_lp_make(struct fluid_lp *l, const struct fluid_system *f, size_t most_columns);
void fluid_lp_finish(struct fluid_lp *l);
/** What requests take is looked up anew: the rules of classes, or their memory, are others. */
void fluid_lp_fill(struct fluid_lp *l);
MUST_CHECK bool fluid_lp_solve(struct fluid_lp *l, struct err *err);

/**
 * What any division of the requests among the ways loads resources with, at the prices of @l: at
 * least that much of the fullest one, by weak duality, whatever the prices, since
 * sum_r price_r load_r >= sum_g lambda_g E[min over ways of sum_r price_r c_r] and prices sum to 1.
 * *@error is half its 95 % interval.
 */
double fluid_lp_certified(const struct fluid_lp *l, double *error);
/** The same of one request: 0 where nobody can have it. */
double fluid_lp_priced_s(const struct fluid_lp *l, uint32_t g, const struct fluid_request *r);

/** The program of @f, with the rules that its solution asks for. */
MUST_CHECK bool fluid_solve(struct fluid_lp *l, struct fluid_system *f, struct err *err);

#endif
