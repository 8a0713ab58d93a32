/* One file to send with a question: the host as a tree that --host-root takes, the plan, doctor's
 * findings and QEMU's last log, with what tells who somebody is replaced. It is shown before it is
 * written, nothing is sent anywhere, and no file is overwritten.
 *
 *  1. Everything is looked at as doctor and plan do, while what is read is noted (record.h).
 *  2. It is read again into memory. What a process has open stays out, but for devices.
 *  3. Names and numbers are collected from all of it, then replaced in all of it, paths and links
 *     included, so that the tree still fits together.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/tar.h"
#include "base/text.h"
#include "common.h"
#include "doctor.h"
#include "hide.h"
#include "host/usb.h"
#include "record.h"

#define TOP "vmlaunch-report"
#define LOG_TAIL (256U << 10) /* bytes of QEMU's log */
#define PROFILE_LIMIT (1U << 20)

struct document {
	const char *name;
	char *text;
	size_t len;
};

struct bundle {
	struct doctor_look look;
	struct recording tree;
	struct hiding hiding;
	struct document *document;
	size_t documents;
};

static void bundle_free(struct bundle *b)
{
	for (size_t i = 0; i < b->documents; i++)
		free(b->document[i].text);
	free(b->document);
	hiding_free(&b->hiding);
	recording_free(&b->tree);
	doctor_look_free(&b->look);
}
#define own_bundle own_with(bundle_free)

/* ------------------------------------------------------------------ what goes in */

/* Takes over text; NULL: there is none. */
static void add_document(struct bundle *b, const char *name, char *text, size_t len)
{
	if (text)
		*xappend(b->document, b->documents) = (struct document){name, text, len};
}

static void add_text(struct bundle *b, const char *name, char *text)
{
	add_document(b, name, text, text ? strlen(text) : 0);
}

/* All that any command looks at, so that whoever answers can ask with each of them. */
static void look_at_all(const struct root *root)
{
	own_scene struct scene scene = {0};
	own_pci_set struct pci_set all = {0};
	struct cpu_topology topology;
	struct quiet_facts quiet = {0};
	struct usb_list usb = {0};
	struct facts facts = {0};

	facts_collect(&facts, root);
	scene_read(&scene, root);
	for (size_t i = 0; i < scene.pci.n; i++)
		pci_set_add(&all, &scene.pci.v[i]);
	scene_look(&scene, root, all.v, all.n);
	scene_look_mdevs(&scene, root);
	holders_scan(&scene.holders, root, &scene.nodes);
	usb_list_read(&usb, root);
	quiet_collect(&quiet, root);
	cpu_topology_collect(&topology, root, facts.cpu.vendor, true);
	cpu_topology_free(&topology);
	quiet_free(&quiet);
	usb_list_free(&usb);
	facts_free(&facts);
}

static char *refusals_text(const struct error *refusals)
{
	struct buf out = {0};

	for (size_t i = 0; i < error_count(refusals); i++)
		buf_addf(&out, "refused: %s\n", error_message(refusals, i));
	return out.data;
}

static void add_log(struct bundle *b, const char *name)
{
	own_free char *dir = path_join(b->look.g.dirs.state, name), *path = NULL;
	own_fd int fd = -1;
	size_t len = 0;
	char *text;

	path = path_join(dir, "qemu.log");
	fd = open_tail(path, LOG_TAIL);
	text = fd < 0 ? NULL : fd_read_all(fd, LOG_TAIL + 1, &len);
	add_document(b, "qemu.log", text, len);
}

static char *about_bundle(const struct bundle *b)
{
	const struct qemu_facts *qemu = &b->look.g.facts.qemu;
	struct utsname host = {0};

	uname(&host);
	return xasprintf(
		"vmlaunch %s, QEMU %s (%s), kernel %s\n\n"
		"host/        what was read of the host: vmlaunch --host-root " TOP
		"/host plan ...\n"
		"doctor.txt   what 'vmlaunch doctor' said, doctor.json the same for programs\n"
		"profile.ini  the profile, plan.txt what 'vmlaunch plan' said of it\n"
		"qemu.log     the end of QEMU's last log\n\n"
		"Serial numbers, MAC addresses, UUIDs, the machine-id, names of users and of the host were\n"
		"replaced, the same by the same everywhere.\n",
		VMLAUNCH_VERSION, qemu->version ? qemu->version : "?",
		qemu->package ? qemu->package : "", host.release);
}

static void gather_documents(struct bundle *b)
{
	const struct doctor_look *look = &b->look;
	const struct profile *p = look->g.profile;
	own_findings struct findings findings = {0};
	char *profile;
	size_t len = 0;

	doctor_judge(&findings, &look->patient);
	add_text(b, "README.txt", about_bundle(b));
	add_text(b, "doctor.txt", findings_text(&findings, true));
	add_text(b, "doctor.json", findings_json(&findings, &look->patient));
	if (!p)
		return;
	add_text(b, "plan.txt",
		 look->g.plan ? plan_text(look->g.plan) : refusals_text(look->refusals));
	profile = file_read(p->path, PROFILE_LIMIT, &len);
	add_document(b, "profile.ini", profile, len);
	add_log(b, p->vm.name.v);
}

/* ------------------------------------------------------------------ what is hidden */

/* "annas--laptop--vg": the volume group that installers make and call by the host, in /dev/mapper,
 * where LVM doubles hyphens. It stands in boot options. The caller owns it.
 */
static char *volume_group(const char *host)
{
	struct buf out = {0};

	for (; *host && *host != '\n'; host++)
		buf_adds(&out, *host == '-' ? "--" : (char[2]){*host});
	buf_adds(&out, "--vg");
	return buf_steal(&out);
}

static void hide_text(struct hiding *h, enum hidden_kind kind, const char *word)
{
	hide_word(h, kind, word, strcspn(word, "\n"));
}

/* "anna:x:1000:1000:Anna Example,,,:/home/anna:/bin/sh": names of people, not of the system. */
static void hide_users(struct hiding *h, const char *passwd)
{
	for (const char *line = passwd; *line;) {
		const char *end = strchrnul(line, '\n'), *name_end = strchrnul(line, ':');
		unsigned long uid;

		if (sscanf(line, "%*[^:]:%*[^:]:%lu", &uid) == 1 && uid >= 1000 && uid < 65534 &&
		    name_end < end)
			hide_word(h, HIDDEN_USER, line, (size_t)(name_end - line));
		line = *end ? end + 1 : end;
	}
}

/* Values behind a word such as "UUID=". */
static void hide_behind(struct hiding *h, enum hidden_kind kind, const char *text, const char *word)
{
	for (const char *at = text; (at = strstr(at, word));) {
		size_t len;

		at += strlen(word);
		len = strcspn(at, " \t\n\"'");
		if (len < 36) /* a whole UUID is found by its form */
			hide_word(h, kind, at, len);
	}
}

/* A serial number has digits; "None" and the like are none. */
static void hide_serial(struct hiding *h, const char *text)
{
	size_t len = strcspn(text, "\n");

	if (len >= 6 && strcspn(text, "0123456789") < len)
		hide_word(h, HIDDEN_SERIAL, text, len);
}

static bool is_text(const struct recorded *entry)
{
	return entry->kind == RECORDED_FILE && entry->data &&
	       !memchr(entry->data, '\0', entry->len);
}

static void find_in_entry(struct hiding *h, const struct recorded *entry)
{
	static const char *const serial[] = {"serial",	       "wwid",		 "product_serial",
					     "board_serial",   "chassis_serial", "unique_id",
					     "board_asset_tag"};
	const char *name = path_base(entry->path), *text = entry->data;

	hide_found(h, entry->path, strlen(entry->path));
	if (text_starts(entry->path, "dev/disk/by-id/") ||
	    text_starts(entry->path, "dev/input/by-id/"))
		hide_in_id(h, name);
	if (text_starts(entry->path, "dev/disk/by-uuid/") ||
	    text_starts(entry->path, "dev/disk/by-partuuid/"))
		hide_text(h, strlen(name) == 36 ? HIDDEN_UUID : HIDDEN_VOLUME, name);
	if (!text || (entry->kind == RECORDED_FILE && !is_text(entry)))
		return;
	hide_found(h, text, entry->len);
	if (strcmp(entry->path, "etc/machine-id") == 0)
		hide_text(h, HIDDEN_MACHINE_ID, text);
	if (strcmp(entry->path, "etc/passwd") == 0)
		hide_users(h, text);
	for (size_t i = 0; i < ARRAY_SIZE(serial); i++)
		if (strcmp(name, serial[i]) == 0)
			hide_serial(h, text);
	if (text_starts(entry->path, "etc/") || text_starts(entry->path, "proc/cmdline"))
		hide_behind(h, HIDDEN_VOLUME, text, "UUID=");
	if (text_starts(entry->path, "run/udev/data/")) {
		hide_behind(h, HIDDEN_SERIAL, text, "ID_SERIAL_SHORT=");
		hide_behind(h, HIDDEN_SERIAL, text, "ID_SERIAL=");
		hide_behind(h, HIDDEN_SERIAL, text, "ID_WWN=");
		hide_behind(h, HIDDEN_VOLUME, text, "ID_FS_UUID=");
	}
}

static void find_all(struct bundle *b)
{
	const struct profile *p = b->look.g.profile;
	const struct root *root = &b->look.g.root;
	own_free char *host = root_line(root, "/proc/sys/kernel/hostname");
	own_free char *id = root_line(root, "/etc/machine-id"), *passwd = NULL;

	passwd = root_read(root, "/etc/passwd");
	if (id)
		hide_text(&b->hiding, HIDDEN_MACHINE_ID, id);
	if (passwd)
		hide_users(&b->hiding, passwd);
	if (host && strcmp(host, "localhost") != 0) {
		own_free char *group = volume_group(host);

		hide_text(&b->hiding, HIDDEN_HOST, host);
		hide_text(&b->hiding, HIDDEN_VOLUME, group);
	}
	for (size_t i = 0; i < b->tree.n; i++)
		find_in_entry(&b->hiding, &b->tree.v[i]);
	for (size_t i = 0; i < b->documents; i++)
		hide_found(&b->hiding, b->document[i].text, b->document[i].len);
	if (p && p->smbios.serial.v)
		hide_serial(&b->hiding, p->smbios.serial.v);
	if (p && p->smbios.board_serial.v)
		hide_serial(&b->hiding, p->smbios.board_serial.v);
	if (p && p->smbios.chassis_serial.v)
		hide_serial(&b->hiding, p->smbios.chassis_serial.v);
}

static void replace_names(const struct hiding *h, char **text, size_t *len, bool people)
{
	char *hidden = hide_in(h, *text, len, people);

	free(*text);
	*text = hidden;
}

/* Where users' and hosts' names stand in a tree; everywhere else they may be words of its own. */
static bool has_people(const char *path)
{
	return strcmp(path, "etc/passwd") == 0 || strcmp(path, "etc/fstab") == 0 ||
	       strcmp(path, "etc/crypttab") == 0 || strcmp(path, "etc/hostname") == 0 ||
	       text_ends(path, "/mountinfo") || text_ends(path, "/hostname");
}

/* The fifth field has a person's real name. */
static void drop_real_names(struct recorded *entry)
{
	own_free char *text = steal(&entry->data);
	struct buf out = {0};
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *field[7] = {0}, *at = line;

		for (size_t i = 0; i < ARRAY_SIZE(field); i++)
			field[i] = strsep(&at, ":");
		if (field[6])
			buf_addf(&out, "%s:x:%s:%s::%s:%s\n", field[0], field[2], field[3],
				 field[5], field[6]);
	}
	buf_adds(&out, "");
	entry->len = entry->size = out.len;
	entry->data = buf_steal(&out);
}

static void replace_all(struct bundle *b)
{
	const struct hiding *h = &b->hiding;

	for (size_t i = 0; i < b->tree.n; i++) {
		struct recorded *entry = &b->tree.v[i];
		size_t len = strlen(entry->path);
		bool people = has_people(entry->path);

		if (strcmp(entry->path, "etc/passwd") == 0 && is_text(entry))
			drop_real_names(entry);
		replace_names(h, &entry->path, &len, false);
		if (entry->kind == RECORDED_LINK) {
			replace_names(h, &entry->data, &entry->len, false);
		} else if (is_text(entry)) {
			replace_names(h, &entry->data, &entry->len, people);
			entry->size = entry->len;
		}
	}
	for (size_t i = 0; i < b->documents; i++)
		replace_names(h, &b->document[i].text, &b->document[i].len, true);
}

/* ------------------------------------------------------------------ showing and writing */

/* The first two parts of a path: "sys/devices"; of processes the first. */
static size_t place_of(const char *path)
{
	size_t first = strcspn(path, "/");

	if (text_starts(path, "proc/") && path[first + 1] >= '1' && path[first + 1] <= '9')
		return first;

	return path[first] ? first + 1 + strcspn(path + first + 1, "/") : first;
}

static void show_tree(const struct recording *tree, bool all)
{
	for (size_t i = 0, next; i < tree->n; i = next) {
		const char *path = tree->v[i].path;
		size_t len = place_of(path), files = 0;
		own_free char *shown = text_quote(path, SIZE_MAX);

		for (next = i; next < tree->n &&
			       (all ? next == i
				    : place_of(tree->v[next].path) == len &&
						strncmp(tree->v[next].path, path, len) == 0);
		     next++)
			files++;
		if (all || files == 1)
			printf("  host/%s\n", shown);
		else
			printf("  host/%.*s: %zu\n", (int)len, path, files);
	}
}

static void show_bundle(const struct bundle *b, bool all)
{
	const char *between = "Replaced: ";

	printf("What is in the report%s:\n", all ? "" : " (--verbose lists each file)");
	for (size_t i = 0; i < b->documents; i++)
		printf("  %s\n", b->document[i].name);
	show_tree(&b->tree, all);
	for (int kind = 0; kind < HIDDEN_KINDS; kind++) {
		size_t n = b->hiding.of[kind];

		if (!n)
			continue;
		printf("%s%zu %s", between, n, hidden_words((enum hidden_kind)kind, n));
		between = ", ";
	}
	printf("%s\n", *between == ',' ? "" : "Nothing had to be replaced");
	for (size_t i = 0; all && i < b->hiding.n; i++) {
		own_free char *from = text_quote(b->hiding.v[i].from, 200);

		printf("  %s -> %s\n", from, b->hiding.v[i].to);
	}
}

static void pack_bundle(struct buf *tar, const struct bundle *b)
{
	for (size_t i = 0; i < b->documents; i++) {
		own_free char *path = xasprintf(TOP "/%s", b->document[i].name);

		tar_file(tar, path, b->document[i].text, b->document[i].len, b->document[i].len);
	}
	tar_directory(tar, TOP "/host");
	for (size_t i = 0; i < b->tree.n; i++) {
		const struct recorded *entry = &b->tree.v[i];
		own_free char *path = xasprintf(TOP "/host/%s", entry->path);

		if (entry->kind == RECORDED_DIRECTORY)
			tar_directory(tar, path);
		else if (entry->kind == RECORDED_LINK)
			tar_link(tar, path, entry->data);
		else
			tar_file(tar, path, entry->data, entry->len, entry->size);
	}
	tar_end(tar);
}

static bool write_new(const char *path, const struct buf *tar, struct error **err)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	own_free char *shown = text_quote(path, 200);
	int errnum;

	if (fd < 0 && errno == EEXIST) {
		error_add(err, ERROR_USAGE, "%s is there already, and nothing is overwritten",
			  shown);
		return false;
	}
	if (fd >= 0 && fd_write_all(fd, tar->data, tar->len) && fsync(fd) == 0)
		return true;
	errnum = errno;
	if (fd >= 0)
		unlink(path);
	error_errno(err, ERROR_FAILED, errnum, "cannot write %s", shown);
	return false;
}

static bool make_bundle(struct bundle *b, const struct arguments *args, struct error **err)
{
	struct root root = ROOT_REAL;
	bool good;

	if (!root_init(&root, argument_option(args, "host-root"), err))
		return false;
	recording_start(&b->tree, &root);
	good = doctor_look(&b->look, args, err);
	if (good)
		look_at_all(&root);
	recording_end(&b->tree, &root);
	root_done(&root);
	return good;
}

int command_report(const struct arguments *args, struct error **err)
{
	own_bundle struct bundle b = {.look = DOCTOR_LOOK_NONE};
	const char *output = argument_option(args, "output");
	own_buf struct buf tar = {0};

	if (output && access(output, F_OK) == 0) {
		write_new(output, &tar, err);
		return ERROR_USAGE;
	}
	if (!make_bundle(&b, args, err))
		return ERROR_USAGE;
	gather_documents(&b);
	find_all(&b);
	replace_all(&b);
	show_bundle(&b, argument_option(args, "verbose"));
	if (!output) {
		printf("\nNothing was written: --output FILE.tar writes it.\n");
		return 0;
	}
	fflush(stdout);
	pack_bundle(&tar, &b);
	if (!saw_all(err) || !write_new(output, &tar, err))
		return ERROR_FAILED;
	printf("\nWritten to %s (%zu KiB). Look into it before you send it to anybody.\n", output,
	       tar.len >> 10);
	return 0;
}
