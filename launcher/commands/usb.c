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
#include "common.h"
#include "host/input.h"
#include "host/storage.h"
#include "host/usb.h"
#include "session.h"

#define ID "host-usb-" /* begins the id in QEMU, behind it the port */

/* ------------------------------------------------------------------ which one */

static bool is_port(const char *word)
{
	return strchr(word, '-') && word[strspn(word, "0123456789.-")] == '\0';
}

static bool is_meant(const struct usb_device *device, const char *word)
{
	own_free char *id = xasprintf("%04x:%04x", device->vendor, device->product);

	return strcmp(device->port, word) == 0 || strcasecmp(id, word) == 0;
}

/* The one device that a word means: its port ("1-4.2") or its id ("046d:c52b"). */
static const struct usb_device *find(const struct usb_list *list, const char *word,
				     struct error **err)
{
	own_free char *shown = text_quote(word, 60);
	own_buf struct buf ports = {0};
	const struct usb_device *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (is_meant(&list->v[i], word)) {
			found = &list->v[i];
			buf_addf(&ports, "%s%s", n++ ? ", " : "", found->port);
		}
	if (n == 1)
		return found;
	if (n)
		error_add(err, ERROR_USAGE, "%zu devices are %s; name the port: %s", n, shown,
			  ports.data);
	else
		error_add(
			err, ERROR_HOST,
			"there is no USB device %s; 'vmlaunch devices --usb' lists their ids and ports",
			shown);
	return NULL;
}

/* ------------------------------------------------------------------ what may not be taken */

static bool is_below(const char *path, const char *device)
{
	size_t len = strlen(device);

	return strncmp(path, device, len) == 0 && path[len] == '/';
}

/* A stick that the host uses would lose what was not written yet. */
static bool is_used(const struct root *root, const struct usb_device *device, struct error **err)
{
	own_storage struct storage storage = {0};
	own_storage_claims struct storage_claims claims = {0};

	storage_read(&storage, root);
	for (size_t i = 0; i < storage.n; i++)
		if (!storage.v[i].disk && device->path && is_below(storage.v[i].path, device->path))
			storage_claims_of(&claims, &storage, &storage.v[i]);
	for (size_t i = 0; i < claims.n; i++) {
		own_free char *words = storage_claim_text(&claims.v[i]);

		error_add(err, ERROR_HOST, "%s: the host uses what is on it: %s", device->port,
			  words);
	}
	return claims.n;
}

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

	if (device->hub) {
		error_add(err, ERROR_HOST,
			  "%s is a hub: what is plugged into it can be had, each by itself",
			  device->port);
		return false;
	}
	input_list_read(&input, root);
	if (input_last_keyboard_usb(&input, device->port)) {
		error_add(
			err, ERROR_HOST,
			"%s is the host's last keyboard: nothing could be typed on the host any more",
			device->port);
		return false;
	}
	return !is_used(root, device, err) && may_open(root, device, err);
}

/* ------------------------------------------------------------------ there and back */

static bool ask(struct session *session, const char *command, json_object *arguments,
		struct error **err)
{
	return session_execute(session, command, arguments, false, NULL, err);
}

static char *words_of(const struct usb_device *device)
{
	own_free char *name = text_quote(device->product_name ? device->product_name : "", 60);

	return xasprintf("%s%s%04x:%04x at %s%s", name, *name ? " (" : "", device->vendor,
			 device->product, device->port, *name ? ")" : "");
}

static bool attach(struct session *session, const struct root *root,
		   const struct usb_device *device, struct error **err)
{
	own_free char *id = xasprintf(ID "%s", device->port), *words = words_of(device);
	own_json json_object *arguments = json_object_new_object();
	struct error *problem = NULL;

	if (!may_be_taken(root, device, err))
		return false;
	json_object_object_add(arguments, "driver", json_object_new_string("usb-host"));
	json_object_object_add(arguments, "id", json_object_new_string(id));
	json_object_object_add(arguments, "bus", json_object_new_string("usb.0"));
	json_object_object_add(arguments, "hostbus", json_object_new_int((int)device->bus));
	json_object_object_add(arguments, "hostaddr", json_object_new_int((int)device->number));
	if (!ask(session, "device_add", json_object_get(arguments), &problem)) {
		const char *message = error_message(problem, 0);

		if (strstr(message, "usb.0"))
			error_context(&problem, "this machine has no USB controller");
		else if (strstr(message, "uplicate"))
			error_context(&problem, "%s is the guest's already", device->port);
		error_merge(err, &problem);
		return false;
	}
	say(SAY_NOTE, "%s: %s is the guest's; 'vmlaunch usb detach %s %s' gives it back",
	    session->name, words, session->name, device->port);
	return true;
}

/* The port of what was attached may be all that is known of it: it may be unplugged by now. */
static bool detach(struct session *session, const struct usb_list *list, const char *word,
		   struct error **err)
{
	const struct usb_device *device = is_port(word) ? NULL : find(list, word, err);
	const char *port = is_port(word) ? word : device ? device->port : NULL;
	own_free char *id = port ? xasprintf(ID "%s", port) : NULL;
	json_object *arguments = json_object_new_object();
	struct error *problem = NULL;

	json_object_object_add(arguments, "id", json_object_new_string(id ? id : ""));
	if (!port) {
		json_object_put(arguments);
		return false;
	}
	if (!ask(session, "device_del", arguments, &problem)) {
		const char *class = qmp_error_class(session->qmp);

		if (class && strcmp(class, "DeviceNotFound") == 0) {
			error_free(steal(&problem));
			error_add(err, ERROR_FAILED, "%s is not attached to %s", port,
				  session->name);
		}
		error_merge(err, &problem);
		return false;
	}
	say(SAY_NOTE, "%s: %s is the host's again", session->name, port);
	return true;
}

/* attach|detach [NAME] DEVICE */
int command_usb(const struct arguments *args, struct error **err)
{
	bool attaches = strcmp(args->word[0], "attach") == 0;
	const char *word = args->word[args->words - 1];
	struct arguments machine = {&args->word[1], args->words - 2, args->option, args->options};
	own_session struct session session = {0};
	own_usb_list struct usb_list list = {0};
	own_with(root_done) struct root root = ROOT_REAL;
	const struct usb_device *device;
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
	usb_list_read(&list, &root);
	if (!attaches)
		return detach(&session, &list, word, err) ? 0 : ERROR_FAILED;
	device = find(&list, word, err);
	return device && attach(&session, &root, device, err) ? 0 : ERROR_FAILED;
}
