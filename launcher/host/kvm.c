/* Whether KVM can be used. That /dev/kvm opens proves nothing: there are machines, virtual ones
 * above all, where it opens, a machine can be made, and the guest then hangs for ever because the
 * processor offers no virtualisation. So the CPU's own flags must say yes as well, and where they
 * say no that is told before any lack of permission: no group would help.
 */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>

#include "base/tongue.h"

#define NODE "/dev/kvm"

/* Opens the node for reading and writing; 0 or the errno. In another root nodes may be plain files,
 * maybe of somebody else: there existence counts, and *fd stays -1.
 */
static int try_node(const struct root *root, int *fd)
{
	if (!root_is_real(root))
		return root_exists(root, NODE) ? 0 : ENOENT;
	*fd = root_open(root, NODE, O_RDWR);
	return *fd < 0 ? errno : 0;
}

/* As the modules' parameters tell (Documentation/admin-guide/kernel-parameters.txt: kvm-amd.avic,
 * kvm-intel.enable_apicv).
 */
static bool has_apicv(const struct root *root)
{
	own_free char *intel = root_line(root, "/sys/module/kvm_intel/parameters/enable_apicv");
	own_free char *amd = root_line(root, "/sys/module/kvm_amd/parameters/avic");
	const char *said = intel ? intel : amd;

	return said && (*said == 'Y' || *said == '1');
}

void kvm_collect(struct kvm_facts *kvm, const struct root *root, const struct cpu_facts *cpu)
{
	own_fd int fd = -1;
	int errnum = try_node(root, &fd);

	*kvm = (struct kvm_facts){.errnum = errnum};
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
	/* A node made ahead of its module (kmod's static nodes), and the module did not come. */
	case ENODEV:
	case ENXIO:
		kvm->state = KVM_NO_NODE;
		return;
	case 0:
		kvm->state = KVM_USABLE;
		break;
	case EACCES:
	case EPERM:
		kvm->state = KVM_NOT_PERMITTED;
		break;
	default:
		kvm->state = KVM_BROKEN;
		break;
	}
	if (!cpu->vmx && !cpu->svm)
		kvm->state = KVM_NO_EXTENSION;
	kvm->apicv = has_apicv(root);
	if (kvm->state == KVM_USABLE && fd >= 0)
		hyperv_collect(kvm, fd);
}

const char *kvm_reason(const struct kvm_facts *kvm)
{
	static const char *const reason[] = {
		[KVM_USABLE] = NULL,
		[KVM_NO_NODE] = N_(
			"there is no /dev/kvm: switch virtualisation (VT-x, AMD-V, SVM) on in the firmware setup, then 'modprobe kvm_intel' or 'modprobe kvm_amd'"),
		[KVM_NOT_PERMITTED] = N_(
			"you may not open /dev/kvm: join its group (usually 'sudo usermod -aG kvm USER'), and log in again"),
		[KVM_NO_EXTENSION] = N_(
			"the processor has neither vmx nor svm here: switch virtualisation on in the firmware setup or, in a virtual machine, nested virtualisation on its host"),
		[KVM_BROKEN] = N_(
			"/dev/kvm is there but cannot be opened: 'dmesg | grep -i kvm' may say why"),
	};

	_Static_assert(ARRAY_SIZE(reason) == KVM_STATES, "one sentence for each state");
	if ((unsigned)kvm->state >= KVM_STATES || !reason[kvm->state])
		return NULL;
	return tongue(reason[kvm->state]);
}
