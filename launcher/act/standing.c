/* How what a journal says stands, in words: for who misses a device, or wants one that another
 * machine has. Journals of this boot are spoken of.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/tongue.h"
#include "state.h"

/* Adds words unless they stand there already. */
static void add_once(struct buf *out, const char *words)
{
	if (!out->len || !strstr(out->data, words))
		buf_addf(out, "%s%s", out->len ? ", " : "", words);
}

static void add_holding(struct buf *out, const struct change *change)
{
	char address[PCI_ADDRESS_SIZE];
	own_free char *cpus = cpu_set_text(&change->cpus), *words = NULL;

	if (CHANGE_FUNCTION[change->kind] & CHANGE_CLAIMS)
		add_once(out, pci_address_format(&change->address, address));
	else if (change->kind == CHANGE_MDEV && change->names == 2)
		words = xasprintf(N_("the mediated device %s"), change->name[1]);
	else if (change->kind == CHANGE_TAP && change->names)
		words = xasprintf(N_("the network interface %s"), change->name[0]);
	else if (change->kind == CHANGE_VFS)
		words = xasprintf(N_("virtual functions of %s"),
				  pci_address_format(&change->address, address));
	else if (change->kind == CHANGE_HUGEPAGES)
		words = xasprintf(N_("%lu MiB of huge pages"),
				  change->number * change->size_kb >> 10);
	else if (change->kind == CHANGE_ISOLATED)
		words = xasprintf(N_("the processors %s"), cpus);
	if (words)
		add_once(out, words);
}

/* What it holds, or that it is but little; the caller owns it. */
static char *holdings_of(const struct journal *journal)
{
	struct buf out = {0};

	for (size_t i = 0; i < journal->n; i++)
		add_holding(&out, &journal->change[i]);
	if (!out.len)
		buf_adds(&out, N_("rights or settings"));
	return buf_steal(&out);
}

static char *standing_of_dead(const struct journal *journal, const char *holds)
{
	int keeper = (int)journal->keeper.pid, qemu = (int)journal->qemu.pid;

	if (process_alive(journal->qemu))
		return xasprintf(
			N_("keeper %d has died, and QEMU %d still runs with %s: end it, then 'vmlaunch recover' gives that back"),
			keeper, qemu, holds);
	return xasprintf(
		N_("keeper %d has died, and %s could not be given back: 'vmlaunch recover' tries again, and tells why"),
		keeper, holds);
}

/* Of a living keeper, before there is a QEMU. */
static char *standing_of_start(const struct journal *journal, const char *holds, bool *odd)
{
	int keeper = (int)journal->keeper.pid, client = (int)journal->client.pid;

	*odd = true;
	if (process_stopped(journal->client))
		return xasprintf(
			N_("keeper %d holds %s for a start that is stopped (vmlaunch %d): 'fg' or 'kill -CONT %d' lets it go on, 'kill -KILL %d' ends it"),
			keeper, holds, client, client, client);
	*odd = !process_alive(journal->client);
	return *odd ? xasprintf(N_("keeper %d is still giving back %s"), keeper, holds)
		    : xasprintf(N_("keeper %d is preparing a start, and holds %s"), keeper, holds);
}

/* Of a living keeper whose QEMU is gone. */
static char *standing_of_end(const struct journal *journal, const char *holds)
{
	int keeper = (int)journal->keeper.pid, qemu = (int)journal->qemu.pid;
	own_free char *client =
		process_stopped(journal->client)
			? xasprintf(N_(", vmlaunch %d is stopped"), (int)journal->client.pid)
			: xstrdup("");

	return xasprintf(
		N_("QEMU %d has ended%s, and keeper %d still holds %s: it gives that back, unless the kernel waits for whoever has a device open ('vmlaunch devices' names them)"),
		qemu, client, keeper, holds);
}

char *journal_standing(const struct journal *journal, bool *odd)
{
	own_free char *holds = holdings_of(journal);
	int keeper = (int)journal->keeper.pid, qemu = (int)journal->qemu.pid;

	*odd = true;
	if (!journal_is_here(journal)) {
		*odd = false;
		return xasprintf(
			N_("keeper %d of a container (another PID namespace) holds %s; from here it cannot be seen whether it lives"),
			keeper, holds);
	}
	if (!process_alive(journal->keeper))
		return standing_of_dead(journal, holds);
	if (process_stopped(journal->keeper))
		return xasprintf(
			N_("keeper %d is stopped, and holds %s: 'sudo kill -CONT %d' lets it give that back when its machine has ended"),
			keeper, holds, keeper);
	if (!qemu)
		return standing_of_start(journal, holds, odd);
	if (!process_alive(journal->qemu))
		return standing_of_end(journal, holds);
	*odd = false;
	return xasprintf(N_("keeper %d holds %s for QEMU %d, which %s"), keeper, holds, qemu,
			 process_stopped(journal->qemu) ? N_("is stopped") : N_("runs"));
}
