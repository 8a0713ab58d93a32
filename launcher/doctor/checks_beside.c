/* What runs beside QEMU, and the module that Looking Glass can use. */
#include "parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/tongue.h"

#define KVMFR "/dev/kvmfr0"

/* Without it a file in /dev/shm does the same, a little slower. */
void judge_kvmfr(struct examination *e)
{
	const struct patient *p = e->patient;
	const struct glass_facts *glass = &p->facts->glass;
	own_free char *size = xasprintf("%" PRIu64 " MiB", glass->kvmfr_size >> 20);

	if (glass->kvmfr_stale)
		found(e, HEALTH_PROBLEM, KVMFR, "a plain file",
		      xstrdup("sudo rm " KVMFR
			      ", then 'sudo modprobe kvmfr static_size_mb=128', and load it at each boot (/etc/modules-load.d)"),
		      KVMFR
		      " is no device but a file that somebody's QEMU made because the module was not there");
	else if (glass->kvmfr && !glass->kvmfr_size)
		found(e, HEALTH_NOTE, KVMFR, "size unknown", NULL,
		      "kvmfr is loaded, and does not say how large it is");
	else if (glass->kvmfr)
		found(e, HEALTH_OK, KVMFR, size, NULL, "kvmfr is loaded");
	else if (p->setup->kvmfr_loaded)
		found(e, HEALTH_PROBLEM, KVMFR, "not there",
		      xstrdup("sudo modprobe -r kvmfr && sudo modprobe kvmfr static_size_mb=128"),
		      "kvmfr is loaded and has no device, as no static_size_mb was given");
	else
		found(e, HEALTH_OK, KVMFR, "not there", NULL,
		      "there is no kvmfr; Looking Glass gets a file in /dev/shm instead");
}

/* Who sits at the computer gets the device by the tag uaccess; else the keeper opens it. */
void judge_kvmfr_rule(struct examination *e)
{
	const struct patient *p = e->patient;
	const struct setup_facts *setup = p->setup;

	if (!setup->kvmfr_rule)
		return;
	if (setup->kvmfr_rule_late) {
		own_free char *dir = path_dir(setup->kvmfr_rule);

		found(e, HEALTH_PROBLEM, setup->kvmfr_rule, "uaccess",
		      xasprintf(
			      _("sudo mv %s %s/70-kvmfr.rules, then 'sudo udevadm control --reload' and 'sudo udevadm trigger /dev/kvmfr0'"),
			      setup->kvmfr_rule, dir),
		      "the udev rule for kvmfr is read after 73-seat-late.rules, so its tag uaccess does nothing");
	} else {
		found(e, HEALTH_OK, setup->kvmfr_rule, "uaccess", NULL,
		      "the udev rule for kvmfr is read in time");
	}
}

static void judge_program(struct examination *e, enum setup_program program, enum package package,
			  const char *what)
{
	const struct patient *p = e->patient;
	const char *path = p->setup->program[program], *name = setup_program_name(program);

	own_free char *install = distribution_install(p->facts->distribution, package);

	if (path)
		found(e, HEALTH_OK, path, "there", NULL, "%s is there", name);
	else
		found(e, lacking(e), name, "not found", xasprintf(_("%s, which %s"), install, what),
		      "there is no program %s", name);
}

static void judge_release(struct examination *e)
{
	own_free char *old = plan_glass_old(e->patient->glass_release);

	if (old)
		found(e, HEALTH_NOTE, "the client's log", e->patient->glass_release,
		      xstrdup("for the virtual display build the client from the source of the guest part's release: https://looking-glass.io/docs"),
		      "%s", old);
}

/* A profile may name its own. */
void judge_glass_client(struct examination *e)
{
	const struct patient *p = e->patient;

	judge_release(e);
	for (size_t i = 0; p->input && i < p->input->programs; i++)
		if (p->profile && p->input->program[i].name == p->profile->glass.client.v &&
		    p->input->program[i].path) {
			found(e, HEALTH_OK, p->input->program[i].path, "there", NULL,
			      "Looking Glass' client is there");
			return;
		}
	judge_program(e, SETUP_LOOKING_GLASS, PACKAGE_LOOKING_GLASS,
		      "shows a guest's GPU in a window ([looking-glass])");
}

void judge_viewer(struct examination *e)
{
	judge_program(e, SETUP_REMOTE_VIEWER, PACKAGE_VIRT_VIEWER,
		      "shows SPICE ([display] start-viewer)");
}

void judge_images(struct examination *e)
{
	judge_program(e, SETUP_QEMU_IMG, PACKAGE_QEMU_IMG,
		      "makes disks, and the throw-away files of --ephemeral");
}

void judge_swtpm(struct examination *e)
{
	judge_program(e, SETUP_SWTPM, PACKAGE_SWTPM, "is a guest's TPM");
}

void judge_virtiofsd(struct examination *e)
{
	judge_program(e, SETUP_VIRTIOFSD, PACKAGE_VIRTIOFSD, "shares folders with a guest");
}

/* Whether a plan then chooses it is the plan's to say. */
void judge_passt(struct examination *e)
{
	const struct patient *p = e->patient;
	const char *path = p->setup->program[SETUP_PASST];

	if (path && p->passt_asked && !p->passt_vhost_user)
		found(e, HEALTH_OK, path, "no vhost-user", NULL,
		      "passt is there, and is too old for vhost-user, which is faster");
	else if (path && p->passt_asked)
		found(e, HEALTH_OK, path, "vhost-user", NULL, "passt is there, with vhost-user");
	else
		judge_program(e, SETUP_PASST, PACKAGE_PASST,
			      "is a quicker network than QEMU's own");
}
