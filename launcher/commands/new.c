/* `vmlaunch new`: a profile for this very computer. Asks only what nobody but the user knows, and
 * only at a terminal. The profile's file is made first and must not be there (O_EXCL), so that
 * nothing of the user's is ever written over; then the disk's image, and what was made is taken
 * back where a later step fails.
 */
#include "new.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "host/image.h"
#include "kit.h"
#include "profile/value.h"
#include "run/identity.h"
#include "run/tool.h"

#define DEFAULT_BINARY "qemu-system-x86_64"
#define DEFAULT_CLIENT "looking-glass-client"
#define DISK_OF_WINDOWS "100G"
#define DISK_OF_LINUX "40G"

/* What was said, and the paths made of it. */
struct wanted_machine {
	char *path; /* of the profile */
	char *dir;
	char *image; /* of the disk, from where we are */
	char *size;
	char *iso, *drivers;   /* as the profile has them */
	char *label;	       /* of the ISO; NULL: none */
	char *kit;	       /* of the guest kit, from where we are; NULL: none */
	char *user, *password; /* of the guest, where the kit was made just now */
	const char *edition;
	bool windows;
	bool asks;
};

static void wanted_free(struct wanted_machine *wanted)
{
	free(wanted->path);
	free(wanted->dir);
	free(wanted->image);
	free(wanted->size);
	free(wanted->iso);
	free(wanted->drivers);
	free(wanted->label);
	free(wanted->kit);
	free(wanted->user);
	free(wanted->password);
}
#define own_wanted own_with(wanted_free)

/* ------------------------------------------------------------------ questions */

/* The answer, or the default for an empty one and at the end of input; the caller owns it. */
static char *ask_user(const char *question, const char *dflt)
{
	own_free char *line = NULL;
	size_t room = 0;
	ssize_t n;

	fprintf(stderr, "%s [%s] ", question, dflt);
	fflush(stderr);
	n = getline(&line, &room, stdin);
	while (n > 0 && isspace((unsigned char)line[n - 1]))
		line[--n] = '\0';
	return xstrdup(n > 0 ? line : dflt);
}

static bool is_guest(const char *word)
{
	return strcmp(word, "windows") == 0 || strcmp(word, "linux") == 0;
}

/* An installer's label or name tells; without one a GPU is wanted for Windows most of all.
 * Microsoft's labels are such as CCCOMA_X64FRE_EN-US_DV9.
 */
static const char *likely_guest(const char *iso, const char *label)
{
	if (!iso || (label && strstr(label, "X64FRE_")))
		return "windows";
	return strcasestr(path_base(iso), "win") ? "windows" : "linux";
}

static bool choose_guest(struct wanted_machine *wanted, const struct arguments *args,
			 struct error **err)
{
	const char *given = argument_option(args, "guest");
	const char *likely = likely_guest(argument_option(args, "iso"), wanted->label);
	own_free char *word = xstrdup(given ? given : likely);

	while (!given && wanted->asks) {
		free(word);
		word = ask_user("What will run in it, windows or linux?", likely);
		if (is_guest(word) || feof(stdin))
			break;
	}
	if (!is_guest(word)) {
		error_add(err, ERROR_USAGE, "--guest is windows or linux, not '%s'", word);
		return false;
	}
	wanted->windows = strcmp(word, "windows") == 0;
	return true;
}

/* NULL, or what is wrong with a size; the caller owns it. */
static char *check_size(const char *word)
{
	static const struct key size = {
		.name = "size", .kind = KIND_SIZE, .min = 1ULL << 20, .max = 1ULL << 50};
	struct number number = {0};

	return value_parse(&size, word, ".", (struct origin){0}, &number);
}

static bool choose_size(struct wanted_machine *wanted, const struct arguments *args,
			struct error **err)
{
	const char *given = argument_option(args, "disk");
	const char *dflt = wanted->windows ? DISK_OF_WINDOWS : DISK_OF_LINUX;
	own_free char *wrong = NULL;

	wanted->size = given ? xstrdup(given) : NULL;
	while (!wanted->size) {
		wanted->size =
			wanted->asks
				? ask_user("How large shall its disk be? It takes what is used.",
					   dflt)
				: xstrdup(dflt);
		wrong = check_size(wanted->size);
		if (!wrong || !wanted->asks || feof(stdin))
			break;
		fprintf(stderr, "%s\n", wrong);
		free(steal(&wrong));
		free(steal(&wanted->size));
	}
	if (!wrong)
		wrong = check_size(wanted->size);
	if (wrong)
		error_add(err, ERROR_USAGE, "--disk: %s", wrong);
	return !wrong;
}

/* ------------------------------------------------------------------ files */

/* A file that is there, as the profile is to name it: what lies beside it by its name alone. */
static bool find_file(char **found, const struct wanted_machine *wanted, const char *option,
		      const char *path, struct error **err)
{
	own_free char *cwd = getcwd(NULL, 0), *dir = NULL, *whole = NULL, *its = NULL;

	if (!path)
		return true;
	if (access(path, R_OK) < 0) {
		error_errno(err, ERROR_USAGE, errno, "--%s: %s", option, path);
		return false;
	}
	if (!cwd) {
		error_errno(err, ERROR_FAILED, errno, "cannot tell the current directory");
		return false;
	}
	dir = path_join(cwd, wanted->dir);
	whole = path_join(cwd, path);
	free(cwd);
	cwd = path_tidy(whole);
	its = path_tidy(dir);
	if (text_starts(cwd, its) && cwd[strlen(its)] == '/')
		*found = xstrdup(cwd + strlen(its) + 1);
	else
		*found = steal(&cwd);
	return true;
}

/* NAME, NAME.ini or a path of one. */
static void choose_paths(struct wanted_machine *wanted, const struct arguments *args)
{
	const char *word = args->words ? args->word[0] : NULL;
	const char *name = word ? word : wanted->windows ? "windows" : "linux";
	size_t stem;

	wanted->path = xasprintf("%s%s", name, text_ends(name, ".ini") ? "" : ".ini");
	wanted->dir = path_dir(wanted->path);
	stem = strlen(wanted->path) - strlen(".ini");
	wanted->image = xasprintf("%.*s.qcow2", (int)stem, wanted->path);
	wanted->edition = argument_option(args, "edition");
	if (wanted->windows && argument_option(args, "iso") && !argument_option(args, "no-kit"))
		wanted->kit = xasprintf("%.*s-kit.img", (int)stem, wanted->path);
}

static bool make_profile(const char *path, int *fd, struct error **err)
{
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (*fd >= 0)
		return true;
	if (errno == EEXIST)
		error_add(
			err, ERROR_USAGE,
			"%s is there already, and nothing is written over it: give another name, as in 'vmlaunch new NAME'",
			path);
	else
		error_errno(err, ERROR_USAGE, errno, "cannot make %s", path);
	return false;
}

/* Runs qemu-img on a file that was just made and is nobody else's. */
static bool make_image(const struct wanted_machine *wanted, const struct facts *facts, bool *made,
		       struct error **err)
{
	own_free char *program = program_find("qemu-img"), *words = NULL, *install = NULL;
	const char *const argv[] = {program, "create",	"-q",	      "-f",
				    "qcow2", TOOL_FILE, wanted->size, NULL};
	own_fd int fd = -1;
	struct error *problem = NULL;

	if (!program) {
		install = distribution_install(facts->distribution, PACKAGE_QEMU_IMG);
		error_add(err, ERROR_HOST, "there is no program qemu-img to make the disk with: %s",
			  install);
		return false;
	}
	fd = open(wanted->image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		say(SAY_NOTE, "%s is there already, and is used as it is", wanted->image);
		return true;
	}
	if (fd < 0) {
		error_errno(err, ERROR_USAGE, errno, "cannot make %s", wanted->image);
		return false;
	}
	words = tool_run(argv, fd, &problem);
	if (words)
		error_add(&problem, ERROR_HOST, "%s", words);
	if (problem) {
		unlink(wanted->image);
		error_context(&problem, "cannot make %s", wanted->image);
		error_merge(err, &problem);
		return false;
	}
	*made = true;
	return true;
}

/* ------------------------------------------------------------------ the host */

struct new_host {
	struct root root;
	struct dirs dirs;
	struct facts facts;
	struct guest_gpu gpu;
	struct id_name name;
	unsigned width, height;
	char *client, *spice, *install_client;
};

static void host_free(struct new_host *host)
{
	guest_gpu_free(&host->gpu);
	id_names_free(&host->name, 1);
	facts_free(&host->facts);
	dirs_free(&host->dirs);
	root_done(&host->root);
	free(host->client);
	free(host->spice);
	free(host->install_client);
}
#define own_host own_with(host_free)

/* A QEMU that is not there, or does not answer, is no reason to write no profile. */
static void ask_qemu(struct new_host *host)
{
	struct error *problem = NULL;

	if (facts_qemu(&host->facts, DEFAULT_BINARY, host->dirs.cache, &problem) &&
	    !qemu_offers(&host->facts.qemu, QEMU_OPTIONS, "spice"))
		host->spice = distribution_install(host->facts.distribution, PACKAGE_SPICE);
	for (size_t i = 0; i < error_count(problem); i++)
		say(SAY_WARNING, "%s", error_message(problem, i));
	error_free(problem);
}

static bool look_at_host(struct new_host *host, const struct arguments *args, struct error **err)
{
	const struct pci_function *f;

	if (!identity_of_caller(NULL, err) || !dirs_find(&host->dirs, err) ||
	    !root_init(&host->root, argument_option(args, "host-root"), err))
		return false;
	facts_collect(&host->facts, &host->root);
	guest_gpu_look(&host->facts.devices, &host->root);
	guest_gpu_find(&host->gpu, &host->facts.devices);
	f = host->gpu.function;
	if (f) {
		host->name = (struct id_name){f->vendor, f->device, f->subvendor, f->subdevice};
		names_pci(&host->name, 1, &host->root);
	}
	if (!panel_size(&host->root, &host->width, &host->height))
		host->width = host->height = 0;
	host->client = program_find(DEFAULT_CLIENT);
	host->install_client =
		distribution_install(host->facts.distribution, PACKAGE_LOOKING_GLASS);
	ask_qemu(host);
	return true;
}

static char *compose_profile(const struct new_host *host, const struct wanted_machine *wanted)
{
	const struct new_machine m = {
		.file = path_base(wanted->path),
		.windows = wanted->windows,
		.disk = path_base(wanted->image),
		.iso = wanted->iso,
		.drivers = wanted->drivers,
		.kit = wanted->kit ? path_base(wanted->kit) : NULL,
		.facts = &host->facts,
		.gpu = &host->gpu,
		.name = &host->name,
		.width = host->width,
		.height = host->height,
		.client = host->client,
		.spice = host->spice,
		.install_client = host->install_client,
	};

	return new_text(&m);
}

/* ------------------------------------------------------------------ the guest kit */

/* What the installer is told of this host's user and of the machine. */
static bool make_kit(struct wanted_machine *wanted, const struct new_host *host, bool blank,
		     struct error **err)
{
	const struct passwd *pw = getpwuid(getuid());
	own_free char *locale = kit_locale(setlocale(LC_CTYPE, ""));
	own_free char *ui = wanted->label ? kit_language(wanted->label) : NULL;
	own_free char *stem =
		xstrndup(path_base(wanted->path), strlen(path_base(wanted->path)) - strlen(".ini"));
	own_free char *swtpm = program_find("swtpm"), *computer = NULL;
	const char *tag = locale ? locale : ui ? ui : "en-US";

	setlocale(LC_CTYPE, "C");
	wanted->user = kit_user(pw ? pw->pw_name : NULL);
	wanted->password = kit_password(err);
	if (!wanted->password)
		return false;
	computer = kit_computer(stem, wanted->user);

	const struct kit kit = {
		.ui = ui ? ui : tag,
		.locale = tag,
		.user = wanted->user,
		.password = wanted->password,
		.computer = computer,
		.edition = wanted->edition,
		.drivers = wanted->drivers,
		.blank = blank,
		.tpm = swtpm && qemu_offers(&host->facts.qemu, QEMU_DEVICES, "tpm-crb"),
		.secure_boot = false, /* as new_text.c has it */
		.width = host->width,
		.height = host->height,
	};

	return kit_image(wanted->kit, &kit, wanted->dir, host->facts.distribution, err);
}

/* An installation goes without one as well. Says whether it was made. */
static bool try_kit(struct wanted_machine *wanted, const struct new_host *host, bool blank)
{
	struct error *problem = NULL;

	if (!wanted->kit)
		return false;
	if (access(wanted->kit, F_OK) == 0) {
		say(SAY_NOTE, "%s is there already, and is used as it is", wanted->kit);
		return false;
	}
	if (make_kit(wanted, host, blank, &problem))
		return true;
	for (size_t i = 0; i < error_count(problem); i++)
		say(SAY_WARNING, "no guest kit, so that Windows' installer asks by itself: %s",
		    error_message(problem, i));
	error_free(problem);
	free(steal(&wanted->kit));
	free(steal(&wanted->password));
	return false;
}

static bool write_all(int fd, struct wanted_machine *wanted, const struct new_host *host,
		      struct error **err)
{
	bool made = false, kit = false;
	own_free char *text = NULL;

	if (!make_image(wanted, &host->facts, &made, err))
		return false;
	kit = try_kit(wanted, host, made);
	text = compose_profile(host, wanted);
	if (fd_write_all(fd, text, strlen(text)))
		return true;
	error_errno(err, ERROR_FAILED, errno, "cannot write %s", wanted->path);
	if (made)
		unlink(wanted->image);
	if (kit)
		unlink(wanted->kit);
	return false;
}

/* A name that no machine can have is told before anything is made. */
static bool check_text(const struct wanted_machine *wanted, const char *text, struct error **err)
{
	own_profile struct profile *p =
		profile_layers(wanted->path, text, strlen(text), NULL, NULL, 0, false, err);

	return p;
}

static void tell_profile(const struct new_host *host, const struct wanted_machine *wanted)
{
	own_free char *path = text_word(wanted->path), *image = text_word(wanted->image);
	const struct guest_gpu *gpu = &host->gpu;

	for (size_t i = 0; gpu->function && i < gpu->obstacles.n; i++) {
		own_free char *sentence = obstacle_sentence(&gpu->obstacles.v[i]);

		if (obstacle_weight(gpu->obstacles.v[i].kind) != WEIGHT_NOTE)
			say(SAY_WARNING, "%s%s",
			    gpu->may ? "" : "no GPU for the guest: ", sentence);
	}
	printf("%s is written, with %s as its disk.\n", path, image);
	if (wanted->password) {
		own_free char *kit = text_word(wanted->kit);

		printf("%s answers Windows' installer, and accepts Microsoft's licence terms for you.\n",
		       kit);
		printf("Its account is %s with the password %s: only you can read that file; give the account another one there.\n",
		       wanted->user, wanted->password);
	}
	if (wanted->iso)
		printf("vmlaunch %s --variant install   # install from the ISO%s\n", path,
		       wanted->windows ? ": press a key when its CD asks for one" : "");
	printf("vmlaunch plan %s   # what a start would do\n", path);
}

int command_new(const struct arguments *args, struct error **err)
{
	own_host struct new_host host = {.root = ROOT_REAL};
	own_wanted struct wanted_machine wanted = {0};
	own_free char *text = NULL;
	own_fd int fd = -1;
	bool print = argument_option(args, "print");

	wanted.asks =
		!argument_option(args, "yes") && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if (!look_at_host(&host, args, err))
		return ERROR_FAILED;
	if (argument_option(args, "iso"))
		wanted.label = image_label(argument_option(args, "iso"));
	if (!choose_guest(&wanted, args, err))
		return ERROR_USAGE;
	choose_paths(&wanted, args);
	if (!find_file(&wanted.iso, &wanted, "iso", argument_option(args, "iso"), err) ||
	    !find_file(&wanted.drivers, &wanted, "drivers", argument_option(args, "drivers"), err))
		return ERROR_USAGE;
	if (!saw_all(err))
		return ERROR_HOST;
	text = compose_profile(&host, &wanted);
	if (print) {
		fputs(text, stdout);
		return 0;
	}
	if (!check_text(&wanted, text, err) || !make_profile(wanted.path, &fd, err))
		return ERROR_USAGE;
	if (!choose_size(&wanted, args, err) || !write_all(fd, &wanted, &host, err)) {
		unlink(wanted.path);
		return ERROR_FAILED;
	}
	tell_profile(&host, &wanted);
	return 0;
}
