/* Which enlightenments KVM offers: the same question that QEMU asks, whose refusal would come when
 * everything else is done already. The bits are those of Microsoft's Hypervisor Top Level
 * Functional Specification, 2.4 (leaves 0x40000003, 0x40000004 and 0x4000000a); which of them QEMU
 * wants for what is in its docs/system/i386/hyperv.rst.
 */
#include "parts.h"

#include <sys/ioctl.h>

#include "base/alloc.h"

#define LEAF_FEATURES 0x40000003U
#define LEAF_ADVICE 0x40000004U
#define LEAF_NESTED 0x4000000aU

/* Kernels of today give ten. */
#define ENTRIES 64

static const struct {
	uint32_t features_eax, features_edx, advice_eax, nested_eax;
} WANTS[] = {
	[HV_RELAXED] = {.advice_eax = 1U << 5},
	[HV_VAPIC] = {.features_eax = 1U << 4},
	[HV_TIME] = {.features_eax = 1U << 1 | 1U << 9},
	[HV_VPINDEX] = {.features_eax = 1U << 6},
	[HV_SYNIC] = {.features_eax = 1U << 2},
	[HV_STIMER] = {.features_eax = 1U << 3},
	[HV_RUNTIME] = {.features_eax = 1U << 0},
	[HV_RESET] = {.features_eax = 1U << 7},
	[HV_FREQUENCIES] = {.features_eax = 1U << 11, .features_edx = 1U << 8},
	[HV_TLBFLUSH] = {.advice_eax = 1U << 2 | 1U << 11},
	[HV_IPI] = {.advice_eax = 1U << 10 | 1U << 11},
	[HV_XMM_INPUT] = {.features_edx = 1U << 4},
	[HV_TLBFLUSH_EXT] = {.features_edx = 1U << 14},
	[HV_STIMER_DIRECT] = {.features_edx = 1U << 19},
	[HV_EMSR_BITMAP] = {.nested_eax = 1U << 19},
	[HV_TLBFLUSH_DIRECT] = {.nested_eax = 1U << 17},
	[HV_REENLIGHTENMENT] = {.features_eax = 1U << 13},
	[HV_AVIC] = {.advice_eax = 1U << 9},
	[HV_EVMCS] = {.advice_eax = 1U << 14},
	[HV_CRASH] = {.features_edx = 1U << 10},
};
_Static_assert(ARRAY_SIZE(WANTS) == ENLIGHTENMENTS, "the bits of each");

static bool has(uint32_t bits, uint32_t wanted)
{
	return (bits & wanted) == wanted;
}

unsigned hyperv_offered(const struct kvm_cpuid_entry2 *entry, size_t n)
{
	uint32_t eax = 0, edx = 0, advice = 0, nested = 0;
	unsigned offered = 0;

	for (size_t i = 0; i < n; i++) {
		if (entry[i].function == LEAF_FEATURES) {
			eax = entry[i].eax;
			edx = entry[i].edx;
		} else if (entry[i].function == LEAF_ADVICE) {
			advice = entry[i].eax;
		} else if (entry[i].function == LEAF_NESTED) {
			nested = entry[i].eax;
		}
	}
	for (unsigned i = 0; i < ENLIGHTENMENTS; i++)
		if (has(eax, WANTS[i].features_eax) && has(edx, WANTS[i].features_edx) &&
		    has(advice, WANTS[i].advice_eax) && has(nested, WANTS[i].nested_eax))
			offered |= 1U << i;
	return offered;
}

void hyperv_collect(struct kvm_facts *kvm, int fd)
{
	own_free struct kvm_cpuid2 *cpuid = NULL;

	/* Linux 5.11; before it a machine with a processor had to be made for the question. */
	if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_SYS_HYPERV_CPUID) <= 0)
		return;
	cpuid = xcalloc(1, sizeof(*cpuid) + ENTRIES * sizeof(cpuid->entries[0]));
	cpuid->nent = ENTRIES;
	if (ioctl(fd, KVM_GET_SUPPORTED_HV_CPUID, cpuid) < 0 || cpuid->nent > ENTRIES)
		return;
	kvm->hyperv_known = true;
	kvm->hyperv = hyperv_offered(cpuid->entries, cpuid->nent);
}
