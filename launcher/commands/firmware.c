/* Firmware that was found, what is chosen of it, and what a machine's variable store holds. Looks
 * and changes nothing: a store is only ever opened for reading, also while its machine runs.
 */
#include "firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "command.h"
#include "common.h"
#include "run/identity.h"

/* All that is looked at, and what the view points into. */
struct look {
	struct gathered g;
	struct firmware named; /* files that the profile names */
	char *name;	       /* of a machine without a profile */
	struct firmware_view view;
};

static void look_free(struct look *look)
{
	struct store_view *store = &look->view.store;

	free(store->path);
	free(store->why);
	secure_boot_free(&store->secure_boot);
	boot_entries_free(store->entry, store->entries);
	free(store->missing);
	for (size_t i = 0; i < look->view.choices; i++)
		free(look->view.choice[i].why);
	free(look->name);
	gathered_free(&look->g);
}
#define own_look own_with(look_free)

/* Reads the store that is open at fd; takes over path. */
static void read_store(struct firmware_view *view, const char *whose, char *path, int fd)
{
	struct store_view *s = &view->store;
	own_varstore struct varstore store = {0};

	view->has_store = true;
	s->whose = whose;
	s->path = path;
	if (fd < 0) {
		s->why = xstrdup(strerror(errno));
		return;
	}
	if (!varstore_read(&store, fd, &s->why))
		return;
	secure_boot_read(&s->secure_boot, &store);
	s->entry = boot_entries_read(&store, &s->entries);
	s->missings = secure_boot_missing(&s->secure_boot, &s->missing, &s->ended);
}

/* The machine's own store, if it has one by now. */
static bool look_at_store(struct look *look, const char *name)
{
	static const char *const file[] = {"vars.fd", "vars.qcow2"};

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		own_free char *dir = path_join(look->g.dirs.state, name);
		own_free char *path = path_join(dir, file[i]);
		own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		if (fd < 0 && errno == ENOENT)
			continue;
		read_store(&look->view, name, steal(&path), fd);
		return true;
	}
	return false;
}

static void look_at_template(struct look *look, const struct firmware *firmware)
{
	own_fd int fd = root_open(firmware == &look->named ? &ROOT_REAL : &look->g.root,
				  firmware->vars, O_RDONLY);

	read_store(&look->view, NULL, xstrdup(firmware->vars), fd);
}

/* Why this one was chosen of those that fit. */
static char *chosen_why(const struct firmware *firmware, bool secure_boot)
{
	if (!firmware->descriptor)
		return xstrdup("the profile names its files");
	if (!secure_boot)
		return xstrdup("the first without Secure Boot (of equals, raw files of 4 MiB)");
	return xstrdup(firmware->enrolled ? "the first with Secure Boot and enrolled keys"
					  : "the first with Secure Boot; none has enrolled keys");
}

static void choose_firmware(struct look *look, bool secure_boot)
{
	struct firmware_view *view = &look->view;
	struct choice_view *choice = &view->choice[view->choices++];
	own_error struct error *problem = NULL;

	choice->secure_boot = secure_boot;
	choice->firmware = look->named.code ? &look->named
					    : firmware_choose(&look->g.firmware, view->machine,
							      secure_boot, &problem);
	choice->why = choice->firmware ? chosen_why(choice->firmware, secure_boot)
				       : xstrdup("nothing that was found is for this");
}

static enum firmware_format format_of(const char *path)
{
	return text_ends(path, ".qcow2") ? FIRMWARE_QCOW2 : FIRMWARE_RAW;
}

static void take_profile(struct look *look)
{
	const struct firmware_section *f = &look->g.profile->firmware;

	if (f->code.v && f->vars.v)
		look->named = (struct firmware){
			.code = f->code.v,
			.vars = f->vars.v,
			.code_format = format_of(f->code.v),
			.vars_format = format_of(f->vars.v),
			.secure_boot = f->secure_boot.v,
		};
}

/* What QEMU and the distribution offer; the machine type is the profile's or the newest. */
static bool find_all(struct look *look, struct error **err)
{
	struct gathered *g = &look->g;
	const struct profile *p = g->profile;
	struct firmware_view *view = &look->view;

	if (!facts_qemu(&g->facts, p ? p->qemu.binary.v : "qemu-system-x86_64", g->dirs.cache, err))
		return false;
	gather_firmware(g);
	view->found = true;
	view->list = &g->firmware;
	view->qemu = g->facts.qemu.path;
	view->qemu_version = g->facts.qemu.version;
	if (p)
		gather_record(g);
	view->machine = p && p->vm.machine.given   ? p->vm.machine.name
			: p && g->recorded_machine ? g->recorded_machine
						   : qemu_newest_q35(&g->facts.qemu);
	if (view->machine)
		return true;
	error_add(err, ERROR_HOST, "%s offers no pc-q35 machine", view->qemu);
	return false;
}

static bool look_at_profile(struct look *look, const struct arguments *args, struct error **err)
{
	const struct profile *p;
	size_t sets;
	own_free char **set = argument_options(args, "set", &sets);

	look->g.profile = profile_load_unchecked(args->word[0], argument_option(args, "variant"),
						 set, sets, err);
	p = look->g.profile;
	if (!p)
		return false;
	look->view.profile = p->path;
	take_profile(look);
	if (!find_all(look, err))
		return false;
	if (p->firmware.uefi.v)
		choose_firmware(look, p->firmware.secure_boot.v);
	if (!look_at_store(look, p->vm.name.v) && look->view.choices &&
	    look->view.choice[0].firmware)
		look_at_template(look, look->view.choice[0].firmware);
	return true;
}

/* No profile: what a new machine would get. */
static bool look_at_host(struct look *look, struct error **err)
{
	if (!find_all(look, err))
		return false;
	choose_firmware(look, false);
	choose_firmware(look, true);
	if (look->view.choice[1].firmware)
		look_at_template(look, look->view.choice[1].firmware);
	return true;
}

/* A word that is no profile is the name of a machine that was started before. */
static bool look_at_machine(struct look *look, const char *name, struct error **err)
{
	own_free char *shown = text_quote(name, 64);

	look->name = xstrdup(name);
	if (*name && *name != '.' && look_at_store(look, look->name))
		return true;
	error_add(err, ERROR_USAGE,
		  "%s is no profile, and no machine of that name has a variable store in %s", shown,
		  look->g.dirs.state);
	return false;
}

static bool is_profile(const char *word)
{
	return strchr(word, '/') || text_ends(word, ".ini") || access(word, F_OK) == 0;
}

int command_firmware(const struct arguments *args, struct error **err)
{
	own_look struct look look = {.g = GATHERED_NONE};
	own_free char *text = NULL;
	bool good;

	if (!identity_of_caller(NULL, err) || !dirs_find(&look.g.dirs, err) ||
	    !root_init(&look.g.root, argument_option(args, "host-root"), err))
		return ERROR_USAGE;
	look.view.now = (int64_t)time(NULL);
	good = args->words == 0		   ? look_at_host(&look, err)
	       : is_profile(args->word[0]) ? look_at_profile(&look, args, err)
					   : look_at_machine(&look, args->word[0], err);
	if (!good)
		return ERROR_FAILED;
	text = argument_option(args, "json") ? firmware_json(&look.view)
					     : firmware_text(&look.view);
	fputs(text, stdout);
	return 0;
}
