#ifndef OFFING_CLI_POLICY_PAGE_H
#define OFFING_CLI_POLICY_PAGE_H

/**
 * What plug-in policies are built against, offing/policy.h, line by line; ends with NULL. Made from
 * the header itself (policy_page.awk). The first letter of a line says what it is: T of a comment
 * above code, L the start of an item of a list in it, C of code, B the end of a piece of code.
 */
extern const char *const policy_page[];

#endif
