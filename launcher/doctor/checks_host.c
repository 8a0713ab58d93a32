/* The computer: what has to be so before any device can be given away. */
#include "parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "isolation/landlock.h"

/* A word of the kernel's options, from its first letters to its end, which the caller owns; NULL
 * where there is none.
 */
static char *option_word(const struct setup_facts *setup, const char *start)
{
	const char *at = setup->options;

	while (*at) {
		size_t len;

		at += strspn(at, " ");
		len = strcspn(at, " ");
		if (text_starts(at, start))
			return xstrndup(at, len);
		at += len;
	}
	return NULL;
}

/* What stands before the first ": " of a reason is the cause, the rest what helps. The caller owns
 * both.
 */
static char *split_reason(const char *reason, char **remedy)
{
	const char *colon = strstr(reason, ": ");

	*remedy = colon ? xstrdup(colon + 2) : NULL;
	return colon ? xstrndup(reason, (size_t)(colon - reason)) : xstrdup(reason);
}

void judge_virtualisation(struct examination *e)
{
	const struct facts *facts = e->patient->facts;
	const char *reason = kvm_reason(&facts->kvm);
	const char *flag = facts->cpu.vmx ? "vmx" : facts->cpu.svm ? "svm" : "neither vmx nor svm";
	own_free char *cause = NULL;
	char *remedy = NULL;

	if (!reason) {
		found(e, HEALTH_OK, "/proc/cpuinfo", flag, NULL, "KVM can be used");
		return;
	}
	cause = split_reason(reason, &remedy);
	found(e, HEALTH_PROBLEM, "/proc/cpuinfo", flag, remedy, "%s", cause);
}

/* An option that switches it off is taken out; Intel's wants one that switches it on. */
static char *iommu_remedy(struct examination *e)
{
	static const char *const off[] = {"intel_iommu=off", "amd_iommu=off", "iommu=off"};
	const struct patient *p = e->patient;

	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		own_free char *word = option_word(p->setup, off[i]);

		if (word)
			return boot_option_remove(p->setup->loader, p->facts->distribution, word);
	}
	if (strcmp(p->facts->cpu.vendor, "AuthenticAMD") == 0)
		return xstrdup(_(
			"switch IOMMU (AMD-Vi, beside SVM) on in the firmware setup; no boot option is needed"));
	if (!strstr(p->setup->options, "intel_iommu=on")) {
		own_free char *add = add_boot_option(e, "intel_iommu=on");

		return xasprintf(_("switch VT-d on in the firmware setup; if it is, %s"), add);
	}
	return xstrdup(_("switch VT-d on in the firmware setup"));
}

void judge_iommu(struct examination *e)
{
	const struct iommu *iommu = &e->patient->facts->devices.iommu;
	own_free char *value =
		xasprintf(_("%zu unit%s, %zu group%s"), iommu->units, iommu->units == 1 ? "" : "s",
			  iommu->groups, iommu->groups == 1 ? "" : "s");
	static const char place[] = "/sys/class/iommu, /sys/kernel/iommu_groups";

	own_free char *cause = NULL, *general = NULL;

	if (iommu->state == IOMMU_READY) {
		found(e, HEALTH_OK, place, value, NULL, "the kernel uses %s for devices",
		      iommu->kind ? iommu->kind : "an IOMMU");
		return;
	}
	cause = split_reason(iommu_reason(iommu), &general);
	found(e, HEALTH_PROBLEM, place, value, iommu_remedy(e), "%s", cause);
}

/* Without it VFIO refuses every group, unless it is told that this is all right
 * (drivers/vfio/vfio_iommu_type1.c in the kernel).
 */
void judge_remapping(struct examination *e)
{
	const struct patient *p = e->patient;
	own_free char *off = option_word(p->setup, "intremap=off");
	char *remedy = NULL;

	if (p->facts->devices.iommu.state != IOMMU_READY)
		return;
	if (p->setup->remapping == ANSWER_YES) {
		found(e, HEALTH_OK, "/proc/interrupts", "IR- in front of chips' names", NULL,
		      "the IOMMU remaps interrupts");
		return;
	}
	if (p->setup->remapping == ANSWER_UNKNOWN) {
		found(e, HEALTH_UNKNOWN, "/proc/interrupts", "unreadable",
		      xstrdup(_("look with 'dmesg | grep -i remapping'")),
		      "whether the IOMMU remaps interrupts is not to be seen");
		return;
	}
	remedy =
		off ? boot_option_remove(p->setup->loader, p->facts->distribution, off)
		    : xstrdup(_(
			      "switch x2APIC and VT-d (or IOMMU) on in the firmware setup, or update the firmware; 'options vfio_iommu_type1 allow_unsafe_interrupts=1' in /etc/modprobe.d trusts the guest with them instead"));
	found(e, HEALTH_PROBLEM, off ? "/proc/cmdline" : "/proc/interrupts",
	      off ? off : "no chip's name begins with IR-", remedy,
	      "the IOMMU does not remap interrupts, so VFIO refuses every device");
}

/* What the firmware asks for of a passed device's group is the one thing that hinders. */
void judge_protection(struct examination *e)
{
	const struct patient *p = e->patient;
	static const char *const words[] = {
		[ANSWER_UNKNOWN] = "not told here", [ANSWER_NO] = "0", [ANSWER_YES] = "1"};
	static const char place[] = "/sys/bus/thunderbolt/devices/domain0/iommu_dma_protection";
	int last = -1; /* the group that was told */

	for (size_t i = 0; i < p->gpus; i++)
		for (size_t k = 0; k < p->gpu[i].obstacles.n; k++) {
			const struct obstacle *o = &p->gpu[i].obstacles.v[k];
			own_free char *file = NULL;

			if (o->kind != OBSTACLE_RESERVED || o->function->group == last)
				continue;
			last = o->function->group;
			file = xasprintf("/sys/kernel/iommu_groups/%d/reserved_regions",
					 o->function->group);
			found(e, HEALTH_PROBLEM, file, "direct",
			      xstrdup(_(
				      "switch Pre-boot (Kernel) DMA Protection off in the firmware setup, or what uses the device there (remote management, legacy USB)")),
			      "%s", o->text);
		}
	if (last < 0)
		found(e, HEALTH_OK, place, words[p->setup->protection], NULL,
		      "the firmware keeps no memory mapped for what a guest could get");
}

void judge_vfio(struct examination *e)
{
	const struct scene *scene = &e->patient->facts->devices;
	own_obstacles struct obstacles all = {0};
	const struct pci_set none = {0};

	obstacles_of(&all, scene, &none);
	for (size_t i = 0; i < all.n; i++) {
		const struct obstacle *o = &all.v[i];

		if (o->kind == OBSTACLE_NO_VFIO || o->kind == OBSTACLE_MAYBE_VFIO)
			found(e, o->kind == OBSTACLE_NO_VFIO ? HEALTH_PROBLEM : HEALTH_UNKNOWN,
			      "modules.dep", "vfio-pci", o->remedy ? xstrdup(o->remedy) : NULL,
			      "%s", o->text);
	}
	if (scene->vfio == KMODULE_THERE)
		found(e, HEALTH_OK, "modules.dep", "vfio-pci", NULL,
		      "the kernel has vfio-pci; it is loaded when a machine needs it");
}

void judge_processors(struct examination *e)
{
	const struct facts *facts = e->patient->facts;
	const struct cpu_topology *t = &facts->cpu.topology;
	own_free char *online = cpu_set_text(&t->online);
	own_free char *off = cpu_set_text(&t->offline);
	unsigned reserve = quiet_reserve(&t->online), all = facts->cpu.online;
	static const char place[] = "/sys/devices/system/cpu/online";

	if (all <= reserve + 1)
		found(e, HEALTH_PROBLEM, place, online,
		      *off ? xasprintf(
				     _("switch the others on (echo 1 | sudo tee /sys/devices/system/cpu/cpu{%s}/online)"),
				     off)
			   : NULL,
		      "of %u processor%s %u stay%s with the host, which leaves a guest one at most",
		      all, all == 1 ? "" : "s", reserve, reserve == 1 ? "s" : "");
	else
		found(e, HEALTH_OK, place, online, NULL,
		      "a guest can have %u of %u processors ('vmlaunch cpus' shows them)",
		      all - reserve, all);
}

/* How much of them can be had at once. The keeper moves memory together for more. */
void judge_huge_pages(struct examination *e)
{
	const struct patient *p = e->patient;
	const struct hugepage_facts *small = &p->facts->hugepages[0];
	uint64_t pool = 0;

	for (size_t i = 0; i < HUGEPAGE_SIZES; i++)
		pool += p->facts->hugepages[i].free *
			((uint64_t)p->facts->hugepages[i].size_kb << 10);
	if (!small->size_kb) {
		found(e, HEALTH_PROBLEM, "/sys/kernel/mm/hugepages", "no pages of 2 MiB",
		      xstrdup(_(
			      "use a kernel built with CONFIG_HUGETLBFS; a machine runs without, with a slower memory")),
		      "this kernel has no huge pages");
		return;
	}
	if (!p->setup->has_reach) {
		found(e, HEALTH_OK, "/sys/kernel/mm/hugepages", "2 MiB", NULL,
		      "the kernel has huge pages; %" PRIu64 " MiB of them lie free", pool >> 20);
		return;
	}
	found(e, HEALTH_OK, "/proc/buddyinfo", "free pieces of 2 MiB and more", NULL,
	      "%" PRIu64 " MiB can be huge pages at once, of %" PRIu64
	      " MiB available; the keeper moves memory together for more",
	      (pool + p->setup->reach) >> 20, p->facts->memory.available >> 20);
}

/* Without it disks cost more, and who has closed it had a reason: nothing is advised against that.
 */
void judge_uring(struct examination *e)
{
	const struct uring_facts *uring = &e->patient->facts->uring;
	const char *reason = uring_reason(uring);
	bool tried = uring->state == URING_REFUSED || uring->state == URING_OLD;
	const char *asked = tried ? "io_uring_setup" : "/proc/sys/kernel/io_uring_disabled";

	if (uring->state == URING_UNKNOWN)
		found(e, HEALTH_NOTE, asked, "absent", NULL,
		      "whether disks can have the kernel's io_uring is not to be seen");
	else if (!reason)
		found(e, HEALTH_OK, asked, NULL, NULL,
		      "the kernel has io_uring for disks, which costs least");
	else
		found(e, HEALTH_NOTE, asked, tried ? strerror(uring->errnum) : NULL, NULL,
		      "%s; disks cost more processor time without", tongue(reason));
}

/* The keeper raises it for the machine's life: only where there is no way to a keeper it counts. */
void judge_memlock(struct examination *e)
{
	const struct setup_facts *setup = e->patient->setup;
	own_free char *value = NULL;

	if (!setup->has_memlock) {
		found(e, HEALTH_UNKNOWN, "/proc/self/limits", "unreadable", NULL,
		      "how much memory you may lock is not to be seen");
		return;
	}
	value = setup->memlock == UINT64_MAX ? xstrdup("unlimited")
					     : xasprintf("%" PRIu64 " bytes", setup->memlock);
	found(e, HEALTH_OK, "/proc/self/limits", value, NULL,
	      setup->memlock == UINT64_MAX
		      ? "you may lock any amount of memory"
		      : "you may lock little memory; the keeper raises that for each machine");
}

void judge_keeper(struct examination *e)
{
	const struct patient *p = e->patient;
	const char *sudo = p->setup->program[SETUP_SUDO], *pkexec = p->setup->program[SETUP_PKEXEC];

	if (p->root)
		found(e, HEALTH_OK, "/proc/self", "root", NULL, "you are root");
	else if (!sudo && !pkexec)
		found(e, HEALTH_PROBLEM, "sudo, pkexec", "not found",
		      distribution_install(p->facts->distribution, PACKAGE_PKEXEC),
		      "there is neither sudo nor pkexec, and what a machine changes of the host takes root");
	else if (!pkexec)
		found(e, HEALTH_NOTE, sudo, "there, and no pkexec",
		      distribution_install(p->facts->distribution, PACKAGE_PKEXEC),
		      "a machine that changes the host starts on a terminal alone, where sudo can ask");
	else if (!p->setup->polkit_action)
		found(e, HEALTH_NOTE, "org.vmlaunch.policy", "not there",
		      xstrdup(_("install vmlaunch with 'make install'")),
		      "polkit does not know vmlaunch's own action, so its dialog speaks of running a program as root");
	else
		found(e, HEALTH_OK, pkexec, "there", NULL,
		      "root can be asked for, on a terminal and by polkit's dialog");
}

/* gnome-shell and cinnamon are agents themselves; other desktops start one, others none. */
void judge_agent(struct examination *e)
{
	const struct setup_facts *setup = e->patient->setup;

	if (!setup->desktop || !setup->program[SETUP_PKEXEC])
		return;
	if (setup->agent)
		found(e, HEALTH_OK, "/proc", setup->agent, NULL,
		      "a polkit agent can ask for the password");
	else
		found(e, HEALTH_PROBLEM, "/proc", "no known agent runs",
		      xstrdup(_(
			      "start one with your session (polkit-gnome, lxqt-policykit, hyprpolkitagent, ...), or start machines on a terminal")),
		      "this desktop has no polkit agent, so a start by a click asks nobody for the password");
}

/* The boot option replaces the whole list, so the list is said with it. The caller owns it. */
static char *landlock_remedy(const char *lsm)
{
	if (lsm && strstr(lsm, "landlock"))
		return NULL;
	if (lsm && *lsm)
		return xasprintf(
			_("add landlock: the boot option lsm=landlock,%s, as it replaces the whole list; or a kernel from 5.13 on that was built with it"),
			lsm);
	return xstrdup(_(
		"add landlock: the boot option lsm=landlock,LIST, where LIST is what /sys/kernel/security/lsm says, as it replaces the whole list; or a kernel from 5.13 on that was built with it"));
}

/* As a start tells it (run/confine.c). */
void judge_sandbox(struct examination *e)
{
	const struct sandbox_means *means = &e->patient->means;
	const char *lacks = landlock_lacks(means->landlock);
	own_free char *value = xasprintf("Landlock %d, seccomp %s", means->landlock,
					 means->filters ? "yes" : "no");
	static const char place[] = "landlock_create_ruleset(2), seccomp(2)";

	if (!e->patient->means_asked)
		return;
	if (!means->landlock)
		found(e, HEALTH_NOTE, place, value, landlock_remedy(e->patient->setup->lsm),
		      "this kernel lacks %s: a guest that breaks out of QEMU reaches all files of yours",
		      lacks);
	if (!means->filters)
		found(e, HEALTH_NOTE, place, value, NULL,
		      "this kernel lacks filters for system calls (seccomp): vmlaunch itself goes without");
	if (means->landlock && means->filters && lacks)
		found(e, HEALTH_OK, place, value, NULL,
		      "QEMU is kept to the files of its plan; this kernel lacks %s", lacks);
	else if (means->landlock && means->filters)
		found(e, HEALTH_OK, place, value, NULL,
		      "QEMU is kept to the files of its plan, and vmlaunch to its system calls");
}

/* Modules that are built on this very host are signed with its own key or not at all. */
void judge_secure_host(struct examination *e)
{
	const struct setup_facts *setup = e->patient->setup;
	static const char place[] = "/sys/firmware/efi/efivars/SecureBoot-*";

	if (setup->secure_boot == ANSWER_UNKNOWN)
		found(e, HEALTH_UNKNOWN, place, "unreadable",
		      xstrdup(_("'mokutil --sb-state' tells")),
		      "whether the host was started with Secure Boot is not to be seen");
	else if (setup->secure_boot == ANSWER_NO)
		found(e, HEALTH_OK, place, "0", NULL,
		      "the host's Secure Boot is off: any module can be loaded");
	else if (setup->kvmfr == KMODULE_THERE && !setup->kvmfr_loaded)
		found(e, HEALTH_PROBLEM, place, "1",
		      xstrdup(_(
			      "have DKMS' key enrolled ('sudo mokutil --import /var/lib/dkms/mok.pub', and restart), then 'sudo modprobe kvmfr'")),
		      "the host's Secure Boot is on, and the module kvmfr is installed and not loaded: one without an enrolled signature is refused");
	else
		found(e, HEALTH_OK, place, "1", NULL,
		      "the host's Secure Boot is on: modules that are built here (kvmfr, NVIDIA's) need an enrolled signature");
}
