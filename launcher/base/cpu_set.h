/* Sets of logical processors, in the kernel's list form ("0-1,10-15"; empty: ""): what cpusets,
 * affinities and profiles are written in.
 */
#ifndef BASE_CPU_SET_H
#define BASE_CPU_SET_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_SET_SIZE 1024 /* processors 0 to 1023 */

struct cpu_set {
	uint64_t word[CPU_SET_SIZE / 64];
};

/* Reads a list as the kernel prints it: numbers and ranges in any order, no strides, no white space
 * but a newline at the end; "" is the empty set. False, and *set untouched, when it is no list or
 * names a processor above the last.
 */
bool cpu_set_parse(struct cpu_set *set, const char *list);

/* The list form, in ascending order; the caller owns it. */
char *cpu_set_text(const struct cpu_set *set);

void cpu_set_add(struct cpu_set *set, unsigned cpu);
void cpu_set_remove(struct cpu_set *set, unsigned cpu);
bool cpu_set_has(const struct cpu_set *set, unsigned cpu); /* false above the last */
unsigned cpu_set_count(const struct cpu_set *set);
bool cpu_set_is_empty(const struct cpu_set *set);
bool cpu_set_equal(const struct cpu_set *a, const struct cpu_set *b);
/* Whether all of a is in b, and whether they have one in common. */
bool cpu_set_within(const struct cpu_set *a, const struct cpu_set *b);
bool cpu_set_meets(const struct cpu_set *a, const struct cpu_set *b);

struct cpu_set cpu_set_union(const struct cpu_set *a, const struct cpu_set *b);
struct cpu_set cpu_set_common(const struct cpu_set *a, const struct cpu_set *b);
struct cpu_set cpu_set_less(const struct cpu_set *a, const struct cpu_set *b);

/* The next member from `from` on, -1 when there is none: for (c = cpu_set_next(s, 0); c >= 0;
 * c = cpu_set_next(s, c + 1)).
 */
int cpu_set_next(const struct cpu_set *set, unsigned from);

#endif
