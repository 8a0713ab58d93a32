/* The host's interrupts away from the guest's processors (core-api/irq/irq-affinity.rst). Some
 * cannot go: those of queues that belong to a processor (managed by the kernel), timers. They are
 * counted and left. The default goes as well, so that devices that come later keep away too.
 *
 * All that will be written stands in one table of the journal beforehand: interrupt and old list.
 * The new list follows from those, so giving back knows what is still ours.
 *
 * A passed device's vectors appear when the guest switches them on, long after this, and then have
 * the default: vectors.c looks after them.
 *
 * Several machines may do this at once and end in any order. So who comes later writes down what
 * the host had, not what another machine made of it, and who ends hands over to one that is left:
 * an interrupt is always where a journal says, or back.
 *
 * irqbalance would bring them back: its service is stopped meanwhile.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "host/cpu_topology.h"
#include "host/quiet.h"
#include "state.h"
#include "sysfs.h"

#define IRQ "/proc/irq"
#define DEFAULT IRQ "/default_smp_affinity"
#define WRITE_MS 20000

/* ------------------------------------------------------------------ the default's mask */

/* Groups of 32 bits in hexadecimal, the highest first, with a comma between. */
static bool mask_parse(const char *text, struct cpu_set *set)
{
	own_free char *copy = xstrdup(text);
	struct cpu_set read = {0};
	unsigned base = 0;

	for (bool more = true; more; base += 32) {
		char *comma = strrchr(copy, ','), *group = comma ? comma + 1 : copy;
		uint64_t bits;

		if (base >= CPU_SET_SIZE || !text_u64(group, 16, &bits) || bits > UINT32_MAX)
			return false;
		read.word[base / 64] |= bits << base % 64;
		more = comma;
		if (comma)
			*comma = '\0';
	}
	*set = read;
	return true;
}

static char *mask_text(const struct cpu_set *set)
{
	struct buf out = {0};

	for (unsigned base = CPU_SET_SIZE; base > 0;) {
		uint32_t bits;

		base -= 32;
		bits = (uint32_t)(set->word[base / 64] >> base % 64);
		if (out.len)
			buf_addf(&out, ",%08x", bits);
		else if (bits || base == 0)
			buf_addf(&out, "%x", bits);
	}
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ one interrupt */

/* Where it may go now; false when there is no such interrupt. */
static bool affinity_of(const struct keeper *k, int irq, struct cpu_set *set)
{
	own_free char *text = irq == IRQ_DEFAULT
				      ? root_line(&k->root, DEFAULT)
				      : root_line(&k->root, IRQ "/%d/smp_affinity_list", irq);

	return text && (irq == IRQ_DEFAULT ? mask_parse(text, set) : cpu_set_parse(set, text));
}

static void set_value(struct sysfs_value *value, int irq, const struct cpu_set *set)
{
	value->path =
		irq == IRQ_DEFAULT ? xstrdup(DEFAULT) : xasprintf(IRQ "/%d/smp_affinity_list", irq);
	value->value = irq == IRQ_DEFAULT ? mask_text(set) : cpu_set_text(set);
}

/* Where we send one that could go to `before`. */
static struct cpu_set affinity_wanted(const struct change *change, const struct cpu_set *before)
{
	struct cpu_set without = cpu_set_less(before, &change->cpus);

	return cpu_set_meets(&without, &change->rest) ? without : change->rest;
}

/* Its handlers have a directory each: without one, nothing happens there. */
static bool has_handler(const struct keeper *k, const char *irq)
{
	static const char *const files[] = {
		"affinity_hint", "effective_affinity", "effective_affinity_list",
		"node",		 "smp_affinity",       "smp_affinity_list",
		"spurious"};
	size_t n;
	char **name = root_list(&k->root, &n, IRQ "/%s", irq);
	bool handler = false;

	for (size_t i = 0; i < n && !handler; i++) {
		handler = true;
		for (size_t f = 0; f < ARRAY_SIZE(files); f++)
			handler = handler && strcmp(name[i], files[f]) != 0;
	}
	names_free(name, n);
	return handler;
}

/* ------------------------------------------------------------------ other machines */

/* Journals of other machines that have moved interrupts. */
struct movers {
	struct journal **v;
	size_t n;
};

static void movers_read(struct movers *movers, const struct keeper *k)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);

	for (size_t i = 0; i < n; i++) {
		if (journal_find(others[i], CHANGE_IRQS))
			*xappend(movers->v, movers->n) = others[i];
		else
			journal_free(others[i]);
	}
	free(others);
}

static void movers_free(struct movers *movers)
{
	journals_free(movers->v, movers->n);
}
#define own_movers own_with(movers_free)

/* What this one writes back; NULL where it has not moved it. */
static const struct cpu_set *saved_by(const struct journal *journal, int irq)
{
	for (size_t i = 0; i < journal->irqs; i++)
		if (journal->irq[i].irq == irq)
			return &journal->irq[i].affinity;
	return NULL;
}

/* Where the host had it: one that is where another machine sent it was elsewhere before. */
static struct cpu_set before_all(const struct movers *movers, int irq, const struct cpu_set *now)
{
	for (size_t i = 0; i < movers->n; i++) {
		const struct cpu_set *saved = saved_by(movers->v[i], irq);
		struct cpu_set theirs;

		if (!saved)
			continue;
		theirs = affinity_wanted(journal_find(movers->v[i], CHANGE_IRQS), saved);
		if (cpu_set_equal(&theirs, now))
			return *saved;
	}
	return *now;
}

/* Where it goes when we give it back: to where it was, or to where another machine that found it
 * there wants it, and who then gives it back.
 */
static struct cpu_set after_us(const struct movers *movers, const struct irq_saved *ours)
{
	for (size_t i = 0; i < movers->n; i++) {
		const struct cpu_set *saved = saved_by(movers->v[i], ours->irq);

		if (saved && cpu_set_equal(saved, &ours->affinity))
			return affinity_wanted(journal_find(movers->v[i], CHANGE_IRQS), saved);
	}
	return ours->affinity;
}

/* Away from the others' processors as well. */
static void spare_the_others(const struct movers *movers, struct change *change)
{
	for (size_t i = 0; i < movers->n; i++) {
		const struct cpu_set *cpus = &journal_find(movers->v[i], CHANGE_IRQS)->cpus;
		struct cpu_set rest = cpu_set_less(&change->rest, cpus);

		change->cpus = cpu_set_union(&change->cpus, cpus);
		if (!cpu_set_is_empty(&rest))
			change->rest = rest;
	}
}

/* ------------------------------------------------------------------ moving */

/* One that may come to the guest's processors now, or when another machine gives it back. */
static bool is_concerned(const struct keeper *k, const struct movers *movers,
			 const struct cpu_set *cpus, struct irq_saved *one)
{
	struct cpu_set now;

	if (!affinity_of(k, one->irq, &now))
		return false;
	one->affinity = before_all(movers, one->irq, &now);
	return cpu_set_meets(&now, cpus) || cpu_set_meets(&one->affinity, cpus);
}

/* All of these. The caller owns the table. */
static struct irq_saved *find_irqs(const struct keeper *k, const struct movers *movers,
				   const struct cpu_set *cpus, size_t *n)
{
	struct irq_saved *table = NULL, one = {.irq = IRQ_DEFAULT};
	size_t names;
	char **name = root_list(&k->root, &names, IRQ);

	*n = 0;
	if (is_concerned(k, movers, cpus, &one))
		*xappend(table, *n) = one;
	for (size_t i = 0; i < names && *n < JOURNAL_IRQS; i++) {
		uint64_t number;

		if (!text_u64(name[i], 10, &number) || number > 0xfffff || !has_handler(k, name[i]))
			continue;
		one.irq = (int)number;
		if (is_concerned(k, movers, cpus, &one))
			*xappend(table, *n) = one;
	}
	names_free(name, names);
	return table;
}

/* Without those that stayed where they were: they are not ours. */
static bool keep_moved(struct keeper *k, const struct change *change, size_t *moved,
		       struct error **err)
{
	struct journal *j = k->journal;
	size_t kept = 0;

	for (size_t i = 0; i < j->irqs; i++) {
		struct cpu_set now = {0}, want = affinity_wanted(change, &j->irq[i].affinity);

		if (affinity_of(k, j->irq[i].irq, &now) && cpu_set_equal(&now, &want))
			j->irq[kept++] = j->irq[i];
	}
	*moved = kept;
	j->irqs = kept;
	return journal_amend(j, change, err);
}

static bool write_all(struct keeper *k, const struct change *change, struct error **err)
{
	size_t n = k->journal->irqs;
	struct sysfs_value *values = xcalloc(n, sizeof(*values));
	bool good;

	for (size_t i = 0; i < n; i++) {
		struct cpu_set want = affinity_wanted(change, &k->journal->irq[i].affinity);

		set_value(&values[i], k->journal->irq[i].irq, &want);
	}
	good = sysfs_write_each(&k->root, values, n, WRITE_MS, err);
	sysfs_values_free(values, n);
	return good;
}

/* irqbalance that is no service of systemd's is somebody's own doing, and told. */
static bool stop_irqbalance(struct keeper *k, struct error **err)
{
	if (!pause_service(k, SERVICE_IRQBALANCE, err))
		return false;
	if (quiet_has_irqbalance(&k->root))
		keeper_report(k, REPORT_PROGRESS, 0,
			      "irqbalance runs, and not as a service: it may move interrupts back");
	return true;
}

bool move_irqs(struct keeper *k, const struct intent *intent, struct error **err)
{
	struct change change = {.kind = CHANGE_IRQS, .cpus = intent->irqs.cpus};
	struct cpu_set isolated = cpu_isolated(&k->root), tickless = cpu_tickless(&k->root);
	own_free char *list = cpu_set_text(&change.cpus);
	own_free struct irq_saved *table = NULL;
	own_movers struct movers movers = {0};
	size_t n, moved;

	if (journal_find(k->journal, CHANGE_IRQS)) {
		error_add(err, ERROR_HOST, "interrupts were moved for the machine already");
		return false;
	}
	if (!cpus_are_free(k, &change.cpus, &change.rest, err) || !stop_irqbalance(k, err))
		return false;
	/* What is isolated for a guest is not for them either. */
	change.rest = cpu_usual(&change.rest, &isolated, &tickless);
	movers_read(&movers, k);
	k->vectors.cpus = change.cpus;
	table = find_irqs(k, &movers, &change.cpus, &n);
	if (n == 0)
		return true;
	spare_the_others(&movers, &change);
	keeper_report(k, REPORT_PROGRESS, 0, "moving interrupts off the processors %s", list);
	if (!journal_add_irqs(k->journal, &change, table, n, err) || !write_all(k, &change, err) ||
	    !keep_moved(k, &change, &moved, err))
		return false;
	keeper_report(k, REPORT_PROGRESS, 0, "%zu interrupts moved, %zu cannot be", moved,
		      n - moved);
	return true;
}

/* ------------------------------------------------------------------ giving back */

/* Those that are still where we sent them, and where they go. */
static struct sysfs_value *find_ours(struct keeper *k, const struct movers *movers,
				     const struct change *change, size_t *n)
{
	struct sysfs_value *values = NULL;

	*n = 0;
	for (size_t i = 0; i < k->journal->irqs; i++) {
		const struct irq_saved *saved = &k->journal->irq[i];
		struct cpu_set now = {0}, ours = affinity_wanted(change, &saved->affinity);
		struct cpu_set after = after_us(movers, saved);

		if (!affinity_of(k, saved->irq, &now) || !cpu_set_equal(&now, &ours) ||
		    cpu_set_equal(&now, &after))
			continue;
		set_value(xappend(values, *n), saved->irq, &after);
	}
	return values;
}

bool undo_irqs(struct keeper *k, const struct change *change, struct error **err)
{
	own_movers struct movers movers = {0};
	struct sysfs_value *values;
	size_t n, left;
	bool good;

	movers_read(&movers, k);
	values = find_ours(k, &movers, change, &n);
	if (n)
		keeper_report(k, REPORT_PROGRESS, 0, "giving back %zu interrupts", n);
	good = n == 0 || sysfs_write_each(&k->root, values, n, WRITE_MS, err);
	sysfs_values_free(values, n);
	if (!good)
		return false;
	values = find_ours(k, &movers, change, &left);
	sysfs_values_free(values, left);
	if (left == 0)
		return true;
	error_add(err, ERROR_LEFT, "%zu interrupts stayed on the processors that they were sent to",
		  left);
	return false;
}
