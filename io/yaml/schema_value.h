#ifndef OFFING_IO_YAML_SCHEMA_VALUE_H
#define OFFING_IO_YAML_SCHEMA_VALUE_H

#include "io/yaml/schema.h"

/** Read *@slot by the rules of @key and store it at @to; the part of schema_read() that
 *  knows about single values. Reports its own errors. */
bool schema_store(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to);

/** Report that @n is none of @words (ends with NULL), the values of @name. Always false. */
bool schema_no_such_word(struct schema_reader *r, const struct yaml_node *n, const char *name,
	const char *const *words);

#endif
