#ifndef OFFING_IO_RECORD_PARTS_H
#define OFFING_IO_RECORD_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * What a result is made of until it is whole, in the folder DIR/parts: `finished`, which has the
 * replications that are (kept.h), and the series of each in a file of its own. So no file that
 * others read is ever half written, at whatever moment the run is killed, and a run can go on from
 * there. While there is a `finished` the result is not whole.
 */
#define RECORDER_PARTS "parts"
#define RECORDER_FINISHED RECORDER_PARTS "/finished"

/** Which series a file has. */
struct rec_part {
	uint32_t run, number;
};

struct rec_part_list {
	size_t n, cap;
	struct rec_part *at;
};

/** "DIR/NAME"; free() it. */
char *rec_path(const char *dir, const char *name);
/** The file of @p in @dir/parts; free() it. */
char *rec_part_path(const char *dir, struct rec_part p);

/** In @dir, which is there. */
MUST_CHECK bool rec_parts_make(const char *dir, struct err *err);
/** All series in @dir/parts, in no order; free() those in it. */
struct rec_part_list rec_parts_list(const char *dir);
void rec_part_add(struct rec_part_list *l, struct rec_part p);
/** By run and number, each once. */
void rec_parts_sort(struct rec_part_list *l);
void rec_part_unlink(const char *dir, struct rec_part p);
/** Take all series away from @dir/parts. */
void rec_parts_clear(const char *dir);
/** Take @dir/parts away with all that is in it. */
void rec_parts_remove(const char *dir);

#endif
