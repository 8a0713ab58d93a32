/* Descriptors are looked for in three directories, merged by file name, sorted by it, and each is
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
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "image.h"

/* How deep a descriptor may nest; the specification's own go three levels deep. */
#define DESCRIPTOR_DEPTH 16

/* A descriptor that is to be read: which file, and through which root. */
struct source {
	char *name; /* the file's name, by which directories are merged */
	char *path;
	const struct root *root;
};

static struct json_object *get(struct json_object *object, const char *key)
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

static size_t length(struct json_object *value)
{
	return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
}

static bool lists(struct json_object *array, const char *wanted)
{
	for (size_t i = 0; i < length(array); i++) {
		const char *s = string_at(array, i);

		if (s && strcmp(s, wanted) == 0)
			return true;
	}
	return false;
}

/* Whether a target names today's q35 machines. Globs are meant for the versioned names, and which
 * of them the guest will have is not known yet: those of the oldest and the newest QEMU that we
 * serve stand for all.
 */
static bool fits_q35(struct json_object *target)
{
	static const char *const machine[] = {"pc-q35-7.2", "pc-q35-10.0"};
	struct json_object *globs = get(target, "machines");
	const char *architecture = as_string(get(target, "architecture"));

	if (!architecture || strcmp(architecture, "x86_64") != 0)
		return false;
	for (size_t i = 0; i < length(globs); i++)
		for (size_t m = 0; m < ARRAY_SIZE(machine); m++) {
			const char *glob = string_at(globs, i);

			if (glob && fnmatch(glob, machine[m], 0) == 0)
				return true;
		}
	return false;
}

static bool any_fits_q35(struct json_object *targets)
{
	for (size_t i = 0; i < length(targets); i++)
		if (fits_q35(json_object_array_get_idx(targets, i)))
			return true;
	return false;
}

/* Reads one of the two files of a mapping; false with the reason in *why. */
static bool read_file(struct json_object *file, const char *what, char **path,
		      enum firmware_format *format, char **why)
{
	const char *name = as_string(get(file, "filename"));
	const char *kind = as_string(get(file, "format"));

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
static bool measure(const struct root *root, const char *path, uint64_t *size, char **why)
{
	own_fd int fd = root_open(root, path, O_RDONLY);
	bool is_qcow2;

	if ((fd >= 0 && image_size(fd, &is_qcow2, size)) || !root_is_real(root))
		return true;
	*why = xasprintf("%s cannot be read: %s", path, strerror(errno));
	return false;
}

/* Fills fw from a descriptor; false with the reason in *why. */
static bool describe(struct firmware *fw, struct json_object *all, const struct root *root,
		     char **why)
{
	struct json_object *mapping = get(all, "mapping"), *features = get(all, "features");
	const char *device = as_string(get(mapping, "device"));
	const char *mode = as_string(get(mapping, "mode"));

	if (!lists(get(all, "interface-types"), "uefi"))
		*why = xstrdup("it is not UEFI");
	else if (!any_fits_q35(get(all, "targets")))
		*why = xstrdup("it is not for x86_64 pc-q35 machines");
	else if (!device || strcmp(device, "flash") != 0)
		*why = xasprintf("mapping.device is %s, not flash", device ? device : "missing");
	else if (get(mapping, "mode") && (!mode || strcmp(mode, "split") != 0))
		*why = xasprintf("mapping.mode is %s, not split", mode ? mode : "no string");
	if (*why)
		return false;
	fw->secure_boot = lists(features, "secure-boot");
	fw->enrolled = lists(features, "enrolled-keys");
	fw->needs_smm = lists(features, "requires-smm");
	return read_file(get(mapping, "executable"), "executable", &fw->code, &fw->code_format,
			 why) &&
	       read_file(get(mapping, "nvram-template"), "nvram-template", &fw->vars,
			 &fw->vars_format, why) &&
	       measure(root, fw->code, &fw->code_size, why) &&
	       measure(root, fw->vars, &fw->vars_size, why);
}

static unsigned line_of(const char *text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && text[i]; i++)
		line += text[i] == '\n';
	return line;
}

/* Parses a descriptor; NULL with the reason in *why and the line, where one can be told. */
static struct json_object *parse(const char *text, unsigned *line, char **why)
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

static void skip(struct firmware_list *list, const char *path, unsigned line, const char *why)
{
	char **slot = xappend(list->skipped, list->skips);

	*slot = line ? xasprintf("%s:%u: %s", path, line, why) : xasprintf("%s: %s", path, why);
}

static void firmware_free(struct firmware *fw)
{
	free(fw->descriptor);
	free(fw->code);
	free(fw->vars);
}

static void read_descriptor(struct firmware_list *list, const struct source *source)
{
	own_free char *text = root_read(source->root, "%s", source->path), *why = NULL;
	own_json struct json_object *all = NULL;
	struct firmware fw = {0};
	unsigned line = 0;

	if (!text) {
		skip(list, source->path, 0, strerror(errno));
		return;
	}
	if (!*text)
		return;
	all = parse(text, &line, &why);
	if (!all || !describe(&fw, all, source->root, &why)) {
		skip(list, source->path, line, why);
		firmware_free(&fw);
		return;
	}
	fw.descriptor = xstrdup(source->path);
	*xappend(list->item, list->n) = fw;
}

static bool has_source(const struct source *source, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(source[i].name, name) == 0)
			return true;
	return false;
}

/* Adds the descriptors of a directory whose names no more specific one has. */
static void add_sources(struct source **source, size_t *n, const struct root *root, const char *dir)
{
	size_t names, known = *n;
	char **name = root_list(root, &names, "%s", dir);

	for (size_t i = 0; i < names; i++)
		if (text_ends(name[i], ".json") && !has_source(*source, known, name[i]))
			*xappend(*source, *n) = (struct source){
				.name = xstrdup(name[i]),
				.path = path_join(dir, name[i]),
				.root = root,
			};
	names_free(name, names);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

void firmware_find(struct firmware_list *list, const struct root *root, const char *config_dir)
{
	const struct root real = ROOT_REAL;
	own_free char *user = config_dir ? path_join(config_dir, "qemu/firmware") : NULL;
	struct source *source = NULL;
	size_t n = 0;

	*list = (struct firmware_list){.distribution = distribution_read(root)};
	if (user)
		add_sources(&source, &n, &real, user);
	add_sources(&source, &n, root, "/etc/qemu/firmware");
	add_sources(&source, &n, root, "/usr/share/qemu/firmware");
	if (n)
		qsort(source, n, sizeof(*source), by_name);
	for (size_t i = 0; i < n; i++) {
		read_descriptor(list, &source[i]);
		free(source[i].name);
		free(source[i].path);
	}
	free(source);
}

void firmware_list_free(struct firmware_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		firmware_free(&list->item[i]);
	free(list->item);
	names_free(list->skipped, list->skips);
	*list = (struct firmware_list){0};
}
