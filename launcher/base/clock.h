/* Time for deadlines: of the clock that nobody sets. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment (CLOCK_MONOTONIC, clock_gettime(2)): for differences alone. It
 * does not go on while the host sleeps.
 */
int64_t now_ms(void);

/* The same in microseconds. */
int64_t now_us(void);

#endif
