#ifndef OFFING_CLI_KEY_TEXT_H
#define OFFING_CLI_KEY_TEXT_H

#include "base/mem.h"
#include "io/scenario/keys.h"

/** What it is, in a sentence, and when it can be given at all. */
const char *key_help(struct arena *a, const struct scenario_key *k);

/** What a key of a scenario takes, its range and its default, for people; code in backticks. Made
 *  in @a. */

/** "a time (s, ns, us, ms, min, h, d) or `auto`"; "`fifo` or `ps`". */
const char *key_takes(struct arena *a, const struct scenario_key *k);

/** "1 to 1000000", "above 0 s, at most 50000 d"; NULL where there is none to speak of. */
const char *key_range(struct arena *a, const struct scenario_key *k);

/** "`10`", "required", "as many as stages". */
const char *key_default(struct arena *a, const struct scenario_key *k);

/** The keys there are, those of the policies that come with the program too. */
const struct scenario_key *key_all(size_t *n, struct arena *a);

#endif
