/* A keeper takes its place: a process of its own, detached from the terminal, deaf to the signals
 * that end others, with no descriptor but its client's socket.
 *
 * Who may ask: the socket's maker, as the kernel tells it (SO_PEERCRED), is the user.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/layout.h"
#include "base/text.h"
#include "isolation/isolation.h"
#include "state.h"

#define CLIENT 3 /* the descriptor that leads to the client */

static void be_deaf(void)
{
	static const int deaf[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN,
				   SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM, SIGIO,	SIGXFSZ, SIGXCPU};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(deaf); i++)
		signal(deaf[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The user's process that made the socket: the kernel says so, no variable can forge it. */
static bool peer_identity(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int type;
	socklen_t type_len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 || type != SOCK_SEQPACKET ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	*uid = cred.uid;
	*pid = cred.pid;
	return true;
}

/* Whom sudo or pkexec say that they act for must be whom the kernel says. */
static bool carrier_agrees(uid_t uid)
{
	static const char *const variable[] = {"SUDO_UID", "PKEXEC_UID"};
	uint64_t said;

	for (size_t i = 0; i < ARRAY_SIZE(variable); i++) {
		const char *text = getenv(variable[i]);

		if (text && (!text_u64(text, 10, &said) || said != uid))
			return false;
	}
	return true;
}

/* Leaves open only the client's socket, as CLIENT, and /dev/null as 0 to 2. */
static bool keep_only(int socket)
{
	int null;

	if (socket != CLIENT && dup3(socket, CLIENT, O_CLOEXEC) < 0)
		return false;
	if (syscall(SYS_close_range, 0, CLIENT - 1, 0) < 0 ||
	    syscall(SYS_close_range, CLIENT + 1, ~0U, 0) < 0)
		return false;
	null = open("/dev/null", O_RDWR);
	return null == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2;
}

/* Becomes a process of its own, nobody's child, in a session of its own: sudo's ends here, the
 * terminal may close, and whoever started it would have to wait for it at the right moment, or see
 * a keeper that has nothing to do listed as defunct. Deaf before that: sudo's end hangs up the
 * terminal that it made.
 *
 * The one fork beside base/child.c: nothing is started here, one that runs leaves its place. Its
 * parent must neither watch it nor be what it dies with. False where that failed.
 */
static bool stand_apart(void)
{
	be_deaf();
	switch (fork()) {
	case -1:
		return false;
	case 0:
		setsid();
		return true;
	default:
		_exit(0);
	}
}

int keeper_main(const char *mode)
{
	enum sandbox sandbox = SANDBOX_ENFORCE;
	uid_t uid;
	pid_t client;

	if (geteuid() != 0 || (mode && !sandbox_parse(mode, &sandbox)) ||
	    !peer_identity(0, &uid, &client) || !carrier_agrees(uid)) {
		fprintf(stderr, "vmlaunch --keeper is started by vmlaunch itself, as root\n");
		return ERROR_USAGE;
	}
	if (!stand_apart())
		return ERROR_HOST;
	sandbox_set(sandbox);
	clearenv();
	setenv("PATH", LAYOUT_PATH, 1);
	return keep_only(0) ? keeper_serve(CLIENT, uid, client) : ERROR_HOST;
}

struct client {
	uid_t uid;
	pid_t pid;
};

/* In a child of the client's: becomes the keeper. Returns why not, or never; not a destructor or
 * buffer of the client's runs in here.
 */
static int serve_apart(void *context)
{
	const struct client *client = context;

	if (!stand_apart())
		return errno;
	_exit(keep_only(CLIENT) ? keeper_serve(CLIENT, client->uid, client->pid) : ERROR_HOST);
}

int keeper_fork(uid_t uid, struct error **err)
{
	struct client client = {uid, getpid()};
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, its = -1;
	int pair[2], errnum;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return -1;
	}
	ours = pair[0];
	its = pair[1];
	const struct child_fd fd[] = {{its, CLIENT}};

	errnum = child_make(&child, &(struct child_way){.function = serve_apart,
							.context = &client,
							.fd = fd,
							.fds = ARRAY_SIZE(fd),
							.same_session = true});
	if (!errnum)
		errnum = child_let_go(&child);
	if (!errnum) {
		/* Until the keeper has let go of the talk: so it stands, or tells why not. */
		child_hear(&child, true);
		errnum = child.told ? child.result : 0;
		child_reap(&child, NULL);
	}
	if (!errnum)
		return steal_fd(&ours);
	error_errno(err, ERROR_HOST, errnum, "cannot make a process");
	return -1;
}
