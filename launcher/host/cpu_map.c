#include "cpu_map.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/tongue.h"
#include "base/width.h"

#define COLUMNS 100
#define LABEL 24 /* "performance   L3 36M" */

static const char *const COLOR[] = {
	[CPU_PERFORMANCE] = "\033[32m",
	[CPU_EFFICIENCY] = "\033[36m",
	[CPU_LOW_POWER] = "\033[33m",
	[CPU_KINDS] = "\033[35m",
};
_Static_assert(ARRAY_SIZE(COLOR) == CPU_KINDS + 1, "each kind has a colour, and having none");

struct drawing {
	const struct cpu_map *map;
	struct buf out;
	int cpu_width, vcpu_width;
	size_t column;
};

static int count_digits(unsigned n)
{
	return snprintf(NULL, 0, "%u", n);
}

static bool set_has(const struct cpu_set *set, int cpu)
{
	return set && cpu_set_has(set, (unsigned)cpu);
}

/* What a processor does: "v3", "e" for QEMU's own threads, "i" for those of disks, "ei", or "-". */
static void put_duty(struct drawing *d, int cpu)
{
	const struct cpu_map *map = d->map;
	char word[24] = "-";
	bool emulator = set_has(map->emulator, cpu), iothread = set_has(map->iothread, cpu);

	if (emulator || iothread)
		snprintf(word, sizeof(word), "%s%s", emulator ? "e" : "", iothread ? "i" : "");
	for (size_t i = 0; i < map->n; i++)
		if (map->vcpu[i] == cpu)
			snprintf(word, sizeof(word), "v%zu", i);
	buf_addf(&d->out, ":%-*s", d->vcpu_width, word);
}

static void put_core(struct drawing *d, const struct cpu_set *core)
{
	const char *join = "";

	buf_addc(&d->out, '[');
	for (int cpu = cpu_set_next(core, 0); cpu >= 0;
	     cpu = cpu_set_next(core, (unsigned)cpu + 1)) {
		buf_addf(&d->out, "%s%*d", join, d->cpu_width, cpu);
		if (d->map->vcpu)
			put_duty(d, cpu);
		join = " ";
	}
	buf_addc(&d->out, ']');
}

static size_t core_width(const struct drawing *d, const struct cpu_set *core)
{
	size_t cell = (size_t)d->cpu_width;

	if (d->map->vcpu)
		cell += 1 + (size_t)d->vcpu_width;
	return 1 + cpu_set_count(core) * (cell + 1);
}

static void begin_line(struct drawing *d, const char *label)
{
	buf_addf(&d->out, "%s%s%*s", d->map->indent ? d->map->indent : "", label,
		 width_gap(label, LABEL), "");
	d->column = LABEL + (d->map->indent ? strlen(d->map->indent) : 0);
}

bool cpu_row_has(const struct cpu_topology *t, const struct cpu_row *row, size_t core)
{
	unsigned cpu = (unsigned)cpu_set_next(&t->core[core], 0);

	return cpu_kind_of(t, cpu) == row->kind && cpu_group_of(t->l3, t->l3s, cpu) == row->l3;
}

static void add_row(const struct cpu_topology *t, struct cpu_row row, struct cpu_row **v, size_t *n)
{
	for (row.first = 0; row.first < t->cores; row.first++)
		if (cpu_row_has(t, &row, row.first)) {
			*xappend(*v, *n) = row;
			return;
		}
}

struct cpu_row *cpu_rows(const struct cpu_topology *t, size_t *n)
{
	struct cpu_row *v = NULL;

	*n = 0;
	for (enum cpu_kind kind = CPU_PERFORMANCE; kind <= CPU_KINDS; kind++) {
		for (size_t i = 0; i < t->l3s; i++)
			add_row(t, (struct cpu_row){.kind = kind, .l3 = &t->l3[i]}, &v, n);
		add_row(t, (struct cpu_row){.kind = kind}, &v, n);
	}
	return v;
}

char *cpu_row_label(const struct cpu_topology *t, const struct cpu_row *row)
{
	unsigned cpu = (unsigned)cpu_set_next(&t->core[row->first], 0);
	const struct cpu_group *node = cpu_group_of(t->node, t->nodes, cpu);
	const char *word =
		tongue(row->kind == CPU_KINDS ? N_("unknown") : cpu_kind_word(row->kind));
	struct buf out = {0};

	buf_addf(&out, "%s%*s", word, width_gap(word, 12), "");
	if (row->l3 && row->l3->size) {
		own_free char *size = text_size(row->l3->size);

		buf_addf(&out, " L3 %s", size);
	}
	if (node)
		buf_addf(&out, " n%u", node->number);
	return buf_steal(&out);
}

const struct cpu_group *cpu_cluster_of(const struct cpu_topology *t, size_t core)
{
	const struct cpu_group *l2 =
		cpu_group_of(t->l2, t->l2s, (unsigned)cpu_set_next(&t->core[core], 0));

	return l2 && !cpu_set_within(&l2->cpus, &t->core[core]) ? l2 : NULL;
}

/* Columns that a core takes together with those of its cluster that follow it. */
static size_t width_from(const struct drawing *d, size_t core, const struct cpu_row *row)
{
	const struct cpu_topology *t = d->map->topology;
	const struct cpu_group *cluster = cpu_cluster_of(t, core);
	size_t width = core_width(d, &t->core[core]);

	for (size_t i = core + 1; cluster && i < t->cores; i++)
		if (cpu_row_has(t, row, i) && cpu_cluster_of(t, i) == cluster)
			width += core_width(d, &t->core[i]);
	return width;
}

static void end_line(struct drawing *d)
{
	buf_adds(&d->out, d->map->color ? "\033[0m\n" : "\n");
}

static void start_line(struct drawing *d, const char *label, enum cpu_kind kind)
{
	begin_line(d, label);
	if (d->map->color)
		buf_adds(&d->out, COLOR[kind]);
}

/* As many lines as it takes. */
static void put_row(struct drawing *d, const struct cpu_row *row)
{
	const struct cpu_topology *t = d->map->topology;
	const struct cpu_group *cluster = NULL;
	bool begun = false;

	for (size_t i = 0; i < t->cores; i++) {
		bool gap;

		if (!cpu_row_has(t, row, i))
			continue;
		gap = begun && cpu_cluster_of(t, i) != cluster;
		if (!begun) {
			own_free char *label = cpu_row_label(t, row);

			start_line(d, label, row->kind);
		} else if (d->column + core_width(d, &t->core[i]) > COLUMNS ||
			   (gap && d->column + 1 + width_from(d, i, row) > COLUMNS)) {
			end_line(d);
			start_line(d, "", row->kind);
			gap = false;
		}
		if (gap)
			buf_addc(&d->out, ' ');
		put_core(d, &t->core[i]);
		d->column += core_width(d, &t->core[i]) + gap;
		cluster = cpu_cluster_of(t, i);
		begun = true;
	}
	if (begun)
		end_line(d);
}

static void put_list(struct drawing *d, const char *label, const struct cpu_set *set)
{
	own_free char *list = cpu_set_text(set);

	if (!*list)
		return;
	begin_line(d, label);
	buf_addf(&d->out, " %s\n", list);
}

char *cpu_map_text(const struct cpu_map *map)
{
	const struct cpu_topology *t = map->topology;
	struct drawing d = {.map = map};
	size_t rows;
	own_free struct cpu_row *row = cpu_rows(t, &rows);
	unsigned last = 0;

	for (int cpu = cpu_set_next(&t->online, 0); cpu >= 0;
	     cpu = cpu_set_next(&t->online, (unsigned)cpu + 1))
		last = (unsigned)cpu;
	d.cpu_width = count_digits(last);
	d.vcpu_width = 1 + (map->n ? count_digits((unsigned)map->n - 1) : 1);
	buf_adds(&d.out, "");
	for (size_t i = 0; i < rows; i++)
		put_row(&d, &row[i]);
	put_list(&d, _("offline"), &t->offline);
	put_list(&d, _("isolated at boot"), &t->isolated);
	put_list(&d, _("without ticks"), &t->tickless);
	return buf_steal(&d.out);
}
