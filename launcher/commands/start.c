/* Running what was gathered: as planned, or as it can be had by then. */
#include "common.h"

#include "base/own.h"
#include "base/say.h"

void tell_notes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->warnings; i++)
		say(SAY_WARNING, "%s: %s", plan->name, plan->warning[i]);
	for (size_t i = 0; i < plan->notes; i++)
		say(SAY_NOTE, "%s: %s", plan->name, plan->note[i]);
}

/* The same machine with transparent huge pages. */
static const struct plan *without_pages(void *context, uint64_t got, struct error **err)
{
	struct gathered *g = context;

	g->input.pages_refused = true;
	g->input.pages_got = got;
	plan_free(g->plan);
	g->plan = plan_compose(&g->input, err);
	if (g->plan)
		tell_notes(g->plan);
	return g->plan;
}

/* The same machine on the host as it is by now. */
static const struct plan *plan_anew(void *context, struct error **err)
{
	struct gathered *g = context;

	say(SAY_NOTE, "%s: looking at the host anew", g->plan->name);
	if (!gather_anew(g, err))
		return NULL;
	plan_free(g->plan);
	g->plan = plan_compose(&g->input, err);
	if (g->plan)
		tell_notes(g->plan);
	return g->plan;
}

bool run_gathered(struct gathered *g, const struct supervise_options *supervise,
		  struct ending *ending, struct error **err)
{
	struct machine_options options = {
		.supervise = *supervise,
		.keeper = steal_fd(&g->keeper),
		.link = g->link,
		.anew = plan_anew,
		.without_pages = without_pages,
		.context = g,
	};

	g->link = LINK_NONE;
	tell_notes(g->plan);
	machine_hold_signals();
	return machine_run(g->plan, &options, ending, err);
}
