#ifndef OFFING_MODELS_MEASURE_RUN_STATUS_H
#define OFFING_MODELS_MEASURE_RUN_STATUS_H

/** How a replication ended, or a run of several. */
enum run_status { RUN_COMPLETE, RUN_INTERRUPTED, RUN_FAILED, RUN_STATUSES };

/** The words for people and files. */
extern const char *const run_status_words[RUN_STATUSES];

#endif
