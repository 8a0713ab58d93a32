/* The whole program in a fuzzer: main.c with all its commands, and what one of them prints. */
#ifndef TESTS_FUZZ_WHOLE_H
#define TESTS_FUZZ_WHOLE_H

#include <stddef.h>

#include "base/error.h"

#define WHOLE_WORDS 64

/* What the words behind "vmlaunch" print, which the caller owns: *status and *err are what main
 * would have of them. Nothing else of main is done: no descriptor is closed.
 */
char *whole_said(const char *const *words, size_t n, int *status, struct error **err);

/* Aborts where text has anything but lines, or in them what a terminal could take for an order. */
void whole_is_lines(const char *text);

#endif
