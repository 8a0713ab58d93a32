/* A line of /proc/interrupts is "NUMBER: COUNT... CHIP HWIRQ-TRIGGER NAME", with a count for each
 * processor that is online (Linux, kernel/irq/proc.c, show_interrupts()). The name that vfio-pci
 * gives is one word (drivers/vfio/pci/vfio_pci_intrs.c).
 */
#include "interrupts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static uint64_t sum_of_counts(const char *at)
{
	uint64_t sum = 0;

	for (;;) {
		char *end;
		uint64_t count = strtoull(at, &end, 10);

		if (end == at)
			return sum;
		sum += count;
		at = end;
	}
}

/* mark is "(ADDRESS)" in the line: in the handler's name, beside those of others that share it. */
static void add_line(struct interrupt_list *list, const struct root *root, const char *line,
		     const char *mark)
{
	const char *number = line + strspn(line, " "), *colon = strchr(number, ':');
	const char *name = mark, *end = strchr(mark, ')');
	char *on;

	while (name > line && name[-1] != ' ')
		name--;
	if (!colon || name <= colon)
		return;
	own_free char *word = xstrndup(number, (size_t)(colon - number));

	on = root_line(root, "/proc/irq/%s/effective_affinity_list", word);
	*xappend(list->v, list->n) = (struct interrupt){
		.number = steal(&word),
		.name = xstrndup(name, (size_t)(end + 1 - name)),
		.count = sum_of_counts(colon + 1),
		.on = on ? on : xstrdup(""),
	};
}

void interrupts_read(struct interrupt_list *list, const struct root *root, const char *address)
{
	own_free char *text = root_read(root, "/proc/interrupts");
	own_free char *named = xasprintf("(%s)", address);

	*list = (struct interrupt_list){0};
	for (char *line = text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		const char *mark = strstr(line, named);

		if (mark)
			add_line(list, root, line, mark);
	}
}

void interrupts_free(struct interrupt_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].number);
		free(list->v[i].name);
		free(list->v[i].on);
	}
	free(list->v);
	*list = (struct interrupt_list){0};
}

const struct interrupt *interrupts_find(const struct interrupt_list *list, const char *number)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].number, number) == 0)
			return &list->v[i];
	return NULL;
}
