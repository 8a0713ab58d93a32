/* Process 1 of L2, with the output, the small helpers and the drivers. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static FILE *out;
static char command_line[4096];

void line_begin(const char *kind)
{
	fprintf(out, "GUEST %s", kind);
}

void line_bytes(const char *key, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	fprintf(out, " %s=", key);
	for (; length > 0; length--, at++)
		if (*at > ' ' && *at <= '~' && *at != '%' && *at != '=')
			fputc(*at, out);
		else
			fprintf(out, "%%%02x", *at);
}

void line_value(const char *key, const char *format, ...)
{
	char text[4096];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	line_bytes(key, text, length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

void line_error(void)
{
	line_value("error", "%s", strerror(errno));
}

void line_end(void)
{
	fputc('\n', out);
	fflush(out);
}

ssize_t file_read(const char *path, void *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n = fd;

	while (n >= 0 && done < size && (n = read(fd, (char *)buffer + done, size - done)) > 0)
		done += (size_t)n;
	if (fd >= 0)
		close(fd);
	return n < 0 && done == 0 ? -1 : (ssize_t)done;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd;

	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n < 0 ? -1 : 0;
}

const char *parameter(const char *name, unsigned nth)
{
	static char copy[sizeof(command_line)];
	size_t length = strlen(name);

	strcpy(copy, command_line);
	for (char *save, *word = strtok_r(copy, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		if (strncmp(word, "guest.", 6) == 0 && strncmp(word + 6, name, length) == 0 &&
		    word[6 + length] == '=' && nth-- == 0)
			return word + 6 + length + 1;
	return NULL;
}

long parameter_number(const char *name, long otherwise)
{
	const char *text = parameter(name, 0);

	return text ? strtol(text, NULL, 0) : otherwise;
}

double uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void sleep_ms(long ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

/* ---- drivers ---- */

#define MODALIASES "/sys/bus/*/devices/*/modalias"

static char table[1 << 18]; /* /mods/table: per line a pattern and the files to load for it */
static char loaded[1 << 14];
static unsigned devices;

/* How many paths match; @each, if given, is called for each of them. */
static unsigned matches(const char *pattern, void (*each)(const char *path))
{
	unsigned count;
	glob_t found;

	if (glob(pattern, GLOB_NOSORT | GLOB_BRACE, NULL, &found) != 0)
		return 0;
	count = (unsigned)found.gl_pathc;
	for (unsigned i = 0; each && i < count; i++)
		each(found.gl_pathv[i]);
	globfree(&found);
	return count;
}

void load_module(const char *name, const char *options)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/mods/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, options, 0) != 0 && errno != EEXIST)) {
		line_begin("module");
		line_value("name", "%s", name);
		line_error();
		line_end();
	}
	if (fd >= 0)
		close(fd);
}

static void load_file(const char *name)
{
	char mark[300];

	snprintf(mark, sizeof(mark), " %s ", name);
	if (strstr(loaded, mark) || strlen(loaded) + strlen(mark) >= sizeof(loaded))
		return;
	strcat(loaded, mark);
	load_module(name, "");
}

/* A pattern is compared up to its first wildcard before fnmatch() is asked: under emulation in
 * emulation the table is long.
 */
static void load_for(const char *alias)
{
	for (const char *at = table; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char row[2048], *save, *word;
		size_t length = strcspn(at, "\n");

		if (strncmp(at, alias, strcspn(at, "*? \n")) != 0 || length >= sizeof(row))
			continue;
		memcpy(row, at, length);
		row[length] = '\0';
		word = strtok_r(row, " ", &save);
		if (!word || fnmatch(word, alias, 0) != 0)
			continue;
		while ((word = strtok_r(NULL, " ", &save)))
			load_file(word);
	}
}

/* Loads what a device asks for, if it has not asked before. */
static void look_at(const char *path)
{
	static char *seen[512];
	static unsigned count;
	char alias[1024];
	ssize_t n = file_read(path, alias, sizeof(alias) - 1);

	if (n <= 0)
		return;
	alias[n] = '\0';
	alias[strcspn(alias, "\n")] = '\0';
	for (unsigned i = 0; i < count; i++)
		if (strcmp(seen[i], alias) == 0)
			return;
	if (count == sizeof(seen) / sizeof(seen[0]))
		return;
	seen[count++] = strdup(alias);
	devices = count;
	load_for(alias);
}

/* A device that came after all others had settled brings its driver here. */
bool wait_for_path(const char *pattern)
{
	for (int tries = 0; tries < 400; tries++) {
		if (matches(pattern, NULL) > 0)
			return true;
		matches(MODALIASES, look_at);
		sleep_ms(50);
	}
	return false;
}

/* Drivers look at their devices in the background: a disk or a sound card comes after its
 * driver has been bound. So what the devices turn into is counted as well.
 */
void load_drivers(void)
{
	double settle = (double)parameter_number("settle", 400) / 1000;
	double quiet = uptime(), limit = quiet + 30;
	unsigned before = 0, now;

	file_read("/mods/table", table, sizeof(table) - 1);
	do {
		matches(MODALIASES, look_at);
		now = devices + matches("/sys/class/{block,sound,input,power_supply}/*", NULL);
		if (now != before)
			quiet = uptime();
		before = now;
		sleep_ms(50);
	} while (uptime() - quiet < settle && uptime() < limit);
}

/* ---- the course of things ---- */

static void open_output(void)
{
	struct termios line;
	int fd = open("/dev/ttyS0", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && tcgetattr(fd, &line) == 0) {
		line.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(fd, TCSANOW, &line);
	}
	out = fd >= 0 ? fdopen(fd, "w") : stdout;
	/* The kernel's messages would break our lines. */
	klogctl(8, NULL, 1);
	fputc('\n', out);
}

static void mark(const char *kind)
{
	line_begin(kind);
	line_value("uptime", "%.2f", uptime());
	line_end();
}

int main(void)
{
	const char *finally;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	file_read("/proc/cmdline", command_line, sizeof(command_line) - 1);
	open_output();
	mark("begin");
	load_drivers();
	mark("ready");
	report_machine();
	report_devices();
	play_sound();
	do_actions();
	mark("end");
	tcdrain(fileno(out));
	sleep_ms(parameter_number("hold", 0) * 1000);
	finally = parameter("finally", 0);
	if (finally && strcmp(finally, "panic") == 0)
		return 1;
	reboot(finally && strcmp(finally, "reboot") == 0 ? RB_AUTOBOOT : RB_POWER_OFF);
	return 1;
}
