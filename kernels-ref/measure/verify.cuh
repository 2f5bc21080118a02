#ifndef OFFING_KERNELS_REF_VERIFY_CUH
#define OFFING_KERNELS_REF_VERIFY_CUH

enum verify_what {
	VERIFY_FEW,        /* one of each kind: for the emulation */
	VERIFY_SMALL,      /* small shapes */
	VERIFY_ALL,        /* and a layer of the 7B and of the 13B shape */
	VERIFY_PREDICTION, /* mask prediction alone, small */
};

/** Kernels against the C truth, each check printed with its error. False if any failed. */
bool verify_all(enum verify_what what);

#endif
