/*
 * What CPUID says: the processor's name, and who claims to be the hypervisor.
 *
 * References: Intel SDM volume 2A, CPUID, tables 3-8 and 3-17; AMD APM volume 3, appendix E. The
 * range of the hypervisor leaves is a convention of hypervisors (Linux arch/x86/include/asm/cpuid
 * walks the same steps).
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define LEAF_EXTENDED 0x80000000U
#define LEAF_BRAND 0x80000002U	  /* and the two after it: 48 bytes */
#define LEAF_ADDRESS 0x80000008U  /* EAX: physical bits 7:0, linear bits 15:8 */
#define HYPERVISOR_BIT (1U << 31) /* leaf 1, ECX */
#define HYPERVISOR_FIRST 0x40000000U
#define HYPERVISOR_LAST 0x40010000U
#define HYPERVISOR_STEP 0x100U

struct names {
	char vendor[13], brand[49];
};

/* Three registers of text, in the order given. */
static void put_registers(char to[13], uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t words[3] = {a, b, c};

	__builtin_memcpy(to, words, sizeof(words));
	to[12] = '\0';
}

static void read_names(struct names *names)
{
	struct cpuid r = cpuid(0, 0);

	put_registers(names->vendor, r.ebx, r.edx, r.ecx);
	names->brand[0] = '\0';
	if (cpuid(LEAF_EXTENDED, 0).eax < LEAF_BRAND + 2)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		r = cpuid(LEAF_BRAND + i, 0);
		__builtin_memcpy(names->brand + 16 * i, &r, sizeof(r));
	}
	names->brand[48] = '\0';
	names->brand[text_unpadded(names->brand, text_length(names->brand))] = '\0';
}

/* Older models pad their brand in front. */
static const char *brand_start(const struct names *names)
{
	const char *at = names->brand;

	while (*at == ' ')
		at++;
	return at;
}

struct model {
	unsigned int family, model, stepping;
};

/* SDM, CPUID leaf 1: the extended family counts from 15 on, the extended model for 6 and 15. */
static struct model read_model(void)
{
	uint32_t eax = cpuid(1, 0).eax;
	struct model m = {eax >> 8 & 15, eax >> 4 & 15, eax & 15};

	if (m.family == 6 || m.family == 15)
		m.model |= (eax >> 16 & 15) << 4;
	if (m.family == 15)
		m.family += eax >> 20 & 255;
	return m;
}

static void read_bits(unsigned int *physical, unsigned int *linear)
{
	uint32_t eax = 0;

	if (cpuid(LEAF_EXTENDED, 0).eax >= LEAF_ADDRESS)
		eax = cpuid(LEAF_ADDRESS, 0).eax;
	/* SDM: 36 and 32 for processors without the leaf. */
	*physical = eax ? eax & 255 : 36;
	*linear = eax ? eax >> 8 & 255 : 32;
}

static bool hypervisor_bit(void)
{
	return cpuid(1, 0).ecx & HYPERVISOR_BIT;
}

/*
 * Whether somebody answers at @leaf. Where nobody does, the processor gives the data of its highest
 * basic leaf, so the highest leaf named in EAX must belong to the range; 0 is what old KVMs said.
 */
static bool hypervisor_at(uint32_t leaf, char vendor[13], uint32_t *highest)
{
	struct cpuid r = cpuid(leaf, 0);

	put_registers(vendor, r.ebx, r.ecx, r.edx);
	*highest = r.eax;
	if (r.eax >= leaf && r.eax < leaf + HYPERVISOR_STEP)
		return true;
	return r.eax == 0 && vendor[0] >= ' ' && vendor[0] <= '~' && vendor[8] >= ' ' &&
	       vendor[8] <= '~';
}

void cpu_people(void)
{
	struct names names;
	struct model m = read_model();
	unsigned int physical, linear;
	char vendor[13];
	uint32_t highest;
	bool any = false;

	read_names(&names);
	read_bits(&physical, &linear);
	people("Processor    %s\n", names.brand[0] ? brand_start(&names) : names.vendor);
	people("             %s, family %u model %u stepping %u; addresses have %u bits, %u linear\n",
	       names.vendor, m.family, m.model, m.stepping, physical, linear);
	people("Hypervisor   bit %s", hypervisor_bit() ? "set" : "clear");
	for (uint32_t leaf = HYPERVISOR_FIRST; leaf <= HYPERVISOR_LAST; leaf += HYPERVISOR_STEP) {
		if (!hypervisor_at(leaf, vendor, &highest))
			continue;
		people("%s'%s' at leaf 0x%08x", any ? ", " : "; calls itself ", vendor, leaf);
		any = true;
	}
	people("%s\n", any ? "" : "; no leaf gives a name");
}

static void hypervisor_lines(void)
{
	char vendor[13];
	uint32_t highest;

	for (uint32_t leaf = HYPERVISOR_FIRST; leaf <= HYPERVISOR_LAST; leaf += HYPERVISOR_STEP) {
		if (!hypervisor_at(leaf, vendor, &highest))
			continue;
		line_begin("hypervisor-leaf");
		line_value("leaf", "0x%08x", leaf);
		/* KVM's name ends in three NULs that say nothing. */
		line_bytes("vendor", vendor, text_unpadded(vendor, 12));
		line_value("max", "0x%08x", highest);
		line_end();
	}
}

void cpu_lines(void)
{
	struct names names;
	struct model m = read_model();
	unsigned int physical, linear;

	read_names(&names);
	read_bits(&physical, &linear);
	line_begin("cpu");
	line_value("vendor", "%s", names.vendor);
	line_value("brand", "%s", brand_start(&names));
	line_value("family", "%u", m.family);
	line_value("model", "%u", m.model);
	line_value("stepping", "%u", m.stepping);
	line_value("physbits", "%u", physical);
	line_value("linearbits", "%u", linear);
	line_value("hypervisor", "%u", hypervisor_bit() ? 1 : 0);
	line_end();
	hypervisor_lines();
}
