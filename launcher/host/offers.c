/* What a QEMU binary is asked, and what its answers mean: a question is a row of qemu_question, a
 * list that is made of an answer is a row of readers. Questions are answered in this order.
 */
#include "qemu.h"

#include <string.h>

#include "base/alloc.h"

#define QUESTION(id, rest, ...)                                                    \
	{                                                                          \
		id, "{\"id\": \"" id "\", \"execute\": " rest "}\n", ##__VA_ARGS__ \
	}
#define TYPES(of) \
	"\"qom-list-types\", \"arguments\": {\"implements\": \"" of "\", \"abstract\": false}"

/* Of a device that a build may lack. */
#define PROPERTIES(id, device)                                                                    \
	QUESTION(id, "\"device-list-properties\", \"arguments\": {\"typename\": \"" device "\"}", \
		 .may_fail = true)

const struct qemu_question qemu_question[] = {
	[ASK_VERSION] = QUESTION("version", "\"query-version\""),
	[ASK_MACHINES] = QUESTION("machines", "\"query-machines\""),
	[ASK_DEVICES] = QUESTION("devices", TYPES("device")),
	[ASK_OBJECTS] = QUESTION("objects", TYPES("user-creatable")),
	/* Behind the types: to list those QEMU loads its modules, and SPICE's brings an option. */
	[ASK_OPTIONS] = QUESTION("options", "\"query-command-line-options\""),
	[ASK_SCHEMA] = QUESTION("schema", "\"query-qmp-schema\""),
	[ASK_BLK] = PROPERTIES("blk", "virtio-blk-pci"),
	[ASK_SCSI] = PROPERTIES("scsi", "virtio-scsi-pci"),
};

const char *const qemu_offer_word[] = {
	[QEMU_MACHINES] = "machines", [QEMU_DEPRECATED] = "deprecated machines",
	[QEMU_DEVICES] = "devices",   [QEMU_OBJECTS] = "objects",
	[QEMU_OPTIONS] = "options",   [QEMU_AIO] = "aio",
	[QEMU_BLK] = "virtio-blk",    [QEMU_SCSI] = "virtio-scsi",
	[QEMU_DISPLAYS] = "displays", [QEMU_DRIVERS] = "sound",
};
_Static_assert(ARRAY_SIZE(qemu_offer_word) == QEMU_OFFERS, "one word for each offer");

static const char *member_string(struct json_object *object, const char *key)
{
	return json_object_get_string(json_member(object, key, json_type_string));
}

static void add_name(struct qemu_names *names, char *name)
{
	*xappend(names->name, names->n) = name;
}

static bool read_names(struct json_object *answer, struct qemu_names *names)
{
	return qemu_names(answer, "name", names);
}

/* Machines have said since QEMU 4.2 whether they are deprecated: a missing member means no. */
static bool read_deprecated(struct json_object *answer, struct qemu_names *names)
{
	if (!json_object_is_type(answer, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(answer); i++) {
		struct json_object *machine = json_object_array_get_idx(answer, i);
		const char *name = member_string(machine, "name");

		if (name &&
		    json_object_get_boolean(json_member(machine, "deprecated", json_type_boolean)))
			add_name(names, xstrdup(name));
	}
	return true;
}

/* A parameter that has lost its effect says so in its help alone ("deprecated, always enabled where
 * supported": name.debug-threads).
 */
static bool is_deprecated(struct json_object *parameter)
{
	const char *help = member_string(parameter, "help");

	return help && strstr(help, "deprecated");
}

static bool read_options(struct json_object *answer, struct qemu_names *names)
{
	if (!json_object_is_type(answer, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(answer); i++) {
		struct json_object *option = json_object_array_get_idx(answer, i);
		struct json_object *parameters = json_member(option, "parameters", json_type_array);
		const char *word = member_string(option, "option");

		if (!word || !json_object_is_type(parameters, json_type_array))
			return false;
		add_name(names, xstrdup(word));
		for (size_t j = 0; j < json_object_array_length(parameters); j++) {
			struct json_object *parameter = json_object_array_get_idx(parameters, j);
			const char *name = member_string(parameter, "name");

			if (name && !is_deprecated(parameter))
				add_name(names, xasprintf("%s.%s", word, name));
		}
	}
	return true;
}

static bool has_name(struct json_object *list, const char *wanted)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = member_string(json_object_array_get_idx(list, i), "name");

		if (name && strcmp(name, wanted) == 0)
			return true;
	}
	return false;
}

/* Types have numbers for names in the schema, so an enumeration is known by a value that no other
 * one has and that every QEMU has. Takes its values; none where there is no such enumeration.
 */
static bool read_enumeration(struct json_object *schema, const char *mark, struct qemu_names *names)
{
	if (!json_object_is_type(schema, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(schema); i++) {
		struct json_object *type = json_object_array_get_idx(schema, i);
		const char *kind = member_string(type, "meta-type");
		struct json_object *values = json_member(type, "members", json_type_array);

		if (kind && strcmp(kind, "enum") == 0 &&
		    json_object_is_type(values, json_type_array) && has_name(values, mark))
			return qemu_names(values, "name", names);
	}
	return true;
}

/* BlockdevAioOptions (QEMU, qapi/block-core.json): threads, native, io_uring where it is built in.
 */
static bool read_aio(struct json_object *schema, struct qemu_names *names)
{
	return read_enumeration(schema, "native", names);
}

static const struct {
	enum qemu_question_id question;
	bool (*read)(struct json_object *answer, struct qemu_names *names);
} readers[] = {
	[QEMU_MACHINES] = {ASK_MACHINES, read_names},
	[QEMU_DEPRECATED] = {ASK_MACHINES, read_deprecated},
	[QEMU_DEVICES] = {ASK_DEVICES, read_names},
	[QEMU_OBJECTS] = {ASK_OBJECTS, read_names},
	[QEMU_OPTIONS] = {ASK_OPTIONS, read_options},
	[QEMU_AIO] = {ASK_SCHEMA, read_aio},
	[QEMU_BLK] = {ASK_BLK, read_names},
	[QEMU_SCSI] = {ASK_SCSI, read_names},
	/* QMP tells what it was built with, not which modules are there. */
	[QEMU_DISPLAYS] = {QEMU_QUESTIONS, NULL},
	[QEMU_DRIVERS] = {QEMU_QUESTIONS, NULL},
};
_Static_assert(ARRAY_SIZE(readers) == QEMU_OFFERS, "one reader for each offer");

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A number of the version, -1 when there is none. */
static int version_part(struct json_object *version, const char *key)
{
	struct json_object *value = json_member(version, key, json_type_int);

	return value ? json_object_get_int(value) : -1;
}

static bool read_version(struct json_object *answer, struct qemu_facts *qemu)
{
	struct json_object *version = json_member(answer, "qemu", json_type_object);
	const char *package = member_string(answer, "package");
	int major = version_part(version, "major"), minor = version_part(version, "minor");
	int micro = version_part(version, "micro");

	if (major < 0 || minor < 0 || micro < 0)
		return false;
	qemu->version = xasprintf("%d.%d.%d", major, minor, micro);
	qemu->package = xstrdup(package ? package : "");
	return true;
}

bool qemu_understand(struct qemu_facts *qemu, struct json_object *const answer[QEMU_QUESTIONS])
{
	struct qemu_facts said = {0};
	bool good = read_version(answer[ASK_VERSION], &said);

	for (size_t i = 0; good && i < QEMU_OFFERS; i++) {
		struct qemu_names *names = &said.offers[i];

		if (!readers[i].read)
			continue;
		good = readers[i].read(answer[readers[i].question], names);
		if (names->n)
			qsort(names->name, names->n, sizeof(*names->name), by_name);
	}
	if (!good) {
		qemu_facts_free(&said);
		return false;
	}
	*qemu = said;
	return true;
}
