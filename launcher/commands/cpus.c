/* This host's processors, and where a profile puts the guest's. Looks and changes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tongue.h"
#include "common.h"
#include "host/cpu_map.h"
#include "plan/print.h"

/* What is printed: the placement is NULL without a profile. */
struct view {
	const struct cpu_facts *cpu;
	const struct cpu_topology *topology;
	const struct placement *placement;
};

/* ------------------------------------------------------------------ for people */

static bool wants_color(const struct arguments *args)
{
	const char *color = argument_option(args, "color");

	if (color && strcmp(color, "auto") != 0)
		return strcmp(color, "always") == 0;
	return !getenv("NO_COLOR") && isatty(STDOUT_FILENO);
}

static void add_map(struct buf *out, const struct view *view, bool color)
{
	struct cpu_map map = {.topology = view->topology, .color = color};
	own_free char *text = NULL;

	if (view->placement && view->placement->pinned) {
		map.vcpu = view->placement->vcpu;
		map.n = view->placement->n;
		map.emulator = &view->placement->emulator;
		if (view->placement->iothreads)
			map.iothread = &view->placement->iothread;
	}
	text = cpu_map_text(&map);
	buf_adds(out, text);
}

/* "1 core", "2 cores"; the caller owns them. */
static char *cores_words(size_t n)
{
	return n == 1 ? xstrdup(_("1 core")) : xasprintf(_("%zu cores"), n);
}

static char *threads_words(size_t n)
{
	return n == 1 ? xstrdup(_("1 thread")) : xasprintf(_("%zu threads"), n);
}

static void add_placed(struct buf *out, const struct placement *p)
{
	own_free char *cores = cores_words(p->cores), *threads = threads_words(p->threads);

	if (!p->pinned) {
		buf_addf(
			out,
			_("\nThe guest has %s of %s each; nothing is pinned: they run where the scheduler puts them.\n"),
			cores, threads);
		return;
	}
	buf_addf(
		out,
		_("\nIn a cell: the host's processor, and what runs there: v0 is the guest's 0, e QEMU's own\nthreads%s.\n"),
		p->iothreads ? _(", i those of disks") : "");
	placement_print(out, p);
}

static char *view_text(const struct view *view, bool color)
{
	const struct cpu_topology *t = view->topology;
	own_free char *model = text_quote(view->cpu->model, 64);
	own_free char *cores = cores_words(t->cores), *threads = threads_words(view->cpu->online);
	struct buf out = {0};

	buf_addf(&out, "%s: %s, %s\n", *model ? model : _("unknown processor"), cores, threads);
	buf_addf(&out, _("Kinds found by: %s\n"), t->source);
	for (size_t i = 0; i < t->doubts; i++)
		buf_addf(&out, _("Doubt: %s\n"), t->doubt[i]);
	buf_addc(&out, '\n');
	add_map(&out, view, color);
	if (view->placement)
		add_placed(&out, view->placement);
	return buf_steal(&out);
}

static void add_caches(json_object *list, int level, const struct cpu_group *group, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_new_object();

		json_add_number(o, "level", level);
		json_object_object_add(o, "bytes",
				       group[i].size ? json_object_new_int64((int64_t)group[i].size)
						     : NULL);
		json_add_cpus(o, "cpus", &group[i].cpus);
		json_object_array_add(list, o);
	}
}

static json_object *nodes_json(const struct cpu_topology *t)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->nodes; i++) {
		json_object *o = json_object_new_object();

		json_add_number(o, "node", (int)t->node[i].number);
		json_add_cpus(o, "cpus", &t->node[i].cpus);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *siblings_json(const struct cpu_topology *t)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->cores; i++) {
		own_free char *core = cpu_set_text(&t->core[i]);

		json_object_array_add(list, json_object_new_string(core));
	}
	return list;
}

static json_object *doubts_json(const struct cpu_topology *t)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->doubts; i++)
		json_object_array_add(list, json_object_new_string(t->doubt[i]));
	return list;
}

static char *view_json(const struct view *view)
{
	const struct cpu_topology *t = view->topology;
	own_free char *model = text_quote(view->cpu->model, 200);
	json_object *top = json_object_new_object(), *caches = json_object_new_array();
	char *text;

	json_add_number(top, "version", 1);
	json_add_text(top, "model", model);
	json_add_cpus(top, "online", &t->online);
	json_add_cpus(top, "offline", &t->offline);
	json_add_cpus(top, "isolated", &t->isolated);
	json_add_cpus(top, "nohz_full", &t->tickless);
	json_add_cpus(top, "performance", &t->kind[CPU_PERFORMANCE]);
	json_add_cpus(top, "efficiency", &t->kind[CPU_EFFICIENCY]);
	json_add_cpus(top, "low_power", &t->kind[CPU_LOW_POWER]);
	json_object_object_add(top, "siblings", siblings_json(t));
	json_add_text(top, "source", t->source);
	json_object_object_add(top, "doubts", doubts_json(t));
	add_caches(caches, 2, t->l2, t->l2s);
	add_caches(caches, 3, t->l3, t->l3s);
	json_object_object_add(top, "caches", caches);
	json_object_object_add(top, "nodes", nodes_json(t));
	json_object_object_add(top, "placement",
			       view->placement ? placement_object(view->placement) : NULL);
	text = json_document(top);
	json_object_put(top);
	return text;
}

/* ------------------------------------------------------------------ the command */

static void print_cpus(const struct arguments *args, const struct root *root,
		       const struct cpu_facts *cpu, const struct placement *placement)
{
	struct cpu_topology topology;
	struct view view = {.cpu = cpu, .topology = &topology, .placement = placement};
	own_free char *text = NULL;

	cpu_topology_collect(&topology, root, cpu->vendor, true);
	text = argument_option(args, "json") ? view_json(&view)
					     : view_text(&view, wants_color(args));
	fputs(text, stdout);
	cpu_topology_free(&topology);
}

int command_cpus(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;

	if (args->words) {
		if (!gather(&g, args, &(struct gather_for){.places = true}, err))
			return ERROR_FAILED;
		print_cpus(args, &g.root, &g.facts.cpu, &g.plan->placement);
		return 0;
	}
	if (!root_init(&g.root, argument_option(args, "host-root"), err))
		return ERROR_USAGE;
	facts_collect(&g.facts, &g.root);
	print_cpus(args, &g.root, &g.facts.cpu, NULL);
	return 0;
}
