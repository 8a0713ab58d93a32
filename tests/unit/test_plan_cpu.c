/* Composing processors and memory from hand-made facts: what they say of the hypervisor, how wide
 * their addresses are, and where the guest's memory comes from.
 */
#include "plan_world.h"

#define GPU "[gpu]\ndevice = 10de:2820\n"
#define HYPERV                                                                          \
	",hv-relaxed=on,hv-vapic=on,hv-time=on,hv-vpindex=on,hv-synic=on,hv-stimer=on," \
	"hv-runtime=on,hv-reset=on,hv-frequencies=on,hv-tlbflush=on,hv-ipi=on,"         \
	"hv-spinlocks=8191,hv-vendor-id=GenuineIntel"

static void cpu_is(struct world *w, const char *text, const char *want)
{
	own_plan struct plan *plan = planned(w, text);

	values_are(plan, "-cpu", "", want);
}

/* ------------------------------------------------------------------ what they say */

static void hiding(void **state)
{
	struct world w = world();

	(void)state;
	w.facts.devices.iommu.width = 0;
	cpu_is(&w, "", "host\n");
	cpu_is(&w, GPU, "host,kvm=off,host-phys-bits=on\n");
	cpu_is(&w, GPU "[cpu]\nhide-hypervisor = no\n", "host,host-phys-bits=on\n");
	cpu_is(&w, "[cpu]\nhide-hypervisor = yes\n", "host,kvm=off\n");
	/* A network card alone is no reason, nor is a GPU that is switched off. */
	cpu_is(&w, "[pci]\ndevice = 8086:15f3\n", "host,host-phys-bits=on\n");
	cpu_is(&w, "[pci]\ndevice = 8086:15f3\n" GPU "enabled = no\n", "host,host-phys-bits=on\n");
	w.in.no_devices = true;
	cpu_is(&w, GPU, "host\n");
	/* There is no KVM to hide, but the emulation names itself as well. */
	w = world();
	cpu_is(&w, "[cpu]\nhide-hypervisor = yes\naccel = tcg\n", "max,tcg-cpuid=off\n");
}

static void the_hypervisor_bit(void **state)
{
	struct world w = world();

	(void)state;
	cpu_is(&w, "[cpu]\nhypervisor-bit = no\n", "host,hypervisor=off\n");
	cpu_is(&w, "[cpu]\nhypervisor-bit = no\naccel = tcg\nmodel = EPYC\n",
	       "EPYC,hypervisor=off\n");
	/* Windows would not look for what it is offered. */
	refused(&w, "[vm]\nguest = windows\n[cpu]\nhypervisor-bit = no\n", ERROR_USAGE,
		"p.ini:4:18: Windows finds the enlightenments only with cpu.hypervisor-bit = yes; "
		"set hyperv.enabled = no to do without\n");
	cpu_is(&w, "[vm]\nguest = windows\n[cpu]\nhypervisor-bit = no\n[hyperv]\nenabled = no\n",
	       "host,hypervisor=off\n");
}

static void enlightenments(void **state)
{
	struct world w = world();
	own_plan struct plan *forced = NULL, *quiet = NULL;

	(void)state;
	cpu_is(&w, "[vm]\nguest = windows\n", "host" HYPERV "\n");
	cpu_is(&w, "[vm]\nguest = linux\n", "host\n");
	cpu_is(&w, "[vm]\nguest = linux\n[hyperv]\nenabled = yes\n", "host" HYPERV "\n");
	cpu_is(&w, "[vm]\nguest = windows\n[hyperv]\nenabled = no\n", "host\n");
	quiet = planned(&w, "[vm]\nguest = windows\n[cpu]\naccel = tcg\n");
	values_are(quiet, "-cpu", "", "max\n");
	notes_are(quiet, "emulation (TCG), many times slower than KVM: the profile says so\n");
	forced = planned(&w, "[hyperv]\nenabled = yes\n[cpu]\naccel = tcg\n");
	values_are(forced, "-cpu", "", "max\n");
	notes_are(forced, "emulation (TCG), many times slower than KVM: the profile says so\n"
			  "hyperv.enabled = yes has no effect: emulation has no enlightenments\n");
}

/* Without each key its own word is gone, and no other. */
static void each_enlightenment(void **state)
{
	static const char *const key[] = {"relaxed", "vapic", "stimer",	     "runtime",
					  "reset",   "ipi",   "frequencies", "tlbflush"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		struct world w = world();
		own_free char *profile = xasprintf("[hyperv]\nenabled = yes\n%s = no\n", key[i]);
		own_free char *word = xasprintf(",hv-%s=on", key[i]);
		own_free char *want = xasprintf("host%s\n", HYPERV);
		char *at = strstr(want, word);

		assert_non_null(at);
		memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
		cpu_is(&w, profile, want);
	}
}

static void their_values(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL, *never = NULL;

	(void)state;
	plan = planned(&w, "[hyperv]\nenabled = yes\nvendor-id = 123456789abc\nspinlocks = 4096\n");
	assert_non_null(strstr(find(plan, "-cpu", NULL)->value,
			       ",hv-spinlocks=4096,hv-vendor-id=123456789abc"));
	never = planned(&w, "[hyperv]\nenabled = yes\nspinlocks = 0\n");
	assert_null(strstr(find(never, "-cpu", NULL)->value, "spinlocks"));
	misread("[hyperv]\nvendor-id = 123456789abcd\n",
		"p.ini:2:13: hyperv.vendor-id: '123456789abcd' is not 1 to 12 printable characters "
		"without space and comma\n");
	misread("[hyperv]\nvendor-id = a,b\n",
		"p.ini:2:13: hyperv.vendor-id: 'a,b' is not 1 to 12 printable characters without "
		"space and comma\n");
}

static void what_hangs_on_what(void **state)
{
	struct world w = world();

	(void)state;
	refused(&w, "[hyperv]\nenabled = yes\nvpindex = no\n", ERROR_USAGE,
		"p.ini:3:11: hyperv.synic needs hyperv.vpindex\n"
		"p.ini:3:11: hyperv.tlbflush and hyperv.ipi need hyperv.vpindex\n");
	refused(&w,
		"[hyperv]\nenabled = yes\nvpindex = no\nsynic = no\nstimer = no\ntlbflush = no\n",
		ERROR_USAGE, "p.ini:3:11: hyperv.tlbflush and hyperv.ipi need hyperv.vpindex\n");
	refused(&w, "[hyperv]\nenabled = yes\nsynic = no\n", ERROR_USAGE,
		"p.ini:3:9: hyperv.stimer needs hyperv.synic and hyperv.time\n");
	refused(&w, "[hyperv]\nenabled = yes\ntime = no\n", ERROR_USAGE,
		"p.ini:3:8: hyperv.stimer needs hyperv.synic and hyperv.time\n");
	cpu_is(&w,
	       "[hyperv]\nenabled = yes\nvpindex = no\nsynic = no\nstimer = no\ntlbflush = no\n"
	       "ipi = no\n",
	       "host,hv-relaxed=on,hv-vapic=on,hv-time=on,hv-runtime=on,hv-reset=on,"
	       "hv-frequencies=on,hv-spinlocks=8191,hv-vendor-id=GenuineIntel\n");
	/* Where they are not wanted nothing has to fit. */
	cpu_is(&w, "[hyperv]\nenabled = no\nvpindex = no\n", "host\n");
}

/* Those that not every KVM has: by its word alone, each with its key, and never without what it
 * needs.
 */
static void the_late_ones(void **state)
{
	static const char late[] = ",hv-xmm-input=on,hv-tlbflush-ext=on,hv-stimer-direct=on,"
				   "hv-emsr-bitmap=on,hv-tlbflush-direct=on";
	static const char *const key[] = {"xmm-input", "tlbflush-ext", "stimer-direct",
					  "emsr-bitmap", "tlbflush-direct"};
	struct world w = world();
	own_plan struct plan *all = NULL, *avic = NULL, *few = NULL, *none = NULL, *crash = NULL;
	const char *cpu;

	(void)state;
	w.facts.kvm.hyperv_known = true;
	w.facts.kvm.hyperv = (1U << ENLIGHTENMENTS) - 1;
	all = planned(&w, "[vm]\nguest = windows\n");
	cpu = find(all, "-cpu", NULL)->value;
	assert_non_null(strstr(cpu, late));
	/* Not what costs, or is not true. */
	assert_null(strstr(cpu, "evmcs"));
	assert_null(strstr(cpu, "avic"));
	assert_null(strstr(cpu, "reenlightenment"));
	assert_null(strstr(cpu, "coresharing"));
	assert_null(strstr(cpu, "hv-crash"));
	crash = planned(&w, "[hyperv]\nenabled = yes\ncrash = yes\n");
	assert_non_null(strstr(find(crash, "-cpu", NULL)->value, ",hv-crash=on"));
	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		own_free char *profile = xasprintf("[hyperv]\nenabled = yes\n%s = no\n", key[i]);
		own_free char *word = xasprintf("hv-%s=on", key[i]);
		own_plan struct plan *plan = planned(&w, profile);

		assert_null(strstr(find(plan, "-cpu", NULL)->value, word));
	}
	w.facts.kvm.apicv = true;
	avic = planned(&w, "[vm]\nguest = windows\n");
	assert_non_null(strstr(find(avic, "-cpu", NULL)->value, ",hv-avic=on"));
	few = planned(&w, "[hyperv]\nenabled = yes\nstimer = no\n");
	assert_null(strstr(find(few, "-cpu", NULL)->value, "stimer"));
	refused(&w, "[hyperv]\nenabled = yes\nstimer = no\nstimer-direct = yes\n", ERROR_USAGE,
		"p.ini:3:10: hyperv.stimer-direct needs hyperv.stimer\n");
	/* Of one that KVM lacks nothing is said, unless it was asked for. */
	w.facts.kvm.hyperv &= ~(1U << HV_TLBFLUSH_EXT);
	none = planned(&w, "[vm]\nguest = windows\n");
	notes_are(none, "");
	refused(&w, "[hyperv]\nenabled = yes\ntlbflush-ext = yes\n", ERROR_HOST,
		"p.ini:3:16: hyperv.tlbflush-ext: this host's KVM does not offer it\n");
}

/* What is said of spinning and of shared cores follows from where the guest's processors run. */
static void what_pins_make_true(void **state)
{
	static const char windows[] = "[vm]\nguest = windows\n[cpu]\n";
	static const struct {
		const char *cpu;
		bool spins_for_ever, no_sharing;
	} row[] = {
		{"placement = none\n", false, false},
		{"placement = 2-5\n", false, false},
		{"placement = 2-5\nisolate = yes\n", true, true},
		/* A core of the guest's is two halves, or half a core of the host's. */
		{"placement = 2-5\nthreads = 1\nisolate = yes\n", true, false},
		{"placement = 2,4\nthreads = 1\nisolate = yes\n", true, false},
		/* Cores without a second thread. */
		{"placement = 16-19\nisolate = yes\n", true, true},
	};
	struct world w = world();

	(void)state;
	w.facts.quiet =
		(struct quiet_facts){.collected = true, .cgroup = CGROUP_V2, .cpuset = true};
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *profile = xasprintf("%s%s", windows, row[i].cpu);
		own_plan struct plan *plan = planned(&w, profile);
		const char *cpu = find(plan, "-cpu", NULL)->value;

		assert_int_equal(!strstr(cpu, ",hv-spinlocks=8191"), row[i].spins_for_ever);
		assert_int_equal(!!strstr(cpu, ",hv-no-nonarch-coresharing=on"), row[i].no_sharing);
	}
	refused(&w, "[hyperv]\nenabled = yes\nno-nonarch-coresharing = yes\n", ERROR_USAGE,
		"p.ini:3:26: hyperv.no-nonarch-coresharing = yes would not be true: it takes "
		"cpu.isolate = yes, and whole cores pinned as the guest sees them\n");
}

static void idling_by_itself(void **state)
{
	struct world w = world();
	own_plan struct plan *idles = planned(&w, "[cpu]\ncpu-pm = yes\n"), *both = NULL;

	(void)state;
	values_are(idles, "-overcommit", "", "cpu-pm=on\n");
	both = planned(&w, "[cpu]\ncpu-pm = yes\n[memory]\nlock = yes\n");
	values_are(both, "-overcommit", "", "mem-lock=on,cpu-pm=on\n");
}

static void what_kvm_does_not_offer(void **state)
{
	static const char all[] = HYPERV, *at;
	struct world w = world();
	own_plan struct plan *plan = NULL, *chain = NULL;
	own_free char *want = NULL;

	(void)state;
	w.facts.kvm.hyperv_known = true;
	w.facts.kvm.hyperv = (1U << HV_XMM_INPUT) - 1;
	cpu_is(&w, "[vm]\nguest = windows\n", "host" HYPERV "\n");
	/* One of them, by default. */
	w.facts.kvm.hyperv &= ~(1U << HV_IPI);
	plan = planned(&w, "[vm]\nguest = windows\n");
	at = strstr(all, ",hv-ipi=on");
	want = xasprintf("host%.*s%s\n", (int)(at - all), all, at + strlen(",hv-ipi=on"));
	values_are(plan, "-cpu", "", want);
	notes_are(plan, "without the enlightenments that this host's KVM does not offer: ipi\n");
	/* Asked for. */
	refused(&w, "[hyperv]\nenabled = yes\nipi = yes\n", ERROR_HOST,
		"p.ini:3:7: hyperv.ipi: this host's KVM does not offer it\n");
	cpu_is(&w, "[cpu]\naccel = tcg\n[hyperv]\nenabled = yes\nipi = yes\n", "max\n");
	/* What needs it goes along. */
	w.facts.kvm.hyperv &= ~(1U << HV_VPINDEX);
	chain = planned(&w, "[vm]\nguest = windows\n");
	values_are(chain, "-cpu", "",
		   "host,hv-relaxed=on,hv-vapic=on,hv-time=on,hv-runtime=on,hv-reset=on,"
		   "hv-frequencies=on,hv-spinlocks=8191,hv-vendor-id=GenuineIntel\n");
	notes_are(chain, "without the enlightenments that this host's KVM does not offer: vpindex, "
			 "synic, stimer, tlbflush, ipi\n");
	refused(&w, "[hyperv]\nenabled = yes\nstimer = yes\n", ERROR_HOST,
		"p.ini:3:10: hyperv.stimer: this host's KVM does not offer it\n");
	/* Unwanted is unmissed. */
	cpu_is(&w,
	       "[hyperv]\nenabled = yes\nvpindex = no\nsynic = no\nstimer = no\ntlbflush = no\n"
	       "ipi = no\n",
	       "host,hv-relaxed=on,hv-vapic=on,hv-time=on,hv-runtime=on,hv-reset=on,"
	       "hv-frequencies=on,hv-spinlocks=8191,hv-vendor-id=GenuineIntel\n");
}

/* Threads of a core: what Intel says by other leaves, AMD says by these. */
static void threads_on_amd(void **state)
{
	struct world w = world();

	(void)state;
	cpu_is(&w, "[cpu]\nthreads = 2\n", "host\n");
	w.facts.cpu.vendor = S("AuthenticAMD");
	cpu_is(&w, "[cpu]\nthreads = 2\n", "host,topoext=on\n");
	cpu_is(&w, "[cpu]\nthreads = 2\nmodel = host\n", "host,topoext=on\n");
	cpu_is(&w, "[cpu]\nthreads = 1\n", "host\n");
	cpu_is(&w, "", "host\n");
	cpu_is(&w, "[cpu]\nthreads = 2\nmodel = EPYC\n", "EPYC\n");
	cpu_is(&w, "[cpu]\nthreads = 2\naccel = tcg\n", "max\n");
}

/* ------------------------------------------------------------------ how wide */

static void narrow_iommu(void **state)
{
	struct world w = world();

	(void)state;
	cpu_is(&w, GPU, "host,kvm=off,host-phys-bits=on,host-phys-bits-limit=39\n");
	cpu_is(&w, "[pci]\ndevice = 8086:15f3\n",
	       "host,host-phys-bits=on,host-phys-bits-limit=39\n");
	/* Without a device nothing has to be reached by one. */
	cpu_is(&w, "", "host\n");
	/* A processor of unknown width. */
	w.facts.cpu.phys_bits = 0;
	cpu_is(&w, GPU, "host,kvm=off,host-phys-bits=on,host-phys-bits-limit=39\n");
	cpu_is(&w, GPU "[cpu]\naccel = tcg\n", "max,tcg-cpuid=off,phys-bits=39\n");
}

static void wide_iommu(void **state)
{
	struct world w = world();

	(void)state;
	w.facts.devices.iommu.width = 48;
	cpu_is(&w, GPU, "host,kvm=off,host-phys-bits=on\n");
	w.facts.devices.iommu.width = 46;
	cpu_is(&w, GPU, "host,kvm=off,host-phys-bits=on\n");
	/* AMD's does not say. */
	w.facts.devices.iommu.width = 0;
	cpu_is(&w, GPU, "host,kvm=off,host-phys-bits=on\n");
	w.facts.cpu.phys_bits = 0;
	cpu_is(&w, GPU, "host,kvm=off\n");
}

static void width_by_the_profile(void **state)
{
	struct world w = world();

	(void)state;
	cpu_is(&w, "[cpu]\nphys-bits = 40\n", "host,host-phys-bits=on,host-phys-bits-limit=40\n");
	cpu_is(&w, "[cpu]\nphys-bits = 46\n", "host,host-phys-bits=on\n");
	cpu_is(&w, GPU "[cpu]\nphys-bits = 42\n",
	       "host,kvm=off,host-phys-bits=on,host-phys-bits-limit=42\n");
	cpu_is(&w, "[cpu]\nphys-bits = 42\naccel = tcg\n", "max,phys-bits=42\n");
	refused(&w, "[cpu]\nphys-bits = 47\n", ERROR_USAGE,
		"p.ini:2:13: cpu.phys-bits: this host's processors have 46\n");
	misread("[cpu]\nphys-bits = 31\n",
		"p.ini:2:13: cpu.phys-bits: '31' is out of range; 32 to 52\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hiding),
		cmocka_unit_test(the_hypervisor_bit),
		cmocka_unit_test(enlightenments),
		cmocka_unit_test(each_enlightenment),
		cmocka_unit_test(their_values),
		cmocka_unit_test(what_hangs_on_what),
		cmocka_unit_test(what_kvm_does_not_offer),
		cmocka_unit_test(the_late_ones),
		cmocka_unit_test(what_pins_make_true),
		cmocka_unit_test(idling_by_itself),
		cmocka_unit_test(threads_on_amd),
		cmocka_unit_test(narrow_iommu),
		cmocka_unit_test(wide_iommu),
		cmocka_unit_test(width_by_the_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
