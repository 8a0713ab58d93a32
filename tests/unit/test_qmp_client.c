/* The QMP client, polled step by step: messages, the end of the connection, floods. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "test_qmp_pair.h"

/* ------------------------------------------------------------------ step by step */

static void test_steps(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	struct qmp_message message;
	uint64_t id = 0;

	(void)state;
	assert_int_equal(qmp_poll_events(pair.qmp), POLLIN);
	receive(&pair);
	expect_plain(&pair, QMP_NOTHING);
	say_as_qemu(&pair, GREETING);
	receive(&pair);
	assert_null(qmp_greeting(pair.qmp));
	message = expect(&pair, QMP_GREETING);
	assert_true(json_object_is_type(message.data, json_type_object));
	qmp_message_clear(&message);
	assert_non_null(qmp_greeting(pair.qmp));

	assert_true(qmp_send(pair.qmp, "qmp_capabilities", NULL, &id, &err));
	assert_int_equal(id, 1);
	check_heard(&pair, "{\"execute\":\"qmp_capabilities\",\"id\":1}\r\n");
	assert_false(qmp_ready(pair.qmp));
	say_as_qemu(&pair, "{\"return\": {}, \"id\": 1}\r\n");
	receive(&pair);
	message = expect(&pair, QMP_REPLY);
	assert_int_equal(message.id, 1);
	qmp_message_clear(&message);
	assert_true(qmp_ready(pair.qmp));

	assert_true(qmp_send(pair.qmp, "x", json_tokener_parse("{\"p\":\"a/b\"}"), &id, &err));
	check_heard(&pair, "{\"execute\":\"x\",\"arguments\":{\"p\":\"a/b\"},\"id\":2}\r\n");
	say_as_qemu(&pair,
		    "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n");
	receive(&pair);
	message = expect(&pair, QMP_FAILURE);
	assert_int_equal(message.id, 2);
	assert_string_equal(message.name, "GenericError");
	assert_string_equal(message.text, "no");
	qmp_message_clear(&message);
	close_pair(&pair);
}

static void test_events(void **state)
{
	struct pair pair = open_pair();
	struct qmp_message message;

	(void)state;
	say_as_qemu(&pair, "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 42}, "
			   "\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}, \"new\": 1}\r\n"
			   "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": -1}}\r\n");
	receive(&pair);
	message = expect(&pair, QMP_EVENT);
	assert_string_equal(message.name, "SHUTDOWN");
	assert_int_equal(message.seconds, 1700000000);
	assert_int_equal(message.microseconds, 42);
	assert_true(json_object_get_boolean(json_object_object_get(message.data, "guest")));
	qmp_message_clear(&message);
	message = expect(&pair, QMP_EVENT);
	assert_string_equal(message.name, "STOP");
	assert_null(message.data);
	assert_int_equal(message.seconds, -1);
	qmp_message_clear(&message);
	close_pair(&pair);
}

/* Nothing that QEMU says wrongly takes the rest with it. */
static void test_garbage(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	uint64_t id;

	(void)state;
	assert_true(qmp_send(pair.qmp, "x", NULL, &id, &err));
	say_as_qemu(&pair,
		    "what?\n"
		    "{\"return\": {}, \"id\": 7}\n"
		    "{\"return\": {}, \"id\": \"1\"}\n"
		    "{\"return\": {}}\n"
		    "{\"hello\": 1}\n"
		    "{\"event\": 1}\n"
		    "{\"error\": \"x\"}\n"
		    "{\"error\": {\"class\": 1}}\n"
		    "{\"QMP\": 1}\n"
		    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\n"
		    "{\"return\": 5, \"id\": 1}\n"
		    "{\"return\": 5, \"id\": 1}\n");
	receive(&pair);
	expect_text(&pair, QMP_GARBAGE, "no JSON object: what?");
	expect_text(&pair, QMP_GARBAGE, "not ours: {\"return\":{},\"id\":7}");
	expect_text(&pair, QMP_GARBAGE, "not ours: {\"return\":{},\"id\":\"1\"}");
	expect_text(&pair, QMP_GARBAGE, "not ours: {\"return\":{}}");
	expect_text(&pair, QMP_GARBAGE, "no QMP message: {\"hello\":1}");
	expect_text(&pair, QMP_GARBAGE, "an event without a name");
	expect_text(&pair, QMP_GARBAGE, "an error that is no object");
	expect_text(&pair, QMP_GARBAGE, "an error without class");
	expect_text(&pair, QMP_GARBAGE, "a greeting that is no object");
	expect_text(&pair, QMP_FAILURE, "JSON parse error");
	expect_plain(&pair, QMP_REPLY);
	expect_text(&pair, QMP_GARBAGE, "not ours");
	expect_plain(&pair, QMP_NOTHING);
	close_pair(&pair);
}

/* ------------------------------------------------------------------ the end of the connection */

static void test_end_after_data(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;

	(void)state;
	say_as_qemu(&pair, GREETING "{\"event\": \"SHUTDOWN\"}\r\n{\"event\": \"ST");
	close_fd(&pair.far);
	receive_all(&pair);
	assert_true(qmp_closed(pair.qmp));
	assert_int_equal(qmp_fd(pair.qmp), -1);
	assert_int_equal(qmp_poll_events(pair.qmp), POLLIN);
	receive(&pair);
	assert_false(qmp_send(pair.qmp, "quit", NULL, NULL, &err));
	check_error(&err, "quit: not sent: QEMU has closed the monitor");
	expect_plain(&pair, QMP_GREETING);
	expect_event(&pair, "SHUTDOWN");
	expect_text(&pair, QMP_GARBAGE, "cut short: {\"event\": \"ST");
	expect_text(&pair, QMP_CLOSED, "QEMU closed the monitor");
	expect_plain(&pair, QMP_NOTHING);
	expect_plain(&pair, QMP_NOTHING);
	close_pair(&pair);
}

/* QEMU goes with our command unread: ECONNRESET, and what it had said is still there. */
static void test_reset_after_data(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;

	(void)state;
	assert_true(qmp_send(pair.qmp, "quit", NULL, NULL, &err));
	say_as_qemu(&pair, "{\"event\": \"SHUTDOWN\"}\r\n");
	close_fd(&pair.far);
	receive_all(&pair);
	expect_event(&pair, "SHUTDOWN");
	expect_plain(&pair, QMP_CLOSED);
	close_pair(&pair);
}

/* Writing to a QEMU that has gone is an error, no signal, and its last words can still be read. */
static void test_write_after_end(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;

	(void)state;
	say_as_qemu(&pair, "{\"event\": \"SHUTDOWN\"}\r\n");
	close_fd(&pair.far);
	assert_false(qmp_send(pair.qmp, "cont", json_object_new_object(), NULL, &err));
	check_error(&err, "QEMU has closed the monitor");
	receive_all(&pair);
	expect_event(&pair, "SHUTDOWN");
	expect_plain(&pair, QMP_CLOSED);
	close_pair(&pair);
}

static void test_too_large(void **state)
{
	struct pair pair = open_pair();
	char *text = xmalloc((1 << 20) + 100);
	struct qmp_message message;
	size_t at = 0, len;

	(void)state;
	memset(text, 'x', (1 << 20) + 99);
	snprintf(text, 11, "{\"event\":\"");
	text[10] = 'x';
	len = (1 << 20) + 99;
	for (;;) {
		ssize_t n = send(pair.far, text + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		at += n > 0 ? (size_t)n : 0;
		receive(&pair);
		if (qmp_next(pair.qmp, &message) == QMP_CLOSED)
			break;
	}
	assert_true(qmp_closed(pair.qmp));
	assert_non_null(strstr(message.text, "a message is larger than the limit"));
	qmp_message_clear(&message);
	assert_int_equal(qmp_fd(pair.qmp), -1);
	free(text);
	close_pair(&pair);
}

/* ------------------------------------------------------------------ floods and backpressure */

/* A message that is larger than what one call reads arrives, in as many calls as it takes. */
static void test_large_message(void **state)
{
	struct pair pair = open_pair();
	struct buf text = {0};
	struct qmp_message message;
	size_t at = 0;

	(void)state;
	buf_adds(&text, "{\"event\": \"A\", \"data\": {\"x\": \"");
	while (text.len < 900000)
		buf_adds(&text, "0123456789");
	buf_adds(&text, "\"}}\r\n");
	while (at < text.len) {
		ssize_t n = send(pair.far, text.data + at, text.len - at, MSG_DONTWAIT);

		at += n > 0 ? (size_t)n : 0;
		receive(&pair);
		if (at < text.len)
			expect_plain(&pair, QMP_NOTHING);
	}
	for (int again = 0; qmp_next(pair.qmp, &message) == QMP_NOTHING; again++) {
		assert_true(again < 10);
		receive(&pair);
	}
	assert_int_equal(message.kind, QMP_EVENT);
	qmp_message_clear(&message);
	buf_free(&text);
	close_pair(&pair);
}

static void test_flood_is_bounded(void **state)
{
	static const char event[] = "{\"event\": \"BLOCK_JOB_READY\"}\r\n";
	struct pair pair = open_pair();
	unsigned n = 0, unread = 0;
	int size = 4 << 20;

	(void)state;
	setsockopt(pair.far, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	while (send(pair.far, event, sizeof(event) - 1, MSG_DONTWAIT) == sizeof(event) - 1)
		n++;
	for (unsigned round = 0; round < 100 && n > 0; round++) {
		struct qmp_message message;
		/* One call reads so much, and calls alone never more than a message beside it. */
		unsigned calls = round ? 1 : 40;
		size_t most = (272 << 10) + (round ? 0 : QMP_LIMIT_SUPERVISOR);

		for (unsigned again = 0; again < calls; again++)
			receive(&pair);
		for (unread = 0; qmp_next(pair.qmp, &message) == QMP_EVENT; unread++)
			qmp_message_clear(&message);
		assert_true(unread > 0 && unread <= most / (sizeof(event) - 1));
		assert_true(unread <= n);
		n -= unread;
	}
	assert_int_equal(n, 0);
	close_pair(&pair);
}

static void test_backpressure(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	int size = 1;
	unsigned sent = 0;
	struct buf got = {0};

	(void)state;
	setsockopt(qmp_fd(pair.qmp), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (; sent < 200; sent++) {
		char *big = xcalloc(1, 10000);
		json_object *arguments = json_object_new_object();

		memset(big, 'y', 9999);
		json_object_object_add(arguments, "v", json_object_new_string(big));
		free(big);
		if (!qmp_send(pair.qmp, "c", arguments, NULL, &err))
			break;
	}
	check_error(&err, "QEMU does not read its monitor");
	assert_true(sent > 100 && sent < 150);
	assert_int_equal(qmp_poll_events(pair.qmp), POLLIN | POLLOUT);
	while (qmp_poll_events(pair.qmp) & POLLOUT) {
		own_free char *some = heard(&pair);

		buf_adds(&got, some);
		receive(&pair);
	}
	for (;;) {
		own_free char *some = heard(&pair);

		if (!*some)
			break;
		buf_adds(&got, some);
	}
	assert_true(got.len > sent * 10000ULL && got.len < sent * 10100ULL);
	assert_string_equal(got.data + got.len - 3, "}\r\n");
	buf_free(&got);
	close_pair(&pair);
}

static void test_too_many_commands(void **state)
{
	struct pair pair = open_pair();
	struct error *err = NULL;
	unsigned n = 0;

	(void)state;
	while (n < 5000 && qmp_send(pair.qmp, "c", NULL, NULL, &err)) {
		n++;
		free(heard(&pair));
	}
	assert_int_equal(n, 1024);
	check_error(&err, "too many commands wait for replies");
	close_pair(&pair);
}

/* ------------------------------------------------------------------ connecting */

static void test_connect(void **state)
{
	char dir[] = "/tmp/qmp-XXXXXX", path[200];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct error *err = NULL;
	own_fd int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	own_fd int one = -1, two = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/m", dir);
	assert_int_equal(qmp_connect(path, &err), -1);
	check_error(&err, "no virtual machine listens there");

	strcpy(address.sun_path, path);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(qmp_connect(path, &err), -1);
	check_error(&err, "no virtual machine listens there");
	assert_int_equal(listen(server, 0), 0);
	one = qmp_connect(path, &err);
	assert_true(one >= 0);
	assert_true(fcntl(one, F_GETFD) & FD_CLOEXEC);
	two = qmp_connect(path, &err);
	assert_int_equal(two, -1);
	check_error(&err, "too many clients wait for this monitor");
	unlink(path);
	rmdir(dir);

	memset(path, 'p', sizeof(path));
	path[108] = '\0';
	assert_int_equal(qmp_connect(path, &err), -1);
	check_error(&err, "a socket's path has at most 107 bytes, this has 108");
}

static void test_free_nothing(void **state)
{
	(void)state;
	qmp_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_end_after_data),
		cmocka_unit_test(test_reset_after_data),
		cmocka_unit_test(test_write_after_end),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_large_message),
		cmocka_unit_test(test_flood_is_bounded),
		cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_too_many_commands),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
