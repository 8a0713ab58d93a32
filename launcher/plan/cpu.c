/* Processors: model, what they say of the hypervisor, and topology. */
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"

/* Hyper-V's own choice, which everybody uses. */
#define SPINLOCKS 8191

#define TCG_BITS 40 /* of QEMU's models, unless told otherwise */

/* ------------------------------------------------------------------ what they say */

static bool hides(const struct composer *c)
{
	if (c->p->cpu.hide_hypervisor.v == WHEN_AUTO)
		return compose_has_gpu(c);
	return c->p->cpu.hide_hypervisor.v == WHEN_YES;
}

static bool enlightens(struct composer *c)
{
	const struct choice *enabled = &c->p->hyperv.enabled;

	if (enabled->v == WHEN_YES && !c->plan->kvm)
		compose_note(c, "%s = yes has no effect: emulation has no enlightenments",
			     compose_key(c, &c->p->hyperv.enabled.at));
	if (enabled->v == WHEN_AUTO)
		return c->plan->kvm && c->p->vm.guest.v == GUEST_WINDOWS;
	return c->plan->kvm && enabled->v == WHEN_YES;
}

/* QEMU refuses a dependent one without what it hangs on (docs/system/i386/hyperv.rst). */
static void check_enlightenments(struct composer *c)
{
	const struct hyperv_section *h = &c->p->hyperv;

	if (h->synic.v && !h->vpindex.v)
		compose_wrong(c, h->vpindex.at, "%s needs %s",
			      compose_key(c, &c->p->hyperv.synic.at),
			      compose_key(c, &c->p->hyperv.vpindex.at));
	if (h->stimer.v && (!h->synic.v || !h->time.v))
		compose_wrong(c, h->synic.v ? h->time.at : h->synic.at, "%s needs %s and %s",
			      compose_key(c, &c->p->hyperv.stimer.at),
			      compose_key(c, &c->p->hyperv.synic.at),
			      compose_key(c, &c->p->hyperv.time.at));
	if ((h->tlbflush.v || h->ipi.v) && !h->vpindex.v)
		compose_wrong(c, h->vpindex.at, "%s and %s need %s",
			      compose_key(c, &c->p->hyperv.tlbflush.at),
			      compose_key(c, &c->p->hyperv.ipi.at),
			      compose_key(c, &c->p->hyperv.vpindex.at));
	if (!c->p->cpu.hypervisor_bit.v)
		compose_wrong(
			c, c->p->cpu.hypervisor_bit.at,
			"Windows finds the enlightenments only with %s = yes; set %s = no to do without",
			compose_key(c, &c->p->cpu.hypervisor_bit.at),
			compose_key(c, &c->p->hyperv.enabled.at));
}

/* Synthetic interrupts and timers hang on the kernel's interrupt controllers (KVM refuses
 * KVM_CAP_HYPERV_SYNIC without).
 */
static bool has_synthetic(struct composer *c)
{
	const struct hyperv_section *h = &c->p->hyperv;
	const struct flag *said = h->synic.at.kind != ORIGIN_DEFAULT ? &h->synic : &h->stimer;

	if (c->p->cpu.irqchip.v != IRQCHIP_OFF || (!h->synic.v && !h->stimer.v))
		return true;
	if (said->v && said->at.kind != ORIGIN_DEFAULT)
		compose_wrong(
			c, said->at,
			"%s and %s need the kernel's interrupt controllers: not with %s = off",
			compose_key(c, &c->p->hyperv.synic.at),
			compose_key(c, &c->p->hyperv.stimer.at),
			compose_key(c, &c->p->cpu.irqchip.at));
	else
		compose_note(
			c,
			"%s = off: without %s and %s, which need the kernel's interrupt controllers",
			compose_key(c, &c->p->cpu.irqchip.at),
			compose_key(c, &c->p->hyperv.synic.at),
			compose_key(c, &c->p->hyperv.stimer.at));
	return false;
}

struct enlightenment_row {
	const char *name; /* of the key; QEMU's is the same behind "hv-" */
	const struct flag *flag;
	unsigned needs; /* others, 1 << enum enlightenment */
	/* Many a KVM lacks it: where nobody asked for it by name it is there if KVM says so, and
	 * without what it needs, or without KVM's word, it is left out without one of ours.
	 */
	bool late;
};

/* Whether a late one is not to be had with what is switched on; says so where it was asked for. */
static bool is_out_of_place(struct composer *c, const struct enlightenment_row *row, unsigned i)
{
	bool said = row[i].flag->at.kind != ORIGIN_DEFAULT;

	if (!row[i].late)
		return false;
	for (unsigned other = 0; other < ENLIGHTENMENTS; other++) {
		if (!(row[i].needs & 1U << other) || row[other].flag->v)
			continue;
		if (said)
			compose_wrong(c, row[other].flag->at, "%s needs %s",
				      compose_key(c, &row[i].flag->at),
				      compose_key(c, &row[other].flag->at));
		return true;
	}
	return !said && !c->facts->kvm.hyperv_known;
}

/* Of those that are wanted, the ones that KVM has. What the profile asks for by name is not left
 * out in silence, as a default is.
 */
static unsigned offered(struct composer *c, const struct enlightenment_row *row)
{
	const struct kvm_facts *kvm = &c->facts->kvm;
	unsigned missing = kvm->hyperv_known ? ~kvm->hyperv : 0, wanted = 0;
	own_buf struct buf names = {0};

	for (unsigned i = 0; i < ENLIGHTENMENTS; i++) {
		if (!row[i].flag->v || is_out_of_place(c, row, i))
			continue;
		if (!(missing & 1U << i) && !(missing & row[i].needs)) {
			wanted |= 1U << i;
			continue;
		}
		missing |= 1U << i;
		if (row[i].late && row[i].flag->at.kind == ORIGIN_DEFAULT)
			continue;
		if (row[i].flag->at.kind != ORIGIN_DEFAULT)
			compose_refuse(c, row[i].flag->at, "%s: this host's KVM does not offer it",
				       compose_key(c, &row[i].flag->at));
		else
			buf_addf(&names, "%s%s", names.len ? ", " : "", row[i].name);
	}
	if (names.len)
		compose_note(c,
			     "without the enlightenments that this host's KVM does not offer: %s",
			     names.data);
	return wanted;
}

/* Each of the guest's processors has a thread of the host's for itself. */
static bool is_one_to_one(const struct composer *c)
{
	const struct placement *placement = &c->plan->placement;

	return placement->pinned && cpu_set_count(&placement->vcpus) == placement->n;
}

/* And nothing else of the host's runs there: whoever holds a lock goes on until he gives it back.
 */
static bool is_undisturbed(const struct composer *c)
{
	return is_one_to_one(c) && c->p->cpu.isolate.v;
}

/* Whether two of the guest's processors, or one and anything else, can share a core only where the
 * guest sees a core with two threads: nothing else runs on the host's, all of whose threads are the
 * guest's, as threads of one core of its own.
 */
static bool shares_as_seen(const struct composer *c)
{
	const struct placement *placement = &c->plan->placement;

	if (!is_undisturbed(c))
		return false;
	for (size_t i = 0; i < placement->n; i++) {
		struct cpu_set core =
			cpu_core_of(&c->facts->cpu.topology, (unsigned)placement->vcpu[i]);
		size_t first = i - i % placement->threads;

		for (size_t k = first; k < first + placement->threads; k++)
			cpu_set_remove(&core, (unsigned)placement->vcpu[k]);
		if (!cpu_set_is_empty(&core))
			return false;
	}
	return true;
}

static void add_coresharing(struct composer *c, struct option *o)
{
	const struct choice *none = &c->p->hyperv.no_nonarch_coresharing;
	bool truth = shares_as_seen(c);

	if (none->v == WHEN_YES && !truth)
		compose_wrong(
			c, none->at,
			"%s = yes would not be true: it takes %s = yes, and whole cores pinned as the guest sees them",
			compose_key(c, &c->p->hyperv.no_nonarch_coresharing.at),
			compose_key(c, &c->p->cpu.isolate.at));
	if (none->v != WHEN_NO && truth)
		option_on(o, "hv-no-nonarch-coresharing", true);
}

static void add_enlightenments(struct composer *c, struct option *o)
{
	const struct hyperv_section *h = &c->p->hyperv;
	const struct flag avic = {
		.v = h->avic.v == WHEN_YES || (h->avic.v == WHEN_AUTO && c->facts->kvm.apicv),
		.at = h->avic.at,
	};
	uint64_t spinlocks =
		h->spinlocks.automatic ? is_undisturbed(c) ? 0 : SPINLOCKS : h->spinlocks.v;
	/* In this order nothing stands before what it needs. */
	const struct enlightenment_row row[] = {
		[HV_RELAXED] = {"relaxed", &h->relaxed, 0},
		[HV_VAPIC] = {"vapic", &h->vapic, 0},
		[HV_TIME] = {"time", &h->time, 0},
		[HV_VPINDEX] = {"vpindex", &h->vpindex, 0},
		[HV_SYNIC] = {"synic", &h->synic, 1U << HV_VPINDEX},
		[HV_STIMER] = {"stimer", &h->stimer, 1U << HV_SYNIC | 1U << HV_TIME},
		[HV_RUNTIME] = {"runtime", &h->runtime, 0},
		[HV_RESET] = {"reset", &h->reset, 0},
		[HV_FREQUENCIES] = {"frequencies", &h->frequencies, 0},
		[HV_TLBFLUSH] = {"tlbflush", &h->tlbflush, 1U << HV_VPINDEX},
		[HV_IPI] = {"ipi", &h->ipi, 1U << HV_VPINDEX},
		[HV_XMM_INPUT] = {"xmm-input", &h->xmm_input, 0, true},
		[HV_TLBFLUSH_EXT] = {"tlbflush-ext", &h->tlbflush_ext, 1U << HV_TLBFLUSH, true},
		[HV_STIMER_DIRECT] = {"stimer-direct", &h->stimer_direct, 1U << HV_STIMER, true},
		[HV_EMSR_BITMAP] = {"emsr-bitmap", &h->emsr_bitmap, 0, true},
		[HV_TLBFLUSH_DIRECT] = {"tlbflush-direct", &h->tlbflush_direct, 1U << HV_VAPIC,
					true},
		[HV_REENLIGHTENMENT] = {"reenlightenment", &h->reenlightenment, 0, true},
		[HV_AVIC] = {"avic", &avic, 0, true},
		[HV_EVMCS] = {"evmcs", &h->evmcs, 1U << HV_VAPIC, true},
		[HV_CRASH] = {"crash", &h->crash, 0, true},
	};
	_Static_assert(ARRAY_SIZE(row) == ENLIGHTENMENTS, "each has a row");
	unsigned on;

	check_enlightenments(c);
	on = offered(c, row);
	if (!has_synthetic(c))
		on &= ~(1U << HV_SYNIC | 1U << HV_STIMER | 1U << HV_STIMER_DIRECT);
	for (unsigned i = 0; i < ENLIGHTENMENTS; i++) {
		own_free char *name = xasprintf("hv-%s", row[i].name);

		if (on & 1U << i)
			option_on(o, name, true);
	}
	add_coresharing(c, o);
	if (spinlocks)
		option_number(o, "hv-spinlocks", spinlocks);
	option_text(o, "hv-vendor-id", h->vendor_id.v);
}

/* ------------------------------------------------------------------ width of addresses */

/* Whether the guest has the host's own processors. */
static bool is_host(const struct composer *c)
{
	const char *model = c->p->cpu.model.v;

	return c->plan->kvm && (!model || strcmp(model, "host") == 0);
}

/* A device reaches the guest's memory through the IOMMU; firmware that believes in more bits than
 * that puts BARs where the IOMMU cannot map them, and QEMU aborts.
 */
static void add_width(struct composer *c, struct option *o)
{
	const struct number *wanted = &c->p->cpu.phys_bits;
	unsigned host = c->facts->cpu.phys_bits, iommu = c->facts->devices.iommu.width;
	unsigned bits = wanted->automatic ? host : (unsigned)wanted->v;

	if (wanted->automatic && c->claims_device && iommu && (!bits || iommu < bits))
		bits = iommu;
	c->guest_bits = bits;
	if (!bits || (wanted->automatic && !c->claims_device)) {
		if (!is_host(c))
			c->guest_bits = TCG_BITS;
		return;
	}
	if (!c->plan->kvm) {
		option_number(o, "phys-bits", bits);
		return;
	}
	option_on(o, "host-phys-bits", true);
	if (bits < host || !host)
		option_number(o, "host-phys-bits-limit", bits);
	if (!wanted->automatic && host && bits > host)
		compose_wrong(c, wanted->at, "%s: this host's processors have %u",
			      compose_key(c, &c->p->cpu.phys_bits.at), host);
}

static void add_model(struct composer *c)
{
	const struct text *model = &c->p->cpu.model;
	const struct cpu_flags *flags = &c->p->cpu.flags;
	const char *name = model->v ? model->v : c->plan->kvm ? "host" : "max";
	struct option o = option_new(name);

	c->plan->guest.hides = hides(c);
	if (c->plan->guest.hides)
		option_on(&o, c->plan->kvm ? "kvm" : "tcg-cpuid", false);
	if (!c->p->cpu.hypervisor_bit.v)
		option_on(&o, "hypervisor", false);
	/* AMD says how threads share a core in leaves that QEMU leaves out unless told. */
	if (is_host(c) && strcmp(c->facts->cpu.vendor, "AuthenticAMD") == 0 &&
	    c->plan->placement.threads > 1)
		option_on(&o, "topoext", true);
	add_width(c, &o);
	if (enlightens(c))
		add_enlightenments(c, &o);
	for (size_t i = 0; i < flags->n; i++)
		option_on(&o, flags->v[i].name, flags->v[i].is_on);
	compose_argument(c, "-cpu", option_done(&o), &model->at,
			 model->v	? NULL
			 : c->plan->kvm ? "the host's own"
					: N_("all that the emulation has"));
}

/* ------------------------------------------------------------------ how many */

/* More than one for each of the host's threads: never a good idea, and with a device of the host's,
 * where somebody means to use the machine for real, a mistake.
 */
static void check_number(struct composer *c)
{
	const struct cpus *placement = &c->p->cpu.placement;
	const struct cpu_facts *host = &c->facts->cpu;
	own_free char *map = NULL;

	if (c->plan->placement.n <= host->online)
		return;
	if (!c->claims_device || (placement->given && placement->word == PLACEMENT_NONE)) {
		compose_note(c, "%zu virtual processors on a host that has %u",
			     c->plan->placement.n, host->online);
		return;
	}
	map = cpu_map_text(&(struct cpu_map){.topology = &host->topology, .indent = "    "});
	compose_refuse(
		c, c->p->cpu.cores.at,
		"%s: %zu virtual processors, but this host has %u threads; ask for less, or set %s = none\n%.*s",
		compose_key(c, &c->p->cpu.cores.at), c->plan->placement.n, host->online,
		compose_key(c, &c->p->cpu.placement.at), (int)strlen(map) - 1, map);
}

static void add_topology(struct composer *c)
{
	const struct placement *placement = &c->plan->placement;
	struct option o = option_new(NULL);

	option_number(&o, "cpus", placement->n);
	option_number(&o, "sockets", 1);
	option_number(&o, "cores", placement->cores);
	option_number(&o, "threads", placement->threads);
	compose_argument(c, "-smp", option_done(&o), &c->p->cpu.cores.at, placement->words);
	check_number(c);
}

void compose_cpu(struct composer *c)
{
	add_model(c);
	add_topology(c);
}
