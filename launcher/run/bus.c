#include "bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/text.h"

/* #syscalls(supervisor) sendto recvmsg */

#define SYSTEM_BUS "/run/dbus/system_bus_socket"

/* D-Bus specification, "Message Format": the first bytes, which have a fixed form. */
#define FIXED 16
#define AT_ORDER 0
#define AT_TYPE 1
#define AT_BODY 4
#define AT_SERIAL 8
#define AT_FIELDS 12

enum { TYPE_CALL = 1, TYPE_RETURN = 2, TYPE_ERROR = 3, TYPE_SIGNAL = 4 };
enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE = 2,
	FIELD_MEMBER = 3,
	FIELD_ERROR = 4,
	FIELD_ANSWERS = 5,
	FIELD_DESTINATION = 6,
	FIELD_SIGNATURE = 8,
};

#define MESSAGE_LIMIT 65536 /* bytes; none that we ask for comes near */
#define GREETING 2	    /* lines: OK, AGREE_UNIX_FD */
#define GREETING_LIMIT 512

/* ------------------------------------------------------------------ to be sent */

static void add_align(struct buf *b, size_t to)
{
	while (b->len % to)
		buf_addc(b, '\0');
}

static void add_number(struct buf *b, uint32_t value)
{
	add_align(b, 4);
	for (int shift = 0; shift < 32; shift += 8)
		buf_addc(b, (char)(value >> shift));
}

static void add_string(struct buf *b, const char *s)
{
	add_number(b, (uint32_t)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

static void add_signature(struct buf *b, const char *s)
{
	buf_addc(b, (char)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

static void add_field(struct buf *b, char code, const char *type, const char *value)
{
	add_align(b, 8);
	buf_addc(b, code);
	add_signature(b, type);
	if (*type == 'g')
		add_signature(b, value);
	else
		add_string(b, value);
}

static bool send_all(struct bus *bus, const struct buf *b)
{
	/* A few hundred bytes into an empty socket: in one piece, or not at all. */
	if (bus->fd >= 0 &&
	    send(bus->fd, b->data, b->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)b->len)
		return true;
	bus_close(bus);
	return false;
}

/* The fields of the header, which begin behind its fixed bytes, where all is aligned as at 0. */
static void add_fields(struct buf *fields, const char *destination, const char *path,
		       const char *interface, const char *member, size_t args)
{
	own_buf struct buf signature = {0};

	for (size_t i = 0; i < args; i++)
		buf_addc(&signature, 's');
	add_field(fields, FIELD_PATH, "o", path);
	add_field(fields, FIELD_DESTINATION, "s", destination);
	add_field(fields, FIELD_INTERFACE, "s", interface);
	add_field(fields, FIELD_MEMBER, "s", member);
	if (args)
		add_field(fields, FIELD_SIGNATURE, "g", signature.data);
}

uint32_t bus_call(struct bus *bus, const char *destination, const char *path, const char *interface,
		  const char *member, const char *const *arg, size_t args)
{
	own_buf struct buf fields = {0}, body = {0}, out = {0};

	for (size_t i = 0; i < args; i++)
		add_string(&body, arg[i]);
	add_fields(&fields, destination, path, interface, member, args);
	buf_addc(&out, 'l');
	buf_addc(&out, TYPE_CALL);
	buf_addc(&out, 0);
	buf_addc(&out, 1);
	add_number(&out, (uint32_t)body.len);
	add_number(&out, ++bus->calls);
	add_number(&out, (uint32_t)fields.len);
	buf_add(&out, fields.data, fields.len);
	add_align(&out, 8);
	if (args)
		buf_add(&out, body.data, body.len);
	return send_all(bus, &out) ? bus->calls : 0;
}

/* "unix:path=/run/dbus/system_bus_socket,guid=...", of which there may be several (";"). */
static char *socket_path(void)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	static const char HEAD[] = "unix:path=";

	if (!address || !text_starts(address, HEAD))
		return xstrdup(SYSTEM_BUS);
	return xstrndup(address + strlen(HEAD), strcspn(address + strlen(HEAD), ",;"));
}

/* The user's number in decimal digits, and those as hexadecimal bytes. */
static bool greet(struct bus *bus)
{
	own_free char *uid = xasprintf("%u", (unsigned)geteuid());
	own_buf struct buf out = {0};

	buf_addc(&out, '\0');
	buf_adds(&out, "AUTH EXTERNAL ");
	for (const char *digit = uid; *digit; digit++)
		buf_addf(&out, "%02x", (unsigned char)*digit);
	buf_adds(&out, "\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n");
	return send_all(bus, &out) && bus_call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					       "org.freedesktop.DBus", "Hello", NULL, 0);
}

bool bus_open(struct bus *bus, struct error **err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	own_free char *path = socket_path();
	own_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*bus = BUS_NONE;
	if (strlen(path) < sizeof(address.sun_path))
		strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error_errno(err, ERROR_HOST, errno, "no system bus at %s", path);
		return false;
	}
	bus->fd = steal_fd(&fd);
	if (greet(bus))
		return true;
	error_add(err, ERROR_HOST, "the system bus at %s takes nothing", path);
	return false;
}

void bus_close(struct bus *bus)
{
	close_fd(&bus->fd);
	for (size_t i = 0; i < bus->waitings; i++)
		close_fd(&bus->waiting[i]);
	bus->waitings = 0;
	buf_free(&bus->in);
}

/* ------------------------------------------------------------------ taken in */

static bool take_fds(struct bus *bus, struct msghdr *header)
{
	bool good = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd[BUS_FDS];

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || n > BUS_FDS)
			continue;
		memcpy(fd, CMSG_DATA(c), n * sizeof(int));
		for (size_t i = 0; i < n; i++) {
			good = good && bus->waitings < BUS_FDS;
			if (good)
				bus->waiting[bus->waitings++] = fd[i];
			else
				close_fd(&fd[i]);
		}
	}
	return good && !(header->msg_flags & MSG_CTRUNC);
}

bool bus_receive(struct bus *bus)
{
	while (bus->fd >= 0 && bus->in.len <= MESSAGE_LIMIT) {
		char control[CMSG_SPACE(BUS_FDS * sizeof(int))]
			__attribute__((aligned(__alignof__(struct cmsghdr))));
		struct iovec piece = {buf_room(&bus->in, 4096), 4096};
		struct msghdr header = {
			.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(bus->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0 || !take_fds(bus, &header)) {
			bus_close(bus);
			return false;
		}
		buf_filled(&bus->in, (size_t)n);
	}
	return bus->fd >= 0;
}

/* Bytes of a message, whose numbers are in the order that it says. */
struct part {
	const unsigned char *data;
	size_t at, end;
	bool big, bad;
};

static void skip_to(struct part *p, size_t align)
{
	p->at = (p->at + align - 1) / align * align;
}

static uint64_t take_bytes(struct part *p, size_t n)
{
	uint64_t value = 0;

	skip_to(p, n);
	if (p->bad || p->at > p->end || p->end - p->at < n) {
		p->bad = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)p->data[p->at + i] << 8 * (p->big ? n - 1 - i : i);
	p->at += n;
	return value;
}

/* Its length is in 1 or 4 bytes, and a NUL follows; NULL where it is none. Points into the part. */
static const char *take_string(struct part *p, size_t width)
{
	size_t len = take_bytes(p, width);
	const char *s = (const char *)p->data + p->at;

	if (p->bad || p->end - p->at <= len || s[len] || memchr(s, '\0', len)) {
		p->bad = true;
		return NULL;
	}
	p->at += len + 1;
	return s;
}

/* The value behind a signature, or, of another kind than ours, nothing of it. */
static void take_value(struct bus *bus, struct part *p, const char *type, struct bus_message *m)
{
	const char *s = NULL;

	if (*type == 'v')
		type = take_string(p, 1);
	if (!type)
		return;
	if (*type == 's' || *type == 'o')
		s = take_string(p, 4);
	else if (*type == 'b' || *type == 'u')
		m->number = take_bytes(p, 4);
	else if (*type == 't')
		m->number = take_bytes(p, 8);
	else if (*type == 'h' && bus->waitings) {
		m->fd = bus->waiting[0];
		memmove(bus->waiting, bus->waiting + 1, --bus->waitings * sizeof(*bus->waiting));
	}
	if (s)
		m->text = xstrdup(s);
}

/* All that the specification has in a header is a string, a signature or a number. */
static void take_fields(struct part *p, struct bus_message *m, const char **signature)
{
	while (!p->bad && p->at < p->end) {
		const char *type, *s = NULL;
		uint64_t code, number = 0;

		skip_to(p, 8);
		code = take_bytes(p, 1);
		type = take_string(p, 1);
		if (p->bad)
			return;
		if (*type == 's' || *type == 'o' || *type == 'g')
			s = take_string(p, *type == 'g' ? 1 : 4);
		else if (*type == 'u')
			number = take_bytes(p, 4);
		else
			p->bad = true;
		if (code == FIELD_MEMBER && s && !m->member)
			m->member = xstrdup(s);
		if (code == FIELD_SIGNATURE && s)
			*signature = s;
		if (code == FIELD_ANSWERS)
			m->answers = (uint32_t)number;
	}
}

static bool parse(struct bus *bus, const unsigned char *data, size_t body, size_t len, bool big,
		  struct bus_message *m)
{
	static const enum bus_kind KIND[] = {
		[TYPE_RETURN] = BUS_REPLY, [TYPE_ERROR] = BUS_FAILURE, [TYPE_SIGNAL] = BUS_SIGNAL};
	struct part fields = {.data = data, .at = FIXED, .big = big};
	struct part values = {.data = data, .at = body, .end = len, .big = big};
	const char *signature = "";
	unsigned type = data[AT_TYPE];

	fields.end = FIXED;
	fields.end += take_bytes(&(struct part){data, AT_FIELDS, FIXED, big, false}, 4);
	take_fields(&fields, m, &signature);
	take_value(bus, &values, signature, m);
	m->kind = type < ARRAY_SIZE(KIND) ? KIND[type] : BUS_NOTHING;
	return !fields.bad && !values.bad;
}

static void drop(struct bus *bus, size_t n)
{
	memmove(bus->in.data, bus->in.data + n, bus->in.len - n);
	bus->in.len -= n;
}

/* Lines before the first message; false where they are not what was asked for. */
static bool take_greeting(struct bus *bus)
{
	static const char *const LINE[GREETING] = {"OK ", "AGREE_UNIX_FD"};
	char *end;

	while (bus->greeted < GREETING && bus->in.len &&
	       (end = memchr(bus->in.data, '\n', bus->in.len))) {
		if (bus->in.len < strlen(LINE[bus->greeted]) ||
		    !text_starts(bus->in.data, LINE[bus->greeted]))
			return false;
		bus->greeted++;
		drop(bus, (size_t)(end - bus->in.data) + 1);
	}
	return bus->greeted == GREETING || bus->in.len < GREETING_LIMIT;
}

/* The length of the first message, and where its body begins; 0: not all is there. */
static size_t whole(const struct bus *bus, bool big, size_t *body)
{
	const unsigned char *data = (const unsigned char *)bus->in.data;
	struct part head = {data, AT_BODY, FIXED, big, false};
	size_t len;

	if (bus->in.len < FIXED)
		return 0;
	len = take_bytes(&head, 4);
	head.at = AT_FIELDS;
	*body = (FIXED + take_bytes(&head, 4) + 7) / 8 * 8;
	return *body + len;
}

/* The first message, if there is a whole one; *len is its length, 0: there is none. */
static bool take_message(struct bus *bus, struct bus_message *m, size_t *len)
{
	bool big = bus->in.len && *bus->in.data == 'B';
	size_t body = 0;

	*len = whole(bus, big, &body);
	if (*len > MESSAGE_LIMIT)
		return false;
	if (bus->in.len < *len)
		*len = 0;
	return !*len || parse(bus, (const unsigned char *)bus->in.data, body, *len, big, m);
}

bool bus_next(struct bus *bus, struct bus_message *m)
{
	bool good = bus->fd >= 0 && take_greeting(bus);

	*m = (struct bus_message){.fd = -1};
	while (good && bus->greeted == GREETING) {
		size_t len;

		good = take_message(bus, m, &len);
		if (!good || !len)
			break;
		drop(bus, len);
		if (m->kind != BUS_NOTHING)
			return true;
		/* What is neither an answer nor a signal is passed over. */
		bus_message_free(m);
	}
	if (good)
		return true;
	bus_message_free(m);
	bus_close(bus);
	return false;
}

void bus_message_free(struct bus_message *m)
{
	free(m->member);
	free(m->text);
	m->member = m->text = NULL;
	m->kind = BUS_NOTHING;
	m->answers = 0;
	close_fd(&m->fd);
}
