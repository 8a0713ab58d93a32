/* A QMP client whose other end the test plays: what the tests of the client share. */
#ifndef TESTS_UNIT_QMP_PAIR_H
#define TESTS_UNIT_QMP_PAIR_H

#include "unit.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "qmp/client.h"

#define GREETING \
	"{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n"

struct pair {
	struct qmp *qmp;
	int far; /* QEMU's end */
};

static inline struct pair open_pair(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){qmp_new(fds[0], QMP_LIMIT_SUPERVISOR), fds[1]};
}

static inline void close_pair(struct pair *pair)
{
	qmp_free(pair->qmp);
	close_fd(&pair->far);
}

static inline void say_as_qemu(struct pair *pair, const char *text)
{
	assert_int_equal(write(pair->far, text, strlen(text)), strlen(text));
}

static inline void receive(struct pair *pair)
{
	struct error *err = NULL;

	assert_true(qmp_receive(pair->qmp, &err));
	assert_null(err);
}

/* As somebody does who polls: until there is no more, or the end. */
static inline void receive_all(struct pair *pair)
{
	struct pollfd fd = {qmp_fd(pair->qmp), POLLIN, 0};

	while (poll(&fd, 1, 0) > 0) {
		receive(pair);
		fd.fd = qmp_fd(pair->qmp);
	}
}

/* Expects the next message to be of a kind, and shows it. */
static inline struct qmp_message expect(struct pair *pair, enum qmp_kind kind)
{
	struct qmp_message message;

	assert_int_equal(qmp_next(pair->qmp, &message), kind);
	assert_int_equal(message.kind, kind);
	return message;
}

static inline void expect_plain(struct pair *pair, enum qmp_kind kind)
{
	struct qmp_message message = expect(pair, kind);

	qmp_message_clear(&message);
}

static inline void expect_event(struct pair *pair, const char *name)
{
	struct qmp_message message = expect(pair, QMP_EVENT);

	assert_string_equal(message.name, name);
	qmp_message_clear(&message);
}

static inline void expect_text(struct pair *pair, enum qmp_kind kind, const char *part)
{
	struct qmp_message message = expect(pair, kind);

	if (!strstr(message.text, part))
		print_message("got: %s\n", message.text);
	assert_non_null(strstr(message.text, part));
	qmp_message_clear(&message);
}

/* Checks and frees an error of one message. */
static inline void check_error(struct error **err, const char *part)
{
	assert_int_equal(error_count(*err), 1);
	if (!strstr(error_message(*err, 0), part))
		print_message("got: %s\n", error_message(*err, 0));
	assert_non_null(strstr(error_message(*err, 0), part));
	error_free(steal(err));
}

/* What the client has written so far. */
static inline char *heard(struct pair *pair)
{
	struct buf out = {0};
	char chunk[4096];
	ssize_t n;

	while ((n = recv(pair->far, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		buf_add(&out, chunk, (size_t)n);
	return buf_steal(&out);
}

static inline void check_heard(struct pair *pair, const char *want)
{
	own_free char *got = heard(pair);

	assert_string_equal(got, want);
}

#endif
