/* QEMU and its firmware. */
#include "parts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/tongue.h"

/* The oldest that is tried: base of all that a plan composes. */
#define QEMU_OLDEST_MAJOR 7
#define QEMU_OLDEST_MINOR 2

void judge_qemu(struct examination *e)
{
	const struct patient *p = e->patient;
	const struct qemu_facts *qemu = &p->facts->qemu;
	unsigned major = 0, minor = 0;

	if (p->qemu_error) {
		found(e, HEALTH_PROBLEM, p->qemu_binary, NULL,
		      distribution_install(p->facts->distribution, PACKAGE_QEMU), "%s",
		      p->qemu_error);
		return;
	}
	if (sscanf(qemu->version, "%u.%u", &major, &minor) == 2 &&
	    (major < QEMU_OLDEST_MAJOR ||
	     (major == QEMU_OLDEST_MAJOR && minor < QEMU_OLDEST_MINOR)))
		found(e, HEALTH_PROBLEM, qemu->path, qemu->version,
		      xasprintf(_("install QEMU %u.%u or newer; [qemu] binary names another one"),
				QEMU_OLDEST_MAJOR, QEMU_OLDEST_MINOR),
		      "QEMU %s is older than any that vmlaunch was tried with", qemu->version);
	else
		found(e, HEALTH_OK, qemu->path, qemu->version, NULL, "QEMU %s%s%s%s", qemu->version,
		      *qemu->package ? " (" : "", qemu->package, *qemu->package ? ")" : "");
}

/* What a machine with a GPU is made of; a build may leave each of them out. */
void judge_qemu_parts(struct examination *e)
{
	static const struct {
		const char *name, *what;
		enum qemu_offer kind;
		enum health health;
	} PART[] = {
		{"vfio-pci", "devices of the host's", QEMU_DEVICES, HEALTH_PROBLEM},
		{"pcie-root-port", "PCI Express", QEMU_DEVICES, HEALTH_PROBLEM},
		{"virtio-blk-pci", "quick disks", QEMU_DEVICES, HEALTH_PROBLEM},
		{"ivshmem-plain", "Looking Glass", QEMU_DEVICES, HEALTH_PROBLEM},
		{"usb-host", "USB devices of the host's", QEMU_DEVICES, HEALTH_NOTE},
		{"tpm-crb", "a TPM", QEMU_DEVICES, HEALTH_NOTE},
		{"vhost-user-fs-pci", "shared folders", QEMU_DEVICES, HEALTH_NOTE},
		{"io_uring", "io_uring for disks", QEMU_AIO, HEALTH_NOTE},
	};
	const struct patient *p = e->patient;
	const struct qemu_facts *qemu = &p->facts->qemu;
	const char *newest;
	size_t lacks = 0;

	if (p->qemu_error)
		return;
	newest = qemu_newest_q35(qemu);
	if (!newest)
		found(e, HEALTH_PROBLEM, qemu->path, qemu->version,
		      distribution_install(p->facts->distribution, PACKAGE_QEMU),
		      "this QEMU offers no pc-q35 machine");
	for (size_t i = 0; i < ARRAY_SIZE(PART); i++) {
		if (qemu_offers(qemu, PART[i].kind, PART[i].name))
			continue;
		found(e, PART[i].health, qemu->path, PART[i].name, NULL,
		      "this QEMU lacks %s, so there is no %s with it", PART[i].name, PART[i].what);
		lacks++;
	}
	if (!lacks && newest)
		found(e, HEALTH_OK, qemu->path, newest, NULL,
		      "it has all that a machine with a GPU is made of");
}

void judge_spice(struct examination *e)
{
	const struct patient *p = e->patient;

	if (p->qemu_error)
		return;
	if (qemu_offers(&p->facts->qemu, QEMU_OPTIONS, "spice"))
		found(e, HEALTH_OK, p->facts->qemu.path, "-spice", NULL, "QEMU has SPICE");
	else
		found(e, lacking(e), p->facts->qemu.path, "no -spice",
		      distribution_install(p->facts->distribution, PACKAGE_SPICE),
		      "QEMU has no SPICE here: no window, sound and shared clipboard by it");
}

static void judge_choice(struct examination *e, bool secure_boot)
{
	const struct patient *p = e->patient;
	own_error struct error *problem = NULL;
	const struct firmware *firmware;
	const char *looked_in = p->firmware->looked_in;

	if (p->qemu_error || !p->machine)
		return;
	firmware = firmware_choose(p->firmware, p->machine, secure_boot, &problem);
	if (firmware)
		found(e, HEALTH_OK, firmware->descriptor, firmware->code, NULL,
		      secure_boot ? "there is UEFI firmware with Secure Boot%s"
				  : "there is UEFI firmware%s",
		      firmware->enrolled ? " and enrolled keys" : "");
	else
		found(e, secure_boot ? lacking(e) : HEALTH_PROBLEM,
		      *looked_in ? looked_in : "qemu/firmware", p->firmware->n ? "others" : "none",
		      NULL, "%s", error_message(problem, 0));
}

void judge_firmware(struct examination *e)
{
	judge_choice(e, false);
}

void judge_secure_firmware(struct examination *e)
{
	judge_choice(e, true);
}

/* firmware/secure_boot.h has the rule. */
void judge_certificates(struct examination *e)
{
	const struct patient *p = e->patient;

	if (!p->store)
		return;
	if (p->missing)
		found(e, lacking(e), p->store, NULL,
		      xstrdup(_(
			      "'vmlaunch firmware' tells the ways out; a newer firmware package may have them")),
		      "%s", p->missing);
	else
		found(e, HEALTH_OK, p->store, NULL, NULL,
		      "the variable store lacks none of Microsoft's certificates of 2023");
}
