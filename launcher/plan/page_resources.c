/* The host's processors and memory, and what the guest gets of them. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "host/facts.h"
#include "option.h"
#include "page.h"

/* ------------------------------------------------------------------ processors */

/* What runs on a processor: a class of the style sheet's and a word; *number is the guest's. */
static const char *duty_of(const struct placement *place, unsigned cpu, char word[24])
{
	bool emulator = cpu_set_has(&place->emulator, cpu);
	bool disks = place->iothreads && cpu_set_has(&place->iothread, cpu);

	for (size_t i = 0; place->vcpu && i < place->n; i++)
		if (place->vcpu[i] == (int)cpu) {
			snprintf(word, 24, "v%zu", i);
			return "guest";
		}
	strcpy(word, emulator && disks ? "e i" : emulator ? "e" : disks ? "i" : "·");
	return emulator || disks ? "qemu" : "free";
}

static void put_core(struct page *p, const struct cpu_set *core)
{
	const struct cpu_topology *t = &p->in->facts->cpu.topology;
	struct html *h = &p->h;

	html_begin(h, "span");
	html_attribute(h, "class", "core");
	for (int cpu = cpu_set_next(core, 0); cpu >= 0;
	     cpu = cpu_set_next(core, (unsigned)cpu + 1)) {
		char word[24];
		const char *duty = duty_of(&p->plan->placement, (unsigned)cpu, word);

		html_begin(h, "span");
		html_attributef(h, "class", "cpu %s%s", duty,
				cpu_set_has(&t->isolated, (unsigned)cpu) ? " isolated" : "");
		html_elementf(h, "b", NULL, "%d", cpu);
		html_element(h, "i", NULL, word);
		html_end(h);
	}
	html_end(h);
}

static void put_row(struct page *p, const struct cpu_row *row)
{
	const struct cpu_topology *t = &p->in->facts->cpu.topology;
	own_free char *label = cpu_row_label(t, row);
	const struct cpu_group *last = NULL;
	bool begun = false;

	html_begin(&p->h, "div");
	html_attribute(&p->h, "class", "row");
	html_element(&p->h, "span", "label", label);
	html_begin(&p->h, "span");
	html_attribute(&p->h, "class", "cores");
	for (size_t i = row->first; i < t->cores; i++) {
		const struct cpu_group *cluster = cpu_cluster_of(t, i);

		if (!cpu_row_has(t, row, i))
			continue;
		/* Cores on one L2 stay together. */
		if (!begun || cluster != last || !cluster) {
			if (begun)
				html_end(&p->h);
			html_begin(&p->h, "span");
			html_attribute(&p->h, "class", "cluster");
		}
		begun = true;
		last = cluster;
		put_core(p, &t->core[i]);
	}
	if (begun)
		html_end(&p->h);
	html_end(&p->h);
	html_end(&p->h);
}

static void put_legend(struct page *p, const char *class, const char *words)
{
	html_begin(&p->h, "span");
	html_element(&p->h, "i", class, "");
	html_text(&p->h, words);
	html_end(&p->h);
}

void page_processors(struct page *p)
{
	const struct placement *place = &p->plan->placement;
	const struct cpu_topology *t = &p->in->facts->cpu.topology;
	size_t rows;
	own_free struct cpu_row *row = cpu_rows(t, &rows);

	page_section(
		p, "processors", _("Processors"),
		!place->pinned
			? _("Nothing is pinned: the guest runs where the scheduler puts it.")
			: _("A box is a core, a cell one of its threads: the host's number, and what runs there."));
	for (size_t i = 0; i < rows; i++)
		put_row(p, &row[i]);
	html_begin(&p->h, "p");
	html_attribute(&p->h, "class", "legend");
	if (place->pinned) {
		put_legend(p, "guest", _("v0, v1, …: the guest's processors"));
		put_legend(p, "qemu",
			   place->iothreads ? _("e: QEMU's own threads; i: those of disks")
					    : _("e: QEMU's own threads"));
		put_legend(p, "free", _("the host alone"));
	}
	if (!cpu_set_is_empty(&t->isolated))
		put_legend(p, "isolated", _("isolated by boot options"));
	html_end(&p->h);
	if (place->words)
		html_element(&p->h, "p", "note", place->words);
	html_end(&p->h);
}

/* ------------------------------------------------------------------ memory */

char *page_size(uint64_t bytes)
{
	const double mib = (double)bytes / (1 << 20), gib = mib / 1024;

	if (gib < 1)
		return xasprintf("%.0f MiB", mib);
	return xasprintf(gib - (double)(uint64_t)gib < 0.05 ? "%.0f GiB" : "%.1f GiB", gib);
}

/* How the guest's memory is made: "pages of 2 MiB", as its backend says. */
static char *pages_words(const struct page *p)
{
	for (size_t i = 0; i < p->plan->arguments; i++) {
		const struct argument *a = &p->plan->argument[i];
		own_free char *id = NULL, *size = NULL;
		uint64_t bytes;

		if (strcmp(a->option, "-object") != 0 || !a->value)
			continue;
		id = option_read(a->value, "id");
		if (!id || strcmp(id, "ram") != 0)
			continue;
		size = option_read(a->value, "hugetlbsize");
		if (size && text_u64(size, 10, &bytes)) {
			own_free char *page = page_size(bytes);

			return xasprintf(_("the guest, in pages of %s"), page);
		}
	}
	return xstrdup(_("the guest"));
}

static uint64_t shared_bytes(const struct page *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->plan->prepares; i++)
		if (p->plan->prepare[i].kind == PREPARE_SHARED)
			sum += p->plan->prepare[i].size;
	return sum;
}

struct part {
	const char *class, *words;
	uint64_t bytes;
};

/* True to scale, so what each part is stands below. */
static void put_bar(struct page *p, const struct part *part, size_t n, uint64_t total)
{
	struct html *h = &p->h;

	html_begin(h, "div");
	html_attribute(h, "class", "bar");
	for (size_t i = 0; i < n; i++) {
		html_begin(h, "div");
		html_attribute(h, "class", part[i].class);
		html_attributef(h, "style", "flex-grow:%lu", part[i].bytes * 1000 / total);
		html_end(h);
	}
	html_end(h);
	html_begin(h, "p");
	html_attribute(h, "class", "legend");
	for (size_t i = 0; i < n; i++) {
		own_free char *size = page_size(part[i].bytes);

		html_begin(h, "span");
		html_element(h, "i", part[i].class, "");
		html_element(h, "b", NULL, size);
		html_textf(h, " %s", part[i].words);
		html_end(h);
	}
	html_end(h);
}

void page_memory(struct page *p)
{
	const struct memory_facts *m = &p->in->facts->memory;
	uint64_t guest = p->in->profile->vm.memory.v, shared = shared_bytes(p);
	uint64_t total = m->total > guest + shared ? m->total : guest + shared;
	own_free char *pages = pages_words(p), *all = page_size(m->total);
	own_free char *available = page_size(m->available);
	own_free char *words =
		xasprintf(_("This computer has %s, of which %s can be had now."), all, available);
	struct part part[3];
	size_t n = 0;

	part[n++] = (struct part){"guest", pages, guest};
	if (shared)
		part[n++] = (struct part){"shared", _("shared with the guest, for its picture"),
					  shared};
	if (total > guest + shared)
		part[n++] = (struct part){"free", _("the host"), total - guest - shared};
	page_section(p, "memory", _("Memory"), m->total ? words : "");
	put_bar(p, part, n, total);
	html_end(&p->h);
}
