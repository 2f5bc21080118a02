#include "models/serving/draft_mail.h"

#include <stdlib.h>

#include "base/mem.h"
#include "models/ids.h"

void draft_mail_init(struct draft_mail *m)
{
	*m = (struct draft_mail){.free = NO_ID};
}

void draft_mail_finish(struct draft_mail *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->at[i].at);
	free(m->at);
}

static uint32_t open_letter(struct draft_mail *m)
{
	uint32_t letter = m->free;

	if (letter != NO_ID) {
		m->free = m->at[letter].next_free;
		return letter;
	}
	m->at = mem_grow(m->at, m->n, &m->cap, sizeof *m->at);
	m->at[m->n] = (struct draft_letter){0};
	return (uint32_t)m->n++;
}

void draft_mail_add(struct draft_mail *m, uint32_t *letter, struct draft_item what)
{
	struct draft_letter *l;

	if (*letter == NO_ID)
		*letter = open_letter(m);
	l = &m->at[*letter];
	l->at = mem_grow(l->at, l->n, &l->cap, sizeof *l->at);
	l->at[l->n++] = what;
}

void draft_mail_close(struct draft_mail *m, uint32_t letter)
{
	m->at[letter].n = 0;
	m->at[letter].next_free = m->free;
	m->free = letter;
}
