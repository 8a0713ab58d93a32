/* The guest's TPM: this host's, or swtpm beside QEMU. What it holds (a disk's keys, BitLocker's
 * among them) is the machine's for life and lies in its state directory; a throw-away start and a
 * probe have a copy. CRB is the interface that Windows 11 and Linux expect of a TPM 2.0 on such a
 * board.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/tongue.h"
#include "compose.h"

bool plan_wants_tpm(const struct profile *p)
{
	return p->tpm.type.v == TPM_EMULATED ||
	       (p->tpm.type.v == TPM_AUTO && p->vm.guest.v == GUEST_WINDOWS);
}

bool plan_wants_host_tpm(const struct profile *p)
{
	return p->tpm.type.v == TPM_HOST;
}

/* By a descriptor, which was opened with the rights that the keeper gave: QEMU may not open it
 * itself. A TPM 2.0 has no file that cancels a command, and QEMU wants one to write to; a command
 * ends in time by itself. A probe does without, as the machine that it is of may run.
 */
static void add_host(struct composer *c)
{
	const struct origin *at = &c->p->tpm.type.at;
	own_free char *node = NULL;
	struct option o;
	int fd;

	if (c->facts->tpm != 2)
		compose_refuse(
			c, *at, "%s = host: %s", compose_key(c, at),
			c->facts->tpm
				? _("this host's TPM is none of version 2, which a guest's has to be")
				: _("this host has no TPM, or it is switched off in its firmware"));
	if (c->facts->tpm != 2 || c->in->purpose == PURPOSE_PROBE)
		return;
	fd = compose_fd(c, FD_TPM, xstrdup(HOST_TPM));
	node = xasprintf("/dev/fdset/%d", fd);
	o = option_new(NULL);
	option_number(&o, "fd", (uint64_t)fd);
	option_number(&o, "set", (uint64_t)fd);
	compose_argument(c, "-add-fd", option_done(&o), at, "the host's TPM");
	o = option_new("passthrough");
	option_text(&o, "id", "tpm");
	option_text(&o, "path", node);
	option_text(&o, "cancel-path", "/dev/null");
	compose_argument(c, "-tpmdev", option_done(&o), at, NULL);
	o = option_new("tpm-crb");
	option_text(&o, "tpmdev", "tpm");
	compose_argument(c, "-device", option_done(&o), at, NULL);
	compose_warn(
		c,
		"%s = host: the guest's firmware adds its measurements to this computer's own: until it restarts, what is sealed to those (a disk that systemd-cryptenroll or clevis opens by the TPM) does not open; and a guest can clear the TPM, with all keys that are in it",
		compose_key(c, at));
}

/* What is in the way of one: refused where the profile asks for it, else told. */
static void tpm_lack(struct composer *c, const char *words)
{
	const struct choice *type = &c->p->tpm.type;
	const char *key = compose_key(c, &type->at);

	if (type->v == TPM_EMULATED)
		compose_refuse(c, type->at, "%s = emulated: %s", key, words);
	else
		compose_note(
			c,
			"the guest has no TPM, which Windows 11 asks for: %s; %s = none goes without and says nothing",
			words, key);
}

/* Where its state is to be; NULL where it cannot be there. The caller owns it. */
static char *prepare_state(struct composer *c, const char *swtpm)
{
	own_free char *kept = path_join(c->plan->state_dir, "tpm");
	bool scratch = c->in->ephemeral || c->in->purpose == PURPOSE_PROBE;
	own_free char *dir = scratch ? path_join(c->plan->runtime_dir, "tpm") : xstrdup(kept);
	const char *setup = compose_program(c, SWTPM_SETUP);
	struct prepare *prepare;

	/* Its options end at a comma, and nothing escapes one. */
	if (strchr(dir, ',')) {
		own_free char *words = xasprintf(
			"swtpm cannot have its state in a directory with a comma in its name, %s",
			dir);

		tpm_lack(c, words);
		return NULL;
	}
	prepare = xappend(c->plan->prepare, c->plan->prepares);
	prepare->kind = scratch ? PREPARE_TPM_SCRATCH : PREPARE_TPM;
	prepare->path = xstrdup(dir);
	prepare->source = xstrdup(scratch ? kept : setup ? setup : swtpm);
	prepare->program = xstrdup(swtpm);
	return steal(&dir);
}

static void add_device(struct composer *c, int number)
{
	const struct origin *at = &c->p->tpm.type.at;
	struct option o = option_new("socket");

	option_text(&o, "id", "tpm");
	option_number(&o, "fd", (uint64_t)number);
	compose_argument(c, "-chardev", option_done(&o), at, "swtpm is at the other end");
	o = option_new("emulator");
	option_text(&o, "id", "tpm");
	option_text(&o, "chardev", "tpm");
	compose_argument(c, "-tpmdev", option_done(&o), at, NULL);
	o = option_new("tpm-crb");
	option_text(&o, "tpmdev", "tpm");
	compose_argument(c, "-device", option_done(&o), at, NULL);
}

void compose_tpm(struct composer *c)
{
	const char *swtpm = compose_program(c, SWTPM);
	own_free char *install = NULL, *words = NULL, *dir = NULL;
	struct plan_companion *companion;

	if (plan_wants_host_tpm(c->p))
		add_host(c);
	if (!plan_wants_tpm(c->p))
		return;
	if (!swtpm) {
		install = distribution_install(c->facts->distribution, PACKAGE_SWTPM);
		words = xasprintf(_("there is no program %s: %s"), SWTPM, install);
		tpm_lack(c, words);
		return;
	}
	if (!qemu_offers(&c->facts->qemu, QEMU_DEVICES, "tpm-crb")) {
		words = xasprintf(_("QEMU %s is built without it"), c->facts->qemu.version);
		tpm_lack(c, words);
		return;
	}
	dir = prepare_state(c, swtpm);
	if (!dir)
		return;
	companion = compose_companion(
		c, SWTPM, SWTPM, swtpm,
		N_("the guest's TPM does not answer any more: shut the guest down, and start it anew"),
		&c->p->tpm.type.at,
		c->p->tpm.type.v == TPM_AUTO ? N_("Windows 11 asks for a TPM 2.0") : NULL);
	if (!companion)
		return;
	compose_companion_arg(companion, xstrdup("socket"));
	compose_companion_arg(companion, xstrdup("--tpm2"));
	compose_companion_arg(companion, xstrdup("--ctrl"));
	compose_companion_arg(companion, xasprintf("type=unixio,clientfd=%d", COMPANION_FD));
	compose_companion_arg(companion, xstrdup("--tpmstate"));
	compose_companion_arg(companion, xasprintf("dir=%s", dir));
	/* It ends when QEMU does, also where nobody is left to tell it. */
	compose_companion_arg(companion, xstrdup("--terminate"));
	add_device(c, compose_companion_pair(c, companion));
}
