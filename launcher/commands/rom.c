/* Option ROMs: look at a file, dump a device's own, cut a file to what a guest wants. Files are
 * read and written as the user whom sudo was called by; only the reading of a device needs root,
 * and what was root gives that up right afterwards.
 */
#include "rom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "command.h"
#include "run/identity.h"

/* Moves the finished file to its name; unless it may replace, EEXIST where that is taken. Not every
 * file system knows the flag for it; a link does the same in two steps.
 */
static bool move_file(const char *from, const char *to, bool replace)
{
	if (replace)
		return rename(from, to) == 0;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return link(from, to) == 0 && unlink(from) == 0;
}

/* Whole or not at all, and never over another file unless that is wanted. */
static bool save_rom(const char *path, const char *data, size_t len, bool replace,
		     struct error **err)
{
	own_free char *shown = text_quote(path, SIZE_MAX);
	own_free char *name = xasprintf("%s.XXXXXX", path);
	own_fd int fd = mkostemp(name, O_CLOEXEC);
	int problem;

	if (fd < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot write %s", shown);
		return false;
	}
	if (fchmod(fd, 0644) == 0 && fd_write_all(fd, data, len) && fsync(fd) == 0 &&
	    move_file(name, path, replace))
		return true;
	problem = errno;
	unlink(name);
	error_errno(err, ERROR_FAILED, problem, "cannot write %s", shown);
	return false;
}

/* Told before anything is done for it; save() makes sure. */
static bool is_free(const char *path, const char *remedy, struct error **err)
{
	own_free char *shown = text_quote(path, SIZE_MAX);
	struct stat st;

	if (lstat(path, &st) < 0)
		return true;
	error_add(err, ERROR_FAILED, "%s is there already: %s", shown, remedy);
	return false;
}

static void print_rom(struct rom_view *view, const struct arguments *args,
		      const struct rom_device *device, enum rom_source source)
{
	own_free char *text = NULL;

	rom_problems_of(&view->problems, &view->report, device, source);
	text = argument_option(args, "json") ? rom_json(view) : rom_text(view);
	fputs(text, stdout);
	rom_problems_free(&view->problems);
}

/* The function that a selector means, in a list that is read for it. */
static const struct pci_function *find_device(struct pci_list *list, const struct root *root,
					      const char *word, struct error **err)
{
	struct pci_selector selector;

	if (!pci_selector_parse(word, &selector, err))
		return NULL;
	pci_list_read(list, root);
	return pci_find(list, &selector, err);
}

static bool device_of(const struct arguments *args, struct rom_device *device, struct error **err)
{
	const char *word = argument_option(args, "device");
	struct root root = ROOT_REAL;
	own_pci_list struct pci_list list = {0};
	const struct pci_function *f;

	if (!root_init(&root, argument_option(args, "host-root"), err))
		return false;
	f = find_device(&list, &root, word, err);
	if (f)
		*device = (struct rom_device){f->vendor, f->device};
	root_done(&root);
	return f;
}

static int show_rom(const struct arguments *args, struct error **err)
{
	struct rom_view view = {.path = args->word[1]};
	struct rom_device device;
	bool compare = argument_option(args, "device");
	own_free char *data = NULL;

	if (!identity_of_caller(NULL, err) || (compare && !device_of(args, &device, err)))
		return 0;
	data = rom_load(view.path, &view.report, err);
	if (data || (argument_option(args, "json") && view.report.refusal != ROM_FINE))
		print_rom(&view, args, compare ? &device : NULL, ROM_FROM_FILE);
	return 0;
}

/* The device's ROM, read as root, who this is no longer afterwards. */
static char *dump_device(const struct pci_function *f, const struct root *root,
			 struct rom_report *report, struct error **err)
{
	char address[PCI_ADDRESS_SIZE];
	own_free char *data = NULL;
	size_t len;

	if (geteuid() != 0) {
		error_add(err, ERROR_HOST,
			  "only root can read a device's ROM: start this through sudo");
		return NULL;
	}
	data = rom_dump(root, f, &len, err);
	if (!identity_of_caller(NULL, err) || !data)
		return NULL;
	rom_parse(data, len, report);
	if (report->refusal == ROM_FINE)
		return steal(&data);
	error_add(err, ERROR_HOST, "what the kernel gives for the ROM of %s %s",
		  pci_address_format(&f->address, address), rom_refusal_words(report->refusal));
	return NULL;
}

static bool dump_found(const struct arguments *args, const struct root *root,
		       const struct pci_function *f, struct error **err)
{
	struct rom_view view = {.path = args->word[2]};
	const struct rom_device device = {f->vendor, f->device};
	own_free char *data = dump_device(f, root, &view.report, err);

	if (!data ||
	    !save_rom(view.path, data, view.report.size, argument_option(args, "force"), err))
		return false;
	if (f->boot_vga)
		say(SAY_WARNING,
		    "this is the GPU that the computer started with: the kernel may give the copy that its firmware left in memory, changed while it ran");
	print_rom(&view, args, &device, ROM_FROM_SYSFS);
	return true;
}

static int dump_rom(const struct arguments *args, struct error **err)
{
	struct root root = ROOT_REAL;
	own_pci_list struct pci_list list = {0};
	const struct pci_function *f;

	if (argument_option(args, "host-root")) {
		error_add(err, ERROR_USAGE,
			  "a device's ROM is read: rom dump takes no --host-root");
		return ERROR_USAGE;
	}
	if (!argument_option(args, "force") && !is_free(args->word[2], "--force replaces it", err))
		return ERROR_FAILED;
	f = find_device(&list, &root, args->word[1], err);
	if (f)
		dump_found(args, &root, f, err);
	return 0;
}

static bool is_same(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static int trim_rom(const struct arguments *args, struct error **err)
{
	const char *from = args->word[1], *to = args->word[2];
	struct rom_report report;
	struct rom_view view = {.path = to};
	own_free char *data = NULL, *shown = text_quote(from, SIZE_MAX);

	if (!identity_of_caller(NULL, err))
		return 0;
	if (is_same(from, to)) {
		error_add(err, ERROR_USAGE,
			  "%s is never trimmed in place: give the result another name", shown);
		return 0;
	}
	if (!is_free(to, "give the result another name", err))
		return 0;
	data = rom_load(from, &report, err);
	if (!data)
		return 0;
	if (!rom_can_trim(&report)) {
		error_add(
			err, ERROR_FAILED,
			"%s cannot be trimmed, as its chain of images has no end; 'vmlaunch rom show' tells why",
			shown);
		return 0;
	}
	if (!save_rom(to, data + report.start, report.end - report.start, false, err))
		return 0;
	say(SAY_NOTE, "%u of %u bytes kept: %u taken away in front, %u behind",
	    report.end - report.start, report.size, report.start, report.size - report.end);
	rom_parse(data + report.start, report.end - report.start, &view.report);
	print_rom(&view, args, NULL, ROM_FROM_FILE);
	return 0;
}

static const struct action {
	const char *name, *usage;
	size_t words;
	const char *option; /* besides --json */
	command_fn *run;
} ACTIONS[] = {
	{"show", "FILE", 1, "device", show_rom},
	{"dump", "DEVICE FILE", 2, "force", dump_rom},
	{"trim", "FILE OUT", 2, NULL, trim_rom},
};

static const struct action *find_action(const char *name, struct error **err)
{
	const char *names[ARRAY_SIZE(ACTIONS)], *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(ACTIONS); i++) {
		names[i] = ACTIONS[i].name;
		if (strcmp(names[i], name) == 0)
			return &ACTIONS[i];
	}
	nearest = text_nearest(name, names, ARRAY_SIZE(names));
	error_add(err, ERROR_USAGE, "rom has no '%s', but show, dump and trim%s%s%s", name,
		  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	return NULL;
}

int command_rom(const struct arguments *args, struct error **err)
{
	static const char *const options[] = {"device", "force"};
	const struct action *action = find_action(args->word[0], err);

	if (!action)
		return ERROR_USAGE;
	if (args->words != action->words + 1) {
		error_add(err, ERROR_USAGE, "usage: vmlaunch rom %s %s", action->name,
			  action->usage);
		return ERROR_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (argument_option(args, options[i]) &&
		    (!action->option || strcmp(action->option, options[i]) != 0)) {
			error_add(err, ERROR_USAGE, "rom %s takes no --%s", action->name,
				  options[i]);
			return ERROR_USAGE;
		}
	return action->run(args, err);
}
