/* driver_override is the attribute of a function that the kernel reads under the device's lock, and
 * from Linux 5.5 to 6.8 sriov_numvfs is another. Whoever unbinds, binds or resets a device holds
 * that, and may wait for ever: for a process that has the sound card open, say. A reader then waits
 * as well, and no signal ends it. So on the machine's own root a child reads, and what it does not
 * come back with in time is not known.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
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

/* Holds nothing but its end of the pipe: a child that hangs would keep open, or locked, whatever
 * else it had inherited.
 */
static _Noreturn void answer_all(const struct pci_list *list, const struct root *root, size_t from,
				 int to)
{
	if (dup2(to, 0) != 0 || syscall(SYS_close_range, 1, ~0U, 0) < 0)
		_exit(1);
	for (size_t i = from; i < list->n; i++) {
		own_free char *text = read_one(root, &list->v[i]);
		struct answer answer = {.index = i, .vfs = read_vfs(root, &list->v[i])};

		strncpy(answer.text, text ? text : "", sizeof(answer.text) - 1);
		if (write(0, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
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
	own_fd int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (pipe(pair) < 0)
		return from;
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid == 0)
		answer_all(list, root, from, theirs);
	close_fd(&theirs);
	if (pid < 0)
		return from;
	from = hear(list, from, ours, pid);
	kill(pid, SIGKILL);
	/* One that hangs is left to itself: it ends when the kernel lets it. */
	waitpid(pid, NULL, from < list->n ? WNOHANG : 0);
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
