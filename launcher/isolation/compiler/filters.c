/* A program of the build: makes the filters for system calls out of what the sources say.
 *
 *	filters [--sanitizer] OUT.c SOURCE...
 *
 * A comment of a source file, beside the code that makes the calls:
 *
 *	#syscalls(supervisor keeper) openat read ioctl:TCGETS
 *
 * (as long as the comment's paragraph is) names the stages that it runs under, and calls by
 * libseccomp's names; those with a ':' only with that value of the argument that NARROW says. A
 * filter is the union of all such lines of its stage and of those of "all"; those of "sanitizer"
 * count for a build with sanitizers, in each stage.
 *
 * "#fatal(keeper)" names calls that kill a stage whose other calls only fail.
 *
 * libseccomp makes the program for the kernel here, when vmlaunch is built, so that a start pays
 * for one system call and neither for the library nor for its work. Each stage has two: what is not
 * in the list sends SIGSYS (filter.c tells which call, and the process ends), or is allowed and
 * logged.
 *
 * Calls that are newer than UNKNOWN_FROM do not exist for a filtered process (ENOSYS), as on an
 * older kernel: so a newer libc that tries one takes its older way and not a process's life. The
 * same holds for those of UNKNOWN, of which libc tries some: clone3() has its flags where no filter
 * can see them, and libc takes clone() instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAG "#syscalls("
#define FATAL "#fatal("
#define UNKNOWN_FROM 451 /* cachestat(), Linux 6.5 */
#define X32 0x40000000U
#define ROWS_MOST 4096

static const char *const STAGE[] = {"supervisor", "keeper"};
/* What is in no list: a signal, or the answer of a kernel that does not have the call. */
static const uint32_t DENIED[] = {SCMP_ACT_TRAP, SCMP_ACT_ERRNO(ENOSYS)};
#define STAGES (sizeof(STAGE) / sizeof(*STAGE))

static const char *const UNKNOWN[] = {"clone3", "openat2", "epoll_pwait2", "process_madvise"};

/* _IOR and _IOW of 'T' and struct termios2 (asm-generic/ioctls.h), which sys/ioctl.h has no size
 * of: glibc's tcgetattr() and tcsetattr() from 2.42 on.
 */
enum { TCGETS_2 = 0x802c542a, TCSETS_2 = 0x402c542b, TCSETSW_2, TCSETSF_2 };

/* Calls of which only some may be allowed, by an argument. */
static const struct narrow {
	const char *call, *word;
	unsigned argument;
	enum scmp_compare how;
	scmp_datum_t a, b;
} NARROW[] = {
#define IS(call, argument, value)                               \
	{                                                       \
		call, #value, argument, SCMP_CMP_EQ, (value), 0 \
	}
	IS("socket", 0, AF_UNIX),
	IS("socket", 0, AF_NETLINK),
	IS("setsockopt", 2, SO_ATTACH_FILTER),
	IS("socketpair", 0, AF_UNIX),
	IS("prctl", 0, PR_SET_PDEATHSIG),
	IS("prctl", 0, PR_SET_NAME),
	IS("prctl", 0, PR_GET_DUMPABLE),
	IS("prctl", 0, PR_SET_DUMPABLE),
	IS("prctl", 0, PR_SET_PTRACER),
	IS("prctl", 0, PR_SET_VMA),
	IS("prctl", 0, PR_CAPBSET_READ),
	IS("prctl", 0, PR_CAP_AMBIENT),
	IS("ioctl", 1, TCGETS),
	IS("ioctl", 1, TCSETS),
	IS("ioctl", 1, TCSETSW),
	IS("ioctl", 1, TCSETSF),
	{"ioctl", "TCGETS2", 1, SCMP_CMP_EQ, TCGETS_2, 0},
	{"ioctl", "TCSETS2", 1, SCMP_CMP_EQ, TCSETS_2, 0},
	{"ioctl", "TCSETSW2", 1, SCMP_CMP_EQ, TCSETSW_2, 0},
	{"ioctl", "TCSETSF2", 1, SCMP_CMP_EQ, TCSETSF_2, 0},
	IS("ioctl", 1, TIOCGWINSZ),
	IS("ioctl", 1, TIOCGPGRP),
	IS("ioctl", 1, FIONREAD),
	IS("ioctl", 1, FIONBIO),
	/* Processes and threads, and no namespaces. */
	{"clone", "process", 0, SCMP_CMP_MASKED_EQ,
	 CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		 CLONE_NEWPID | CLONE_NEWNET,
	 0},
	IS("prlimit64", 1, RLIMIT_MEMLOCK),
	IS("prlimit64", 1, RLIMIT_RTPRIO),
	/* Its own limits, which libc looks at, and nobody else's. */
	{"prlimit64", "self", 0, SCMP_CMP_EQ, 0, 0},
};
#define NARROWS (sizeof(NARROW) / sizeof(*NARROW))

struct row {
	unsigned stages; /* a bit for each */
	bool fatal;
	char *call;
	const struct narrow *narrow;
};

static struct row row[ROWS_MOST];
static size_t rows;
static bool sanitizer;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("filters: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ------------------------------------------------------------------ reading the sources */

static bool is_narrowed(const char *call)
{
	for (size_t i = 0; i < NARROWS; i++)
		if (strcmp(NARROW[i].call, call) == 0)
			return true;
	return false;
}

static const struct narrow *narrow_of(const char *call, const char *word)
{
	for (size_t i = 0; i < NARROWS; i++)
		if (strcmp(NARROW[i].call, call) == 0 && strcmp(NARROW[i].word, word) == 0)
			return &NARROW[i];
	return NULL;
}

static void take_word(const char *file, unsigned stages, bool fatal, char *word)
{
	char *colon = strchr(word, ':');
	struct row *r = &row[rows];

	if (colon)
		*colon = '\0';
	if (rows == ROWS_MOST)
		fail("too many calls");
	*r = (struct row){.stages = stages, .fatal = fatal, .call = strdup(word)};
	if (colon && !(r->narrow = narrow_of(word, colon + 1)))
		fail("%s: %s:%s is none of those that filters.c knows", file, word, colon + 1);
	if (!colon && !fatal && is_narrowed(word))
		fail("%s: %s wants a ':' and for what", file, word);
	if (seccomp_syscall_resolve_name(word) != __NR_SCMP_ERROR)
		rows++;
	else
		fail("%s: libseccomp knows no system call %s", file, word);
}

static unsigned stages_of(const char *file, char *words)
{
	unsigned stages = 0;

	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		bool found = strcmp(word, "all") == 0 || strcmp(word, "sanitizer") == 0;

		if (strcmp(word, "all") == 0 || (found && sanitizer))
			stages |= (1U << STAGES) - 1;
		for (size_t i = 0; i < STAGES; i++) {
			if (strcmp(word, STAGE[i]) == 0) {
				stages |= 1U << i;
				found = true;
			}
		}
		if (!found)
			fail("%s: there is no stage %s", file, word);
	}
	return stages;
}

static void take_words(const char *file, unsigned stages, bool fatal, char *words)
{
	for (char *word = strtok(words, " \t\n"); word; word = strtok(NULL, " \t\n"))
		take_word(file, stages, fatal, word);
}

/* The list of a comment goes on to the comment's end or its next empty line. */
static void take_file(const char *file)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	unsigned stages = 0;
	bool inside = false, fatal = false;

	if (!f)
		fail("%s: %s", file, strerror(errno));
	while (getline(&line, &size, f) > 0) {
		char *allows = strstr(line, TAG), *at = allows ? allows : strstr(line, FATAL);
		char *end = at ? strchr(at, ')') : NULL;
		char *words = line + strspn(line, " \t*"), *over = strstr(line, "*/");

		if (at && end && !strchr(line, '"')) {
			*end = '\0';
			stages = stages_of(file, strchr(at, '(') + 1);
			words = end + 1;
			fatal = !allows;
			inside = true;
		}
		if (over) {
			*over = '\0';
			words = words > over ? over : words;
		}
		inside = inside && *words != '\n';
		if (inside)
			take_words(file, stages, fatal, words);
		inside = inside && !over;
	}
	if (inside)
		fail("%s: a list of calls without an end", file);
	free(line);
	fclose(f);
}

/* ------------------------------------------------------------------ making a filter */

static void add_row(scmp_filter_ctx *ctx, const struct row *r, uint32_t action)
{
	const struct narrow *n = r->narrow;
	int number = seccomp_syscall_resolve_name(r->call), result;

	if (n)
		result = seccomp_rule_add(ctx, action, number, 1,
					  SCMP_CMP(n->argument, n->how, n->a, n->b));
	else
		result = seccomp_rule_add(ctx, action, number, 0);
	if (result < 0 && result != -EEXIST)
		fail("%s: %s", r->call, strerror(-result));
}

static void add_unknown(scmp_filter_ctx *ctx)
{
	for (size_t i = 0; i < sizeof(UNKNOWN) / sizeof(*UNKNOWN); i++) {
		int number = seccomp_syscall_resolve_name(UNKNOWN[i]);

		if (number != __NR_SCMP_ERROR &&
		    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), number, 0) < 0)
			fail("%s: no rule", UNKNOWN[i]);
	}
}

/* Behind a look at numbers that are too new; those of x32 are for the filter to judge. */
static void print_program(FILE *out, int fd)
{
	const struct sock_filter before[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UNKNOWN_FROM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_filter op;

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		fprintf(out, "\t{%#x, %u, %u, %#x},\n", before[i].code, before[i].jt, before[i].jf,
			before[i].k);
	lseek(fd, 0, SEEK_SET);
	while (read(fd, &op, sizeof(op)) == sizeof(op))
		fprintf(out, "\t{%#x, %u, %u, %#x},\n", op.code, op.jt, op.jf, op.k);
}

/* What is allowed comes first, and stays so: a sanitizer's calls may be fatal ones elsewhere. */
static void add_rows(scmp_filter_ctx *ctx, size_t stage, bool fatal, uint32_t action)
{
	for (size_t i = 0; i < rows; i++)
		if (row[i].stages & 1U << stage && row[i].fatal == fatal)
			add_row(ctx, &row[i], action);
}

static void print_filter(FILE *out, size_t stage, const char *kind, bool logs)
{
	uint32_t denied = logs ? SCMP_ACT_LOG : DENIED[stage];
	uint32_t fatal = logs ? SCMP_ACT_LOG : SCMP_ACT_TRAP;
	scmp_filter_ctx *ctx = seccomp_init(denied);
	int fd = memfd_create("filter", MFD_CLOEXEC);

	if (!ctx || fd < 0 || seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		fail("libseccomp: no filter");
	add_rows(ctx, stage, false, SCMP_ACT_ALLOW);
	if (fatal != denied)
		add_rows(ctx, stage, true, fatal);
	if (denied != SCMP_ACT_ERRNO(ENOSYS))
		add_unknown(ctx);
	if (seccomp_export_bpf(ctx, fd) < 0)
		fail("libseccomp: no program");
	fprintf(out, "static const struct sock_filter %s_%s[] = {\n", STAGE[stage], kind);
	print_program(out, fd);
	fprintf(out, "};\n\n");
	close(fd);
	seccomp_release(ctx);
}

static void print_names(FILE *out)
{
	fprintf(out, "const char *filter_call_name(int number)\n{\n\tswitch (number) {\n");
	for (int i = 0; i < UNKNOWN_FROM; i++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		if (name)
			fprintf(out, "\tcase %d:\n\t\treturn \"%s\";\n", i, name);
		free(name);
	}
	fprintf(out, "\tdefault:\n\t\treturn \"?\";\n\t}\n}\n");
}

int main(int argc, char **argv)
{
	int at = 1;
	FILE *out;

	if (at < argc && strcmp(argv[at], "--sanitizer") == 0) {
		sanitizer = true;
		at++;
	}
	if (argc - at < 2)
		fail("usage: filters [--sanitizer] OUT.c SOURCE...");
	for (int i = at + 1; i < argc; i++)
		take_file(argv[i]);
	out = fopen(argv[at], "we");
	if (!out)
		fail("%s: %s", argv[at], strerror(errno));
	fprintf(out,
		"/* Made by launcher/isolation/compiler/filters.c. */\n#include \"isolation/filter.h\"\n\n");
	for (size_t i = 0; i < STAGES; i++) {
		print_filter(out, i, "enforce", false);
		print_filter(out, i, "log", true);
	}
	fprintf(out,
		"#define PROGRAM(name) {sizeof(name) / sizeof(*(name)), (struct sock_filter *)(name)}\n"
		"const struct filter FILTER[FILTERS] = {\n");
	for (size_t i = 0; i < STAGES; i++)
		fprintf(out, "\t{\"%s\", PROGRAM(%s_enforce), PROGRAM(%s_log)},\n", STAGE[i],
			STAGE[i], STAGE[i]);
	fprintf(out, "};\n\n");
	print_names(out);
	if (fclose(out) != 0)
		fail("%s: %s", argv[at], strerror(errno));
	return 0;
}
