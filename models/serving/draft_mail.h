#ifndef OFFING_MODELS_DRAFT_MAIL_H
#define OFFING_MODELS_DRAFT_MAIL_H

#include <stddef.h>
#include <stdint.h>

/**
 * Letters between drafters and the instances that verify: what a step has made for one of them goes
 * in one, and is heard at once. A letter is filled, sent under its number, read where it arrives,
 * and closed; then its number is another's.
 */
struct draft_item {
	uint32_t seq, turn;
};

struct draft_letter {
	struct draft_item *at;
	size_t n, cap;
	uint32_t next_free;
};

struct draft_mail {
	struct draft_letter *at;
	size_t n, cap;
	uint32_t free; /* the first of those closed, or NO_ID */
};

void draft_mail_init(struct draft_mail *m);
void draft_mail_finish(struct draft_mail *m);

/** Into the letter *@letter, a new one where that is NO_ID. */
void draft_mail_add(struct draft_mail *m, uint32_t *letter, struct draft_item what);

void draft_mail_close(struct draft_mail *m, uint32_t letter);

#endif
