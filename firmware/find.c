/* Descriptors are looked for in several directories, merged by file name, sorted by it, and each is
 * either taken or passed over with a line that says why. Everything that a descriptor says is
 * checked for its type: these files are written by hand as well.
 *
 * "amd-sev" and its kin among the features only say that a build is *able* to run confidential
 * guests; Debian's ordinary builds say it. The builds for nothing else show in the mapping: they
 * keep no variables ("stateless") or are loaded as memory, and are passed over for that.
 */
#include "find.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "image.h"

/* Below the directories of data ("/usr/share"), and below QEMU's own ("/usr/share/qemu"). */
#define BELOW_SHARE "qemu/firmware"
#define BELOW_QEMU "firmware"

/* Those of all directories, the more specific first. */
struct search {
	struct source *source;
	size_t n;
	struct place {
		dev_t dev;
		ino_t ino;
	} * place; /* the directories */
	size_t places;
	struct buf looked_in;
	struct firmware_list *list; /* what is passed over */
};

/* How deep a descriptor may nest; the specification's own go three levels deep. */
#define DESCRIPTOR_DEPTH 16

/* A descriptor that is to be read: which file, and through which root. */
struct source {
	char *name; /* the file's name, by which directories are merged */
	char *path;
	const struct root *root;
};

static struct json_object *get_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

/* The string, or NULL when it is none or could not be a C string. */
static const char *as_string(struct json_object *value)
{
	const char *s;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	s = json_object_get_string(value);
	return strlen(s) == (size_t)json_object_get_string_len(value) ? s : NULL;
}

/* Element i of an array as a string, NULL past its end or when it is something else. */
static const char *string_at(struct json_object *array, size_t i)
{
	return as_string(json_object_array_get_idx(array, i));
}

static size_t array_length(struct json_object *value)
{
	return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
}

static bool array_lists(struct json_object *array, const char *wanted)
{
	for (size_t i = 0; i < array_length(array); i++) {
		const char *s = string_at(array, i);

		if (s && strcmp(s, wanted) == 0)
			return true;
	}
	return false;
}

/* Takes the globs of all targets for x86_64; false if there are none. */
static bool read_targets(struct firmware *fw, struct json_object *targets)
{
	for (size_t t = 0; t < array_length(targets); t++) {
		struct json_object *target = json_object_array_get_idx(targets, t);
		struct json_object *globs = get_member(target, "machines");
		const char *architecture = as_string(get_member(target, "architecture"));

		if (!architecture || strcmp(architecture, "x86_64") != 0)
			continue;
		for (size_t i = 0; i < array_length(globs); i++)
			if (string_at(globs, i))
				*xappend(fw->machine, fw->machines) = xstrdup(string_at(globs, i));
	}
	return fw->machines;
}

bool firmware_fits_machine(const struct firmware *fw, const char *machine)
{
	for (size_t i = 0; i < fw->machines; i++)
		/* "q35" is the name of the newest of them, and means all where it is a target. */
		if (fnmatch(fw->machine[i], machine, 0) == 0 ||
		    (strcmp(fw->machine[i], "q35") == 0 && text_starts(machine, "pc-q35-")))
			return true;
	return fw->machines == 0;
}

/* Why a mapping is none that a machine here can have; NULL where it is. The kinds are those of the
 * specification up to QEMU 11.1. The caller owns it.
 */
static char *wrong_mapping(struct json_object *mapping)
{
	static const struct {
		const char *device, *why;
	} other[] = {
		{"memory", "it is loaded as memory (-bios)"},
		{"kernel", "it is loaded as a kernel"},
		{"igvm", "it is an IGVM file, for confidential guests"},
	};
	const char *device = as_string(get_member(mapping, "device"));
	const char *mode = as_string(get_member(mapping, "mode"));
	const char *split = "firmware and variables here are two flash files";

	if (device && strcmp(device, "memory") == 0 && mode && strcmp(mode, "split") == 0)
		return xasprintf(
			"mapping.device is memory: it keeps its variables in QEMU's device uefi-vars; %s",
			split);
	for (size_t i = 0; device && i < ARRAY_SIZE(other); i++)
		if (strcmp(device, other[i].device) == 0)
			return xasprintf("mapping.device is %s: %s; %s", device, other[i].why,
					 split);
	if (!device || strcmp(device, "flash") != 0)
		return xasprintf("mapping.device is %s, not flash", device ? device : "missing");
	if (!get_member(mapping, "mode") || (mode && strcmp(mode, "split") == 0))
		return NULL;
	if (mode && strcmp(mode, "stateless") == 0)
		return xasprintf("mapping.mode is stateless: it keeps no variables; %s", split);
	if (mode && strcmp(mode, "combined") == 0)
		return xasprintf("mapping.mode is combined: code and variables are one file; %s",
				 split);
	return xasprintf("mapping.mode is %s, not split", mode ? mode : "no string");
}

/* Reads one of the two files of a mapping; false with the reason in *why. */
static bool read_file(struct json_object *file, const char *what, char **path,
		      enum firmware_format *format, char **why)
{
	const char *name = as_string(get_member(file, "filename"));
	const char *kind = as_string(get_member(file, "format"));

	if (!name || *name != '/') {
		*why = xasprintf("mapping.%s.filename is no absolute path", what);
		return false;
	}
	if (!kind || (strcmp(kind, "raw") != 0 && strcmp(kind, "qcow2") != 0)) {
		*why = xasprintf("mapping.%s.format is neither raw nor qcow2", what);
		return false;
	}
	*format = strcmp(kind, "raw") == 0 ? FIRMWARE_RAW : FIRMWARE_QCOW2;
	*path = xstrdup(name);
	return true;
}

/* The size of an image. On this machine a file that cannot be opened is no firmware; a recorded
 * tree need not hold the images, there the size is just unknown.
 */
static bool measure_image(const struct root *root, const char *path, uint64_t *size, char **why)
{
	own_fd int fd = root_open(root, path, O_RDONLY);
	bool is_qcow2;

	if ((fd >= 0 && image_size(fd, &is_qcow2, size)) || !root_is_real(root))
		return true;
	*why = xasprintf("%s cannot be read: %s", path, strerror(errno));
	return false;
}

static void read_features(struct firmware *fw, struct json_object *features)
{
	for (size_t i = 0; i < array_length(features); i++)
		if (string_at(features, i))
			*xappend(fw->feature, fw->features) = xstrdup(string_at(features, i));
}

/* Fills fw from a descriptor; false with the reason in *why. */
static bool describe_firmware(struct firmware *fw, struct json_object *all, const struct root *root,
			      char **why)
{
	struct json_object *mapping = get_member(all, "mapping"),
			   *features = get_member(all, "features");

	if (!array_lists(get_member(all, "interface-types"), "uefi"))
		*why = xstrdup("it is not UEFI");
	else if (!read_targets(fw, get_member(all, "targets")))
		*why = xstrdup("it is for no x86_64 machine");
	else
		*why = wrong_mapping(mapping);
	if (*why)
		return false;
	read_features(fw, features);
	fw->secure_boot = array_lists(features, "secure-boot");
	fw->enrolled = array_lists(features, "enrolled-keys");
	fw->needs_smm = array_lists(features, "requires-smm");
	return read_file(get_member(mapping, "executable"), "executable", &fw->code,
			 &fw->code_format, why) &&
	       read_file(get_member(mapping, "nvram-template"), "nvram-template", &fw->vars,
			 &fw->vars_format, why) &&
	       measure_image(root, fw->code, &fw->code_size, why) &&
	       measure_image(root, fw->vars, &fw->vars_size, why);
}

static unsigned line_of(const char *text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && text[i]; i++)
		line += text[i] == '\n';
	return line;
}

/* Parses a descriptor; NULL with the reason in *why and the line, where one can be told. */
static struct json_object *parse_descriptor(const char *text, unsigned *line, char **why)
{
	own_json struct json_object *all = NULL;
	struct json_fault fault;

	if (!json_read(text, strlen(text), DESCRIPTOR_DEPTH, &all, &fault)) {
		*why = xasprintf("not JSON: %s", fault.why);
		*line = line_of(text, fault.at);
		return NULL;
	}
	if (!json_object_is_type(all, json_type_object)) {
		*why = xstrdup("it holds no JSON object");
		return NULL;
	}
	return steal(&all);
}

static void pass_over(struct firmware_list *list, const char *path, unsigned line, const char *why)
{
	/* Both are as somebody wrote them, and stand in messages. */
	own_free char *place = text_quote(path, 4096), *words = text_quote(why, 400);

	*xappend(list->skipped, list->skips) = line ? xasprintf("%s:%u: %s", place, line, words)
						    : xasprintf("%s: %s", place, words);
}

static void firmware_free(struct firmware *fw)
{
	free(fw->descriptor);
	free(fw->code);
	free(fw->vars);
	names_free(fw->machine, fw->machines);
	names_free(fw->feature, fw->features);
}

static void read_descriptor(struct firmware_list *list, const struct source *source)
{
	own_free char *text = root_read(source->root, "%s", source->path), *why = NULL;
	own_json struct json_object *all = NULL;
	struct firmware fw = {0};
	unsigned line = 0;

	if (!text) {
		pass_over(list, source->path, 0, strerror(errno));
		return;
	}
	if (!*text)
		return;
	all = parse_descriptor(text, &line, &why);
	if (!all || !describe_firmware(&fw, all, source->root, &why)) {
		pass_over(list, source->path, line, why);
		firmware_free(&fw);
		return;
	}
	fw.descriptor = xstrdup(source->path);
	*xappend(list->item, list->n) = fw;
}

/* Whether a directory was looked in already, by the way of a link or by other words for it. */
static bool is_known(struct search *search, const struct root *root, const char *dir)
{
	struct stat st;

	if (!root_stat(root, dir, &st))
		return true;
	for (size_t i = 0; i < search->places; i++)
		if (search->place[i].dev == st.st_dev && search->place[i].ino == st.st_ino)
			return true;
	*xappend(search->place, search->places) = (struct place){st.st_dev, st.st_ino};
	return false;
}

/* Adds a descriptor, unless a more specific directory has one of its name. */
static void add_source(struct search *search, struct source source)
{
	for (size_t i = 0; i < search->n; i++) {
		const struct source *known = &search->source[i];
		own_free char *why = NULL;

		if (strcmp(known->name, source.name) != 0)
			continue;
		why = xasprintf("hidden by %s", known->path);
		pass_over(search->list, source.path, 0, why);
		free(source.name);
		free(source.path);
		return;
	}
	*xappend(search->source, search->n) = source;
}

/* Adds the descriptors of a directory that is less specific than those before. */
static void add_directory(struct search *search, const struct root *root, const char *dir,
			  const char *below)
{
	own_free char *whole = path_join(dir, below), *path = path_tidy(whole);
	size_t names;
	char **name;

	/* "A relative path is invalid and to be ignored" (XDG Base Directory Specification). */
	if (*dir != '/' || is_known(search, root, path))
		return;
	name = root_list(root, &names, "%s", path);
	buf_addf(&search->looked_in, "%s%s", search->looked_in.len ? ", " : "", path);
	for (size_t i = 0; i < names; i++)
		if (text_ends(name[i], ".json"))
			add_source(search, (struct source){
						   .name = xstrdup(name[i]),
						   .path = path_join(path, name[i]),
						   .root = root,
					   });
	names_free(name, names);
}

static void add_list_of_directories(struct search *search, const struct root *root,
				    const char *list)
{
	for (const char *at = list; at && *at; at += strspn(at, ":")) {
		own_free char *dir = xstrndup(at, strcspn(at, ":"));

		add_directory(search, root, dir, BELOW_SHARE);
		at += strlen(dir);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

void firmware_find(struct firmware_list *list, const struct firmware_places *places)
{
	const struct root real = ROOT_REAL;
	const struct root *root = places->root;
	struct search search = {.list = list};

	*list = (struct firmware_list){.distribution = distribution_read(root)};
	if (places->config_dir)
		add_directory(&search, &real, places->config_dir, BELOW_SHARE);
	add_directory(&search, root, "/etc", BELOW_SHARE);
	for (size_t i = 0; i < places->qemu_dirs; i++)
		add_directory(&search, root, places->qemu_dir[i], BELOW_QEMU);
	add_directory(&search, root, "/usr/local/share", BELOW_SHARE);
	add_directory(&search, root, "/usr/share", BELOW_SHARE);
	add_directory(&search, root, "/run/current-system/sw/share", BELOW_SHARE);
	add_list_of_directories(&search, root, places->data_dirs);
	if (search.n)
		qsort(search.source, search.n, sizeof(*search.source), by_name);
	for (size_t i = 0; i < search.n; i++) {
		read_descriptor(list, &search.source[i]);
		free(search.source[i].name);
		free(search.source[i].path);
	}
	free(search.source);
	free(search.place);
	list->looked_in = buf_steal(&search.looked_in);
}

void firmware_list_free(struct firmware_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		firmware_free(&list->item[i]);
	free(list->item);
	names_free(list->skipped, list->skips);
	free(list->looked_in);
	*list = (struct firmware_list){0};
}
