#ifndef OFFING_IO_TEXT_SETTING_H
#define OFFING_IO_TEXT_SETTING_H

/** A leaf of a resolved document as text: "run.seed" is "1". */
struct setting {
	const char *key, *value;
};

#endif
