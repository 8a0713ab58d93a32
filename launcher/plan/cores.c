#include "cores.h"

#include <stdlib.h>

#include "base/alloc.h"

static unsigned sets_meet(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set both = cpu_set_common(a, b);

	return cpu_set_count(&both);
}

void cores_find(struct cores *cores, const struct cpu_topology *t, const struct cpu_set *pool,
		const struct cpu_group *node)
{
	for (size_t i = 0; i < t->cores; i++) {
		unsigned cpu = (unsigned)cpu_set_next(&t->core[i], 0);

		if (!cpu_set_within(&t->core[i], pool))
			continue;
		*xappend(cores->v, cores->n) = (struct core){
			.threads = t->core[i],
			.kind = cpu_kind_of(t, cpu),
			.l3 = cpu_group_of(t->l3, t->l3s, cpu),
			.isolated = sets_meet(&t->core[i], &t->isolated),
			.tickless = sets_meet(&t->core[i], &t->tickless),
			.far = node && !cpu_set_has(&node->cpus, cpu),
			.first = cpu == 0,
		};
	}
}

void cores_keep_with(struct cores *cores, unsigned threads)
{
	size_t n = 0;

	for (size_t i = 0; i < cores->n; i++)
		if (cpu_set_count(&cores->v[i].threads) >= threads)
			cores->v[n++] = cores->v[i];
	cores->n = n;
}

unsigned cores_isolated(const struct cores *cores, unsigned threads)
{
	unsigned n = 0;

	for (size_t i = 0; i < cores->n; i++)
		n += cores->v[i].isolated >= threads;
	return n;
}

unsigned cores_on_one_l3(const struct cores *cores)
{
	unsigned most = 0;

	for (size_t i = 0; i < cores->n; i++) {
		unsigned n = 0;

		for (size_t k = 0; cores->v[i].l3 && k < cores->n; k++)
			n += cores->v[k].l3 == cores->v[i].l3;
		if (n > most)
			most = n;
	}
	return most;
}

/* Cores on x's L3 that are as good: where some are isolated, the others do not count. */
static unsigned cores_like(const struct cores *cores, const struct core *x)
{
	unsigned n = 0;

	for (size_t i = 0; x->l3 && i < cores->n; i++)
		n += cores->v[i].l3 == x->l3 && cores->v[i].isolated == x->isolated &&
		     cores->v[i].tickless == x->tickless;
	return n;
}

static int core_before(const void *a, const void *b)
{
	const struct core *x = a, *y = b;
	uint64_t size_x = x->l3 ? x->l3->size : 0, size_y = y->l3 ? y->l3->size : 0;

	if (x->isolated != y->isolated)
		return x->isolated > y->isolated ? -1 : 1;
	if (x->tickless != y->tickless)
		return x->tickless > y->tickless ? -1 : 1;
	if (x->far != y->far)
		return x->far ? 1 : -1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->fits != y->fits)
		return x->fits ? -1 : 1;
	if (size_x != size_y)
		return size_x > size_y ? -1 : 1;
	if (x->l3 != y->l3 && x->l3 && y->l3) {
		bool first_x = cpu_set_has(&x->l3->cpus, 0), first_y = cpu_set_has(&y->l3->cpus, 0);

		if (x->fits && first_x != first_y)
			return first_x ? 1 : -1;
		return cpu_set_next(&x->l3->cpus, 0) < cpu_set_next(&y->l3->cpus, 0) ? -1 : 1;
	}
	if (x->first != y->first)
		return x->first ? 1 : -1;
	return cpu_set_next(&x->threads, 0) < cpu_set_next(&y->threads, 0) ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
	const struct core *x = a, *y = b;

	return cpu_set_next(&x->threads, 0) - cpu_set_next(&y->threads, 0);
}

void cores_choose(struct cores *cores, unsigned wanted)
{
	for (size_t i = 0; i < cores->n; i++)
		cores->v[i].fits = cores_like(cores, &cores->v[i]) >= wanted;
	qsort(cores->v, cores->n, sizeof(*cores->v), core_before);
	qsort(cores->v, wanted, sizeof(*cores->v), by_number);
}
