/* A KVM without synthetic interrupts, for who asks it by way of this library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#define LEAF_FEATURES 0x40000003U
#define SYNIC (1U << 2) /* EAX */

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	struct kvm_cpuid2 *cpuid;
	va_list list;
	int result;

	va_start(list, request);
	cpuid = va_arg(list, void *);
	va_end(list);
	if (!real)
		real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	result = real(fd, request, cpuid);
	for (unsigned i = 0; request == KVM_GET_SUPPORTED_HV_CPUID && !result && i < cpuid->nent;
	     i++)
		if (cpuid->entries[i].function == LEAF_FEATURES)
			cpuid->entries[i].eax &= ~SYNIC;
	return result;
}
