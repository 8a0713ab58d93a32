/* A QEMU that is none: takes any command line, writes down what it was given, and plays its part on
 * the monitors by a script. README.md in this folder says how.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

static long started;

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void note(const char *fmt, ...)
{
	const char *path = getenv("FAKE_QEMU_LOG");
	char line[8192];
	va_list args;
	int len, fd;

	if (!path)
		return;
	len = snprintf(line, sizeof(line), "%ld %d ", now_ms() - started, getpid());
	va_start(args, fmt);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		fprintf(stderr, "fake qemu: cannot write %s\n", path);
	if (fd >= 0)
		close(fd);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("fake qemu: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	fflush(NULL);
	_exit(99);
}

/* ------------------------------------------------------------------ what it was given */

/* A file appears whole: tests wait for it by name. */
static FILE *open_record(const char *path, char **temporary)
{
	FILE *f;

	if (asprintf(temporary, "%s.%d", path, getpid()) < 0)
		abort();
	f = fopen(*temporary, "we");
	if (!f)
		fail("cannot write %s: %m", *temporary);
	return f;
}

static void close_record(FILE *f, char *temporary, const char *path)
{
	if (fclose(f) != 0 || rename(temporary, path) != 0)
		fail("cannot write %s: %m", path);
	free(temporary);
}

static void record_argv(const char *path, char **argv)
{
	char *temporary;
	FILE *f = open_record(path, &temporary);

	for (; *argv; argv++)
		fwrite(*argv, strlen(*argv) + 1, 1, f);
	close_record(f, temporary, path);
}

/* The descriptors that were there at the start; kept until it is known whether they are wanted. */
static char *list_fds(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char target[4096];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0 || atoi(entry->d_name) == dirfd(dir))
			continue;
		target[n] = '\0';
		fprintf(f, "fd %s %s\n", entry->d_name, target);
	}
	if (dir)
		closedir(dir);
	fclose(f);
	return text;
}

static void record_environment(FILE *f)
{
	const char *names = getenv("FAKE_QEMU_ENV");

	for (char **p = environ; !names && *p; p++)
		if (strncmp(*p, "FAKE_QEMU_", 10) != 0)
			fprintf(f, "env %s\n", *p);
	while (names && *names) {
		char name[256];
		size_t len = strcspn(names, " ");

		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (getenv(name))
			fprintf(f, "env %s=%s\n", name, getenv(name));
		names += len;
		names += strspn(names, " ");
	}
}

static void record_process(FILE *f)
{
	static const char *const wanted[] = {
		"Uid:",	   "Gid:",    "Groups:", "SigBlk:", "SigIgn:",
		"CapInh:", "CapEff:", "CapPrm:", "CapBnd:", "NoNewPrivs:"};
	FILE *status = fopen("/proc/self/status", "re");
	char line[1024], cwd[4096];
	mode_t mask = umask(0);

	umask(mask);
	fprintf(f, "umask %03o\n", mask);
	fprintf(f, "session %s\n", getsid(0) == getpid() ? "own" : "inherited");
	if (getcwd(cwd, sizeof(cwd)))
		fprintf(f, "cwd %s\n", cwd);
	while (status && fgets(line, sizeof(line), status))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fprintf(f, "status %s", line);
	if (status)
		fclose(status);
}

/* By a child, with whose end it ends. */
static int trace(pid_t pid)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ? errno : 0);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno ? -1 : 0;
}

/* What FAKE_QEMU_TRY has it try, of which nothing is kept: "read:PATH write:PATH trace:PID
 * signal:PID". */
static void record_tries(FILE *f)
{
	const char *tries = getenv("FAKE_QEMU_TRY");
	char text[4096], *rest = text, *word;

	snprintf(text, sizeof(text), "%s", tries ? tries : "");
	while ((word = strsep(&rest, " "))) {
		char *what = strsep(&word, ":");
		int result = -1;

		if (!word)
			continue;
		errno = 0;
		if (strcmp(what, "read") == 0 || strcmp(what, "write") == 0) {
			result = open(word, *what == 'r' ? O_RDONLY : O_RDWR);
			if (result >= 0)
				close(result);
		} else if (strcmp(what, "trace") == 0) {
			result = trace(atoi(word));
		} else if (strcmp(what, "signal") == 0) {
			result = kill(atoi(word), 0);
		}
		fprintf(f, "try %s:%s %s\n", what, word,
			result < 0 ? strerrorname_np(errno) : "done");
	}
}

static void record_fds(const char *path, const char *fds)
{
	char *temporary;
	FILE *f = open_record(path, &temporary);

	fputs(fds, f);
	record_process(f);
	record_environment(f);
	record_tries(f);
	close_record(f, temporary, path);
}

/* ------------------------------------------------------------------ the command line */

static void copy(char *value, size_t room, const char *text)
{
	size_t len = strlen(text);

	if (len >= room)
		fail("too long: %s", text);
	memcpy(value, text, len + 1);
}

/* The value of a key in QEMU's option string, with ",," made ","; the first part without "=" can be
 * had by the key "". A key without value is "on". False if it is not there.
 */
static bool option(const char *string, const char *key, char *value, size_t room)
{
	for (bool first = true; *string; first = false) {
		char part[4096];
		size_t len = 0, key_len = strlen(key);

		while (*string && (*string != ',' || string[1] == ',')) {
			string += *string == ',';
			if (len < sizeof(part) - 1)
				part[len++] = *string;
			string++;
		}
		string += *string == ',';
		part[len] = '\0';
		if (key_len == 0 && first && !strchr(part, '=')) {
			copy(value, room, part);
			return true;
		}
		if (key_len && strcmp(part, key) == 0) {
			copy(value, room, "on");
			return true;
		}
		if (key_len && len > key_len && strncmp(part, key, key_len) == 0 &&
		    part[key_len] == '=') {
			copy(value, room, part + key_len + 1);
			return true;
		}
	}
	return false;
}

/* The value of the option that comes next, from *at on, under a name without dashes; NULL: none. */
static const char *next_option(char **argv, int *at, const char *name)
{
	while (argv[*at] && argv[*at + 1]) {
		const char *arg = argv[(*at)++];

		arg += arg[0] == '-' ? 1 + (arg[1] == '-') : 0;
		if (strcmp(arg, name) == 0)
			return argv[(*at)++];
	}
	return NULL;
}

static bool has_flag(char **argv, const char *name)
{
	for (; *argv; argv++)
		if (**argv == '-' && strcmp(*argv + 1 + ((*argv)[1] == '-'), name) == 0)
			return true;
	return false;
}

static void add_monitor(struct machine *machine, const char *id, int listen_fd, int in, int out,
			bool pretty)
{
	struct monitor *monitor;

	if (machine->n_monitors == MONITORS)
		fail("too many monitors");
	monitor = &machine->monitors[machine->n_monitors++];
	snprintf(monitor->id, sizeof(monitor->id), "%s", id);
	monitor->listen_fd = listen_fd;
	monitor->in = in;
	monitor->out = out;
	monitor->pretty = pretty;
	monitor->tokener = json_tokener_new_ex(64);
}

/* Finds the character device of a monitor and takes it into service. */
static void find_chardev(struct machine *machine, char **argv, const char *wanted, bool pretty)
{
	const char *chardev;
	char kind[40], id[32], number[20], server[10] = "off";
	int at = 1, fd;

	while ((chardev = next_option(argv, &at, "chardev"))) {
		if (!option(chardev, "id", id, sizeof(id)) || strcmp(id, wanted) != 0)
			continue;
		if (!option(chardev, "", kind, sizeof(kind)))
			continue;
		if (strcmp(kind, "stdio") == 0) {
			add_monitor(machine, id, -1, STDIN_FILENO, STDOUT_FILENO, pretty);
			return;
		}
		if (strcmp(kind, "socket") != 0 || !option(chardev, "fd", number, sizeof(number)))
			fail("a monitor is neither stdio nor socket with fd=: %s", chardev);
		option(chardev, "server", server, sizeof(server));
		fd = atoi(number);
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			fail("descriptor %d for %s: %m", fd, id);
		if (strcmp(server, "on") == 0)
			add_monitor(machine, id, fd, -1, -1, pretty);
		else
			add_monitor(machine, id, -1, fd, fd, pretty);
		return;
	}
	fail("no chardev \"%s\"", wanted);
}

static void find_monitors(struct machine *machine, char **argv)
{
	const char *value;
	char id[32], mode[20], pretty[10];
	int at = 1;

	while ((value = next_option(argv, &at, "mon"))) {
		if (!option(value, "chardev", id, sizeof(id)) && !option(value, "", id, sizeof(id)))
			fail("a -mon without chardev: %s", value);
		if (!option(value, "mode", mode, sizeof(mode)) || strcmp(mode, "control") != 0)
			continue;
		find_chardev(machine, argv, id,
			     option(value, "pretty", pretty, sizeof(pretty)) &&
				     strcmp(pretty, "on") == 0);
	}
	at = 1;
	while ((value = next_option(argv, &at, "qmp")))
		if (strcmp(value, "stdio") == 0)
			add_monitor(machine, "stdio", -1, STDIN_FILENO, STDOUT_FILENO, false);
}

/* Whether this is a question about what the binary can do: machine type none. */
static bool is_probe(char **argv)
{
	const char *value;
	char type[40];
	int at = 1;

	value = next_option(argv, &at, "machine");
	if (!value)
		value = next_option(argv, (at = 1, &at), "M");
	return value &&
	       (option(value, "", type, sizeof(type)) ||
		option(value, "type", type, sizeof(type))) &&
	       strcmp(type, "none") == 0;
}

/* Its directories of files, which is no start and no probe: the log has nothing of it. */
static void print_data_dirs(void)
{
	const char *dirs = getenv("FAKE_QEMU_DATA");

	for (; dirs && *dirs; dirs += strspn(dirs, " ")) {
		size_t len = strcspn(dirs, " ");

		printf("%.*s\n", (int)len, dirs);
		dirs += len;
	}
	exit(0);
}

/* As it has them with Debian's qemu-system-modules-opengl and -spice, and without qemu-system-gui.
 */
#define FAKE_DISPLAYS                          \
	"Available display backend types:\n"   \
	"none\negl-headless\ncurses\ndbus\n\n" \
	"Some display backends support suboptions, which can be set with\n"
#define FAKE_DRIVERS "Available audio drivers:\nnone\nalsa\ndbus\npa\nspice\nwav\n"

/* "-display help" and its like. */
static void print_names(struct machine *machine, char **argv, const char *name, const char *names)
{
	int at = 1;
	const char *value = next_option(argv, &at, name);

	if (!value || strcmp(value, "help") != 0)
		return;
	fputs(names, stdout);
	end(machine, 0);
}

static void print_help(struct machine *machine, char **argv)
{
	const char *value;
	int at = 1;

	if ((value = next_option(argv, &at, "L")) && strcmp(value, "help") == 0)
		print_data_dirs();
	at = 1;

	print_names(machine, argv, "display", FAKE_DISPLAYS);
	print_names(machine, argv, "audiodev", FAKE_DRIVERS);
	if (has_flag(argv, "version")) {
		printf("QEMU emulator version %d.%d.%d (fake)\n", machine->version[0],
		       machine->version[1], machine->version[2]);
		end(machine, 0);
	}
	if ((value = next_option(argv, &at, "machine")) && strcmp(value, "help") == 0) {
		print_list(machine, true);
		end(machine, 0);
	}
	at = 1;
	if ((value = next_option(argv, &at, "device")) && strcmp(value, "help") == 0) {
		print_list(machine, false);
		end(machine, 0);
	}
}

int main(int argc, char **argv)
{
	static struct machine machine = {.state = "running"};
	const char *version = getenv("FAKE_QEMU_VERSION");
	char *fds = list_fds();
	static char name[256];
	int at = 1;
	bool probe = is_probe(argv);

	(void)argc;
	started = now_ms();
	for (size_t i = 0; i < MONITORS; i++)
		machine.monitors[i].listen_fd = machine.monitors[i].in = machine.monitors[i].out =
			-1;
	if (sscanf(version ? version : "7.2.22", "%d.%d.%d", &machine.version[0],
		   &machine.version[1], &machine.version[2]) < 2)
		fail("FAKE_QEMU_VERSION: %s", version);
	print_help(&machine, argv);
	note(probe ? "probe" : "start");
	if (!probe && getenv("FAKE_QEMU_ARGV"))
		record_argv(getenv("FAKE_QEMU_ARGV"), argv);
	if (!probe && getenv("FAKE_QEMU_FDS"))
		record_fds(getenv("FAKE_QEMU_FDS"), fds);
	free(fds);
	script_read(&machine.script, getenv(probe ? "FAKE_QEMU_PROBE_SCRIPT" : "FAKE_QEMU_SCRIPT"));
	if (has_flag(argv, "S"))
		machine.state = "prelaunch";
	const char *value = next_option(argv, &at, "name");
	if (value &&
	    (option(value, "", name, sizeof(name)) || option(value, "guest", name, sizeof(name))))
		machine.name = name;
	find_monitors(&machine, argv);
	serve(&machine);
}
