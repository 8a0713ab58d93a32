/* The talk with a QEMU binary: what it answers is understood, what it does wrong is told. */
#include "test_host_place.h"

#include <fcntl.h>
#include <signal.h>

#include "host/qemu.h"

/* Asks in vain, and says with which words. */
static char *refusal(struct place *place, unsigned wait_ms)
{
	own_error struct error *err = NULL;
	struct qemu_facts qemu = {.offers[QEMU_MACHINES].n = 77};
	char *words;

	assert_false(qemu_ask(&qemu, place->binary, wait_ms, &err));
	assert_int_equal(qemu.offers[QEMU_MACHINES].n, 77);
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_int_equal(error_count(err), 1);
	words = xstrdup(error_message(err, 0));
	assert_non_null(strstr(words, place->binary));
	return words;
}

/* Asks and must be answered. */
static void ask(struct place *place, struct qemu_facts *qemu)
{
	own_error struct error *err = NULL;

	if (!qemu_ask(qemu, place->binary, 10000, &err))
		fail_msg("%s", error_message(err, 0));
}

static void answer_is_understood(void **state)
{
	struct place *place = *state;
	struct qemu_facts qemu = {0};
	own_free char *arguments = NULL;

	install(place, CANNED);
	ask(place, &qemu);
	assert_string_equal(qemu.version, "9.2.1");
	assert_string_equal(qemu.package, "Test 9.2");
	assert_string_equal(qemu.path, place->binary);
	assert_int_equal(qemu.offers[QEMU_MACHINES].n, 6);
	assert_int_equal(qemu.offers[QEMU_DEVICES].n, 2);
	assert_true(qemu_offers(&qemu, QEMU_MACHINES, "none"));
	assert_false(qemu_offers(&qemu, QEMU_MACHINES, "q35"));
	assert_int_equal(qemu.offers[QEMU_DEPRECATED].n, 1);
	assert_true(qemu_offers(&qemu, QEMU_DEPRECATED, "pc-q35-4.0.1"));
	assert_true(qemu_offers(&qemu, QEMU_DEVICES, "ivshmem-plain"));
	assert_false(qemu_offers(&qemu, QEMU_DEVICES, "ivshmem"));
	assert_true(qemu_offers(&qemu, QEMU_OBJECTS, "monitor-qmp"));
	assert_true(qemu_offers(&qemu, QEMU_OPTIONS, "spice"));
	assert_true(qemu_offers(&qemu, QEMU_OPTIONS, "name.guest"));
	assert_false(qemu_offers(&qemu, QEMU_OPTIONS, "name.debug-threads"));
	assert_int_equal(qemu.offers[QEMU_AIO].n, 2);
	assert_true(qemu_offers(&qemu, QEMU_AIO, "native"));
	assert_false(qemu_offers(&qemu, QEMU_AIO, "io_uring"));
	assert_int_equal(qemu.offers[QEMU_BLK].n, 2);
	assert_true(qemu_offers(&qemu, QEMU_BLK, "iothread-vq-mapping"));
	/* There is no such device. */
	assert_int_equal(qemu.offers[QEMU_SCSI].n, 0);
	assert_string_equal(qemu_newest_q35(&qemu), "pc-q35-10.0");
	arguments = file_read(place->runs, 4096, NULL);
	assert_string_equal(arguments, "-machine none -nodefaults -no-user-config -display none -S "
				       "-qmp stdio\n");
	qemu_facts_free(&qemu);
}

static void hanging_binary_is_killed(void **state)
{
	struct place *place = *state;
	own_free char *words = NULL, *pids = NULL, *file = xasprintf("%s/pid", place->dir);
	own_free char *body = xasprintf(GREETING "echo waiting for Godot >&2\n"
						 "sleep 1000 & echo $! >'%s'\nwait\n",
					file);
	int64_t start = now_ms();
	pid_t child;

	install(place, body);
	words = refusal(place, 300);
	assert_within(now_ms() - start, 300, 60000);
	assert_non_null(strstr(words, "silent for 0.3 s"));
	assert_non_null(strstr(words, "waiting for Godot"));
	/* Not even a child of it is left; who reaps that is not up to us. */
	pids = file_read(file, 64, NULL);
	assert_non_null(pids);
	child = (pid_t)strtol(pids, NULL, 10);
	for (int i = 0; i < 200 && kill(child, 0) == 0; i++) {
		own_free char *path = xasprintf("/proc/%d/stat", (int)child);
		own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
		own_free char *stat_line = fd < 0 ? NULL : fd_read_all(fd, 4096, NULL);

		if (!stat_line || strstr(stat_line, ") Z"))
			return;
		usleep(10000);
	}
	assert_int_equal(kill(child, 0), -1);
}

/* What counts is silence: a binary that takes several times as long, but says or does something all
 * the while, is only slow. It has an end all the same.
 */
static void slow_binary_is_waited_for(void **state)
{
	struct place *place = *state;
	struct qemu_facts qemu = {0};
	own_free char *words = NULL;
	int64_t start = now_ms();

	/* A byte of white space now and then. */
	install(place, "for i in 1 2 3 4 5 6; do sleep 0.2; echo; done\n" CANNED);
	assert_true(qemu_ask(&qemu, place->binary, 600, NULL));
	assert_true(now_ms() - start >= 1200);
	qemu_facts_free(&qemu);
	/* No byte, but work. */
	install(place,
		"end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done\n" CANNED);
	assert_true(qemu_ask(&qemu, place->binary, 700, NULL));
	qemu_facts_free(&qemu);
	install(place, "while :; do :; done\n");
	words = refusal(place, 50);
	assert_non_null(strstr(words, "silent"));
}

/* Answers everything, but will not end: that is its own affair, and soon over. */
static void answer_of_a_lingering_binary_counts(void **state)
{
	struct place *place = *state;
	struct qemu_facts qemu = {0};
	int64_t start = now_ms();

	install(place, CANNED_UNTIL_QUIT("sleep 100"));
	ask(place, &qemu);
	assert_within(now_ms() - start, 400, 60000);
	qemu_facts_free(&qemu);
}

static void garbage_is_no_answer(void **state)
{
	static const struct {
		const char *body, *words;
	} cases[] = {
		{"echo hello; sleep 100\n", "does not speak QMP, so it is no QEMU; it said: hello"},
		{"printf '\\033[31m\\377\\n'; sleep 100\n", "it said: \\x1b[31m\\xff"},
		{GREETING "echo '{\"return\": '; sleep 100\n", "does not speak QMP"},
		{GREETING "echo '{\"return\": {}, \"id\": null}'; sleep 100\n",
		 "does not speak QMP"},
		{GREETING "echo '{\"return\": null, \"id\": \"machines\"}'; sleep 100\n",
		 "does not speak QMP"},
		{GREETING
		 "echo '{\"error\": {\"class\": \"X\", \"desc\": \"not today\"}}'; sleep 100\n",
		 "refuses a question about itself: not today"},
		{GREETING "echo '{\"error\": null}'; sleep 100\n", "refuses a question"},
		{GREETING "for i in version machines devices objects options schema blk scsi; do\n"
			  "echo \"{\\\"return\\\": 5, \\\"id\\\": \\\"$i\\\"}\"; done\n",
		 "answers in a way that no known QEMU does"},
		{"exec cat /dev/zero\n", "more than 4 MiB"},
		{"while read -r l; do case $l in *version*) break;; esac; done\n"
		 "printf 'one\\ntwo: no such option\\n\\n' >&2; exit 3\n",
		 "ended with status 3 when asked what it can do: two: no such option"},
		{"kill -SEGV $$\n", "was killed by signal 11"},
		{"exec true\n", "ended with status 0"},
		{GREETING "printf '{\"return\"'\n", "ended with status 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		own_free char *words = NULL;

		install(*state, cases[i].body);
		words = refusal(*state, 5000);
		if (!strstr(words, cases[i].words))
			fail_msg("'%s' is not in '%s'", cases[i].words, words);
	}
}

/* A machine that is made and ended at once: only what QEMU says by ending itself is an answer. */
static void trial_of_a_machine(void **state)
{
	static const char *const argv[] = {"-machine", "q35", "-accel", "kvm,x=off", NULL};
	static const struct {
		const char *body;
		enum trial want;
		const char *words;
	} cases[] = {
		{CANNED, TRIAL_GOOD, ""},
		{GREETING "while read -r l; do case $l in *quit*) exit 0;; esac; done\n",
		 TRIAL_GOOD, ""},
		{"echo 'x: warning: old' >&2; echo 'x: no userspace APIC' >&2; exit 1\n",
		 TRIAL_REFUSED, "x: no userspace APIC"},
		{"exit 1\n", TRIAL_REFUSED, ""},
		{"head -c 300000 /dev/zero; exit 1\n", TRIAL_REFUSED, ""},
		{"echo 'error: failed to set MSR' >&2; kill -ABRT $$\n", TRIAL_UNKNOWN, NULL},
		{"exit 127\n", TRIAL_UNKNOWN, NULL},
		{"exec sleep 100\n", TRIAL_UNKNOWN, NULL},
		/* No byte, but work. */
		{"end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done; exit 1\n",
		 TRIAL_REFUSED, ""},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		own_free char *words = NULL;
		own_free char *said = NULL;
		bool slow = strstr(cases[i].body, "sleep") || strstr(cases[i].body, "date");

		install(place, cases[i].body);
		if (qemu_try(place->binary, argv, slow ? 700 : 20000, &said, &words) !=
		    cases[i].want)
			fail_msg("%s", cases[i].body);
		if (cases[i].words)
			assert_string_equal(words, cases[i].words);
		assert_non_null(said);
		assert_true(strlen(said) < 300000);
	}
	own_free char *arguments = file_read(place->runs, 4096, NULL), *words = NULL;
	assert_int_equal(strncmp(arguments, "-machine q35 -accel kvm,x=off\n", 30), 0);
	assert_int_equal(qemu_try("/no/such/qemu", argv, 1000, NULL, &words), TRIAL_UNKNOWN);
}

/* A long complaint neither blocks the binary nor fills the message. */
static void long_complaint_is_cut(void **state)
{
	own_free char *words = NULL;

	install(*state, "i=0; while [ $i -lt 4000 ]; do echo 'a line of many, a line of many' >&2;"
			" i=$((i+1)); done; echo the last >&2; exit 1\n");
	words = refusal(*state, 5000);
	assert_true(strlen(words) < 600);
	assert_non_null(strstr(words, ": the last"));
}

/* No descriptor of ours gets into it, and our signal state does not either. */
static void child_starts_clean(void **state)
{
	const char *ignored;
	struct place *place = *state;
	own_free char *file = xasprintf("%s/seen", place->dir), *seen = NULL;
	/* The shell must read its status by itself: it has signals blocked while it waits. */
	own_free char *body =
		xasprintf("ls /proc/$$/fd | tr '\\n' ' ' >'%s'\n"
			  "while read -r line; do case $line in Sig[BI]*) echo \"$line\";;\n"
			  "esac; done </proc/$$/status >>'%s'\n%s",
			  file, file, CANNED);
	struct qemu_facts qemu = {0};
	sigset_t blocked, before;
	int leak = open("/dev/null", O_RDONLY);

	assert_true(dup2(leak, 57) == 57);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	install(place, body);
	ask(place, &qemu);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(leak);
	close(57);
	qemu_facts_free(&qemu);
	seen = file_read(file, 4096, NULL);
	/* The shell keeps its script open. */
	assert_null(strstr(seen, "57"));
	assert_non_null(strstr(seen, "SigBlk:\t0000000000000000"));
	ignored = strstr(seen, "SigIgn:\t");
	assert_non_null(ignored);
	/* 32 and 33 are the C library's own: nobody can set them, and whoever ran us may ignore
	 * them. */
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & ~(3ULL << 31), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(answer_is_understood),	     in_place(hanging_binary_is_killed),
		in_place(slow_binary_is_waited_for), in_place(answer_of_a_lingering_binary_counts),
		in_place(garbage_is_no_answer),	     in_place(trial_of_a_machine),
		in_place(long_complaint_is_cut),     in_place(child_starts_clean),
	};

	return cmocka_run_group_tests_name("host ask", tests, NULL, NULL);
}
