/* USB devices of the host for a machine that runs, and back. QEMU opens the device's node as the
 * user, so that it is given only what that may open; what the host cannot do without stays.
 *
 * The device is named to QEMU by bus and number: so QEMU says at once if it cannot have it, where
 * by port or id it would wait without a word for one that it can. One that was unplugged in between
 * has another number, and is to be attached again.
 */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "base/tongue.h"
#include "common.h"
#include "host/input.h"
#include "host/storage.h"
#include "host/usb_pick.h"
#include "look_private.h"
#include "usb.h"

#define ID "host-usb-" /* begins the id in QEMU, behind it the port */

/* ------------------------------------------------------------------ which one */

static void list_alike(const struct usb_list *list, const struct usb_device *first,
		       struct buf *ports)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].vendor == first->vendor && list->v[i].product == first->product)
			buf_addf(ports, "%s%s", ports->len ? ", " : "", list->v[i].port);
}

/* The one device that a word means, as a profile would say it (host/usb_pick.h). */
static const struct usb_device *find_device(const struct usb_list *list, const char *word,
					    struct error **err)
{
	own_free char *shown = text_quote(word, 60);
	const struct usb_device *found = NULL;
	struct usb_selector selector;
	own_buf struct buf ports = {0};
	size_t n = 0;

	if (usb_selector_parse(word, &selector))
		found = usb_find(list, &selector, &n);
	if (n == 1)
		return found;
	if (!n) {
		error_add(
			err, ERROR_HOST,
			"there is no USB device %s; 'vmlaunch devices --usb' lists their ids and ports",
			shown);
		return NULL;
	}
	list_alike(list, found, &ports);
	error_add(err, ERROR_USAGE, "%zu devices are %s; name the port: %s", n, shown, ports.data);
	return NULL;
}

/* ------------------------------------------------------------------ what may not be taken */

static bool may_open(const struct root *root, const struct usb_device *device, struct error **err)
{
	own_free char *path = xasprintf("%s%s", root->path ? root->path : "", device->node);
	const struct passwd *user = getpwuid(geteuid());

	if (access(path, R_OK | W_OK) == 0)
		return true;
	error_add(
		err, ERROR_HOST,
		"you may not open %s, and QEMU runs as you: 'sudo setfacl -m u:%s:rw %s' lets you until it is unplugged",
		device->node, user ? user->pw_name : "YOU", device->node);
	return false;
}

static bool may_be_taken(const struct root *root, const struct usb_device *device,
			 struct error **err)
{
	own_input_list struct input_list input = {0};
	own_storage struct storage storage = {0};
	own_free char *use = NULL;

	input_list_read(&input, root);
	storage_read(&storage, root);
	use = usb_in_use(device, &input, &storage);
	if (!use)
		return may_open(root, device, err);
	error_add(err, ERROR_HOST, "the device at port %s %s", device->port, use);
	return false;
}

/* ------------------------------------------------------------------ there and back */

static bool ask_qemu(struct looking *looking, const char *command, json_object *arguments,
		     struct error **err)
{
	own_json json_object *answer = look_ask(looking, command, arguments, err);

	return answer;
}

static char *words_of(const struct usb_device *device)
{
	own_free char *name = text_quote(device->product_name ? device->product_name : "", 60);

	return xasprintf("%s%s%04x:%04x at %s%s", name, *name ? " (" : "", device->vendor,
			 device->product, device->port, *name ? ")" : "");
}

static bool add_at(struct looking *looking, const struct usb_device *device, const char *id,
		   unsigned at, struct error **err)
{
	own_free char *port = xasprintf("%u", at);
	json_object *arguments = json_object_new_object();

	json_add_text(arguments, "driver", "usb-host");
	json_add_text(arguments, "id", id);
	json_add_text(arguments, "bus", "usb.0");
	json_add_text(arguments, "port", port);
	json_add_number(arguments, "hostbus", (int)device->bus);
	json_add_number(arguments, "hostaddr", (int)device->number);
	return ask_qemu(looking, "device_add", arguments, err);
}

/* From the last port on: the profile's have the first ones, also those that are still to come. */
static bool add_device(struct looking *looking, const struct usb_device *device, const char *id,
		       struct error **err)
{
	for (unsigned port = USB_PORTS;; port--) {
		struct error *problem = NULL;

		if (add_at(looking, device, id, port, &problem))
			return true;
		if (port > 1 && strstr(error_message(problem, 0), "in use?")) {
			error_free(problem);
			continue;
		}
		error_merge(err, &problem);
		return false;
	}
}

/* The sentence that tells it, which the caller owns; NULL: it is not so. */
static char *attach_device(struct looking *looking, const struct root *root,
			   const struct usb_device *device, struct error **err)
{
	own_free char *id = xasprintf(ID "%s", device->port), *words = words_of(device);
	const char *machine = looking->session->name;
	struct error *problem = NULL;

	if (!may_be_taken(root, device, err))
		return NULL;
	if (!add_device(looking, device, id, &problem)) {
		const char *message = error_message(problem, 0);

		if (strstr(message, "usb.0"))
			error_context(&problem, "this machine has no USB controller");
		else if (strstr(message, "uplicate"))
			error_context(&problem, "%s is the guest's already", device->port);
		error_merge(err, &problem);
		return NULL;
	}
	return xasprintf(_("%s is the guest's; 'vmlaunch usb detach %s %s' gives it back"), words,
			 machine, device->port);
}

/* ------------------------------------------------------------------ back */

static bool has_number(struct looking *looking, const char *path, const char *property,
		       uint16_t wanted)
{
	own_error struct error *unused = NULL;
	own_json json_object *value = look_qom(looking, path, property, &unused);

	return wanted && json_object_get_int64(value) == wanted;
}

/* Whether the guest's device of that name is what a word means: by its port or its section's name,
 * which are in its id, or by the ids that a profile gave to QEMU. device is what the word means on
 * the host, NULL where it is not plugged in.
 */
static bool is_it(struct looking *looking, const char *name, const char *word,
		  const struct usb_device *device)
{
	own_free char *path = xasprintf("/machine/peripheral/%s", name);
	const char *rest = text_starts(name, ID) ? name + strlen(ID) : name;

	if (strcmp(rest, word) == 0 || (device && strcmp(rest, device->port) == 0))
		return true;
	return device && has_number(looking, path, "vendorid", device->vendor) &&
	       has_number(looking, path, "productid", device->product);
}

/* What hangs on the guest's own buses, as qom-list answers; NULL: not known. */
static json_object *peripherals(struct looking *looking)
{
	json_object *arguments = json_object_new_object();
	own_error struct error *unused = NULL;

	json_add_text(arguments, "path", "/machine/peripheral");
	return look_ask(looking, "qom-list", arguments, &unused);
}

static bool is_of_host(json_object *child)
{
	return text_starts(json_member_text(child, "type"), "child<usb-host");
}

/* The id of the guest's device; NULL where it has none such. The caller owns it. */
static char *attached_device(struct looking *looking, const struct usb_list *list, const char *word)
{
	own_json json_object *all = peripherals(looking);
	const struct usb_device *device = NULL;
	struct usb_selector selector;
	size_t found;

	if (usb_selector_parse(word, &selector))
		device = usb_find(list, &selector, &found);
	for (size_t i = 0; i < look_length(all); i++) {
		json_object *child = json_object_array_get_idx(all, i);
		const char *name = json_member_text(child, "name");

		if (is_of_host(child) && is_it(looking, name, word, device))
			return xstrdup(name);
	}
	return NULL;
}

static char *detach_device(struct looking *looking, const struct usb_list *list, const char *word,
			   struct error **err)
{
	own_free char *id = attached_device(looking, list, word), *shown = text_quote(word, 60);
	json_object *arguments;

	if (!id) {
		error_add(err, ERROR_FAILED, "%s is not attached to %s", shown,
			  looking->session->name);
		return NULL;
	}
	arguments = json_object_new_object();
	json_add_text(arguments, "id", id);
	if (!ask_qemu(looking, "device_del", arguments, err))
		return NULL;
	return xasprintf(_("%s is the host's again"), shown);
}

char *usb_change(struct looking *looking, const struct root *root, bool attaches, const char *word,
		 struct error **err)
{
	own_usb_list struct usb_list list = {0};
	const struct usb_device *device;

	usb_list_read(&list, root);
	if (!attaches)
		return detach_device(looking, &list, word, err);
	device = find_device(&list, word, err);
	return device ? attach_device(looking, root, device, err) : NULL;
}

/* ------------------------------------------------------------------ Tab */

static void offer(struct qmp_candidates *found, const char *typed, const char *name, char *note)
{
	if (text_starts(name, typed))
		*xappend(found->v, found->n) = (struct qmp_candidate){xstrdup(name), note, true};
	else
		free(note);
}

static void offer_host(const char *typed, struct qmp_candidates *found)
{
	own_usb_list struct usb_list list = {0};
	struct root real = ROOT_REAL;

	usb_list_read(&list, &real);
	for (size_t i = 0; i < list.n; i++)
		if (!list.v[i].hub)
			offer(found, typed, list.v[i].port, words_of(&list.v[i]));
}

static void offer_guest(struct looking *looking, const char *typed, struct qmp_candidates *found)
{
	own_json json_object *all = peripherals(looking);

	for (size_t i = 0; i < look_length(all); i++) {
		json_object *child = json_object_array_get_idx(all, i);
		const char *name = json_member_text(child, "name");

		if (is_of_host(child))
			offer(found, typed, text_starts(name, ID) ? name + strlen(ID) : name,
			      xstrdup(""));
	}
}

/* Tab waits no longer than it does for other names. */
static bool ask_soon(struct looking *looking, const char *command, json_object *arguments,
		     json_object **answer, struct error **err)
{
	return qmp_execute(looking->session->qmp, command, arguments, looking->session->patience,
			   answer, err);
}

void usb_complete(struct session *session, const char *typed, struct qmp_candidates *found)
{
	struct looking looking = {.session = session, .ask = ask_soon};
	const char *word = strchr(typed, ' ');

	if (!word) {
		offer(found, typed, "attach", xstrdup(""));
		offer(found, typed, "detach", xstrdup(""));
		return;
	}
	word += strspn(word, " ");
	found->from += (size_t)(word - typed);
	if (text_starts(typed, "attach "))
		offer_host(word, found);
	else if (text_starts(typed, "detach "))
		offer_guest(&looking, word, found);
}

/* ------------------------------------------------------------------ the command */

/* attach|detach [NAME] DEVICE */
int command_usb(const struct arguments *args, struct error **err)
{
	bool attaches = strcmp(args->word[0], "attach") == 0;
	const char *word = args->word[args->words - 1];
	struct arguments machine = {&args->word[1], args->words - 2, args->option, args->options};
	own_session struct session session = {0};
	own_with(root_done) struct root root = ROOT_REAL;
	own_free char *words = NULL;
	struct looking looking;
	size_t unused;

	if (!attaches && strcmp(args->word[0], "detach") != 0) {
		error_add(err, ERROR_USAGE, "usage: vmlaunch usb attach|detach [NAME] DEVICE");
		return ERROR_USAGE;
	}
	if (!root_init(&root, argument_option(args, "host-root"), err))
		return ERROR_FAILED;
	if (!session_open(&session, &machine, &unused, err)) {
		error_set_kind(*err, ERROR_FAILED);
		return ERROR_FAILED;
	}
	looking = looking_alone(&session);
	words = usb_change(&looking, &root, attaches, word, err);
	if (words)
		say(SAY_NOTE, "%s: %s", session.name, words);
	return words ? 0 : ERROR_FAILED;
}
