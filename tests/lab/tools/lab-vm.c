/* lab-vm
 *
 * Keeps two virtual machines that never run, with and without KVM's interrupt controllers, until it
 * is killed. The first and the last machine switch static keys of the kernel, such as
 * preempt_notifier_key in its scheduler. An L1 that hung was found with both processors at the
 * breakpoint by which that key's code is changed under them; with these nothing is switched.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void make(int kvm, bool controllers)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0 || (controllers && ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0) ||
	    ioctl(vm, KVM_CREATE_VCPU, 0) < 0)
		err(1, "a machine %s interrupt controllers", controllers ? "with" : "without");
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		return 0;
	make(kvm, true);
	make(kvm, false);
	if (daemon(0, 0) < 0)
		err(1, "daemon");
	for (;;)
		pause();
}
