/* The probe of a machine, so many times, each in a process of its own, as each starts from nothing:
 * whoever calls this is root or not, as for one. After each round what the guest saw is held
 * against the first one's report, and the host against what it was before all of them: its PCI
 * functions, its huge pages. What is the same has come back.
 */
#include "rounds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/own.h"
#include "base/root.h"
#include "base/text.h"
#include "host/pci.h"

#define REPORT_LIMIT (1U << 20)

/* ------------------------------------------------------------------ the host */

static void add_function(struct buf *out, const struct pci_function *f)
{
	char address[PCI_ADDRESS_SIZE];

	buf_addf(out, "pci %s id=%04x:%04x driver=%s override=%s power=%s vfs=%u reset=",
		 pci_address_format(&f->address, address), f->vendor, f->device,
		 f->driver ? f->driver : "none", f->driver_override ? f->driver_override : "none",
		 f->power_control ? f->power_control : "none", f->vfs);
	for (size_t i = 0; i < f->resets; i++)
		buf_addf(out, "%s%s", i ? "," : "", f->reset[i]);
	buf_addc(out, '\n');
}

static void add_pages(struct buf *out, const struct root *root, unsigned size_kb)
{
	unsigned long long n;

	if (root_number(root, &n, "/sys/kernel/mm/hugepages/hugepages-%ukB/nr_hugepages", size_kb))
		buf_addf(out, "hugepages size=%uK number=%llu\n", size_kb, n);
}

/* What a hand-over changes, a line each; the caller owns it. */
static char *look_at_host(void)
{
	const struct root root = ROOT_REAL;
	own_pci_list struct pci_list list = {0};
	struct buf out = {0};

	buf_adds(&out, "");
	pci_list_read(&list, &root);
	for (size_t i = 0; i < list.n; i++)
		add_function(&out, &list.v[i]);
	add_pages(&out, &root, 2048);
	add_pages(&out, &root, 1048576);
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ a round */

static void hear_report(int fd, struct buf *report)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && report->len + (size_t)n <= REPORT_LIMIT)
			buf_add(report, part, (size_t)n);
	}
}

/* Its exit status; -1 with words when there was no round at all. */
static int play_round(char **words, struct buf *report, struct error **err)
{
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, theirs = -1;
	int status = -1, errnum;

	if (!child_pipe(&ours, &theirs)) {
		error_errno(err, ERROR_FAILED, errno, "cannot make a pipe");
		return -1;
	}
	const struct child_fd fd[] = {{STDIN_FILENO, 0}, {theirs, 1}, {STDERR_FILENO, 2}};

	errnum = child_start(&child, &(struct child_way){.argv = (const char *const *)words,
							 .program = "/proc/self/exe",
							 .fd = fd,
							 .fds = ARRAY_SIZE(fd),
							 .signals = CHILD_SIGNALS_CALLERS,
							 .same_session = true});
	close_fd(&theirs);
	if (errnum) {
		error_errno(err, ERROR_FAILED, errnum, "cannot start another process");
		return -1;
	}
	hear_report(ours, report);
	child_reap(&child, &status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : ERROR_FAILED;
}

/* ------------------------------------------------------------------ what differs */

/* Of a line of the report about a function of the guest's; the caller owns it, NULL: of none. */
static char *address_in(const char *line)
{
	static const char kind[] = "VMPROBE pci", key[] = " address=";
	const char *at = strncmp(line, kind, strlen(kind)) == 0 ? strstr(line, key) : NULL;

	return at ? xasprintf("%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key)) : NULL;
}

static int number_of(json_object *o, const char *key)
{
	return json_object_get_int(json_object_object_get(o, key));
}

static void count_device(json_object *devices, const char *address, int round)
{
	json_object *device;

	if (!json_object_object_get_ex(devices, address, &device)) {
		device = json_object_new_object();
		json_add_number(device, "first", round);
		json_object_object_add(devices, address, device);
	}
	if (number_of(device, "last") != round)
		json_add_number(device, "rounds", number_of(device, "rounds") + 1);
	json_add_number(device, "last", round);
}

/* Which functions of the guest's were not as in the first round, by their addresses there: in how
 * many rounds, the first and the last of them.
 */
static json_object *devices_apart(json_object *rounds)
{
	static const char *const sign[] = {"gone", "new"};
	json_object *devices = json_object_new_object();

	for (size_t r = 0; r < json_object_array_length(rounds); r++) {
		json_object *round = json_object_array_get_idx(rounds, r);
		json_object *guest = json_object_object_get(round, "guest");

		for (size_t i = 0; i < ARRAY_SIZE(sign); i++) {
			json_object *list = json_object_object_get(guest, sign[i]);

			for (size_t k = 0; k < json_object_array_length(list); k++) {
				own_free char *address = address_in(
					json_object_get_string(json_object_array_get_idx(list, k)));

				if (address)
					count_device(devices, address, number_of(round, "number"));
			}
		}
	}
	return devices;
}

static void print_apart(json_object *rounds)
{
	json_object *devices = devices_apart(rounds);
	bool any = json_object_object_length(devices);

	json_object_object_foreach(devices, address, device)
		printf("%s in the guest differed in %d of them, first in round %d\n", address,
		       number_of(device, "rounds"), number_of(device, "first"));
	if (any)
		puts("what is not as at its first start was not reset between the two: 'vmlaunch devices' shows the ways of a reset that it has, and the profile chooses one");
	json_object_put(devices);
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strcspn(at, "\n") == len && strncmp(at, line, len) == 0)
			return true;
	return false;
}

/* Lines of one text that another has not. */
static json_object *lines_without(const char *text, const char *other)
{
	json_object *list = json_object_new_array();

	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t len = strcspn(at, "\n");
		own_free char *line = xasprintf("%.*s", (int)len, at);
		own_free char *shown = text_quote(line, SIZE_MAX);

		if (!has_line(other, at, len))
			json_object_array_add(list, json_object_new_string(shown));
	}
	return list;
}

static json_object *first_difference(const char *first, const char *now)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "gone", lines_without(first, now));
	json_object_object_add(o, "new", lines_without(now, first));
	return o;
}

static bool print_difference(json_object *o, const char *title)
{
	static const char *const sign[][2] = {{"gone", "-"}, {"new", "+"}};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(sign); i++) {
		json_object *list = json_object_object_get(o, sign[i][0]);

		for (size_t k = 0; k < json_object_array_length(list); k++) {
			if (!any && title)
				printf("%s\n", title);
			any = true;
			if (title)
				printf("  %s %s\n", sign[i][1],
				       json_object_get_string(json_object_array_get_idx(list, k)));
		}
	}
	return any;
}

/* Whether it is as the first one was. */
static bool tell_round(json_object *round, unsigned number, unsigned rounds, double seconds,
		       int status, bool quiet)
{
	json_object *guest = json_object_object_get(round, "guest");
	json_object *host = json_object_object_get(round, "host");
	bool alike = status <= ERROR_FAILED && !print_difference(guest, NULL) &&
		     !print_difference(host, NULL);

	if (quiet)
		return alike;
	printf("round %u of %u: %.1f s, %s\n", number, rounds, seconds,
	       status > ERROR_FAILED ? "no report"
	       : !alike		     ? "something differs"
	       : number == 1	     ? "the host is as it was"
				     : "as the first, and the host is as it was");
	if (status > ERROR_FAILED)
		printf("the probe ended with %d; what it said stands above\n", status);
	print_difference(guest, "the guest sees, unlike in the first round:");
	print_difference(host, "the host has, unlike before:");
	fflush(stdout);
	return alike;
}

struct rounds {
	char **words;
	char *host;  /* before all of them */
	char *first; /* the first report */
	json_object *list;
	unsigned n, alike;
	int status; /* of the last one */
};

/* False when there is no sense in another one. */
static bool one_round(struct rounds *all, unsigned number, bool quiet, struct error **err)
{
	own_buf struct buf report = {0};
	int64_t before = now_ms();
	own_free char *host = NULL;
	json_object *round;
	double seconds;

	buf_adds(&report, "");
	all->status = play_round(all->words, &report, err);
	if (all->status < 0)
		return false;
	seconds = (double)(now_ms() - before) / 1000;
	host = look_at_host();
	if (!all->first)
		all->first = xstrdup(report.data);
	round = json_object_new_object();
	json_add_number(round, "number", (int)number);
	json_object_object_add(round, "seconds", json_object_new_double(seconds));
	json_add_number(round, "status", all->status);
	json_object_object_add(round, "guest", first_difference(all->first, report.data));
	json_object_object_add(round, "host", first_difference(all->host, host));
	json_object_array_add(all->list, round);
	all->alike += tell_round(round, number, all->n, seconds, all->status, quiet);
	/* A report with a problem in it is one. */
	return all->status <= ERROR_FAILED && report.len;
}

static void print_json(struct rounds *all)
{
	json_object *top = json_object_new_object();

	json_add_number(top, "version", 1);
	json_object_object_add(top, "devices", devices_apart(all->list));
	json_object_object_add(top, "rounds", steal(&all->list));
	json_add_number(top, "alike", (int)all->alike);
	print_document(top);
	json_object_put(top);
}

static void print_end(const struct rounds *all, unsigned played)
{
	printf("\n%u of %u rounds: %s\n", played, all->n,
	       all->alike == all->n ? "all alike, and the host was as it was after each"
				    : "not all alike");
	print_apart(all->list);
}

int probe_rounds(const struct arguments *args, unsigned rounds, struct error **err)
{
	static const char *const head[] = {"vmlaunch", "probe", "--lines", NULL};
	static const char *const without[] = {"rounds", "json", "lines", NULL};
	struct rounds all = {.words = arguments_again(args, head, without),
			     .host = look_at_host(),
			     .list = json_object_new_array(),
			     .n = rounds};
	bool json = argument_option(args, "json");
	unsigned played = 0;

	for (bool more = true; more && played < rounds; played++)
		more = one_round(&all, played + 1, json, err);
	if (json)
		print_json(&all);
	else if (all.status >= 0)
		print_end(&all, played);
	arguments_again_free(all.words);
	free(all.host);
	free(all.first);
	json_object_put(all.list);
	return all.status > ERROR_FAILED ? all.status : all.alike == rounds ? 0 : ERROR_FAILED;
}
