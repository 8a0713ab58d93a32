/* Theory of operation: one poll loop over the signals, the monitors and the time of a delay. A
 * monitor serves one client at a time and leaves the next one in the backlog, as QEMU does. The
 * script's program runs in the loop, so commands are answered while it waits; what stands behind
 * "on COMMAND" holds everything up until it is done, like a slow command holds up QEMU's main loop.
 * The program talks to the first monitor; the others only follow the rules.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

/* One that is there until the end. Where it may run it has from the main thread. */
static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void start_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, idle, NULL) != 0)
		fail("no thread can be made");
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ------------------------------------------------------------------ sending */

static void send_bytes(struct monitor *monitor, const char *data, size_t len)
{
	while (monitor->out >= 0 && len > 0) {
		ssize_t n = write(monitor->out, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the client has gone or does not read: its affair */
		data += n;
		len -= (size_t)n;
	}
}

static char *line_of(json_object *object, bool pretty)
{
	char *line = NULL;
	int flags = pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
			   : JSON_C_TO_STRING_SPACED;

	if (asprintf(&line, "%s\r\n", json_object_to_json_string_ext(object, flags)) < 0)
		abort();
	return line;
}

void send_json(struct monitor *monitor, json_object *object)
{
	char *line = line_of(object, monitor->pretty);

	send_bytes(monitor, line, strlen(line));
	free(line);
	json_object_put(object);
}

static void add_timestamp(json_object *event)
{
	json_object *stamp = json_object_new_object();
	struct timeval now;

	gettimeofday(&now, NULL);
	json_object_object_add(stamp, "seconds", json_object_new_int64(now.tv_sec));
	json_object_object_add(stamp, "microseconds", json_object_new_int64(now.tv_usec));
	json_object_object_add(event, "timestamp", stamp);
}

/* Sends an event to all who have negotiated and drops it. */
static void broadcast(struct machine *machine, json_object *event)
{
	if (!json_object_object_get_ex(event, "timestamp", NULL))
		add_timestamp(event);
	for (size_t i = 0; i < machine->n_monitors; i++)
		if (machine->monitors[i].negotiated)
			send_json(&machine->monitors[i], json_object_get(event));
	json_object_put(event);
}

void send_event(struct machine *machine, const char *name, json_object *data)
{
	json_object *event = json_object_new_object();

	add_timestamp(event);
	json_object_object_add(event, "event", json_object_new_string(name));
	if (data)
		json_object_object_add(event, "data", data);
	broadcast(machine, event);
}

void send_greeting(struct machine *machine, struct monitor *monitor, enum verb how)
{
	json_object *object = greeting(machine);
	char *line = line_of(object, how == DO_GREET_PRETTY || monitor->pretty);

	if (how != DO_GREET_SPLIT)
		send_bytes(monitor, line, strlen(line));
	for (const char *p = line; how == DO_GREET_SPLIT && *p; p++) {
		send_bytes(monitor, p, 1);
		usleep(100);
	}
	note("greeted %s", monitor->id);
	free(line);
	json_object_put(object);
}

/* Sends {"return": value} or {"error": ...} with the command's id, if it had one. */
static void answer(struct monitor *monitor, json_object *id, const char *key, json_object *value)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, key, value);
	if (id)
		json_object_object_add(object, "id", json_object_get(id));
	send_json(monitor, object);
}

/* The same for a text of n letters. */
static void answer_bulk(struct monitor *monitor, json_object *id, size_t n)
{
	char *text = malloc(n + 1);

	if (!text)
		abort();
	memset(text, 'x', n);
	answer(monitor, id, "return", json_object_new_string_len(text, (int)n));
	free(text);
}

/* The same byte by byte. */
static void answer_split(struct monitor *monitor, json_object *id, json_object *value)
{
	json_object *object = json_object_new_object();
	char *line;

	json_object_object_add(object, "return", value);
	if (id)
		json_object_object_add(object, "id", json_object_get(id));
	line = line_of(object, monitor->pretty);
	for (const char *p = line; *p; p++) {
		send_bytes(monitor, p, 1);
		usleep(100);
	}
	free(line);
	json_object_put(object);
}

static void answer_error(struct monitor *monitor, json_object *id, const char *class,
			 const char *desc)
{
	json_object *error = json_object_new_object();

	json_object_object_add(error, "class", json_object_new_string(class));
	json_object_object_add(error, "desc", json_object_new_string(desc));
	answer(monitor, id, "error", error);
}

/* ------------------------------------------------------------------ ends */

void end(struct machine *machine, int status)
{
	struct sockaddr_un address;

	for (size_t i = 0; status == 0 && i < machine->n_monitors; i++) {
		socklen_t len = sizeof(address);

		memset(&address, 0, sizeof(address));
		if (machine->monitors[i].listen_fd >= 0 &&
		    getsockname(machine->monitors[i].listen_fd, (struct sockaddr *)&address,
				&len) == 0 &&
		    address.sun_path[0])
			unlink(address.sun_path);
	}
	note("exit %d", status);
	fflush(NULL);
	_exit(status);
}

static void die_by(int number)
{
	struct rlimit none = {0, 0};
	sigset_t all;

	note("dies by signal %d", number);
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(number);
	fail("signal %d did not kill", number);
}

/* ------------------------------------------------------------------ actions */

static void close_client(struct monitor *monitor)
{
	note("closes %s", monitor->id);
	if (monitor->in >= 0)
		close(monitor->in);
	if (monitor->out >= 0 && monitor->out != monitor->in)
		close(monitor->out);
	monitor->in = monitor->out = -1;
	monitor->negotiated = false;
}

static void flood(struct machine *machine, long n)
{
	for (long i = 0; i < n; i++) {
		json_object *data = json_object_new_object();

		json_object_object_add(data, "n", json_object_new_int64(i));
		send_event(machine, "FLOOD", data);
	}
}

/* Lines of 64 bytes, 64 KiB of them in each write. */
static void noise(long mib)
{
	static char block[1024][64];

	for (long n = 0; n < mib << 14;) {
		for (size_t i = 0; i < 1024; i++, n++) {
			memset(block[i], '.', 63);
			block[i][63] = '\n';
			block[i][snprintf(block[i], 32, "noise %ld", n)] = ' ';
		}
		if (write(2, block, sizeof(block)) < 0)
			return;
	}
}

/* What can stand both in the program and in a rule. */
static void perform(struct machine *machine, struct monitor *monitor, const struct action *action)
{
	switch (action->verb) {
	case DO_GREET:
	case DO_GREET_SPLIT:
	case DO_GREET_PRETTY:
		send_greeting(machine, monitor, action->verb);
		machine->greeted = true;
		break;
	case DO_DELAY:
		sleep_ms(action->number);
		break;
	case DO_GARBAGE:
		send_bytes(monitor, action->text, action->len);
		send_bytes(monitor, "\r\n", 2);
		break;
	case DO_RAW:
		send_bytes(monitor, action->text, action->len);
		break;
	case DO_EVENT:
		broadcast(machine, json_tokener_parse(action->text));
		break;
	case DO_FLOOD:
		flood(machine, action->number);
		break;
	case DO_CLOSE:
		close_client(monitor);
		break;
	case DO_EXIT:
		end(machine, (int)action->number);
	case DO_SIGNAL:
		die_by((int)action->number);
		break;
	case DO_STDERR:
		fprintf(stderr, "%s\n", action->text);
		break;
	case DO_NOISE:
		noise(action->number);
		break;
	case DO_HANG:
		machine->hanging = true;
		break;
	case DO_IGNORE_TERM:
		machine->ignores_term = true;
		break;
	case DO_THREAD:
		start_thread();
		break;
	case DO_STATE:
		machine->state = action->word;
		break;
	case DO_WAIT:
	case DO_REPLY:
	case DO_REPLY_SPLIT:
	case DO_BULK:
	case DO_ERROR:
	case DO_IGNORE:
	case DO_DEFAULT:
		break; /* not here */
	}
}

static bool needs_client(enum verb verb)
{
	return verb <= DO_GREET_PRETTY || verb == DO_GARBAGE || verb == DO_RAW ||
	       verb == DO_FLOOD || verb == DO_CLOSE;
}

/* Goes on with the program as far as it can go now. */
static void run_program(struct machine *machine)
{
	if (machine->until && now_ms() >= machine->until)
		machine->until = 0;
	while (machine->at < machine->script.n_program && !machine->until && !machine->awaited) {
		const struct action *action = &machine->script.program[machine->at];
		struct monitor *monitor = &machine->monitors[0];

		if (needs_client(action->verb) && monitor->out < 0)
			return;
		machine->at++;
		if (action->verb == DO_DELAY)
			machine->until = now_ms() + action->number;
		else if (action->verb == DO_WAIT)
			machine->awaited = action->word;
		else
			perform(machine, monitor, action);
	}
}

/* ------------------------------------------------------------------ commands */

static void behave(struct machine *machine, struct monitor *monitor, const char *command,
		   json_object *arguments, json_object *id)
{
	const char *class = NULL, *desc = NULL;
	json_object *result;

	if (strcmp(command, "qmp_capabilities") == 0) {
		monitor->negotiated = true;
	} else if (!monitor->negotiated) {
		answer_error(monitor, id, "CommandNotFound",
			     "Expecting capabilities negotiation with 'qmp_capabilities'");
		return;
	}
	result = obey(machine, command, arguments, &class, &desc);
	if (!result) {
		answer_error(monitor, id, class, desc);
		return;
	}
	before(machine, command);
	answer(monitor, id, "return", result);
	after(machine, command);
}

static void follow(struct machine *machine, struct monitor *monitor, const struct action *action,
		   const char *command, json_object *arguments, json_object *id)
{
	if (action->verb == DO_BULK) {
		answer_bulk(monitor, id, (size_t)action->number);
	} else if (action->verb == DO_REPLY_SPLIT) {
		answer_split(monitor, id, json_tokener_parse(action->text));
	} else if (action->verb == DO_REPLY) {
		if (strcmp(command, "qmp_capabilities") == 0)
			monitor->negotiated = true;
		answer(monitor, id, "return", json_tokener_parse(action->text));
	} else if (action->verb == DO_ERROR) {
		answer_error(monitor, id, action->word, action->text);
	} else if (action->verb == DO_DEFAULT) {
		behave(machine, monitor, command, arguments, id);
	} else {
		perform(machine, monitor, action);
	}
}

static void handle(struct machine *machine, struct monitor *monitor, json_object *message)
{
	json_object *execute = NULL, *arguments = NULL, *id = NULL;
	const char *command;
	bool nth = false, any = false, oob = false;

	json_object_object_get_ex(message, "arguments", &arguments);
	json_object_object_get_ex(message, "id", &id);
	if (!json_object_object_get_ex(message, "execute", &execute))
		oob = json_object_object_get_ex(message, "exec-oob", &execute);
	command = execute ? json_object_get_string(execute) : "";
	note("%s %s%s %s", monitor->id, oob ? "exec-oob:" : "", command,
	     arguments ? json_object_to_json_string_ext(arguments, JSON_C_TO_STRING_PLAIN) : "{}");
	if (machine->awaited && strcmp(machine->awaited, command) == 0)
		machine->awaited = NULL;
	for (size_t i = 0; i < machine->script.n_rules; i++) {
		struct rule *rule = &machine->script.rules[i];

		if (strcmp(rule->command, command) == 0 && ++rule->seen == rule->nth)
			nth = true;
	}
	for (size_t i = 0; i < machine->script.n_rules && !machine->hanging; i++) {
		struct rule *rule = &machine->script.rules[i];

		if (strcmp(rule->command, command) != 0 || rule->nth != (nth ? rule->seen : 0))
			continue;
		any = true;
		follow(machine, monitor, &rule->action, command, arguments, id);
	}
	if (!any && !machine->hanging)
		behave(machine, monitor, command, arguments, id);
}

/* ------------------------------------------------------------------ the loop */

static void receive(struct machine *machine, struct monitor *monitor)
{
	char chunk[4096];
	ssize_t n = read(monitor->in, chunk, sizeof(chunk)), at = 0;

	if (n <= 0) {
		if (monitor->in == STDIN_FILENO)
			end(machine, 0);
		close_client(monitor);
		return;
	}
	while (at < n) {
		json_object *message =
			json_tokener_parse_ex(monitor->tokener, chunk + at, (int)(n - at));
		enum json_tokener_error error = json_tokener_get_error(monitor->tokener);

		if (error == json_tokener_continue)
			return;
		if (error != json_tokener_success) {
			json_tokener_reset(monitor->tokener);
			answer_error(monitor, NULL, "GenericError", "JSON parse error");
			return;
		}
		at += (ssize_t)json_tokener_get_parse_end(monitor->tokener);
		handle(machine, monitor, message);
		json_object_put(message);
	}
}

/* A client is there: greets it, unless the script's program will. */
static void welcome(struct machine *machine, struct monitor *monitor)
{
	bool left_to_program =
		monitor == machine->monitors && machine->script.greets && !machine->greeted;

	note("client on %s", monitor->id);
	monitor->negotiated = false;
	json_tokener_reset(monitor->tokener);
	if (!left_to_program && !machine->hanging)
		send_greeting(machine, monitor, DO_GREET);
}

static void accept_client(struct machine *machine, struct monitor *monitor)
{
	struct timeval patience = {.tv_sec = 5};
	int fd = accept4(monitor->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	monitor->in = monitor->out = fd;
	welcome(machine, monitor);
}

static void take_signal(struct machine *machine, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	note("signal %u", info.ssi_signo);
	if (!machine->ignores_term)
		after(machine, "SIGTERM");
}

static int open_signals(void)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t set, before;

	/* QEMU ends properly on these three, unless whoever started it has blocked them. */
	sigemptyset(&set);
	sigprocmask(SIG_BLOCK, NULL, &before);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!sigismember(&before, ends[i]))
			sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

void serve(struct machine *machine)
{
	struct pollfd fds[MONITORS + 1] = {{.fd = open_signals(), .events = POLLIN}};
	nfds_t n = machine->n_monitors + 1;

	for (size_t i = 0; i < machine->n_monitors; i++)
		if (machine->monitors[i].in >= 0)
			welcome(machine, &machine->monitors[i]);
	for (;;) {
		long wait = -1;

		run_program(machine);
		if (machine->until)
			wait = machine->until > now_ms() ? machine->until - now_ms() : 0;
		for (size_t i = 0; i < machine->n_monitors; i++) {
			struct monitor *m = &machine->monitors[i];

			fds[i + 1] = (struct pollfd){.fd = m->in >= 0 ? m->in : m->listen_fd,
						     .events = POLLIN};
		}
		if (poll(fds, n, (int)wait) < 0 && errno != EINTR)
			fail("poll: %m");
		if (fds[0].revents)
			take_signal(machine, fds[0].fd);
		for (size_t i = 0; i < machine->n_monitors; i++) {
			struct monitor *m = &machine->monitors[i];

			if (!fds[i + 1].revents)
				continue;
			if (m->in >= 0)
				receive(machine, m);
			else
				accept_client(machine, m);
		}
	}
}
