#ifndef OFFING_IO_SCENARIO_PARTS_H
#define OFFING_IO_SCENARIO_PARTS_H

#include "base/near.h"
#include "io/profile/file.h"
#include "io/scenario/scenario.h"
#include "io/yaml/schema.h"

/**
 * Between the files of io/scenario/: the sections of a scenario as their tables read them,
 * before `count` expands and names turn into ids. Each entry goes with the
 * entry of the same index in its section's map.
 */

/** A reference by name. line 0: not given. */
struct name_ref {
	const char *name;
	struct src_pos at;
};

/**
 * Entries with `count: N` stand for NAME1..NAMEN. One further entry may be
 * called as a member is and then changes, or as a null removes, just that one.
 */
struct entry {
	const char *name;
	bool bad;     /* has errors: do not complain about what follows from them */
	bool removed; /* null */
	unsigned count;
	struct src_pos count_at;    /* line 0: not counted */
	const struct entry *family; /* of which this changes a member */
	unsigned member;            /* from 1 */
	bool has_site;              /* of a member: its own entry has the key `site` */
	struct src_pos at;
};

/** How many kinds of instances are asked whether they use what is said of a GPU. */
enum { GPU_USES_MAX = 4 };

struct site_entry {
	struct entry e;
	struct site_spec spec;
	struct yaml_node *gpu; /* as a map; NULL: by name, or none */
	bool wired;         /* an instance has several of its gpus, or its drafts are made here */
	unsigned roles;     /* of its instances, a bit each: KV goes between two of them */
	bool hosts;         /* an instance keeps layers with its host */
	unsigned gpu_given; /* bit per key of gpu_keys[]: there, and not what is the default */
	const struct instance_spec *uses[GPU_USES_MAX]; /* models on its gpu, once expanded */
	size_t n_uses;
	bool told;   /* of what has no effect */
	bool drafts; /* for instances elsewhere */
};

struct model_entry {
	struct entry e;
	struct model_spec spec;
};

/** The server whose defaults hold for what is not given. */
enum like { LIKE_NONE, LIKE_VLLM, LIKE_VLLM_V0 };

/** Of a pipeline, as it is written. */
struct stage_entry {
	struct name_ref site;
	unsigned layers; /* 0: not given */
};

struct pipeline_entry {
	size_t n; /* stages; 0: none */
	struct stage_entry *stages;
	struct src_pos at;
};

enum split { SPLIT_EVEN, SPLIT_BALANCED };

struct instance_entry {
	struct entry e;
	struct instance_spec spec;
	struct pipeline_entry pipeline;
	enum split split;
	struct name_ref site, model, profile;
	struct group_service *service_of; /* those of the spec */
	enum { DECODING_AUTOREGRESSIVE, DECODING_SPECULATIVE, DECODING_PLANNED } decoding;
	struct src_pos decoding_at;
	enum like like;
	int decode_attention; /* full, das-decode */
	double decode_keep;
	struct src_pos batching_at;
	unsigned most;              /* the highest number of what it stands for, once expanded */
	struct instance_spec found; /* offload: auto: the first that it was found for */
};

struct group_entry {
	struct entry e;
	struct group_spec spec;
	struct name_ref home, model;
	int delivery;
};

/** Tables of links.c: a link, and one direction of it. */
enum link_table { LINK_KEYS, LINK_DIR_KEYS, LINK_TABLES };

struct scenario_parts {
	struct schema_reader r; /* comes first: a schema_read_fn is given it, see parts_of() */
	struct scenario *s;
	const struct scenario_request *req;
	const struct schema_key *link_keys[LINK_TABLES];             /* NULL until one is read */
	const struct schema_key *llm_keys;                           /* the same */
	struct yaml_node *sites_node, *models_node, *instances_node; /* NULL: not there */
	struct yaml_node *auto_node;        /* what auto's instances have in common; or NULL */
	const struct profile_set *profiles; /* NULL until one is asked for */
	size_t n_sites, n_models, n_instances, n_groups;
	struct site_entry *sites;
	struct model_entry *models;
	struct instance_entry *instances;
	struct group_entry *groups;
	struct yaml_node *site_names;     /* of the expanded sites: the item's index is the id */
	struct site_entry **site_entries; /* of which they are made */
	bool groups_bad, sites_bad; /* so that references to sites may be in vain through no fault
				       of theirs */
	const char *description;
};

/** The parts that @r is the reader of. */
static inline struct scenario_parts *parts_of(struct schema_reader *r)
{
	return (struct scenario_parts *)r;
}

/** Most sites, and most instances, after expansion. */
#define SCENARIO_MAX_MEMBERS 100000

/** What the maps of a scenario may hold, each beside its table. The top one leads to all. */
extern const struct schema_map map_top, map_run, map_record, map_sites, map_gpu, map_interconnect,
	map_host, map_links, map_link_dir, map_classes, map_gemodel, map_link_schedule,
	map_link_trace, map_models, map_shape, map_model_draft, map_instances, map_stages,
	map_host_time, map_draft, map_offload, map_users, map_arrivals, map_trace, map_workload,
	map_prefixes, map_sessions, map_dist, map_service_of, map_policy, map_policies;

/* load.c */

/** Read @req->file and what it extends, and apply -s: one tree, not checked yet. */
bool scenario_load(struct yaml_node **root, struct arena *a, const struct scenario_request *req,
	struct err *err);

/* identity.c */

/** The file named @path under @key lies at @file; @node names it in the resolved scenario. */
void parts_add_input(struct scenario *s, const char *key, const char *path, const char *file,
	struct yaml_node *node);

/* named.c */

/** Reads the value of an entry, which is at @entry (its struct entry comes first and is set). */
typedef bool entry_read_fn(struct schema_reader *r, struct yaml_node **slot, void *entry);

/** A map keyed by name: @n entries of @size bytes in the arena, their address at @entries.
 *  @what: "a site". */
bool parts_named(struct schema_reader *r, struct yaml_node *map, const char *what, size_t size,
	entry_read_fn *read, void *entries, size_t *n);

/** "; did you mean 'X'?" in @buf, or @otherwise when nothing is near. */
const char *parts_near(const struct near *near, const char *otherwise, char *buf, size_t size);

/** The same for a name that should be a key of @map, or "". */
const char *parts_suggest(const struct yaml_node *map, const char *name, char *buf, size_t size);

/* shaping.c */
extern const struct schema_key shaping_keys[];

/** Read the keys of @map that shape a direction into @dir, whose rate, delay and place are set. */
bool shaping_read(struct schema_reader *r, struct yaml_node *map, struct link_dir_spec *dir);
bool shaping_is_key(const char *name);

/** A table of @own and of the shaping keys, whose values are left as they are. */
const struct schema_key *shaping_keys_behind(struct arena *a, const struct schema_key *own);

/** Say that something is allowed but unlikely to be meant. */
void scenario_warn(struct schema_reader *r, struct src_pos at, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* decoding.c: the draft of an instance that speculates, on its device */
bool parts_place_draft(struct scenario_parts *p, struct instance_spec *i);

/* idle.c: warn of keys that change nothing where they stand. @root: the resolved tree. */
void parts_warn_idle(struct scenario_parts *p, const struct yaml_node *root);

/* schema_read_fn of sections and values */
schema_read_fn read_sites, read_links, read_models, read_instances, read_groups;
schema_read_fn read_policy, read_policies;
schema_read_fn read_dist, read_arrivals, read_workload, read_prefixes, read_sessions;

/** A struct name_ref. */
schema_read_fn read_ref;

/** A const char *: a file, from the folder of the scenario. It must exist; its name is made
 *  absolute, so that the resolved text can be read from anywhere. */
schema_read_fn read_path;

/** A list of at least @least numbers by the rules of @key: *@count of them in *@to. */
bool parts_numbers(struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key,
	size_t least, const double **to, size_t *count);

/** A struct trace_spec. */
schema_read_fn read_trace;

/* places.c */

/** The entry for member @k (from 1) of the counted entry @e: one of its own, or @e's.
 *  @entries go with the items of @map and are @size bytes each. */
struct entry *parts_member(struct scenario_parts *p, const struct yaml_node *map,
	struct entry *entries, size_t size, struct entry *e, unsigned k);

bool parts_is_glob(const char *s);

/** Fill in the sites of the spec, and p->site_names. */
void parts_expand_sites(struct scenario_parts *p);

/** Complain about ends of links that are no site. */
void parts_check_links(struct scenario_parts *p);

/** Does an end of a link stand for groups of users? */
bool parts_end_is_groups(const struct scenario_parts *p, const char *end);

/** No group of users is called as a site is. */
void parts_check_group_names(struct scenario_parts *p);

/** The one site called @name, or NO_ID. */
struct site_id parts_find_site(const struct scenario_parts *p, const char *name);

/** Whether sites have an entry @name with a count. */
bool parts_is_counted(const struct scenario_parts *p, const char *name);

/** Whether @pattern, a glob or the name of a counted entry, stands for site @i. */
bool parts_stands_for(const struct scenario_parts *p, const char *pattern, size_t i);

/** Complain about a reference. @all: whether all the sites of a counted entry may be meant. */
bool parts_no_site(struct scenario_parts *p, struct name_ref ref, bool all);

/* sites.c */
extern const struct schema_key gpu_keys[];

/* placing.c: on which of a site's devices an instance is */

/** A struct interconnect_spec. */
schema_read_fn read_interconnect;

/** Give @i what its site has for it, and refuse what that cannot be. Its model and profile are
 *  known. */
bool parts_place(struct scenario_parts *p, struct instance_spec *i);

/** Say what is there at a site, beside its gpus, that no instance makes use of. */
void parts_warn_placing(struct scenario_parts *p, const struct site_entry *e);

/* offload.c */

/** A struct gpu_spec of a CPU, and a struct offload_spec. */
schema_read_fn read_host, read_offload;

/** Give @i what its site's host has for it, and refuse what that cannot be. */
bool parts_offload(struct scenario_parts *p, struct instance_spec *i);
void parts_warn_host(struct scenario_parts *p, const struct site_entry *e);

/* profiles.c: that of @e, an instance @i, for the device at @site */
bool parts_find_profile(struct scenario_parts *p, const struct instance_entry *e,
	const struct instance_spec *i, struct site_id site, const struct profile **to);

/* instances.c */

/** All of p->instances_node. */
bool parts_read_instances(struct scenario_parts *p);
entry_read_fn read_instance;

/* devices.c */

/** Complain about instances without a device, and say what no instance makes use of. */
void parts_check_devices(struct scenario_parts *p);

/* alike.c: refuse names that make two links alike; once there are sites and groups. */
void parts_check_alike(struct scenario_parts *p);

/* expand.c */

/** Turn entries into the arrays of the spec, and names into ids. Errors in p->r.errs. */
void parts_expand(struct scenario_parts *p);

#endif
