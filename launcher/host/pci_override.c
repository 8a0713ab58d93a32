/* driver_override is the attribute of a function that the kernel reads under the device's lock, and
 * from Linux 5.5 to 6.8 sriov_numvfs is another. Whoever unbinds, binds or resets a device holds
 * that, and may wait for ever: for a process that has the sound card open, say. A reader then waits
 * as well, and no signal ends it. So on the machine's own root a child reads, and what it does not
 * come back with in time is not known.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/own.h"
#include "base/process.h"
#include "pci_parts.h"

#define WAIT_MS 500

/* So often a child gets that time anew because it was not its turn: it does not wait for the lock.
 */
#define TURNS 60

struct answer {
	size_t index;
	unsigned vfs;
	char text[60]; /* cut off: it is a driver's name */
};

static unsigned read_vfs(const struct root *root, const struct pci_function *f)
{
	char name[PCI_ADDRESS_SIZE];
	unsigned long long n = 0;

	root_number(root, &n, "/sys/bus/pci/devices/%s/sriov_numvfs",
		    pci_address_format(&f->address, name));
	return n > UINT16_MAX ? 0 : (unsigned)n;
}

static char *read_one(const struct root *root, const struct pci_function *f)
{
	char name[PCI_ADDRESS_SIZE];

	return root_line(root, "/sys/bus/pci/devices/%s/driver_override",
			 pci_address_format(&f->address, name));
}

/* NULL where there is none: an empty one reads "(null)". */
static void take(struct pci_function *f, const char *text)
{
	if (text && *text && strcmp(text, "(null)") != 0)
		f->driver_override = xstrdup(text);
}

struct question {
	const struct pci_list *list;
	const struct root *root;
	size_t from;
};

#define ANSWERS 3 /* the descriptor that they are written to, in the child */

/* A child that hangs holds nothing but this, which would be kept open, or locked, with it. */
static int answer_all(void *context)
{
	const struct question *q = context;

	for (size_t i = q->from; i < q->list->n; i++) {
		own_free char *text = read_one(q->root, &q->list->v[i]);
		struct answer answer = {.index = i, .vfs = read_vfs(q->root, &q->list->v[i])};

		strncpy(answer.text, text ? text : "", sizeof(answer.text) - 1);
		if (write(ANSWERS, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	return 0;
}

/* Whether it has said something, or ended. */
static bool comes(int fd, pid_t pid)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (int turns = 0; turns < TURNS; turns++) {
		if (poll(&p, 1, WAIT_MS) > 0)
			return true;
		if (!process_runs(pid))
			return poll(&p, 1, 0) > 0;
	}
	return false;
}

/* The next function that was not answered for. */
static size_t hear(struct pci_list *list, size_t from, int fd, pid_t pid)
{
	struct answer answer;

	while (from < list->n && comes(fd, pid) &&
	       read(fd, &answer, sizeof(answer)) == sizeof(answer) && answer.index == from) {
		list->v[from].vfs = answer.vfs;
		take(&list->v[from++], answer.text);
	}
	return from;
}

/* From one function on, until one does not answer; returns its number. */
static size_t ask(struct pci_list *list, const struct root *root, size_t from)
{
	struct question question = {list, root, from};
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, theirs = -1;

	if (!child_pipe(&ours, &theirs))
		return from;
	const struct child_fd fd[] = {{theirs, ANSWERS}};

	if (child_make(&child, &(struct child_way){.function = answer_all,
						   .context = &question,
						   .fd = fd,
						   .fds = ARRAY_SIZE(fd),
						   .dies_by = SIGKILL}) ||
	    child_let_go(&child))
		return from;
	close_fd(&theirs);
	from = hear(list, from, ours, child.pid);
	child_signal(&child, SIGKILL);
	/* One that hangs is left to itself: it ends when the kernel lets it. */
	if (from == list->n)
		child_reap(&child, NULL);
	else
		waitpid(child.pid, NULL, WNOHANG);
	return from;
}

void pci_overrides_read(struct pci_list *list, const struct root *root)
{
	if (!root_is_real(root)) {
		for (size_t i = 0; i < list->n; i++) {
			own_free char *text = read_one(root, &list->v[i]);

			take(&list->v[i], text);
			list->v[i].vfs = read_vfs(root, &list->v[i]);
		}
		return;
	}
	for (size_t from = 0; from < list->n;) {
		from = ask(list, root, from);
		if (from < list->n)
			list->v[from++].locked = true;
	}
}
