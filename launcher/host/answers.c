/* What does not answer on a PCI bus reads as ones (PCI Local Bus Specification 3.0, 3.3.3.4.2). Of
 * a virtual function that is well the first four bytes read so too (SR-IOV 1.1, 3.4.1.1, 3.4.1.2),
 * and never its revision and class behind them.
 */
#include "answers.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/tongue.h"

/* What every user may read, and each function has: the header (6.1). */
#define HEAD 64

static bool is_awake(const struct root *root, const char *address)
{
	own_free char *power = root_line(root, "/sys/bus/pci/devices/%s/power_state", address);
	own_free char *runtime =
		root_line(root, "/sys/bus/pci/devices/%s/power/runtime_status", address);

	return power && runtime && strcmp(power, "D0") == 0 && strcmp(runtime, "active") == 0;
}

enum pci_answer pci_answer_of(const struct root *root, const char *address)
{
	own_free char *path = xasprintf("/sys/bus/pci/devices/%s/config", address);
	unsigned char head[HEAD];
	own_fd int fd = -1;

	if (!root_exists(root, "/sys/bus/pci/devices/%s", address))
		return PCI_GONE;
	fd = is_awake(root, address) ? root_open(root, path, O_RDONLY) : -1;
	if (fd < 0 || read(fd, head, sizeof(head)) != HEAD)
		return PCI_ASLEEP;
	for (size_t i = 0; i < HEAD; i++)
		if (head[i] != 0xff)
			return PCI_WELL;
	return PCI_SILENT;
}

const char *pci_answer_words(enum pci_answer answer)
{
	static const char *const words[] = {
		[PCI_WELL] = NULL,
		[PCI_ASLEEP] = NULL,
		[PCI_SILENT] = N_(
			"does not answer any more, it fell off the bus: 'dmesg' may tell why; the guest has lost it, and when the machine has ended a sleep or power cycle of the host may bring it back"),
		[PCI_GONE] = N_(
			"is not on the host's bus any more: 'dmesg' may tell why, and a reset or power cycle of the host brings it back"),
	};

	_Static_assert(ARRAY_SIZE(words) == PCI_ANSWER_KINDS, "words for each");
	return words[answer] ? tongue(words[answer]) : NULL;
}
