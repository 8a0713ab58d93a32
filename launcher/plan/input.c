/* Keyboards and mice of the host's that the guest has by their events (evdev): QEMU grabs them, and
 * keys that are pressed together give them back and forth. The guest sees them as its USB keyboard
 * and mouse. A keyboard always has such keys, so that also the host's only one can be given away.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "compose.h"

static const struct input_device *find_input(const struct composer *c, const char *path)
{
	const struct input_list *list = &c->facts->devices.input;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i].node, path) == 0)
			return &list->v[i];
		for (size_t k = 0; k < list->v[i].links; k++)
			if (strcmp(list->v[i].link[k], path) == 0)
				return &list->v[i];
	}
	return NULL;
}

static const char *toggle_word(const struct input *input)
{
	static const char *const WORD[] = {
		[TOGGLE_CTRL_CTRL] = "ctrl-ctrl",     [TOGGLE_ALT_ALT] = "alt-alt",
		[TOGGLE_SHIFT_SHIFT] = "shift-shift", [TOGGLE_META_META] = "meta-meta",
		[TOGGLE_SCROLLLOCK] = "scrolllock",   [TOGGLE_CTRL_SCROLLLOCK] = "ctrl-scrolllock",
	};

	return WORD[input->grab_toggle.v];
}

/* False: it cannot be had. */
static bool check_input(struct composer *c, const struct input *input, const struct input_device *d)
{
	const char *key = compose_key(c, &input->device.at);
	own_free char *kinds = d ? input_kind_words(d->kinds) : NULL;
	own_free char *name = item_text(&input->item);

	for (size_t i = 0; d && i < c->inputs; i++) {
		own_free char *other = item_text(&c->input[i].input->item);

		if (c->input[i].device == d) {
			compose_wrong(c, input->device.at, "%s: is the device of [%s] already", key,
				      other);
			return false;
		}
	}
	if (!d) {
		compose_note(c, "%s: %s is not there, and is left out", name, input->device.v);
		return false;
	}
	if (strcmp(d->node, input->device.v) == 0)
		compose_note(c, "%s: %s may be another device after a restart: %s is what stays",
			     name, d->node,
			     d->links ? d->link[0] : "a name in /dev/input/by-id or by-path");
	if (!(d->kinds & (INPUT_KEYBOARD | INPUT_MOUSE)))
		compose_note(
			c,
			"%s: %s is no keyboard and no mouse (%s), and QEMU hands on keys, buttons and movements alone",
			name, input->device.v, kinds);
	return true;
}

static void add_input(struct composer *c, const struct input *input)
{
	const struct input_device *d = find_input(c, input->device.v);
	own_free char *id = compose_id(&input->item);
	struct option o;

	if (!check_input(c, input, d))
		return;
	c->input[c->inputs++] = (struct input_place){input, d};
	o = option_new("input-linux");
	option_text(&o, "id", id);
	option_text(&o, "evdev", input->device.v);
	if (d->kinds & INPUT_KEYBOARD) {
		option_on(&o, "grab_all", input->grab_all.v);
		option_on(&o, "repeat", input->repeat.v);
		option_text(&o, "grab-toggle", toggle_word(input));
		compose_note(c, "%s: the guest has it from the start; %s gives it back and forth",
			     input->device.v, toggle_word(input));
	}
	compose_argument(c, "-object", option_done(&o), &input->device.at, NULL);
}

bool compose_has_input(const struct composer *c)
{
	for (size_t i = 0; i < c->p->input.n; i++)
		if (c->p->input.v[i]->enabled.v)
			return true;
	return false;
}

void compose_inputs(struct composer *c)
{
	if (c->in->purpose == PURPOSE_PROBE || c->in->no_devices)
		return;
	for (size_t i = 0; i < c->p->input.n; i++)
		if (c->p->input.v[i]->enabled.v)
			add_input(c, (const struct input *)c->p->input.v[i]);
}
