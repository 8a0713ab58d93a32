/* Snapshots of a machine's qcow2 disks while it is off: internal ones, which qemu-img makes in the
 * image itself. The machine's lock is held meanwhile, so that no start comes between.
 *
 * One snapshot is one name in every disk that the guest writes. qemu-img looks for a name among ids
 * and names alike, so that a name of ours is never a number, and what is applied or removed is
 * named by its id.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/distribution.h"
#include "base/file.h"
#include "base/json.h"
#include "base/program.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "run/identity.h"
#include "run/tool.h"

#define TAG_MOST 64

struct image_snapshots {
	const struct disk *disk;
	json_object *list; /* qemu-img info's "snapshots"; NULL: none */
};

struct snapshots {
	struct profile *profile;
	struct dirs dirs;
	char *program; /* qemu-img */
	struct lock lock;
	struct image_snapshots *v;
	size_t n;
};

static void snapshots_free(struct snapshots *s)
{
	lock_release(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		json_object_put(s->v[i].list);
	free(s->v);
	free(s->program);
	dirs_free(&s->dirs);
	profile_free(s->profile);
}

/* ------------------------------------------------------------------ what there is */

static bool read_image(const struct snapshots *s, struct image_snapshots *image, struct error **err)
{
	const char *const argv[] = {s->program,		 "info", "-f", "qcow2", "--output=json",
				    image->disk->path.v, NULL};
	own_free char *text = tool_output(argv, err);
	own_json json_object *info = NULL;
	json_object *list;

	if (!text)
		return false;
	if (!json_read(text, strlen(text), JSON_DEPTH_MOST, &info, NULL)) {
		error_add(err, ERROR_HOST, "qemu-img info of %s is no JSON", image->disk->path.v);
		return false;
	}
	if (json_object_object_get_ex(info, "snapshots", &list) &&
	    json_object_is_type(list, json_type_array))
		image->list = json_object_get(list);
	return true;
}

static size_t snapshots_of(const struct image_snapshots *image)
{
	return image->list ? json_object_array_length(image->list) : 0;
}

/* The snapshot of that name in an image, or NULL. */
static json_object *find_snapshot(const struct image_snapshots *image, const char *tag)
{
	for (size_t i = 0; i < snapshots_of(image); i++) {
		json_object *one = json_object_array_get_idx(image->list, i);

		if (strcmp(json_member_text(one, "name"), tag) == 0)
			return one;
	}
	return NULL;
}

static bool take_disks(struct snapshots *s, struct error **err)
{
	for (size_t i = 0; i < s->profile->disk.n; i++) {
		const struct disk *disk = (const struct disk *)s->profile->disk.v[i];
		own_free char *name = text_word(disk->item.name);

		if (!disk->item.enabled.v || !disk->path.v || disk->media.v != MEDIA_DISK ||
		    disk->read_only.v)
			continue;
		if (!plan_disk_is_qcow2(disk)) {
			say(SAY_WARNING,
			    "disk %s is raw, and has no snapshots: it stays as it is whatever is done to the others",
			    name);
			continue;
		}
		*xappend(s->v, s->n) = (struct image_snapshots){.disk = disk};
		if (!read_image(s, &s->v[s->n - 1], err))
			return false;
	}
	if (!s->n)
		error_add(
			err, ERROR_HOST,
			"%s has no disk in qcow2 that its guest writes: there is nothing to make a snapshot of",
			s->profile->vm.name.v);
	return s->n;
}

/* Opens the machine of a profile, and holds it off. */
static bool snapshots_open(struct snapshots *s, const struct arguments *args, struct error **err)
{
	size_t sets;
	own_free char **set = argument_options(args, "set", &sets), *dir = NULL;

	if (!identity_of_caller(NULL, err))
		return false;
	s->profile = profile_load_unchecked(args->word[1], argument_option(args, "variant"), set,
					    sets, err);
	if (!s->profile || !identity_of_profile(s->profile->vm.user.v, false, NULL, err) ||
	    !dirs_find(&s->dirs, err))
		return false;
	s->program = program_find("qemu-img");
	if (!s->program) {
		own_free char *install =
			distribution_install(distribution_read(&ROOT_REAL), PACKAGE_QEMU_IMG);

		error_add(err, ERROR_HOST, "qemu-img is not there: %s", install);
		return false;
	}
	dir = path_join(s->dirs.runtime, s->profile->vm.name.v);
	return lock_take(&s->lock, dir, err) && take_disks(s, err);
}

/* ------------------------------------------------------------------ what is done to each */

static bool change_snapshot(const struct snapshots *s, const struct image_snapshots *image,
			    const char *option, const char *which, struct error **err)
{
	const char *const argv[] = {s->program, "snapshot",	     "-q", option,
				    which,	image->disk->path.v, NULL};
	own_free char *unused = tool_output(argv, err);

	return unused;
}

static bool is_tag(const char *tag, struct error **err)
{
	static const char of[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(tag);
	own_free char *shown = text_quote(tag, TAG_MOST);

	if (len && len <= TAG_MOST && tag[strspn(tag, of)] == '\0' && *tag != '-' &&
	    tag[strspn(tag, "0123456789")] != '\0')
		return true;
	error_add(
		err, ERROR_USAGE,
		"'%s' is no name for a snapshot: letters, digits, '.', '_' and '-', at most %d, and not digits alone",
		shown, TAG_MOST);
	return false;
}

/* The names of the disks, for a sentence; the caller owns it. */
static char *disk_names(const struct snapshots *s, const char *tag)
{
	struct buf names = {0};

	for (size_t i = 0; i < s->n; i++) {
		own_free char *name = text_word(s->v[i].disk->item.name);

		if (!tag || find_snapshot(&s->v[i], tag))
			buf_addf(&names, "%s%s", names.len ? ", " : "", *name ? name : "disk");
	}
	return buf_steal(&names);
}

/* Where one disk refuses, those before it are put back. */
static bool make_snapshot(struct snapshots *s, const char *tag, struct error **err)
{
	own_free char *names = disk_names(s, NULL);

	for (size_t i = 0; i < s->n; i++)
		if (find_snapshot(&s->v[i], tag)) {
			error_add(
				err, ERROR_FAILED,
				"disk %s has a snapshot %s already: 'vmlaunch snapshot remove' takes it away",
				s->v[i].disk->item.name, tag);
			return false;
		}
	for (size_t i = 0; i < s->n; i++) {
		if (change_snapshot(s, &s->v[i], "-c", tag, err))
			continue;
		while (i-- > 0)
			change_snapshot(s, &s->v[i], "-d", tag, NULL);
		return false;
	}
	say(SAY_NOTE, "%s: snapshot %s of %s is made", s->profile->vm.name.v, tag, names);
	return true;
}

/* The id by which qemu-img finds that snapshot and no other; NULL with an error. */
static const char *id_of(const struct image_snapshots *image, const char *tag, struct error **err)
{
	json_object *one = find_snapshot(image, tag);
	const char *id = json_member_text(one, "id");

	if (!one)
		error_add(err, ERROR_FAILED, "disk %s has no snapshot %s", image->disk->item.name,
			  tag);
	else if (!*id || find_snapshot(image, id))
		error_add(
			err, ERROR_FAILED,
			"disk %s: another snapshot is called as %s is numbered: qemu-img cannot tell them apart",
			image->disk->item.name, tag);
	else
		return id;
	return NULL;
}

/* In local time; the caller owns it. */
static char *date_text(json_object *seconds)
{
	time_t when = (time_t)json_object_get_int64(seconds);
	char text[40] = "";
	struct tm tm;

	if (localtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return xstrdup(text);
}

/* Whether the person agrees to lose what was written since. */
static bool user_agrees(const struct snapshots *s, const char *tag, bool yes, struct error **err)
{
	own_free char *date = date_text(
			      json_object_object_get(find_snapshot(&s->v[0], tag), "date-sec")),
		      *names = disk_names(s, NULL);
	char answer[8] = "";

	say(yes ? SAY_NOTE : SAY_WARNING,
	    "%s: what was written to %s since %s is lost for ever, unless a later snapshot has it; firmware variables and a TPM stay as they are",
	    s->profile->vm.name.v, names, date);
	if (yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		error_add(err, ERROR_USAGE,
			  "without a terminal to ask at, --yes says that it is meant");
		return false;
	}
	fprintf(stderr, "Apply snapshot %s? (y or n) ", tag);
	if (fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y'))
		return true;
	error_add(err, ERROR_FAILED, "nothing was changed");
	return false;
}

/* All have it before the first one is changed. */
static bool apply_snapshot(struct snapshots *s, const char *tag, bool yes, struct error **err)
{
	own_free char *names = disk_names(s, NULL);

	for (size_t i = 0; i < s->n; i++)
		if (!id_of(&s->v[i], tag, err))
			return false;
	if (!user_agrees(s, tag, yes, err))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (!change_snapshot(s, &s->v[i], "-a", id_of(&s->v[i], tag, NULL), err))
			return false;
	say(SAY_NOTE, "%s: %s as of snapshot %s again", s->profile->vm.name.v, names, tag);
	return true;
}

static bool take_away(struct snapshots *s, const char *tag, struct error **err)
{
	own_free char *names = disk_names(s, tag);
	size_t found = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!find_snapshot(&s->v[i], tag))
			continue;
		found++;
		if (!change_snapshot(s, &s->v[i], "-d", tag, err))
			return false;
	}
	if (found)
		say(SAY_NOTE, "%s: snapshot %s of %s is removed; the disks stay as they are",
		    s->profile->vm.name.v, tag, names);
	else
		error_add(err, ERROR_FAILED, "%s has no snapshot %s", s->profile->vm.name.v, tag);
	return found;
}

/* ------------------------------------------------------------------ the list */

/* All names, each once, with the disks that have it. */
static json_object *list_json(const struct snapshots *s)
{
	json_object *top = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < snapshots_of(&s->v[i]); k++) {
			json_object *one = json_object_array_get_idx(s->v[i].list, k), *o;
			const char *tag = json_member_text(one, "name");
			json_object *disks = json_object_new_array();
			bool told = false;

			for (size_t before = 0; before < i; before++)
				told |= find_snapshot(&s->v[before], tag) != NULL;
			for (size_t in = 0; in < s->n; in++)
				if (find_snapshot(&s->v[in], tag))
					json_object_array_add(
						disks,
						json_object_new_string(s->v[in].disk->item.name));
			o = json_object_new_object();
			json_add_text(o, "name", tag);
			json_object_object_add(
				o, "date",
				json_object_get(json_object_object_get(one, "date-sec")));
			json_add_bool(o, "whole", json_object_array_length(disks) == s->n);
			json_object_object_add(o, "disks", disks);
			if (told)
				json_object_put(o);
			else
				json_object_array_add(list, o);
		}
	json_add_number(top, "version", 1);
	json_add_text(top, "machine", s->profile->vm.name.v);
	json_object_object_add(top, "snapshots", list);
	return top;
}

static void print_list(const struct snapshots *s, json_object *top)
{
	json_object *list = json_object_object_get(top, "snapshots");
	size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n; i++) {
		json_object *one = json_object_array_get_idx(list, i);
		const char *tag = json_member_text(one, "name");
		own_free char *shown = text_quote(tag, TAG_MOST), *names = disk_names(s, tag);
		own_free char *date = date_text(json_object_object_get(one, "date"));

		printf("%-20s %s  %s%s\n", shown, date, names,
		       json_object_get_boolean(json_object_object_get(one, "whole"))
			       ? ""
			       : " (not of all disks)");
	}
	if (!n)
		say(SAY_NOTE, "%s has no snapshots", s->profile->vm.name.v);
}

int command_snapshot(const struct arguments *args, struct error **err)
{
	const char *what = args->word[0], *tag = args->words > 2 ? args->word[2] : NULL;
	bool lists = strcmp(what, "list") == 0, makes = strcmp(what, "make") == 0;
	bool applies = strcmp(what, "apply") == 0, removes = strcmp(what, "remove") == 0;
	own_with(snapshots_free) struct snapshots s = {.lock = LOCK_NONE};
	bool good;

	if (!(lists || makes || applies || removes) || lists == (tag != NULL)) {
		error_add(
			err, ERROR_USAGE,
			"usage: vmlaunch snapshot list PROFILE, or snapshot make, apply or remove PROFILE SNAPSHOT");
		return ERROR_USAGE;
	}
	if ((tag && !(makes ? is_tag(tag, err) : true)) || !snapshots_open(&s, args, err))
		return ERROR_FAILED;
	if (lists) {
		own_json json_object *top = list_json(&s);

		if (argument_option(args, "json"))
			print_document(top);
		else
			print_list(&s, top);
		return 0;
	}
	good = makes	 ? make_snapshot(&s, tag, err)
	       : applies ? apply_snapshot(&s, tag, argument_option(args, "yes"), err)
			 : take_away(&s, tag, err);
	return good ? 0 : ERROR_FAILED;
}
