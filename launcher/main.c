/* The table of subcommands, and the only place that prints an error and chooses an exit status. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/say.h"
#include "base/standard_error.h"
#include "base/text.h"
#include "base/tongue.h"
#include "commands/command.h"
#include "commands/common.h"
#include "commands/notices.h"
#include "isolation/isolation.h"

static const struct option_row RUN_OPTIONS[] = {
	PROFILE_OPTIONS,
	EPHEMERAL_OPTION,
	NOTIFY_OPTION,
	SANDBOX_OPTION,
	{"wait-port", "PORT", "wait until the guest's port answers, then run what is behind --"},
	{"timeout", "SECONDS", "with --wait-port: give up after so long (300)"},
	{0}};
static const struct option_row PLAN_OPTIONS[] = {
	PROFILE_OPTIONS,
	EPHEMERAL_OPTION,
	{"format", "text|argv|argv0|json|html",
	 "argv: one argument a line; argv0: ended by NUL; html: a page"},
	{0}};
static const struct option_row PROBE_OPTIONS[] = {
	PROFILE_OPTIONS,
	{"lines", NULL, "the report as stable key=value lines, for scripts"},
	{"json", NULL, "print those lines as JSON"},
	{"no-devices", NULL, "leave out the host's devices: nothing of the host changes then"},
	{"timeout", "SECONDS", "give up after so long (120; emulated: 600)"},
	{"rounds", "N", "so many times, and what differs between them, in guest and host"},
	SANDBOX_OPTION,
	{0}};
static const struct option_row MACHINE_OPTIONS[] = {
	PROFILE_OPTIONS,
	{"raise", NULL, "record another version: VERSION, or the newest of this QEMU"},
	{"json", NULL, "print JSON"},
	{0}};
static const struct option_row NEW_OPTIONS[] = {
	{"yes", NULL, "ask nothing"},
	{"guest", "windows|linux", "what will run in it"},
	{"disk", "SIZE", "of the disk that is made for it, such as 100G"},
	{"iso", "FILE", "the installer: a CD-ROM drive and a variant to install from"},
	{"drivers", "FILE", "drivers for the installer, such as virtio-win.iso"},
	{"edition", "NAME", "of Windows, as its installer lists it: 'Windows 11 Pro'"},
	{"no-kit", NULL, "no guest kit: Windows' installer asks by itself"},
	{"print", NULL, "print the profile instead of writing it; nothing is made"},
	{0}};
static const struct option_row KEYS_OPTIONS[] = {
	{"format", "text|markdown|json|man", "how to print it"},
	{"json", NULL, "the same as --format json"},
	{0}};
static const struct option_row JSON_OPTIONS[] = {{"json", NULL, "print JSON"}, {0}};
static const struct option_row STATUS_OPTIONS[] = {
	{"json", NULL, "print JSON"}, NOTIFY_OPTION, {0}};
static const struct option_row LOG_OPTIONS[] = {
	{"follow", NULL, "go on with what comes, until the machine ends", .letter = 'f'}, {0}};
static const struct option_row SCREENSHOT_OPTIONS[] = {
	{"force", NULL, "replace FILE if it is there already"}, {0}};
static const struct option_row TOP_OPTIONS[] = {
	{"interval", "SECONDS", "on a terminal: between two refreshes (2)"},
	{"json", NULL, "print JSON, once"},
	{0}};
static const struct option_row SNAPSHOT_OPTIONS[] = {
	PROFILE_OPTIONS,
	{"yes", NULL, "apply: what is lost by it is known; nobody is asked"},
	{"json", NULL, "list: print JSON"},
	{0}};
static const struct option_row STOP_OPTIONS[] = {
	{"timeout", "SECONDS", "give up waiting after so long; the machine goes on"},
	NOTIFY_OPTION,
	{0}};
static const struct option_row NOTIFIED_OPTIONS[] = {NOTIFY_OPTION, {0}};
static const struct option_row DESKTOP_OPTIONS[] = {
	{"variant", "NAME", "install: a click starts this variant of the profile"},
	{"title", "TEXT", "install: what the menu shows instead of the machine's name"},
	{"icon", "NAME|FILE", "install: another icon"},
	{"json", NULL, "list: print JSON"},
	{0}};
static const struct option_row DEVICES_OPTIONS[] = {
	{"json", NULL, "print JSON"},
	{"usb", NULL, "only USB devices (with --input: and input devices)"},
	{"input", NULL, "only input devices"},
	{"all", NULL, "all kinds, and all about bridges, hubs and buttons"},
	{0}};
static const struct option_row DOCTOR_OPTIONS[] = {
	PROFILE_OPTIONS, EPHEMERAL_OPTION, {"json", NULL, "print JSON"}, {0}};
static const struct option_row REPORT_OPTIONS[] = {
	PROFILE_OPTIONS,
	EPHEMERAL_OPTION,
	{"output", "FILE", "write it: a tar archive, which must not be there yet"},
	{0}};
static const struct option_row CPUS_OPTIONS[] = {
	PROFILE_OPTIONS, {"json", NULL, "print JSON"}, {0}};
static const struct option_row ROM_OPTIONS[] = {
	{"json", NULL, "print JSON"},
	{"device", "DEVICE", "show: compare the ids with a device of this host"},
	{"force", NULL, "dump: replace FILE if it is there already"},
	{0}};
static const struct option_row ACPI_OPTIONS[] = {PROFILE_OPTIONS, {0}};
static const struct option_row FIRMWARE_OPTIONS[] = {
	PROFILE_OPTIONS, {"json", NULL, "print JSON"}, {0}};
static const struct option_row QMP_OPTIONS[] = {
	{"socket", "PATH", "the monitor at this socket instead of a machine's: no NAME then"},
	{"agent", NULL, "what listens at --socket is a guest agent"},
	{"file", "FILE", "read commands from FILE (-: standard input)", .letter = 'f'},
	{"get", "PATH", "print this part of the answer alone: return.status, 0.thread-id"},
	{"raw", NULL, "print answers as JSON on one line each"},
	{"follow", "PATTERN", "then print events as JSON lines, those whose names match",
	 .optional = true},
	{"until", "EVENT[,K=V...]", "then wait until this event comes, with these data"},
	{"timeout", "SECONDS", "give up after so long"},
	{"read-only", NULL, "send nothing that changes anything"},
	{0}};
static const struct option_row HELP_OPTIONS[] = {
	{"format", "text|man", "man: of all commands, as part of a manual page in mdoc(7)"}, {0}};
static const struct option_row SANDBOX_OPTIONS[] = {SANDBOX_OPTION, {0}};
static const struct option_row NO_OPTIONS[] = {{0}};

const struct option_row GLOBAL_OPTIONS[] = {
	{"host-root", "DIR", "read /sys, /proc, /dev, /etc and /usr/share of the tree DIR"},
	{"verbose", NULL, "tell more on standard error"},
	{"color", "auto|always|never", "colour on standard error (auto: on a terminal)"},
	{"help", NULL, "this text"},
	{0}};

const struct command COMMANDS[] = {
	{"run", "PROFILE", "start a machine and watch over it ('run' may be left out)", RUN_OPTIONS,
	 1, 1, command_run, .this_host = true, .watches = true, .tail = "wait-port"},
	{"plan", "PROFILE", "show what a start would do, and why", PLAN_OPTIONS, 1, 1,
	 command_plan},
	{"probe", "PROFILE", "boot the guest's-eye program in it and print what that sees",
	 PROBE_OPTIONS, 1, 1, command_probe, .this_host = true, .watches = true},
	{"new", "[NAME]", "write a profile for this computer, with all reasons", NEW_OPTIONS, 0, 1,
	 command_new},
	{"import", "[DOMAIN.xml]", "make a profile of a libvirt domain (or of standard input)",
	 NO_OPTIONS, 0, 1, command_import},
	{"list", "", "list running machines", JSON_OPTIONS, 0, 0, command_list, .this_host = true},
	{"status", "[NAME]", "tell how a machine is", STATUS_OPTIONS, 0, 1, command_status,
	 .this_host = true},
	{"top", "", "show all machines on one screen, as they go on", TOP_OPTIONS, 0, 0,
	 command_top, .this_host = true, .watches = true},
	{"stop", "[NAME]", "press a machine's power button and wait until it has ended",
	 STOP_OPTIONS, 0, 1, command_stop, .this_host = true},
	{"kill", "NAME", "end a machine at once, as if its plug were pulled", NOTIFIED_OPTIONS, 1,
	 1, command_kill, .this_host = true},
	{"pause", "[NAME]", "hold a machine's guest where it is", NOTIFIED_OPTIONS, 0, 1,
	 command_pause, .this_host = true},
	{"resume", "[NAME]", "let a paused guest go on, and wake one that sleeps", NOTIFIED_OPTIONS,
	 0, 1, command_resume, .this_host = true},
	{"reset", "[NAME]", "reset a machine, as its reset button would", NOTIFIED_OPTIONS, 0, 1,
	 command_reset, .this_host = true},
	{"attach", "[NAME]", "take over a machine whose vmlaunch has died", SANDBOX_OPTIONS, 0, 1,
	 command_attach, .this_host = true, .watches = true},
	{"log", "[NAME]", "print QEMU's messages of a machine's last start", LOG_OPTIONS, 0, 1,
	 command_log, .this_host = true, .watches = true},
	{"qmp", "[NAME] [COMMAND [KEY=VALUE...]]", "a shell for QEMU's monitor, or one command",
	 QMP_OPTIONS, 0, 256, command_qmp, .this_host = true, .watches = true},
	{"usb", "attach|detach [NAME] DEVICE",
	 "give a USB device to a machine that runs, and take it back", NO_OPTIONS, 2, 3,
	 command_usb},
	{"winapps", "[NAME|PROFILE]", "print what WinApps needs to know of a machine", NO_OPTIONS,
	 0, 1, command_winapps, .this_host = true},
	{"screenshot", "[NAME] FILE", "put a picture of a machine's screen into a file",
	 SCREENSHOT_OPTIONS, 1, 2, command_screenshot, .this_host = true},
	{"snapshot", "list|make|apply|remove PROFILE [SNAPSHOT]",
	 "snapshots of the qcow2 disks of a machine that is off", SNAPSHOT_OPTIONS, 2, 3,
	 command_snapshot, .this_host = true},
	{"devices", "", "list the host's devices, who holds them, what a guest could get",
	 DEVICES_OPTIONS, 0, 0, command_devices},
	{"doctor", "[PROFILE]", "tell what of this host stands in the way, and what helps",
	 DOCTOR_OPTIONS, 0, 1, command_doctor},
	{"report", "[PROFILE]", "make one file to send with a question, without names",
	 REPORT_OPTIONS, 0, 1, command_report},
	{"cpus", "[PROFILE]", "show the host's P, E and LP-E cores, and a guest's places",
	 CPUS_OPTIONS, 0, 1, command_cpus},
	{"rom", "show|dump|trim WORD...",
	 "look at option ROMs (VBIOS), dump a device's, cut a file", ROM_OPTIONS, 2, 3,
	 command_rom},
	{"acpi", "show PROFILE|FILE...|write DIR PROFILE", "the ACPI tables that a guest gets",
	 ACPI_OPTIONS, 2, 256, command_acpi},
	{"firmware", "[PROFILE|NAME]",
	 "show the UEFI firmware, which is chosen, what its store holds", FIRMWARE_OPTIONS, 0, 1,
	 command_firmware},
	{"machine", "NAME|PROFILE [VERSION]",
	 "show which version of QEMU's machine a guest has, for life", MACHINE_OPTIONS, 1, 2,
	 command_machine, .this_host = true},
	{"desktop", "install|remove|list [PROFILE]",
	 "start a machine by a click: its entry in the desktop's menu", DESKTOP_OPTIONS, 1, 2,
	 command_desktop, .this_host = true},
	{"recover", "", "put the host back from the journals of keepers that died", SANDBOX_OPTIONS,
	 0, 0, command_recover, .this_host = true},
	{"keys", "[SECTION...]", "print all profile keys, or those of some sections", KEYS_OPTIONS,
	 0, 64, command_keys, .this_host = true},
	{"help", "[COMMAND]", "tell about a command, or list all", HELP_OPTIONS, 0, 1,
	 command_help_on, .this_host = true},
	{"complete", "-- [WORD...]", "for shells: how a command line could go on", NO_OPTIONS, 0,
	 COMPLETED_WORDS, command_complete, .this_host = true, .hidden = true},
	{0}};

_Static_assert(ARRAY_SIZE(COMMANDS) <= COMMANDS_MAX, "all commands have a place");

#define ERRORS_SHOWN 50
#define PROFILES_SHOWN 20 /* of a directory */

static bool verbose, colored;
static struct notices_of_command notices = NO_NOTICES;

static void tell(enum say_level level, const char *line)
{
	static const char *const word[] = {
		[SAY_DEBUG] = N_("debug: "), [SAY_NOTE] = "", [SAY_WARNING] = N_("warning: ")};
	const char *color = !colored		   ? ""
			    : level == SAY_WARNING ? "\033[33m"
			    : level == SAY_DEBUG   ? "\033[2m"
						   : "";
	own_free char *before = NULL;

	if (level == SAY_NOTE || level == SAY_WARNING)
		notifier_tell(&notices.notifier, level == SAY_NOTE ? NOTICE_NOTE : NOTICE_WARNING,
			      line);
	if ((level == SAY_DEBUG && !verbose) || (level == SAY_NEWLINE && !isatty(STDERR_FILENO)))
		return;
	if (level == SAY_NEWLINE) {
		standard_error_tell("", "", "");
		return;
	}
	before = xasprintf("vmlaunch: %s%s", color, *word[level] ? tongue(word[level]) : "");
	standard_error_tell(before, line, *color ? "\033[0m" : "");
}

/* A file that is no profile, or a hostile one, can have an error in each line: the first ones tell
 * enough.
 */
static int print_error(const struct error *err)
{
	const char *on = colored ? "\033[31m" : "", *off = colored ? "\033[0m" : "";
	own_free char *head = xasprintf("%svmlaunch: %s%s ", on, _("error:"), off);
	size_t n = error_count(err);

	for (size_t i = 0; i < n && i < ERRORS_SHOWN; i++)
		standard_error_tell(head, error_message(err, i), "");
	if (n > ERRORS_SHOWN) {
		own_free char *more = xasprintf(_("and %zu more"), n - ERRORS_SHOWN);

		standard_error_tell(head, more, "");
	}
	return (int)error_kind(err);
}

/* A word that is no command is a profile, if it looks like one. */
static const struct command *command_of(const char *word, struct error **err)
{
	const struct command *command = command_find(word);
	const char *names[ARRAY_SIZE(COMMANDS)], *nearest;
	own_free char *profile = NULL;
	size_t n = 0;

	if (command)
		return command;
	if (strchr(word, '/') || text_ends(word, ".ini") || access(word, F_OK) == 0)
		return command_find("run");
	for (const struct command *c = COMMANDS; c->name; c++)
		if (!c->hidden)
			names[n++] = c->name;
	profile = xasprintf("%s.ini", word);
	nearest = access(profile, F_OK) == 0 ? profile : text_nearest(word, names, n);
	error_add(
		err, ERROR_USAGE,
		"'%s' is neither a command nor a profile%s%s%s; 'vmlaunch --help' lists the commands",
		word, nearest ? _("; did you mean ") : "", nearest ? nearest : "",
		nearest ? "?" : "");
	return NULL;
}

static bool set_output(const struct arguments *args, struct error **err)
{
	const char *color = argument_option(args, "color");
	bool always = color && strcmp(color, "always") == 0;
	bool never = color && strcmp(color, "never") == 0;

	if (color && !always && !never && strcmp(color, "auto") != 0) {
		error_add(err, ERROR_USAGE, "--color is auto, always or never, not '%s'", color);
		return false;
	}
	colored = always || (!never && !getenv("NO_COLOR") && isatty(STDERR_FILENO));
	verbose = argument_option(args, "verbose");
	say_to(tell);
	return true;
}

static bool set_sandbox(const struct arguments *args, struct error **err)
{
	const char *word = argument_option(args, "sandbox");
	enum sandbox mode = SANDBOX_ENFORCE;

	if (word && !sandbox_parse(word, &mode)) {
		error_add(err, ERROR_USAGE, "--sandbox is enforce, log or off, not '%s'", word);
		return false;
	}
	sandbox_set(mode);
	return true;
}

/* Whoever reads our output must learn that it is not whole. */
static bool flush_output(struct error **err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	error_add(err, ERROR_FAILED, "cannot write to standard output");
	return false;
}

/* What somebody who types the bare name needs first. */
static void short_help(void)
{
	struct root real = ROOT_REAL;
	size_t n, shown = 0;
	char **names = root_list(&real, &n, ".");

	puts(_("vmlaunch PROFILE   starts the machine that an INI profile describes\n"
	       "vmlaunch help      lists the commands"));
	for (size_t i = 0; i < n; i++) {
		own_free char *word = text_word(names[i]);

		if (text_ends(names[i], ".ini") && shown++ < PROFILES_SHOWN)
			printf("%s  vmlaunch %s\n", shown == 1 ? _("\nIn this directory:\n") : "",
			       word);
	}
	if (shown > PROFILES_SHOWN)
		printf(_("  and %zu more\n"), shown - PROFILES_SHOWN);
	names_free(names, n);
}

/* Whether what this command prints is read by a program, or sent to people elsewhere. */
static bool is_for_programs(char **word, size_t n)
{
	static const char *const words[] = {"--json", "--lines", "--raw", "complete", "report"};

	for (size_t i = 0; i < n && word[i]; i++) {
		const char *format = text_starts(word[i], "--format=")		     ? word[i] + 9
				     : strcmp(word[i], "--format") == 0 && i + 1 < n ? word[i + 1]
										     : NULL;

		if (format && strcmp(format, "text") != 0 && strcmp(format, "html") != 0)
			return true;
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			if (strcmp(word[i], words[k]) == 0)
				return true;
	}
	return false;
}

static int run(int argc, char **argv, struct error **err)
{
	own_arguments struct arguments args = {0};
	size_t n = (size_t)argc - 1, at = command_at(argv + 1, n);
	const struct command *command;
	int status;

	if (!is_for_programs(argv + 1, n))
		tongue_init();
	if (n == 0 || at == n) {
		if (n == 1 && strcmp(argv[1], "--version") == 0) {
			puts("vmlaunch " VMLAUNCH_VERSION);
			return 0;
		}
		if (n == 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
			general_help();
			return 0;
		}
		if (n) {
			error_add(err, ERROR_USAGE,
				  "usage: vmlaunch PROFILE, or vmlaunch COMMAND; see --help");
			return ERROR_USAGE;
		}
		short_help();
		return ERROR_USAGE;
	}
	command = command_of(argv[1 + at], err);
	if (!command)
		return ERROR_USAGE;
	if (strcmp(argv[1 + at], command->name) == 0) {
		memmove(&argv[1 + at], &argv[2 + at], (n - at) * sizeof(*argv));
		n--;
	}
	if (!arguments_parse(&args, command, argv + 1, n, err) || !set_output(&args, err) ||
	    !set_sandbox(&args, err))
		return ERROR_USAGE;
	if (!notices_open(&notices, &args, err))
		return ERROR_FAILED;
	if (argument_option(&args, "help")) {
		command_help(command);
		return 0;
	}
	status = command->run(&args, err);
	/* What failed may have failed for that. */
	if ((*err || !command->watches) && !saw_all(err))
		return ERROR_HOST;
	return status;
}

/* A standard descriptor that is closed would become the next file that we open, and what is printed
 * or read would go there. What takes its place is opened the wrong way round: using it still fails.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	own_error struct error *err = NULL;
	int status;

	fill_standard_descriptors();
	/* Brought here by sudo or pkexec: nothing of the user's is looked at. */
	if (argc >= 2 && strcmp(argv[1], "--keeper") == 0)
		return argc <= 3 ? keeper_main(argv[2]) : ERROR_USAGE;
	/* Whoever waits for the end of a pipe must not wait for ours. */
	syscall(SYS_close_range, 3U, ~0U, 0);
	standard_error_open();
	status = argc > 0 ? run(argc, argv, &err) : ERROR_USAGE;
	flush_output(&err);
	notices_close(&notices, err);
	return err ? print_error(err) : status;
}
