/* The QEMU binary: where it is, and what it can do. Asking costs a run of it (20 ms and more), so
 * the answer is kept until the binary is another one.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/program.h"
#include "base/text.h"

#define PASST_ANSWER_MS 3000 /* of silence; it answers at once */

/* No QEMU has as many. */
#define DATA_DIRS_MOST 64
#define NAMES_MOST 64

/* The absolute path of the binary. Links are left as they are: some programs look at the name by
 * which they were called.
 */
static char *find_binary(const char *binary, enum distribution distribution, struct error **err)
{
	own_free char *here = NULL, *path = NULL;
	int errnum;

	if (!strchr(binary, '/')) {
		path = program_find(binary);
		if (!path) {
			own_free char *install = distribution_install(distribution, PACKAGE_QEMU);

			error_add(
				err, ERROR_HOST,
				"there is no program %s in PATH: %s, or say with qemu.binary where it is",
				*binary ? binary : "\"\"", install);
		}
		return steal(&path);
	}
	here = getcwd(NULL, 0);
	if (!here && *binary != '/') {
		error_errno(err, ERROR_HOST, errno, "cannot tell the current directory");
		return NULL;
	}
	path = path_join(here ? here : "/", binary);
	errnum = program_check(path);
	if (errnum) {
		error_errno(err, ERROR_HOST, errnum, "cannot run the QEMU binary %s", path);
		return NULL;
	}
	return path_tidy(path);
}

/* A path without "." and "..", by its words alone: QEMU makes these words from where its binary
 * really is ("/usr/bin/../share/qemu"), so no link is among them.
 */
static char *without_dots(const char *path)
{
	struct buf out = {0};

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0) {
			while (out.len && out.data[--out.len] != '/')
				;
		} else if (n && !(n == 1 && *path == '.')) {
			buf_addc(&out, '/');
			buf_add(&out, path, n);
		}
		path += n;
		path += *path == '/';
	}
	buf_adds(&out, out.len ? "" : "/");
	return buf_steal(&out);
}

/* Where it looks for its files. No question over QMP tells that; "-L help" does, a directory a line
 * and the first first. False where it did not come to an answer; one that says nothing has none.
 */
static bool ask_for_data_dirs(struct qemu_facts *qemu)
{
	static const char *const argv[] = {"-no-user-config", "-L", "help", NULL};
	own_free char *said = NULL, *words = NULL;

	if (qemu_try(qemu->path, argv, QEMU_ANSWER_MS, &said, &words) == TRIAL_UNKNOWN)
		return false;
	for (const char *at = said; *at; at += strspn(at, "\n")) {
		own_free char *line = xstrndup(at, strcspn(at, "\n"));

		if (*line == '/' && qemu->data_dirs.n < DATA_DIRS_MOST)
			*xappend(qemu->data_dirs.name, qemu->data_dirs.n) = without_dots(line);
		at += strlen(line);
	}
	return true;
}

static bool ask_and_remember(struct qemu_facts *qemu, const char *path, const char *cache_dir,
			     struct json_object *before, struct error **err)
{
	own_json struct json_object *after = NULL;
	bool whole;

	if (!qemu_ask(qemu, path, QEMU_ANSWER_MS, err))
		return false;
	whole = ask_for_data_dirs(qemu);
	/* A package manager at work: who answered may be the old binary or the new one. */
	after = qemu_identity(path);
	if (whole && before && after && json_object_equal(before, after))
		qemu_cache_write(qemu, cache_dir, before);
	return true;
}

bool facts_qemu(struct facts *facts, const char *binary, const char *cache_dir, struct error **err)
{
	own_free char *path = find_binary(binary, facts->distribution, err);
	own_json struct json_object *identity = NULL;
	struct qemu_facts qemu = {0};

	if (!path)
		return false;
	identity = qemu_identity(path);
	if (!(identity && qemu_cache_read(&qemu, cache_dir, path, identity)) &&
	    !ask_and_remember(&qemu, path, cache_dir, identity, err))
		return false;
	qemu_facts_free(&facts->qemu);
	facts->qemu = qemu;
	return true;
}

/* As all back ends of vhost-user are asked (QEMU, docs/interop/vhost-user.rst, "Backend program
 * conventions"). An older passt knows no such option and ends with a failure; what a newer one says
 * is not looked at: that of 2025 says it on its standard error.
 */
bool facts_passt_vhost_user(const char *path)
{
	static const char *const argv[] = {"--print-capabilities", NULL};
	own_free char *words = NULL;

	return qemu_try(path, argv, PASST_ANSWER_MS, NULL, &words) == TRIAL_GOOD;
}

void facts_irqchip(struct facts *facts)
{
	/* The machine is made and its processors are, with KVM; the guest is never let go. */
	static const char *const argv[] = {"-machine",	  "q35",
					   "-accel",	  "kvm,kernel-irqchip=off",
					   "-cpu",	  "qemu64,kvm=off",
					   "-m",	  "16M",
					   "-nodefaults", "-no-user-config",
					   "-display",	  "none",
					   "-S",	  "-qmp",
					   "stdio",	  NULL};
	own_free char *words = NULL;

	free(facts->irqchip_off);
	facts->irqchip_off = NULL;
	facts->irqchip_known = false;
	if (kvm_reason(&facts->kvm))
		return;
	switch (qemu_try(facts->qemu.path, argv, QEMU_ANSWER_MS, NULL, &words)) {
	case TRIAL_UNKNOWN:
		return;
	case TRIAL_REFUSED:
		facts->irqchip_off = steal(&words);
		break;
	case TRIAL_GOOD:
		break;
	}
	facts->irqchip_known = true;
}

/* The names of "-display help" and "-audiodev help": a line of one word each, among lines that are
 * sentences.
 */
static void ask_for_names(struct qemu_facts *qemu, enum qemu_offer kind, const char *option)
{
	const char *const argv[] = {"-no-user-config", option, "help", NULL};
	struct qemu_names *names = &qemu->offers[kind];
	own_free char *said = NULL, *words = NULL;

	if (qemu_try(qemu->path, argv, QEMU_ANSWER_MS, &said, &words) != TRIAL_GOOD)
		return;
	for (const char *at = said; *at; at += strspn(at, "\n")) {
		size_t n = strcspn(at, "\n");

		if (n && strcspn(at, " :\t\r\n") == n && names->n < NAMES_MOST)
			*xappend(names->name, names->n) = xstrndup(at, n);
		at += n;
	}
}

void facts_screens(struct facts *facts, const char *cache_dir)
{
	struct qemu_facts *qemu = &facts->qemu;
	own_json struct json_object *before = qemu_identity(qemu->path), *after = NULL;

	if (qemu->offers[QEMU_DISPLAYS].n && qemu->offers[QEMU_DRIVERS].n)
		return;
	ask_for_names(qemu, QEMU_DISPLAYS, "-display");
	ask_for_names(qemu, QEMU_DRIVERS, "-audiodev");
	after = qemu_identity(qemu->path);
	if (before && after && json_object_equal(before, after))
		qemu_cache_write(qemu, cache_dir, before);
}

bool qemu_offers(const struct qemu_facts *qemu, enum qemu_offer kind, const char *name)
{
	const struct qemu_names *names = &qemu->offers[kind];

	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	return false;
}

void qemu_facts_free(struct qemu_facts *qemu)
{
	for (size_t i = 0; i < QEMU_OFFERS; i++)
		names_free(qemu->offers[i].name, qemu->offers[i].n);
	names_free(qemu->data_dirs.name, qemu->data_dirs.n);
	free(qemu->path);
	free(qemu->version);
	free(qemu->package);
	*qemu = (struct qemu_facts){0};
}
