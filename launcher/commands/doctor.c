/* Every condition that a machine could meet on this host, judged at once: launcher/doctor has the
 * checks, here is what they are asked about. Looks and changes nothing.
 */
#include "doctor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "firmware/secure_boot.h"
#include "glass_look.h"
#include "run/identity.h"

#define QEMU_BINARY "qemu-system-x86_64"

void doctor_look_free(struct doctor_look *look)
{
	for (size_t i = 0; i < look->patient.gpus; i++) {
		pci_set_free(&look->patient.gpu[i].board);
		obstacles_free(&look->patient.gpu[i].obstacles);
	}
	free(look->patient.gpu);
	free(look->store);
	free(look->missing);
	free(look->release);
	error_free(look->refusals);
	error_free(look->qemu_error);
	setup_free(&look->setup);
	gathered_free(&look->g);
}
/* ------------------------------------------------------------------ GPUs */

static struct patient_gpu *add_gpu(struct patient *patient, const struct pci_function *f)
{
	struct patient_gpu *gpu = xappend(patient->gpu, patient->gpus);

	gpu->f = f;
	return gpu;
}

/* No profile: each GPU that a guest could get, with what goes along, by itself. */
static void take_likely(struct doctor_look *look)
{
	struct scene *scene = &look->g.facts.devices;
	own_pci_set struct pci_set chosen = {0}, all = {0};

	scene_read(scene, &look->g.root);
	doctor_choose_gpus(&chosen, scene);
	for (size_t i = 0; i < chosen.n; i++)
		pci_board(&add_gpu(&look->patient, chosen.v[i])->board, &scene->pci, chosen.v[i]);
	for (size_t i = 0; i < look->patient.gpus; i++)
		for (size_t k = 0; k < look->patient.gpu[i].board.n; k++)
			if (!pci_set_has(&all, look->patient.gpu[i].board.v[k]))
				pci_set_add(&all, look->patient.gpu[i].board.v[k]);
	scene_look(scene, &look->g.root, all.v, all.n);
	if (scene->nodes.n)
		holders_scan(&scene->holders, &look->g.root, &scene->nodes);
	for (size_t i = 0; i < look->patient.gpus; i++)
		obstacles_of(&look->patient.gpu[i].obstacles, scene, &look->patient.gpu[i].board);
}

/* What the profile claims, judged as a whole and told slot by slot. */
static void take_claimed(struct doctor_look *look)
{
	const struct facts *facts = &look->g.facts;
	own_obstacles struct obstacles all = {0};
	own_pci_set struct pci_set claimed = {0};

	plan_claims(look->g.profile, facts, &claimed, NULL);
	obstacles_of(&all, &facts->devices, &claimed);
	for (size_t i = 0; i < claimed.n; i++) {
		const struct pci_function *f = claimed.v[i];
		struct patient_gpu *last =
			look->patient.gpus ? &look->patient.gpu[look->patient.gpus - 1] : NULL;

		if (!last || !pci_same_slot(&last->f->address, &f->address))
			last = add_gpu(&look->patient, f);
		pci_set_add(&last->board, f);
		for (size_t k = 0; k < all.n; k++)
			if (all.v[k].function == f)
				obstacles_add(&last->obstacles, all.v[k].kind, f, all.v[k].remedy,
					      "%s", all.v[k].text);
	}
}

/* ------------------------------------------------------------------ QEMU and firmware */

static void ask_qemu(struct doctor_look *look)
{
	struct gathered *g = &look->g;
	const char *binary = g->profile ? g->profile->qemu.binary.v : QEMU_BINARY;

	look->patient.qemu_binary = binary;
	if (!g->facts.qemu.path && !facts_qemu(&g->facts, binary, g->dirs.cache, &look->qemu_error))
		look->patient.qemu_error = error_message(look->qemu_error, 0);
	if (!g->firmware.n && !g->firmware.skips)
		gather_firmware(g);
	look->patient.machine = g->profile && g->profile->vm.machine.given
					? g->profile->vm.machine.name
				: g->recorded_machine ? g->recorded_machine
				: g->facts.qemu.path  ? qemu_newest_q35(&g->facts.qemu)
						      : NULL;
}

/* The store whose certificates count: the machine's own, else the template of a new one. */
static void look_at_store(struct doctor_look *look)
{
	struct gathered *g = &look->g;
	const struct firmware *firmware;
	own_fd int fd = -1;

	if (g->stores) {
		look->store = xstrdup(g->store[0].path);
		look->missing = g->store[0].missing ? xstrdup(g->store[0].missing) : NULL;
		return;
	}
	firmware = look->patient.machine
			   ? firmware_choose(&g->firmware, look->patient.machine, true, NULL)
			   : NULL;
	fd = firmware ? root_open(&g->root, firmware->vars, O_RDONLY) : -1;
	if (fd < 0)
		return;
	look->store = xstrdup(firmware->vars);
	look->missing = secure_boot_missing_in(fd);
}

/* ------------------------------------------------------------------ the command */

/* A plan that is refused is no failure here: its reasons are findings. */
static bool look_at_profile(struct doctor_look *look, const struct arguments *args,
			    struct error **err)
{
	struct gathered *g = &look->g;

	if (gather(g, args, &(struct gather_for){.purpose = PURPOSE_RUN}, &look->refusals))
		return true;
	if (g->profile && g->facts.boot_id)
		return true;
	error_merge(err, &look->refusals);
	return false;
}

static bool look_at_host(struct doctor_look *look, const struct arguments *args, struct error **err)
{
	struct gathered *g = &look->g;

	if (!identity_of_caller(NULL, err) || !dirs_find(&g->dirs, err) ||
	    !root_init(&g->root, argument_option(args, "host-root"), err))
		return false;
	facts_collect(&g->facts, &g->root);
	return true;
}

static void make_patient(struct doctor_look *look)
{
	struct gathered *g = &look->g;

	if (g->profile)
		take_claimed(look);
	else
		take_likely(look);
	ask_qemu(look);
	look_at_store(look);
	if (g->profile && g->profile->glass.resolution.width)
		look->release = glass_release(look->g.profile, &look->g.dirs);
	setup_collect(&look->setup, &g->root, g->facts.distribution);
	look->patient.root = geteuid() == 0 && root_is_real(&g->root);
	look->patient.means_asked = root_is_real(&g->root);
	look->patient.means = sandbox_means();
	/* Of a recorded host nothing can be run. */
	if (root_is_real(&g->root) && look->setup.program[SETUP_PASST]) {
		look->patient.passt_asked = true;
		look->patient.passt_vhost_user =
			facts_passt_vhost_user(look->setup.program[SETUP_PASST]);
	}
	look->patient.facts = &g->facts;
	look->patient.setup = &look->setup;
	look->patient.firmware = &g->firmware;
	look->patient.store = look->store;
	look->patient.missing = look->missing;
	look->patient.glass_release = look->release;
	look->patient.profile = g->profile;
	look->patient.plan = g->plan;
	look->patient.refusals = look->refusals;
	look->patient.input = g->input.profile ? &g->input : NULL;
}

bool doctor_look(struct doctor_look *look, const struct arguments *args, struct error **err)
{
	if (!(args->words ? look_at_profile : look_at_host)(look, args, err))
		return false;
	make_patient(look);
	return true;
}

static int exit_status(const struct findings *findings)
{
	enum health worst = findings_worst(findings);

	return worst == HEALTH_PROBLEM	 ? DOCTOR_PROBLEM
	       : worst == HEALTH_UNKNOWN ? DOCTOR_UNKNOWN
					 : 0;
}

int command_doctor(const struct arguments *args, struct error **err)
{
	own_doctor_look struct doctor_look look = DOCTOR_LOOK_NONE;
	own_findings struct findings findings = {0};
	own_free char *text = NULL;

	if (!doctor_look(&look, args, err))
		return ERROR_USAGE;
	doctor_judge(&findings, &look.patient);
	text = argument_option(args, "json")
		       ? findings_json(&findings, &look.patient)
		       : findings_text(&findings, argument_option(args, "verbose"));
	fputs(text, stdout);
	return exit_status(&findings);
}
