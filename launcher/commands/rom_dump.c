/* Reading a card's ROM through sysfs (drivers/pci/pci-sysfs.c and rom.c of Linux). The file `rom`
 * is as long as the ROM's window; reading it is refused (EINVAL) until something is written to it,
 * and again after "0\n", which must be just these two bytes: a lone "0" switches it on. The bit
 * only permits reading by root, the card's decoder is on during each read alone; still it is the
 * host's state, so it never stays changed: one way in, one way out, and no signal between.
 *
 * The kernel walks the chain of images itself and ends the file where the standard's last image
 * does (NVIDIA's private ones stand behind), and it gives EIO where the ROM does not begin with 55
 * AA: a card that is asleep reads as FF. It does not wake one for this.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "rom.h"

#define ROM_FILE "/sys/bus/pci/devices/%s/rom"

/* Why the kernel finds nothing where there should be a ROM. */
static void say_no_rom(const struct pci_function *f, const char *address, struct error **err)
{
	if (f->runtime_status && strcmp(f->runtime_status, "suspended") == 0) {
		error_add(
			err, ERROR_HOST,
			"the ROM of %s cannot be read while the device is asleep: wake it first (echo on >/sys/bus/pci/devices/%s/power/control; afterwards write auto)",
			address, address);
		return;
	}
	error_add(
		err, ERROR_HOST,
		"the kernel finds no ROM in %s that begins with 55 AA: %s%s%s. Laptops often keep the ROM in their BIOS, not on the card: take it out of the BIOS update then",
		address,
		f->driver ? "its driver " : "it may have been switched off when the GPU was set up",
		f->driver ? f->driver : "",
		f->driver
			? " may have switched it off (try without the driver, or right after the start of the computer)"
			: "");
}

static void say_why(int errnum, const struct pci_function *f, const char *address,
		    struct error **err)
{
	switch (errnum) {
	case EIO:
	case ENODATA:
		say_no_rom(f, address, err);
		break;
	case EINVAL:
		error_add(
			err, ERROR_HOST,
			"the kernel does not permit to read the ROM of %s: another program switched it off meanwhile",
			address);
		break;
	case ENOENT:
		error_add(
			err, ERROR_HOST,
			"%s has no option ROM; laptops often keep it in their BIOS: take it out of the BIOS update",
			address);
		break;
	case EFBIG:
		error_add(err, ERROR_HOST, "the ROM of %s %s", address,
			  rom_refusal_words(ROM_TOO_LARGE));
		break;
	default:
		error_errno(err, ERROR_HOST, errnum, "cannot read the ROM of %s", address);
	}
}

static bool read_all(int fd, struct buf *out)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)out->len);

		if (n < 0)
			return false;
		if (n == 0)
			break;
		if (out->len + (size_t)n > ROM_MAX) {
			errno = EFBIG;
			return false;
		}
		buf_add(out, chunk, (size_t)n);
	}
	errno = ENODATA;
	return out->len;
}

/* Whether it is off: the kernel took it, and does not let us read any more. */
static bool switch_off(int fd)
{
	char byte;

	return pwrite(fd, "0\n", 2, 0) == 2 && pread(fd, &byte, 1, 0) < 0;
}

/* With all signals held back: only SIGKILL and SIGSTOP could come between. */
static bool read_switched_on(int fd, struct buf *out, const struct pci_function *f,
			     const char *address, struct error **err)
{
	bool on = pwrite(fd, "1\n", 2, 0) == 2;
	int problem = on && read_all(fd, out) ? 0 : errno;
	bool left = !switch_off(fd) && on;

	if (problem)
		say_why(problem, f, address, err);
	if (left)
		error_add(
			err, ERROR_LEFT,
			"the ROM of %s stays readable by root; switch it off by 'echo 0 >/sys/bus/pci/devices/%s/rom'",
			address, address);
	return !problem && !left;
}

char *rom_dump(const struct root *root, const struct pci_function *f, size_t *len,
	       struct error **err)
{
	char address[PCI_ADDRESS_SIZE];
	own_free char *path = xasprintf(ROM_FILE, pci_address_format(&f->address, address));
	own_fd int fd = root_open(root, path, O_RDWR);
	own_buf struct buf out = {0};
	sigset_t all, before;
	bool ok;

	if (fd < 0) {
		say_why(errno, f, address, err);
		return NULL;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	ok = read_switched_on(fd, &out, f, address, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!ok)
		return NULL;
	*len = out.len;
	return buf_steal(&out);
}
