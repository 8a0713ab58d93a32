/* Which firmware, and which variable store. The files become block nodes that the machine's pflash
 * properties name: a path in -blockdev is never taken for a protocol, as it would be in -drive.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

static enum firmware_format format_of(const char *path)
{
	return text_ends(path, ".qcow2") ? FIRMWARE_QCOW2 : FIRMWARE_RAW;
}

static void choose_firmware(struct composer *c)
{
	const struct firmware_section *f = &c->p->firmware;
	own_error struct error *err = NULL;

	if (f->code.v && f->vars.v) {
		c->named = (struct firmware){
			.code = f->code.v,
			.vars = f->vars.v,
			.code_format = format_of(f->code.v),
			.vars_format = format_of(f->vars.v),
			.secure_boot = f->secure_boot.v,
			.needs_smm = f->secure_boot.v,
		};
		c->firmware = &c->named;
		return;
	}
	if (!c->machine)
		return;
	c->firmware = firmware_choose(c->in->firmware, c->machine, f->secure_boot.v, &err);
	if (!c->firmware) {
		for (size_t i = 0; i < error_count(err); i++)
			compose_refuse(c, f->secure_boot.at, "%s", error_message(err, i));
	}
}

/* The probe is not signed: firmware with enrolled keys would refuse it and wait for ever. */
static const char *template_for_probe(struct composer *c)
{
	const struct firmware *plain;

	if (!c->firmware->enrolled)
		return c->firmware->vars;
	plain = firmware_unenrolled(c->in->firmware, c->firmware);
	if (plain) {
		compose_note(
			c,
			"probe: with the un-enrolled variables %s, where the machine itself uses %s",
			plain->vars, c->firmware->vars);
		return plain->vars;
	}
	compose_refuse(
		c, c->p->firmware.secure_boot.at,
		"the probe is not signed, and there is no un-enrolled variable store that fits %s",
		c->firmware->code);
	return c->firmware->vars;
}

static void prepare_vars(struct composer *c)
{
	bool probe = c->in->purpose == PURPOSE_PROBE;
	struct prepare *prepare = xappend(c->plan->prepare, c->plan->prepares);
	const char *suffix = c->firmware->vars_format == FIRMWARE_QCOW2 ? "qcow2" : "fd";
	own_free char *file = xasprintf("vars.%s", suffix);

	bool scratch = probe || c->in->ephemeral, reset = c->p->firmware.reset_vars.v;

	prepare->kind = probe	  ? PREPARE_VARS_SCRATCH
			: scratch ? (reset ? PREPARE_VARS_SCRATCH : PREPARE_VARS_COPY)
			: reset	  ? PREPARE_VARS_RESET
				  : PREPARE_VARS;
	if (prepare->kind == PREPARE_VARS_RESET)
		compose_note(
			c,
			"the variable store is made anew at every start while %s = yes; the first one is kept as vars.fd.old",
			compose_key(c, &c->p->firmware.reset_vars.at));
	prepare->path = path_join(scratch ? c->plan->runtime_dir : c->plan->state_dir, file);
	if (prepare->kind == PREPARE_VARS_COPY)
		prepare->store = path_join(c->plan->state_dir, file);
	prepare->source = xstrdup(probe ? template_for_probe(c) : c->firmware->vars);
}

static const struct plan_store *find_store(const struct composer *c, const char *path)
{
	for (size_t i = 0; i < c->in->stores; i++)
		if (strcmp(c->in->store[i].path, path) == 0)
			return &c->in->store[i];
	return NULL;
}

/* Says what the store that the guest is about to get lacks: its own, else what that is made from.
 */
static void tell_missing_certificates(struct composer *c, const struct prepare *prepare)
{
	bool fresh = prepare->kind == PREPARE_VARS_RESET || prepare->kind == PREPARE_VARS_SCRATCH;
	const char *path = prepare->store ? prepare->store : prepare->path;
	const struct plan_store *own = fresh ? NULL : find_store(c, path);
	const struct plan_store *store = own ? own : find_store(c, prepare->source);

	if (c->in->purpose == PURPOSE_PROBE || !store || !store->missing)
		return;
	if (own)
		compose_note(
			c,
			"%s: %s: 'vmlaunch firmware %s' has the ways out, which keep the old store",
			store->path, store->missing, c->plan->name);
	else
		compose_note(
			c,
			"%s: %s: this is the template of a package, and a newer one may have them",
			store->path, store->missing);
}

static void add_flash(struct composer *c, const char *node, const char *path,
		      enum firmware_format format, bool read_only, const struct origin *at,
		      const char *why)
{
	struct option o = option_new(NULL);

	option_text(&o, "driver", format == FIRMWARE_QCOW2 ? "qcow2" : "raw");
	option_text(&o, "node-name", node);
	option_on(&o, "read-only", read_only);
	option_text(&o, "file.driver", "file");
	option_text(&o, "file.filename", path);
	compose_argument(c, "-blockdev", option_done(&o), at, why);
}

void compose_firmware(struct composer *c)
{
	const struct firmware_section *f = &c->p->firmware;
	own_free char *why = NULL;
	size_t vars;

	if (!f->uefi.v) {
		if (c->in->purpose == PURPOSE_PROBE)
			compose_wrong(c, f->uefi.at, "the probe is a UEFI program, and %s = no",
				      compose_key(c, &c->p->firmware.uefi.at));
		return;
	}
	choose_firmware(c);
	if (!c->firmware)
		return;
	vars = c->plan->prepares;
	prepare_vars(c);
	tell_missing_certificates(c, &c->plan->prepare[vars]);
	if (c->firmware->descriptor)
		why = xasprintf(_("by %s"), c->firmware->descriptor);
	add_flash(c, "firmware-code", c->firmware->code, c->firmware->code_format, true,
		  &f->code.at, why);
	add_flash(c, "firmware-vars", c->plan->prepare[vars].path, c->firmware->vars_format, false,
		  &f->vars.at,
		  c->in->purpose == PURPOSE_PROBE || c->in->ephemeral
			  ? N_("a scratch copy")
			  : N_("this machine's own variable store"));
}
