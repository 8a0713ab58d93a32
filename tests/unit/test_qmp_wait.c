/* The functions of the QMP client that wait. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "test_qmp_pair.h"

/* A thread that plays QEMU: waits for a line with each word, then says the text that follows. */
struct script {
	int fd;
	const char *const
		*lines; /* word, text, word, text, NULL; an empty word waits for nothing */
	pthread_t thread;
};

static bool read_line(int fd, struct buf *line)
{
	char c;

	line->len = 0;
	while (read(fd, &c, 1) == 1) {
		buf_addc(line, c);
		if (c == '\n')
			return true;
	}
	return false;
}

static void *play(void *data)
{
	struct script *script = data;
	own_buf struct buf line = {0};

	for (const char *const *p = script->lines; *p; p += 2) {
		while (**p && read_line(script->fd, &line) && !strstr(line.data, *p))
			;
		if (strcmp(p[1], "close") == 0)
			close_fd(&script->fd);
		else if (send(script->fd, p[1], strlen(p[1]), MSG_NOSIGNAL) < 0)
			break;
	}
	return NULL;
}

static void start(struct script *script, struct pair *pair, const char *const *lines)
{
	script->fd = pair->far;
	script->lines = lines;
	assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
}

static void finish(struct script *script, struct pair *pair)
{
	pthread_join(script->thread, NULL);
	pair->far = script->fd;
	close_pair(pair);
}

static void test_execute(void **state)
{
	static const char *const lines[] = {
		"",
		GREETING,
		"qmp_capabilities",
		"{\"return\": {}, \"id\": 1}\r\n{\"event\": \"EARLY\"}\r\n",
		"stop",
		"{\"event\": \"STOP\"}\r\nnoise\r\n{\"return\": {\"x\": [1]}, \"id\": 2}\r\n",
		"foo",
		("{\"event\": \"LATE\"}\r\n{\"id\": 3, \"error\": {\"class\": \"CommandNotFound\", "
		 "\"desc\": \"The command foo has\\u001b not been found\"}}\r\n"),
		"null",
		"{\"return\": null, \"id\": 4}\r\n",
		NULL,
	};
	struct pair pair = open_pair();
	struct script script;
	struct error *err = NULL;
	json_object *ret = NULL;

	(void)state;
	start(&script, &pair, lines);
	assert_true(qmp_handshake(pair.qmp, 60000, -1, &err));
	assert_true(qmp_ready(pair.qmp));
	assert_true(qmp_handshake(pair.qmp, 60000, -1, &err));
	assert_true(qmp_execute(pair.qmp, "stop", NULL, 60000, &ret, &err));
	assert_string_equal(json_object_to_json_string_ext(ret, JSON_C_TO_STRING_PLAIN),
			    "{\"x\":[1]}");
	json_object_put(steal(&ret));
	assert_null(qmp_error_class(pair.qmp));
	assert_false(qmp_execute(pair.qmp, "foo", json_object_new_object(), 60000, &ret, &err));
	assert_null(ret);
	check_error(&err, "QEMU: CommandNotFound: The command foo has\\x1b not been found");
	assert_string_equal(qmp_error_class(pair.qmp), "CommandNotFound");
	assert_true(qmp_execute(pair.qmp, "null", NULL, 60000, &ret, &err));
	assert_null(ret);
	assert_null(qmp_error_class(pair.qmp));

	expect_event(&pair, "EARLY");
	expect_event(&pair, "STOP");
	expect_text(&pair, QMP_GARBAGE, "noise");
	expect_event(&pair, "LATE");
	expect_plain(&pair, QMP_NOTHING);
	assert_int_equal(qmp_dropped(pair.qmp), 0);
	finish(&script, &pair);
}

/* Both orders go before the greeting comes, and each answer finds its question. */
static void test_hasten(void **state)
{
	static const char *const lines[] = {
		"qmp_capabilities",
		"",
		"query-status",
		GREETING "{\"return\": {}, \"id\": 1}\r\n{\"event\": \"STOP\"}\r\n"
			 "{\"return\": {\"status\": \"paused\"}, \"id\": 2}\r\n",
		"stop",
		"{\"return\": {}, \"id\": 3}\r\n",
		NULL,
	};
	struct pair pair = open_pair();
	struct script script;
	struct error *err = NULL;
	json_object *ret = NULL;
	uint64_t id;

	(void)state;
	assert_true(qmp_hasten(pair.qmp, "query-status", &id, &err));
	start(&script, &pair, lines);
	assert_true(qmp_handshake(pair.qmp, 60000, -1, &err));
	assert_true(qmp_collect(pair.qmp, "query-status", id, 60000, &ret, &err));
	assert_string_equal(json_object_to_json_string_ext(ret, JSON_C_TO_STRING_PLAIN),
			    "{\"status\":\"paused\"}");
	json_object_put(ret);
	assert_true(qmp_execute(pair.qmp, "stop", NULL, 60000, NULL, &err));
	expect_event(&pair, "STOP");
	expect_plain(&pair, QMP_NOTHING);
	finish(&script, &pair);
}

static void test_failure_without_id(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;

	(void)state;
	say_as_qemu(&pair, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"bad JSON\"}}\r\n"
			   "{\"return\": {}, \"id\": 2}\r\n");
	assert_false(qmp_execute(pair.qmp, "x", NULL, 60000, NULL, &err));
	check_error(&err, "QEMU: GenericError: bad JSON");
	assert_true(qmp_execute(pair.qmp, "x", NULL, 60000, NULL, &err));
	close_pair(&pair);
}

/* An answer that cannot be read is told at once, whatever is wrong with it: no other will come.
 * What is not the answer does not end the waiting.
 */
static void test_unreadable(void **state)
{
	static const char *const row[][2] = {
		{"{\"return\": {\"a\": nonsense}, \"id\": %d}", "no good JSON: {\"return\": "},
		{"{\"return\": \"\x80\", \"id\": %d}", "a byte that is not UTF-8: "},
		{"{\"return\": 99999999999999999999, \"id\": %d}", "a number beyond 64 bits: "},
		{"{\"id\": %d, \"error\": 1}", "an error that is no object: "},
		{"{\"id\": %d, \"error\": {}}", "an error without class or description: "},
		{"{\"return\": {}}", "a reply to a command that was not ours: "},
	};
	struct pair pair = open_pair();
	struct error *err = NULL;
	json_object *ret = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *line = NULL, *want = NULL;
		const char *number = strstr(row[i][0], "%d");

		line = number ? xasprintf("%.*s%zu%s", (int)(number - row[i][0]), row[i][0], i + 1,
					  number + 2)
			      : xstrdup(row[i][0]);
		say_as_qemu(&pair, "noise\r\n{\"return\": {}, \"id\": 77}\r\n{\"event\": 1}\r\n");
		say_as_qemu(&pair, line);
		say_as_qemu(&pair, "\r\n");
		want = xasprintf("the reply to x cannot be read: %s", row[i][1]);
		assert_false(qmp_execute(pair.qmp, "x", NULL, -1, &ret, &err));
		assert_non_null(strstr(error_message(err, 0), want));
		error_free(steal(&err));
		expect_text(&pair, QMP_GARBAGE, "noise");
		expect_text(&pair, QMP_GARBAGE, "\"id\":77");
		expect_text(&pair, QMP_GARBAGE, "an event without a name");
	}
	/* And the connection is still good. */
	say_as_qemu(&pair, "{\"return\": \"b\xc3\xa4\", \"id\": 7}\r\n");
	assert_true(qmp_execute(pair.qmp, "x", NULL, 1000, &ret, &err));
	assert_string_equal(json_object_get_string(ret), "b\xc3\xa4");
	json_object_put(ret);
	close_pair(&pair);
}

/* The reply to a command whose time was up is dropped in silence when it comes. */
static void test_timeout(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	struct timespec before, after;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_false(qmp_execute(pair.qmp, "slow", NULL, 30, NULL, &err));
	clock_gettime(CLOCK_MONOTONIC, &after);
	check_error(&err, "the reply to slow did not come in time");
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
			    (after.tv_nsec - before.tv_nsec) / 1000000 >=
		    29);
	assert_false(qmp_closed(pair.qmp));
	say_as_qemu(&pair, "{\"return\": {}, \"id\": 1}\r\n{\"return\": {}, \"id\": 2}\r\n");
	assert_true(qmp_execute(pair.qmp, "quick", NULL, 60000, NULL, &err));
	expect_plain(&pair, QMP_NOTHING);
	close_pair(&pair);
}

static void test_no_greeting(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;

	(void)state;
	assert_false(qmp_handshake(pair.qmp, 20, -1, &err));
	check_error(&err,
		    "QEMU's greeting did not come in time: another client holds this monitor");
	say_as_qemu(&pair, GREETING);
	assert_false(qmp_handshake(pair.qmp, 20, -1, &err));
	check_error(&err, "the reply to qmp_capabilities did not come in time");
	close_pair(&pair);
}

static void test_end_while_waiting(void **state)
{
	static const char *const lines[] = {"",
					    GREETING,
					    "qmp_capabilities",
					    "{\"return\": {}, \"id\": 1}\r\n",
					    "quit",
					    "{\"event\": \"SHUTDOWN\"}\r\n",
					    "",
					    "close",
					    NULL};
	struct pair pair = open_pair();
	struct script script;
	struct error *err = NULL;

	(void)state;
	start(&script, &pair, lines);
	assert_true(qmp_handshake(pair.qmp, -1, -1, &err));
	assert_false(qmp_execute(pair.qmp, "quit", NULL, -1, NULL, &err));
	check_error(&err, "QEMU closed the monitor before the reply to quit came");
	expect_event(&pair, "SHUTDOWN");
	expect_plain(&pair, QMP_CLOSED);
	finish(&script, &pair);
}

/* A pidfd (here: a pipe) that becomes readable ends the wait, but not before what QEMU said. */
static void test_also_fd(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	int pipe_fds[2];

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(write(pipe_fds[1], "x", 1), 1);
	assert_false(qmp_handshake(pair.qmp, -1, pipe_fds[0], &err));
	check_error(&err, "QEMU ended before QEMU's greeting came");
	say_as_qemu(&pair, GREETING "{\"return\": {}, \"id\": 1}\r\n");
	assert_true(qmp_handshake(pair.qmp, -1, pipe_fds[0], &err));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close_pair(&pair);
}

/* More events than can be put aside: the oldest go, the reply and the order stay. */
static void test_aside_is_bounded(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	struct buf text = {0};
	struct qmp_message message;
	unsigned n = 0;
	uint64_t id;

	(void)state;
	assert_true(qmp_send(pair.qmp, "first", NULL, &id, &err));
	buf_adds(&text, "{\"return\": 1, \"id\": 1}\n");
	for (unsigned i = 0; i < QMP_ASIDE_EVENTS + 100; i++)
		buf_addf(&text, "{\"event\":\"E%u\"}\n", i);
	buf_adds(&text, "{\"return\": 2, \"id\": 2}\n");
	say_as_qemu(&pair, text.data);
	assert_true(qmp_execute(pair.qmp, "second", NULL, 60000, NULL, &err));
	assert_int_equal(qmp_dropped(pair.qmp), 101);
	message = expect(&pair, QMP_REPLY);
	assert_int_equal(message.id, id);
	qmp_message_clear(&message);
	expect_event(&pair, "E101");
	while (qmp_next(pair.qmp, &message) == QMP_EVENT) {
		qmp_message_clear(&message);
		n++;
	}
	assert_int_equal(n, QMP_ASIDE_EVENTS - 2);
	buf_free(&text);
	close_pair(&pair);
}

/* A QEMU that never stops talking cannot stretch the time. */
static void *chatter(void *data)
{
	static const char event[] = "{\"event\": \"BLOCK_JOB_READY\"}\r\n";
	int fd = *(int *)data;

	while (send(fd, event, sizeof(event) - 1, MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static void test_timeout_under_flood(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, chatter, &pair.far), 0);
	assert_false(qmp_execute(pair.qmp, "x", NULL, 50, NULL, &err));
	check_error(&err, "did not come in time");
	qmp_free(steal(&pair.qmp));
	pthread_join(thread, NULL);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_execute),
		cmocka_unit_test(test_hasten),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_failure_without_id),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_no_greeting),
		cmocka_unit_test(test_end_while_waiting),
		cmocka_unit_test(test_also_fd),
		cmocka_unit_test(test_aside_is_bounded),
		cmocka_unit_test(test_timeout_under_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
