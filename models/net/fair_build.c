/* The links and paths of a set of shared links. */

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/net/fair_parts.h"

struct fair *fair_create(void)
{
	struct fair *f = mem_zalloc(1, sizeof *f);

	f->next_s = HUGE_VAL;
	return f;
}

void fair_destroy(struct fair *f)
{
	if (!f)
		return;
	for (size_t p = 0; p < f->n_paths; p++)
		free(f->paths[p].heap);
	free(f->links);
	free(f->pipes);
	free(f->paths);
	free(f->in_use);
	free(f->met);
	free(f);
}

static void pipe_add(struct fair *f, const struct pipe *p)
{
	f->pipes = mem_grow(f->pipes, f->n_pipes, &f->pipes_cap, sizeof *f->pipes);
	f->pipes[f->n_pipes++] = *p;
	f->met = mem_grow(f->met, f->n_pipes, &f->met_cap, sizeof *f->met);
}

static void class_add(struct fair *f, uint32_t link, const struct htb_class *c)
{
	double quantum = c->quantum_bytes;

	if (!(quantum > 0.0)) /* r2q = 10 */
		quantum = fmin(fmax(c->bytes_per_s / 10.0, 1000.0), 200000.0);
	pipe_add(f, &(struct pipe){
			    .link = link,
			    .bytes_per_s = c->bytes_per_s,
			    .ceil_bytes_per_s = c->ceil_bytes_per_s,
			    .quantum_bytes = quantum,
			    .prio = c->prio,
			    .burst_bytes = c->burst_bytes,
			    .cburst_bytes = c->cburst_bytes,
			    .tokens_bytes = c->burst_bytes,
			    .ctokens_bytes = c->cburst_bytes,
		    });
}

uint32_t fair_add_link(
	struct fair *f, const struct qdisc *q, const struct htb_class *classes, size_t n_classes)
{
	double rate = qdisc_rate_bytes_per_s(q), burst = qdisc_burst_bytes(q);
	uint32_t link = (uint32_t)f->n_links;

	f->links = mem_grow(f->links, f->n_links, &f->links_cap, sizeof *f->links);
	f->links[f->n_links++] = (struct fair_link){
		.first = (uint32_t)f->n_pipes,
		.n = n_classes > 0 ? (uint32_t)n_classes : 1,
		.htb = q->kind == QDISC_HTB,
		.classes = n_classes > 0,
		.bytes_per_s = rate,
		.burst_bytes = burst,
		.tokens_bytes = burst,
	};
	for (size_t c = 0; c < n_classes; c++)
		class_add(f, link, &classes[c]);
	if (n_classes == 0)
		class_add(f, link,
			&(struct htb_class){.bytes_per_s = rate,
				.ceil_bytes_per_s = rate,
				.burst_bytes = burst,
				.cburst_bytes = burst,
				.quantum_bytes = 1.0});
	return link;
}

uint32_t fair_n_pipes(const struct fair *f)
{
	return (uint32_t)f->n_pipes;
}

uint32_t fair_add_path(struct fair *f, const uint32_t *pipes, size_t n)
{
	struct path p = {.n_pipes = n};

	assert(n > 0 && n <= FAIR_MAX_PIPES);
	memcpy(p.pipe, pipes, n * sizeof *pipes);
	for (size_t i = 0; i < f->n_paths; i++)
		if (f->paths[i].n_pipes == n &&
			memcmp(f->paths[i].pipe, pipes, n * sizeof *pipes) == 0)
			return (uint32_t)i;
	f->paths = mem_grow(f->paths, f->n_paths, &f->paths_cap, sizeof *f->paths);
	f->paths[f->n_paths++] = p;
	f->in_use = mem_grow(f->in_use, f->n_paths, &f->in_use_cap, sizeof *f->in_use);
	return (uint32_t)f->n_paths - 1;
}
