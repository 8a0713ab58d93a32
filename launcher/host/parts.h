/* The collectors behind facts_collect(), one file each. Private to this room. */
#ifndef HOST_PARTS_H
#define HOST_PARTS_H

#include <linux/kvm.h>

#include "facts.h"

/* Each fills what it is given, whatever was there before, and never fails: what cannot be read is
 * left at "unknown".
 */
void cpu_collect(struct cpu_facts *cpu, const struct root *root);
void glass_collect(struct glass_facts *glass, const struct root *root);
void net_collect(struct net_facts *net, const struct root *root);
void net_free(struct net_facts *net);
void dmi_collect(char *dmi[DMI_FIELDS], const struct root *root);
void uring_collect(struct uring_facts *uring, const struct root *root);
void kvm_collect(struct kvm_facts *kvm, const struct root *root, const struct cpu_facts *cpu);

/* Whether this process is of the group. */
bool group_has_us(uint64_t group);

/* Asks KVM, open at fd, for the enlightenments; those of an older kernel stay unknown. */
void hyperv_collect(struct kvm_facts *kvm, int fd);
/* Those that n leaves of CPUID offer, 1 << enum enlightenment. */
unsigned hyperv_offered(const struct kvm_cpuid_entry2 *entry, size_t n);

#endif
