#include "plug.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/own.h"
#include "base/root.h"
#include "base/say.h"
#include "base/text.h"

/* #syscalls(supervisor) inotify_init1 inotify_add_watch */

#define NODES "/dev/bus/usb" /* BUS/NUMBER, as the kernel makes them */
#define QUOTED 200

/* Attributes too: udev gives a node its rights when it is there. */
#define NODE_EVENTS (IN_CREATE | IN_DELETE | IN_ATTRIB)

/* A bus more makes a directory; to watch one again changes nothing. */
static void watch_nodes(const struct plug *plug)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **bus = root_list(&real, &n, NODES);

	inotify_add_watch(plug->watch, NODES, IN_CREATE | IN_ONLYDIR);
	for (size_t i = 0; i < n; i++) {
		own_free char *path = xasprintf(NODES "/%s", bus[i]);

		inotify_add_watch(plug->watch, path, NODE_EVENTS | IN_ONLYDIR);
	}
	names_free(bus, n);
}

/* ------------------------------------------------------------------ there and back */

static bool send_command(struct plug_item *item, struct qmp *qmp, const char *command,
			 json_object *arguments)
{
	own_error struct error *err = NULL;

	return qmp_send(qmp, command, arguments, &item->asked, &err);
}

static void take_away(struct plug *plug, size_t i, struct qmp *qmp)
{
	const struct plan_usb *usb = &plug->plan->usb[i];
	json_object *arguments = json_object_new_object();

	json_add_text(arguments, "id", usb->id);
	if (send_command(&plug->item[i], qmp, "device_del", arguments))
		say(SAY_NOTE, "%s: %s was unplugged", plug->plan->name, usb->title);
	plug->item[i].number = 0;
}

/* Who has no keeper may be let in by udev's rules. */
static bool may_open(const struct plug *plug, const struct plugged *found, struct error **err)
{
	struct intent intent = {.kind = STEP_GRANT};

	if (found->accessible)
		return true;
	if (!plug->link || plug->link->fd < 0) {
		error_add(
			err, ERROR_HOST,
			"you may not open %s, and no keeper was needed for this start that could let you: 'sudo setfacl -m u:%u:rw %s'",
			found->node, (unsigned)geteuid(), found->node);
		return false;
	}
	intent.grant.node = NODE_USB;
	intent.grant.a = found->bus;
	intent.grant.b = found->number;
	intent.grant.ids = (uint32_t)found->vendor << 16 | found->product;
	return link_intent(plug->link, &intent, NULL, err);
}

static void give(struct plug *plug, size_t i, const struct plugged *found, struct qmp *qmp)
{
	const struct plan_usb *usb = &plug->plan->usb[i];
	struct plug_item *item = &plug->item[i];
	own_free char *port = xasprintf("%u", usb->port);
	own_error struct error *err = NULL;
	json_object *arguments;

	if (found->use)
		error_add(&err, ERROR_HOST, "%s", found->use);
	if (found->use || !may_open(plug, found, &err)) {
		if (item->told != found->number)
			say(SAY_NOTE, "%s: %s is there, and not the guest's yet: %s",
			    plug->plan->name, usb->title, error_message(err, 0));
		item->told = found->number;
		return;
	}
	arguments = json_object_new_object();
	json_add_text(arguments, "driver", "usb-host");
	json_add_text(arguments, "id", usb->id);
	json_add_text(arguments, "bus", "usb.0");
	json_add_text(arguments, "port", port);
	json_add_number(arguments, "hostbus", (int)found->bus);
	json_add_number(arguments, "hostaddr", (int)found->number);
	if (usb->bootindex)
		json_add_number(arguments, "bootindex", (int)usb->bootindex);
	if (!send_command(item, qmp, "device_add", arguments))
		return;
	item->bus = found->bus;
	item->number = found->number;
}

/* ------------------------------------------------------------------ looking */

/* One whose command is on its way is looked at when that is answered. */
static void look_at(struct plug *plug, size_t i, struct qmp *qmp)
{
	struct plug_item *item = &plug->item[i];
	struct plugged found = {0};

	if (item->asked || plug->asked)
		return;
	plug->find(plug->plan->usb[i].device, &found);
	if (item->number && (found.number != item->number || found.bus != item->bus))
		take_away(plug, i, qmp);
	if (!item->number && found.number && !item->asked)
		give(plug, i, &found, qmp);
	free(found.node);
	free(found.use);
}

static void look(struct plug *plug, struct qmp *qmp)
{
	for (size_t i = 0; i < plug->plan->usbs; i++)
		look_at(plug, i, qmp);
}

/* What is there is taken for the guest's until QEMU has answered, and where it does not. */
static void ask_what_it_has(struct plug *plug, struct qmp *qmp)
{
	own_error struct error *err = NULL;
	json_object *arguments = json_object_new_object();

	json_add_text(arguments, "path", "/machine/peripheral");
	qmp_send(qmp, "qom-list", arguments, &plug->asked, &err);
}

/* QAPI: ObjectPropertyInfo; a device's property is called as its id. */
static bool has_device(json_object *list, const char *id)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = json_member_text(json_object_array_get_idx(list, i), "name");

		if (name && strcmp(name, id) == 0)
			return true;
	}
	return false;
}

static void take_list(struct plug *plug, struct qmp *qmp, const struct qmp_message *m)
{
	if (m->kind != QMP_REPLY || !json_object_is_type(m->data, json_type_array))
		return;
	for (size_t i = 0; i < plug->plan->usbs; i++)
		if (!has_device(m->data, plug->plan->usb[i].id))
			plug->item[i].number = 0;
		else if (!plug->item[i].number)
			take_away(plug, i, qmp);
}

void plug_begin(struct plug *plug, const struct plan *plan, struct link *link, struct qmp *qmp,
		plug_find *find, bool adopted)
{
	*plug = PLUG_NONE;
	if (!find || !plan->usbs)
		return;
	plug->plan = plan;
	plug->link = link;
	plug->find = find;
	plug->item = xcalloc(plan->usbs, sizeof(*plug->item));
	plug->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (plug->watch >= 0)
		watch_nodes(plug);
	for (size_t i = 0; i < plan->usbs; i++) {
		struct plugged found = {0};

		if (!plan->usb[i].given && !adopted)
			continue;
		find(plan->usb[i].device, &found);
		plug->item[i] = (struct plug_item){.bus = found.bus, .number = found.number};
		free(found.node);
		free(found.use);
	}
	if (adopted)
		ask_what_it_has(plug, qmp);
	look(plug, qmp);
}

void plug_poll(const struct plug *plug, struct pollfd *p)
{
	*p = (struct pollfd){.fd = plug->watch, .events = POLLIN};
}

void plug_go(struct plug *plug, struct qmp *qmp)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(plug->watch, events, sizeof(events)) > 0)
		continue;
	watch_nodes(plug);
	look(plug, qmp);
}

static void tell_answer(const struct plug *plug, size_t i, const struct qmp_message *m)
{
	const struct plan_usb *usb = &plug->plan->usb[i];
	struct plug_item *item = &plug->item[i];
	own_free char *why = text_quote(m->text ? m->text : "", QUOTED);

	if (m->kind == QMP_REPLY && item->number) {
		say(SAY_NOTE, "%s: %s is the guest's", plug->plan->name, usb->title);
	} else if (m->kind == QMP_FAILURE && item->number && !strstr(why, "uplicate")) {
		say(SAY_WARNING, "%s: %s is not the guest's: QEMU: %s", plug->plan->name,
		    usb->title, why);
		item->told = item->number;
	}
}

bool plug_answer(struct plug *plug, struct qmp *qmp, const struct qmp_message *m)
{
	if (plug->asked && plug->asked == m->id) {
		plug->asked = 0;
		take_list(plug, qmp, m);
		look(plug, qmp);
		return true;
	}
	for (size_t i = 0; plug->item && i < plug->plan->usbs; i++) {
		if (!plug->item[i].asked || plug->item[i].asked != m->id)
			continue;
		plug->item[i].asked = 0;
		tell_answer(plug, i, m);
		look_at(plug, i, qmp);
		return true;
	}
	return false;
}

void plug_forget(struct plug *plug)
{
	plug->asked = 0;
	for (size_t i = 0; plug->item && i < plug->plan->usbs; i++)
		plug->item[i].asked = 0;
}

void plug_free(struct plug *plug)
{
	close_fd(&plug->watch);
	free(steal(&plug->item));
}
