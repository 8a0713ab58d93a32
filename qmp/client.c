/* Theory of operation.
 *
 * qmp_receive() moves bytes from the socket into the wire's buffer and does not look at them;
 * qmp_next() takes one message out of it at a time. So the memory in use is bounded by one call's
 * bytes, one message and what a waiting function put aside (wait.c), and a flood holds nobody up
 * for long: a call reads so much and no more, and QEMU has to wait.
 *
 * When the connection ends, the descriptor is closed at once (a closed socket would wake poll for
 * ever), the messages that had come are still taken one by one, and then QMP_CLOSED says why.
 *
 * A socket whose other end has closed with our bytes unread gives ECONNRESET instead of
 * end-of-file; both mean that QEMU is gone or going. EPIPE on writing means that too, but says
 * nothing about what can still be read, so it only makes the client deaf.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "base/json.h"
#include "private.h"

/* #syscalls(supervisor) socket:AF_UNIX connect sendto recvfrom fcntl */

/* Bytes taken from the socket at a time, and in one qmp_receive(). */
#define READ_SIZE (16 << 10)
#define READ_MOST (256 << 10)

/* So many bytes may wait for a QEMU that does not read, so many commands for their replies. */
#define OUT_MOST (1 << 20)
#define PENDING_MOST 1024

struct qmp *qmp_new(int fd, size_t message_limit)
{
	struct qmp *qmp = xcalloc(1, sizeof(*qmp));

	qmp->fd = fd;
	qmp->attached = -1;
	qmp->wire = wire_new(message_limit);
	qmp->end = &qmp->first;
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	while (qmp->first) {
		struct aside *aside = qmp->first;

		qmp->first = aside->next;
		qmp_message_clear(&aside->message);
		free(aside);
	}
	close_fd(&qmp->fd);
	wire_free(qmp->wire);
	buf_free(&qmp->out);
	json_object_put(qmp->greeting);
	free(qmp->pending);
	free(qmp->why_closed);
	free(qmp->error_class);
	free(qmp);
}

int qmp_connect(const char *path, struct error **err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	own_fd int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path)) {
		error_add(err, ERROR_HOST,
			  "%s: a socket's path has at most %zu bytes, this has %zu", path,
			  sizeof(address.sun_path) - 1, strlen(path));
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		error_errno(err, ERROR_FAILED, errno, "socket");
		return -1;
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return steal_fd(&fd);
	if (errno == EAGAIN)
		error_add(err, ERROR_FAILED, "%s: too many clients wait for this monitor", path);
	else if (errno == ENOENT || errno == ECONNREFUSED)
		error_add(err, ERROR_FAILED, "%s: no virtual machine listens there", path);
	else
		error_errno(err, ERROR_FAILED, errno, "%s", path);
	return -1;
}

int qmp_fd(const struct qmp *qmp)
{
	return qmp->fd;
}

short qmp_poll_events(const struct qmp *qmp)
{
	return qmp->out_at < qmp->out.len ? POLLIN | POLLOUT : POLLIN;
}

bool qmp_ready(const struct qmp *qmp)
{
	return qmp->ready;
}

bool qmp_closed(const struct qmp *qmp)
{
	return qmp->why_closed != NULL;
}

json_object *qmp_greeting(const struct qmp *qmp)
{
	return qmp->greeting;
}

char *qmp_build(const struct qmp *qmp)
{
	json_object *version = NULL;
	const char *text;

	json_object_object_get_ex(qmp->greeting, "version", &version);
	text = json_object_to_json_string_ext(version, JSON_C_TO_STRING_PLAIN);
	if (!text)
		no_memory();
	return xstrdup(text);
}

void qmp_start_agent(struct qmp *qmp)
{
	qmp->ready = true;
	/* What an earlier client left half said ends here. */
	buf_adds(&qmp->out, "\xff");
}

uint64_t qmp_dropped(const struct qmp *qmp)
{
	return qmp->dropped;
}

const char *qmp_error_class(const struct qmp *qmp)
{
	return qmp->error_class;
}

static void drop_output(struct qmp *qmp)
{
	buf_free(&qmp->out);
	qmp->out_at = 0;
}

static void close_connection(struct qmp *qmp, const char *why)
{
	close_fd(&qmp->fd);
	drop_output(qmp);
	qmp->deaf = true;
	wire_end(qmp->wire);
	if (!qmp->why_closed)
		qmp->why_closed = xstrdup(why);
}

void qmp_attach_fd(struct qmp *qmp, int fd)
{
	qmp->attached = fd;
}

static ssize_t send_output(struct qmp *qmp)
{
	struct iovec bytes = {qmp->out.data + qmp->out_at, qmp->out.len - qmp->out_at};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &bytes,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.space)};
	ssize_t n;

	if (qmp->attached < 0)
		return send(qmp->fd, bytes.iov_base, bytes.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	memcpy(CMSG_DATA(&control.header), &qmp->attached, sizeof(int));
	n = sendmsg(qmp->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		qmp->attached = -1;
	return n;
}

/* Writes what can be written now. That QEMU reads no more is no failure here. */
static bool flush(struct qmp *qmp, struct error **err)
{
	while (qmp->out_at < qmp->out.len) {
		ssize_t n = send_output(qmp);

		if (n >= 0) {
			qmp->out_at += (size_t)n;
		} else if (errno == EAGAIN) {
			return true;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			qmp->deaf = true;
			break;
		} else if (errno != EINTR) {
			error_errno(err, ERROR_FAILED, errno, "writing to QEMU's monitor");
			return false;
		}
	}
	drop_output(qmp);
	return true;
}

static bool receive_bytes(struct qmp *qmp, bool waits, struct error **err)
{
	char chunk[READ_SIZE];
	/* What waits is bounded too: by one message that is not whole yet, and one call. */
	size_t most = wire_limit(qmp->wire) + READ_MOST, taken = 0;

	if (qmp->fd < 0)
		return true;
	if (!flush(qmp, err))
		return false;
	while (taken < READ_MOST && wire_waiting(qmp->wire) < most) {
		ssize_t n = recv(qmp->fd, chunk, sizeof(chunk), waits && !taken ? 0 : MSG_DONTWAIT);

		if (n > 0) {
			wire_add(qmp->wire, chunk, (size_t)n);
			taken += (size_t)n;
			/* Less than asked for: there was no more. */
			if ((size_t)n < sizeof(chunk))
				return true;
		} else if (n == 0 || errno == ECONNRESET) {
			close_connection(qmp, "QEMU closed the monitor");
			return true;
		} else if (errno == EAGAIN) {
			return true;
		} else if (errno != EINTR) {
			error_errno(err, ERROR_FAILED, errno, "reading from QEMU's monitor");
			close_connection(qmp, "reading from the monitor failed");
			return false;
		}
	}
	return true;
}

bool qmp_receive(struct qmp *qmp, struct error **err)
{
	return receive_bytes(qmp, false, err);
}

bool qmp_await(struct qmp *qmp, struct error **err)
{
	int flags = qmp->waits ? 0 : fcntl(qmp->fd, F_GETFL);

	/* Nothing else depends on it: all other calls say that they do not wait. */
	if (!qmp->waits && flags >= 0)
		qmp->waits = fcntl(qmp->fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
	return receive_bytes(qmp, qmp->waits, err);
}

/* Takes id off the list of commands that wait; false if it is not there. */
static bool take_pending(struct qmp *qmp, uint64_t id, bool *abandoned)
{
	/* QEMU answers in order (but for out-of-band commands): it is the first one. */
	for (size_t i = 0; i < qmp->n_pending; i++) {
		if (qmp->pending[i].id != id)
			continue;
		*abandoned = qmp->pending[i].abandoned;
		qmp->n_pending--;
		memmove(&qmp->pending[i], &qmp->pending[i + 1],
			(qmp->n_pending - i) * sizeof(*qmp->pending));
		return true;
	}
	return false;
}

void qmp_abandon(struct qmp *qmp, uint64_t id)
{
	for (size_t i = 0; i < qmp->n_pending; i++)
		if (qmp->pending[i].id == id)
			qmp->pending[i].abandoned = true;
}

/* What a message means for the connection; false if nobody wants it. */
static bool note(struct qmp *qmp, struct qmp_message *message)
{
	bool abandoned = false;

	if (message->kind == QMP_GREETING && !qmp->greeting)
		qmp->greeting = json_object_get(message->data);
	if (message->id == 0)
		return true;
	if (!take_pending(qmp, message->id, &abandoned)) {
		message_reject(message, "a reply to a command that was not ours");
		return true;
	}
	if (message->kind == QMP_REPLY && message->id == qmp->capabilities_id)
		qmp->ready = true;
	return !abandoned;
}

enum qmp_kind qmp_arrived(struct qmp *qmp, struct qmp_message *message, size_t *size)
{
	*message = (struct qmp_message){.kind = QMP_NOTHING};
	for (;;) {
		struct wire_item item;

		switch (wire_next(qmp->wire, &item)) {
		case WIRE_NOTHING:
			return QMP_NOTHING;
		case WIRE_BROKEN:
			close_connection(qmp, item.text);
			wire_item_clear(&item);
			return QMP_NOTHING;
		case WIRE_GARBAGE:
			*size = item.size;
			message->kind = QMP_GARBAGE;
			message->text = message->made = item.text;
			message->answer = item.spoilt;
			return QMP_GARBAGE;
		case WIRE_OBJECT:
			*size = item.size;
			message_read(message, item.object);
			if (note(qmp, message))
				return message->kind;
			qmp_message_clear(message);
			break;
		}
	}
}

enum qmp_kind qmp_next(struct qmp *qmp, struct qmp_message *message)
{
	struct aside *aside = qmp->first;
	size_t size;

	if (aside) {
		qmp->first = aside->next;
		if (!qmp->first)
			qmp->end = &qmp->first;
		qmp->n_aside--;
		qmp->aside_bytes -= aside->size;
		*message = aside->message;
		free(aside);
		return message->kind;
	}
	if (qmp_arrived(qmp, message, &size) == QMP_NOTHING && qmp->why_closed &&
	    !qmp->told_closed) {
		qmp->told_closed = true;
		message->kind = QMP_CLOSED;
		message->text = message->made = xstrdup(qmp->why_closed);
	}
	return message->kind;
}

static bool can_send(struct qmp *qmp, const char *command, struct error **err)
{
	const char *why = qmp->deaf			   ? "QEMU has closed the monitor"
			  : qmp->n_pending >= PENDING_MOST ? "too many commands wait for replies"
			  : qmp->out.len - qmp->out_at >= OUT_MOST
				  ? "QEMU does not read its monitor"
				  : NULL;

	if (why)
		error_add(err, ERROR_FAILED, "%s: not sent: %s", command, why);
	return !why;
}

bool send_message(struct qmp *qmp, const char *key, const char *command, json_object *arguments,
		  uint64_t *id, struct error **err)
{
	json_object *whole = json_object_new_object();
	struct json_check check;
	size_t len;
	const char *text;
	bool sent = false;

	json_object_object_add(whole, key, json_object_new_string(command));
	/* QEMU reads byte by byte: what says nothing is left out. */
	if (arguments && json_object_object_length(arguments))
		json_object_object_add(whole, "arguments", arguments);
	else
		json_object_put(arguments);
	if (!can_send(qmp, command, err))
		goto out;
	json_object_object_add(whole, "id", json_object_new_int64((int64_t)++qmp->last_id));
	text = json_object_to_json_string_length(
		whole, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	/* json-c leaves out what it has no memory for, without a word. */
	json_check_start(&check, JSON_DEPTH_MOST);
	if (text)
		json_check_add(&check, text, len);
	if (!text || (json_check_end(&check) != JSON_WHOLE && check.depth < JSON_DEPTH_MOST))
		no_memory();
	buf_add(&qmp->out, text, len);
	buf_adds(&qmp->out, "\r\n");
	*xappend(qmp->pending, qmp->n_pending) = (struct pending){.id = qmp->last_id};
	if (strcmp(command, "qmp_capabilities") == 0)
		qmp->capabilities_id = qmp->last_id;
	if (!flush(qmp, err))
		goto out;
	if (qmp->deaf) {
		can_send(qmp, command, err);
		goto out;
	}
	sent = true;
	if (id)
		*id = qmp->last_id;
out:
	json_object_put(whole);
	return sent;
}

bool qmp_send(struct qmp *qmp, const char *command, json_object *arguments, uint64_t *id,
	      struct error **err)
{
	return send_message(qmp, "execute", command, arguments, id, err);
}

bool qmp_send_oob(struct qmp *qmp, const char *command, json_object *arguments, uint64_t *id,
		  struct error **err)
{
	return send_message(qmp, "exec-oob", command, arguments, id, err);
}
