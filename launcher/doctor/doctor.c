#include "parts.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"

/* A name, once published, stays: scripts look for it. */
const struct check CHECKS[] = {
	{"virtualisation", GROUP_HOST, NEED_NOTHING, judge_virtualisation},
	{"iommu", GROUP_HOST, NEED_DEVICES, judge_iommu},
	{"interrupt-remapping", GROUP_HOST, NEED_DEVICES, judge_remapping},
	{"boot-dma-protection", GROUP_HOST, NEED_DEVICES, judge_protection},
	{"vfio", GROUP_HOST, NEED_DEVICES, judge_vfio},
	{"processors", GROUP_HOST, NEED_NOTHING, judge_processors},
	{"huge-pages", GROUP_HOST, NEED_NOTHING, judge_huge_pages},
	{"io-uring", GROUP_HOST, NEED_NOTHING, judge_uring},
	{"memlock", GROUP_HOST, NEED_DEVICES, judge_memlock},
	{"keeper", GROUP_HOST, NEED_KEEPER, judge_keeper},
	{"polkit-agent", GROUP_HOST, NEED_KEEPER, judge_agent},
	{"module-signing", GROUP_HOST, NEED_GLASS, judge_secure_host},
	{"sandbox", GROUP_HOST, NEED_NOTHING, judge_sandbox},

	{"gpu", GROUP_GPU, NEED_GPU, judge_gpu},
	{"gpu-mux", GROUP_GPU, NEED_GPU, judge_mux},
	{"supergfxd", GROUP_GPU, NEED_GPU, judge_supergfxd},
	{"device-group", GROUP_GPU, NEED_DEVICES, judge_groups},
	{"gpu-bars", GROUP_GPU, NEED_GPU, judge_bars},
	{"gpu-rom", GROUP_GPU, NEED_GPU, judge_rom},
	{"gpu-display", GROUP_GPU, NEED_GPU, judge_display},
	{"device-holders", GROUP_GPU, NEED_DEVICES, judge_holders},
	{"device-reset", GROUP_GPU, NEED_DEVICES, judge_reset},
	{"gpu-d3cold", GROUP_GPU, NEED_GPU, judge_d3cold},

	{"qemu", GROUP_QEMU, NEED_NOTHING, judge_qemu},
	{"qemu-parts", GROUP_QEMU, NEED_NOTHING, judge_qemu_parts},
	{"spice", GROUP_QEMU, NEED_SPICE, judge_spice},
	{"firmware", GROUP_QEMU, NEED_UEFI, judge_firmware},
	{"firmware-secure-boot", GROUP_QEMU, NEED_SECURE_BOOT, judge_secure_firmware},
	{"certificates", GROUP_QEMU, NEED_SECURE_BOOT, judge_certificates},

	{"kvmfr", GROUP_BESIDE, NEED_GLASS, judge_kvmfr},
	{"kvmfr-rule", GROUP_BESIDE, NEED_GLASS, judge_kvmfr_rule},
	{"looking-glass-client", GROUP_BESIDE, NEED_GLASS_CLIENT, judge_glass_client},
	{"remote-viewer", GROUP_BESIDE, NEED_VIEWER, judge_viewer},
	{"qemu-img", GROUP_BESIDE, NEED_IMAGES, judge_images},
	{"swtpm", GROUP_BESIDE, NEED_TPM, judge_swtpm},
	{"virtiofsd", GROUP_BESIDE, NEED_SHARE, judge_virtiofsd},
	{"passt", GROUP_BESIDE, NEED_PASST, judge_passt},

	{"plan", GROUP_PLAN, NEED_NOTHING, judge_plan},
	{0},
};

static const char *const HEALTH[] = {
	[HEALTH_OK] = "ok",	      [HEALTH_NOTE] = "note",	    [HEALTH_ABSENT] = "absent",
	[HEALTH_UNKNOWN] = "unknown", [HEALTH_PROBLEM] = "problem",
};
_Static_assert(ARRAY_SIZE(HEALTH) == HEALTHS, "a word for each");

const char *health_word(enum health health)
{
	return HEALTH[health];
}

static const char *const GROUP[] = {
	[GROUP_HOST] = "host",	   [GROUP_GPU] = "gpu",	  [GROUP_QEMU] = "qemu",
	[GROUP_BESIDE] = "beside", [GROUP_PLAN] = "plan",
};
_Static_assert(ARRAY_SIZE(GROUP) == CHECK_GROUPS, "a word for each");

const char *check_group_word(enum check_group group)
{
	return GROUP[group];
}

/* ------------------------------------------------------------------ what a profile wants */

static bool any_enabled(const struct items *items)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i]->enabled.v)
			return true;
	return false;
}

/* A GPU that is given as a whole, no slice of one. */
static bool wants_gpu(const struct profile *p)
{
	for (size_t i = 0; i < p->gpu.n; i++) {
		const struct gpu *gpu = (const struct gpu *)p->gpu.v[i];

		if (gpu->item.enabled.v && !gpu->mdev.v)
			return true;
	}
	return false;
}

static bool plan_changes_host(const struct patient *patient)
{
	return patient->plan
		       ? patient->plan->steps > 0
		       : any_enabled(&patient->profile->gpu) || any_enabled(&patient->profile->pci);
}

static bool wants_spice(const struct patient *patient)
{
	const struct plan *plan = patient->plan;

	for (size_t i = 0; plan && i < plan->arguments; i++)
		if (plan->argument[i].option && strcmp(plan->argument[i].option, "-spice") == 0)
			return true;
	return patient->profile->display.type.v == DISPLAY_SPICE;
}

static bool wants_passt(const struct profile *p)
{
	for (size_t i = 0; i < p->network.n; i++) {
		const struct network *network = (const struct network *)p->network.v[i];

		if (network->item.enabled.v && network->mode.v == NETWORK_PASST)
			return true;
	}
	return false;
}

static bool is_needed(const struct patient *patient, enum need need)
{
	const struct profile *p = patient->profile;

	if (!p)
		return true;
	switch (need) {
	case NEED_NOTHING:
		return true;
	case NEED_DEVICES:
		return any_enabled(&p->gpu) || any_enabled(&p->pci);
	case NEED_GPU:
		return wants_gpu(p);
	case NEED_KEEPER:
		return plan_changes_host(patient);
	case NEED_UEFI:
		return p->firmware.uefi.v && !p->firmware.secure_boot.v && !p->firmware.code.v;
	case NEED_SECURE_BOOT:
		return p->firmware.uefi.v && p->firmware.secure_boot.v;
	case NEED_SPICE:
		return wants_spice(patient);
	case NEED_VIEWER:
		return p->display.type.v == DISPLAY_SPICE && p->display.start_viewer.v &&
		       p->display.viewer.v == VIEWER_AUTO;
	case NEED_GLASS:
		return p->glass.resolution.width;
	case NEED_GLASS_CLIENT:
		return p->glass.resolution.width && p->glass.start_client.v;
	case NEED_IMAGES:
		return patient->input && patient->input->ephemeral;
	case NEED_TPM:
		/* Where it need not be had the plan tells that it is missing. */
		return p->tpm.type.v == TPM_EMULATED ||
		       (plan_wants_tpm(p) && patient->setup->program[SETUP_SWTPM]);
	case NEED_SHARE:
		return any_enabled(&p->share);
	case NEED_PASST:
		return wants_passt(p);
	case NEEDS:
		break;
	}
	return false;
}

/* ------------------------------------------------------------------ findings */

void found(struct examination *e, enum health health, const char *file, const char *value,
	   char *remedy, const char *fmt, ...)
{
	struct finding *finding = xappend(e->findings->v, e->findings->n);
	va_list args;

	va_start(args, fmt);
	*finding = (struct finding){
		.check = e->check->name,
		.group = e->check->group,
		.health = health,
		.cause = xvasprintf(tongue(fmt), args),
		.file = file ? xstrdup(file) : NULL,
		.value = value ? xstrdup(value) : NULL,
		.remedy = remedy,
	};
	va_end(args);
}

enum health lacking(const struct examination *e)
{
	return e->patient->profile ? HEALTH_PROBLEM : HEALTH_ABSENT;
}

char *add_boot_option(const struct examination *e, const char *option)
{
	return boot_option_add(e->patient->setup->loader, e->patient->facts->distribution, option);
}

void doctor_judge(struct findings *findings, const struct patient *patient)
{
	struct examination e = {.findings = findings, .patient = patient};

	for (e.check = CHECKS; e.check->name; e.check++)
		if (is_needed(patient, e.check->need))
			e.check->judge(&e);
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->v[i].cause);
		free(findings->v[i].file);
		free(findings->v[i].value);
		free(findings->v[i].remedy);
	}
	free(findings->v);
	*findings = (struct findings){0};
}

enum health findings_worst(const struct findings *findings)
{
	enum health worst = HEALTH_OK;

	for (size_t i = 0; i < findings->n; i++)
		if (findings->v[i].health > worst)
			worst = findings->v[i].health;
	return worst < HEALTH_UNKNOWN ? HEALTH_OK : worst;
}

/* ------------------------------------------------------------------ the plan's own words */

/* A process that holds several nodes is one finding, whose cause ends where the nodes begin. */
static bool is_told(const struct findings *findings, const char *message)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->v[i];
		own_free char *start = xstrdup(f->cause);
		size_t len = strlen(start);

		if (len && start[len - 1] == ')')
			start[len - 1] = '\0';
		if (f->health == HEALTH_PROBLEM && strstr(message, start))
			return true;
	}
	return false;
}

/* What stands in a row of its own already is not told twice. */
void judge_plan(struct examination *e)
{
	const struct patient *p = e->patient;
	size_t before = e->findings->n;

	if (!p->profile)
		return;
	for (size_t i = 0; !p->qemu_error && i < error_count(p->refusals); i++)
		if (!is_told(e->findings, error_message(p->refusals, i)))
			found(e, HEALTH_PROBLEM, NULL, NULL, NULL, "%s",
			      error_message(p->refusals, i));
	for (size_t i = 0; p->plan && i < p->plan->warnings; i++)
		found(e, HEALTH_PROBLEM, NULL, NULL, NULL, "%s", p->plan->warning[i]);
	for (size_t i = 0; p->plan && i < p->plan->notes; i++)
		if (!is_told(e->findings, p->plan->note[i]))
			found(e, HEALTH_NOTE, NULL, NULL, NULL, "%s", p->plan->note[i]);
	if (p->qemu_error)
		found(e, HEALTH_UNKNOWN, NULL, NULL, NULL,
		      "without QEMU there is no plan to look at");
	else if (e->findings->n == before && p->plan)
		found(e, HEALTH_OK, NULL, NULL, NULL, "the machine can be started");
}
