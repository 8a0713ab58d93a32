#include "cpu_set.h"

#include <stdlib.h>

#include "alloc.h"
#include "buf.h"

#define WORDS (CPU_SET_SIZE / 64)

/* One number at *at, which is moved behind it; -1 when there is none or it is too large. */
static int take_number(const char **at)
{
	unsigned n = 0;

	if (**at < '0' || **at > '9')
		return -1;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = n * 10 + (unsigned)(**at - '0');
		if (n >= CPU_SET_SIZE)
			return -1;
	}
	return (int)n;
}

bool cpu_set_parse(struct cpu_set *set, const char *list)
{
	struct cpu_set read = {0};
	const char *at = list;

	while (*at && *at != '\n') {
		int first = take_number(&at), last = first;

		if (*at == '-') {
			at++;
			last = take_number(&at);
		}
		if (first < 0 || last < first)
			return false;
		for (int cpu = first; cpu <= last; cpu++)
			cpu_set_add(&read, (unsigned)cpu);
		if (*at != ',')
			break;
		at++;
		if (*at < '0' || *at > '9')
			return false;
	}
	if (*at == '\n')
		at++;
	if (*at)
		return false;
	*set = read;
	return true;
}

char *cpu_set_text(const struct cpu_set *set)
{
	struct buf out = {0};

	buf_adds(&out, "");
	for (int first = cpu_set_next(set, 0); first >= 0;) {
		int last = first;

		while (cpu_set_has(set, (unsigned)last + 1))
			last++;
		buf_addf(&out, "%s%d", out.len ? "," : "", first);
		if (last > first)
			buf_addf(&out, "-%d", last);
		first = cpu_set_next(set, (unsigned)last + 1);
	}
	return buf_steal(&out);
}

void cpu_set_add(struct cpu_set *set, unsigned cpu)
{
	if (cpu < CPU_SET_SIZE)
		set->word[cpu / 64] |= 1ULL << cpu % 64;
}

void cpu_set_remove(struct cpu_set *set, unsigned cpu)
{
	if (cpu < CPU_SET_SIZE)
		set->word[cpu / 64] &= ~(1ULL << cpu % 64);
}

bool cpu_set_has(const struct cpu_set *set, unsigned cpu)
{
	return cpu < CPU_SET_SIZE && (set->word[cpu / 64] >> cpu % 64 & 1);
}

unsigned cpu_set_count(const struct cpu_set *set)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcountll(set->word[i]);
	return n;
}

bool cpu_set_is_empty(const struct cpu_set *set)
{
	return cpu_set_count(set) == 0;
}

bool cpu_set_equal(const struct cpu_set *a, const struct cpu_set *b)
{
	return cpu_set_within(a, b) && cpu_set_within(b, a);
}

bool cpu_set_within(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set rest = cpu_set_less(a, b);

	return cpu_set_is_empty(&rest);
}

bool cpu_set_meets(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set common = cpu_set_common(a, b);

	return !cpu_set_is_empty(&common);
}

struct cpu_set cpu_set_union(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set out;

	for (unsigned i = 0; i < WORDS; i++)
		out.word[i] = a->word[i] | b->word[i];
	return out;
}

struct cpu_set cpu_set_common(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set out;

	for (unsigned i = 0; i < WORDS; i++)
		out.word[i] = a->word[i] & b->word[i];
	return out;
}

struct cpu_set cpu_set_less(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set out;

	for (unsigned i = 0; i < WORDS; i++)
		out.word[i] = a->word[i] & ~b->word[i];
	return out;
}

int cpu_set_next(const struct cpu_set *set, unsigned from)
{
	for (unsigned i = from / 64; i < WORDS; i++) {
		uint64_t word = set->word[i];

		if (i == from / 64)
			word &= ~0ULL << from % 64;
		if (word)
			return (int)(i * 64) + __builtin_ctzll(word);
	}
	return -1;
}
