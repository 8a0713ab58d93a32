/* What every unit test includes before anything else. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

/* Leaves a test that cannot be had here, for a reason. cmocka's own skip() jumps out of it: what
 * the test owns is not freed then, and LeakSanitizer ends the program. Here it is freed; tests/run
 * makes a skip of these words and the "ok" that follows them.
 */
#undef skip
#define skip_test(...)                             \
	do {                                       \
		printf("# skipped: " __VA_ARGS__); \
		printf("\n");                      \
		fflush(stdout);                    \
		return;                            \
	} while (0)

/* cmocka's assert_in_range is deprecated in 2.0, and what takes its place is not in 1.1. */
#define assert_within(value, from, to)                                                           \
	do {                                                                                     \
		long long value_ = (long long)(value);                                           \
		if (value_ < (long long)(from) || value_ > (long long)(to))                      \
			fail_msg(#value " is %lld, not %lld to %lld", value_, (long long)(from), \
				 (long long)(to));                                               \
	} while (0)

#endif
