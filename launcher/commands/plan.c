#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "common.h"
#include "host/names.h"

/* What each of the host's functions is called, which the caller frees with their strings. */
static char **function_names(const struct gathered *g)
{
	const struct pci_list *list = &g->facts.devices.pci;
	own_free struct id_name *id = xcalloc(list->n + 1, sizeof(*id));
	char **name = xcalloc(list->n + 1, sizeof(*name));

	for (size_t i = 0; i < list->n; i++)
		id[i] = (struct id_name){.vendor = list->v[i].vendor, .device = list->v[i].device};
	names_pci(id, list->n, &g->root);
	for (size_t i = 0; i < list->n; i++)
		if (id[i].vendor_name || id[i].device_name)
			name[i] = xasprintf("%s%s%s", id[i].vendor_name ? id[i].vendor_name : "",
					    id[i].vendor_name && id[i].device_name ? " " : "",
					    id[i].device_name ? id[i].device_name : "");
	id_names_free(id, list->n);
	return name;
}

static char *page_of(const struct gathered *g)
{
	char **name = function_names(g);
	char *page = plan_page(g->plan, &g->input, (const char *const *)name);

	for (size_t i = 0; i < g->facts.devices.pci.n; i++)
		free(name[i]);
	free(name);
	return page;
}

int command_plan(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;
	const char *format = argument_option(args, "format");
	own_free char *text = NULL;
	size_t len = 0;

	format = format ? format : "text";
	if (strcmp(format, "text") != 0 && strcmp(format, "argv") != 0 &&
	    strcmp(format, "argv0") != 0 && strcmp(format, "json") != 0 &&
	    strcmp(format, "html") != 0) {
		error_add(err, ERROR_USAGE, "--format is text, argv, argv0, json or html, not '%s'",
			  format);
		return ERROR_USAGE;
	}
	if (!gather(&g, args, &(struct gather_for){.purpose = PURPOSE_RUN}, err))
		return ERROR_FAILED;
	/* An argument vector has no place for them. */
	if (strncmp(format, "argv", 4) == 0)
		tell_notes(g.plan);
	if (strcmp(format, "argv") == 0)
		text = plan_lines(g.plan, '\n', &len);
	else if (strcmp(format, "argv0") == 0)
		text = plan_lines(g.plan, '\0', &len);
	else if (strcmp(format, "html") == 0)
		text = page_of(&g);
	else
		text = strcmp(format, "json") == 0 ? plan_json(g.plan) : plan_text(g.plan);
	fwrite(text, 1, len ? len : strlen(text), stdout);
	return 0;
}
