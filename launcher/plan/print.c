/* The plan for readers: a person, a script, a comparison with /proc/PID/cmdline. */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tongue.h"
#include "plan.h"
#include "print.h"

static const char *const ROLE[] = {
	[FD_MONITOR] = "monitor", /* words of the JSON output */
	[FD_AGENT] = "guest-agent",
	[FD_STREAM] = "stream",
	[FD_TOOLS] = "tools",
	[FD_SERIAL] = "serial",
	[FD_DEBUG] = "debug-port",
	[FD_OVERLAY] = "overlay",
	[FD_COMPANION] = "companion",
	[FD_TAP] = "tap",
	[FD_MACVTAP] = "macvtap",
	[FD_INHIBITOR] = "sleep-lock",
	[FD_IOMMU] = "iommu",
	[FD_VFIO] = "vfio",
	[FD_TPM] = "tpm",
};
_Static_assert(ARRAY_SIZE(ROLE) == FD_ROLES, "each role has a word");

#define STEP_WORD_OF(kind, word, serve) [kind] = word,
static const char *const STEP[STEP_KINDS] = {STEP_ROWS(STEP_WORD_OF)};

static const char *const WHEN[] = {
	[COMPANION_BEFORE] = "before",
	[COMPANION_RUNNING] = "running",
};
_Static_assert(ARRAY_SIZE(WHEN) == COMPANION_WHENS, "each time has a word");

static const char *const END[] = {
	[COMPANION_SPARED] = "spared",
};
_Static_assert(ARRAY_SIZE(END) == COMPANION_ENDS, "each end has a word");

static const char *const JOIN[] = {
	[JOIN_NONE] = NULL,
	[JOIN_PAIR] = "stream",
	[JOIN_LISTEN] = "socket",
	[JOIN_ACCEPT] = "connection",
};
_Static_assert(ARRAY_SIZE(JOIN) == COMPANION_JOINS, "each way has a word, or none");

static const struct prepare_words {
	const char *word, *text;
} PREPARE[] = {
	[PREPARE_VARS] = {"variable-store", N_("unless it is there, copied from")},
	[PREPARE_VARS_RESET] = {"variable-store-reset",
				N_("made anew, the old one kept as .old, from")},
	[PREPARE_VARS_SCRATCH] = {"variable-store-scratch", N_("for this run alone, copied from")},
	[PREPARE_SHARED] = {"shared-memory", N_("made anew and removed afterwards, bytes:")},
	[PREPARE_DEVICE] = {"shared-device", N_("held for this machine alone, bytes needed:")},
	[PREPARE_BYTES] = {"table", N_("for this run alone:")},
	[PREPARE_RECORD] = {"record", N_("unless it is there, holding")},
	[PREPARE_VARS_COPY] = {"variable-store-copy", N_("for this run alone, copied from")},
	[PREPARE_OVERLAY] =
		{"overlay",
		 N_("stays as it is; what is written goes to a file without a name, gone at the end, in")},
	[PREPARE_DISK] = {"disk", N_("made by qemu-img, as it is not there, of")},
	[PREPARE_CLAIM] = {"block-device", N_("the kernel is asked whether it is free, to")},
	[PREPARE_TPM] = {"tpm-state", N_("unless it holds a TPM's state, made by")},
	[PREPARE_TPM_SCRATCH] =
		{"tpm-state-scratch",
		 N_("for this run alone, with a copy of the TPM's state, if there is one, of")},
};

const char *prepare_words(enum prepare_kind kind)
{
	return tongue(PREPARE[kind].text);
}

char *plan_lines(const struct plan *plan, char end, size_t *len)
{
	struct buf out = {0};
	size_t n;
	const char **argv = plan_argv(plan, &n);

	for (size_t i = 0; i < n; i++) {
		buf_adds(&out, argv[i]);
		buf_addc(&out, end);
	}
	free(argv);
	*len = out.len;
	return buf_steal(&out);
}

static void add_word(struct buf *out, const char *s)
{
	own_free char *word = text_word(s);

	buf_adds(out, word);
}

static void add_cause(struct buf *out, const struct cause *cause)
{
	const char *join = "";

	buf_adds(out, "        ");
	if (cause->key) {
		own_free char *at = text_quote(cause->at, 400);

		buf_addf(out, "%s (%s)", cause->key, at);
		join = ": ";
	}
	if (cause->why)
		buf_addf(out, "%s%s", join, tongue(cause->why));
	buf_addc(out, '\n');
}

static void add_arguments(struct buf *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->arguments; i++) {
		const struct argument *a = &plan->argument[i];

		buf_adds(out, "    ");
		add_word(out, a->option);
		if (a->value) {
			buf_addc(out, ' ');
			add_word(out, a->value);
		}
		buf_addc(out, '\n');
		if (a->cause.key || a->cause.why)
			add_cause(out, &a->cause);
	}
}

static void add_steps(struct buf *out, const struct plan *plan)
{
	if (!plan->steps)
		return;
	buf_adds(out, _("\nThe host, by the keeper as root:\n"));
	for (size_t i = 0; i < plan->steps; i++) {
		const struct plan_step *step = &plan->step[i];

		for (size_t k = 0; k < step->lines; k++)
			buf_addf(out, "    %s\n", step->line[k]);
		add_cause(out, &step->cause);
	}
}

static void add_companions(struct buf *out, const struct plan *plan, enum companion_when when,
			   const char *title)
{
	bool any = false;

	for (size_t i = 0; i < plan->companions; i++) {
		const struct plan_companion *companion = &plan->companion[i];

		if (companion->when != when)
			continue;
		if (!any)
			buf_addf(out, "\n%s\n", title);
		any = true;
		buf_adds(out, "   ");
		for (size_t k = 0; k < companion->args; k++) {
			buf_addc(out, ' ');
			add_word(out, companion->argv[k]);
		}
		buf_addc(out, '\n');
		add_cause(out, &companion->cause);
		buf_addf(out, _("        if it ends: %s\n"), tongue(companion->loss));
		if (companion->join == JOIN_PAIR)
			buf_addf(out,
				 _("        descriptor %d: a stream to QEMU's descriptor %d\n"),
				 COMPANION_FD, companion->number);
		if (companion->socket) {
			buf_addf(out,
				 companion->join == JOIN_ACCEPT
					 ? _("        descriptor %d: QEMU's connection at ")
					 : _("        descriptor %d: listening at "),
				 COMPANION_FD);
			add_word(out, companion->socket);
			buf_addc(out, '\n');
		}
		buf_adds(out, _("        log: "));
		add_word(out, companion->log);
		buf_addc(out, '\n');
	}
}

static void add_sleep(struct buf *out, enum host_sleep sleep)
{
	static const char *const WORDS[SLEEPS] = {
		[SLEEP_BLOCK] = N_("it is kept awake, with its lid closed as well"),
		[SLEEP_PAUSE] = N_("the guest is paused until it wakes up"),
		[SLEEP_SHUTDOWN] = N_("the guest's power button is pressed"),
		[SLEEP_QUIT] = N_(
			"the guest's power button is pressed, and it is switched off if it does not end in time"),
	};

	if (WORDS[sleep])
		buf_addf(out, _("\nWhen this computer is to sleep:\n    %s\n"),
			 tongue(WORDS[sleep]));
}

static void add_idle(struct buf *out, const struct plan_idle *idle)
{
	static const char *const WORDS[IDLE_ACTIONS] = {
		[IDLE_PAUSE] = N_("it is paused"),
		[IDLE_SHUTDOWN] = N_("its power button is pressed"),
	};
	static const char *const PICTURE[PICTURES] = {
		[PICTURE_SPICE] = N_(", SPICE's"),
		[PICTURE_VNC] = N_(", VNC's"),
	};

	if (!WORDS[idle->action])
		return;
	buf_addf(
		out,
		_("\nWhen the guest has had no client for %u s:\n    %s; clients are a viewer that was started here%s"),
		idle->after / 1000, tongue(WORDS[idle->action]),
		PICTURE[idle->picture] ? tongue(PICTURE[idle->picture]) : "");
	for (size_t i = 0; i < idle->ranges; i++) {
		const struct idle_ports *range = &idle->range[i];

		if (range->n > 1)
			buf_addf(out, _(", connections to TCP ports %u to %u"), range->first,
				 range->first + range->n - 1U);
		else
			buf_addf(out, _(", connections to TCP port %u"), range->first);
	}
	buf_addc(out, '\n');
}

static void add_late(struct buf *out, const struct plan *plan)
{
	bool any = false;

	for (size_t i = 0; i < plan->usbs; i++) {
		const struct plan_usb *usb = &plan->usb[i];

		if (usb->given)
			continue;
		if (!any)
			buf_adds(out, _("\nPlugged into the guest when they come:\n"));
		buf_addf(out, "    [%s] %s", usb->title, usb->device);
		if (usb->port)
			buf_addf(out, _(", at port %u of the guest's controller"), usb->port);
		buf_addc(out, '\n');
		any = true;
	}
}

/* A word between two others, with its spaces. */
static void add_named(struct buf *out, const char *before, const char *word)
{
	buf_adds(out, before);
	add_word(out, word);
}

static void add_prepares(struct buf *out, const struct plan *plan)
{
	buf_adds(out, _("\nBefore the start, as you:\n"));
	for (size_t i = 0; i < plan->prepares; i++) {
		const struct prepare *p = &plan->prepare[i];

		buf_adds(out, "    ");
		add_word(out, p->path);
		buf_addf(out, "\n        %s ", prepare_words(p->kind));
		if (p->store) {
			add_word(out, p->store);
			buf_adds(out, _(", or where there is none from "));
		}
		add_word(out, p->source);
		buf_addc(out, '\n');
	}
	if (!plan->prepares)
		buf_adds(out, _("    nothing\n"));
}

static void add_descriptors(struct buf *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->fds; i++) {
		const struct plan_fd *fd = &plan->fd[i];
		bool named =
			fd->role == FD_COMPANION || fd->role == FD_TAP || fd->role == FD_MACVTAP;

		buf_addf(out, _("    descriptor %d: %s"), fd->number, ROLE[fd->role]);
		if (fd->path)
			add_named(out,
				  fd->role == FD_OVERLAY ? _(" over ")
				  : named		 ? " "
							 : _(" at "),
				  fd->path);
		buf_addc(out, '\n');
	}
}

char *plan_text(const struct plan *plan)
{
	struct buf out = {0};

	buf_addf(&out, _("Machine %s, by "), plan->name);
	add_word(&out, plan->profile_path);
	buf_addc(&out, '\n');
	for (size_t i = 0; i < plan->warnings; i++)
		buf_addf(&out, _("  warning: %s\n"), plan->warning[i]);
	for (size_t i = 0; i < plan->notes; i++)
		buf_addf(&out, _("  note: %s\n"), plan->note[i]);
	add_prepares(&out, plan);
	add_steps(&out, plan);
	placement_print(&out, &plan->placement);
	add_sleep(&out, plan->sleep);
	add_idle(&out, &plan->idle);
	add_named(&out, _("\nQEMU, as you:\n    "), plan->binary);
	buf_addf(&out, _("\n        version %s\n"), plan->qemu_version);
	add_arguments(&out, plan);
	for (size_t i = 0; i < plan->envs; i++) {
		own_free char *word = text_word(plan->env[i]);

		buf_addf(&out, _("    with %s in its environment\n"), word);
	}
	add_descriptors(&out, plan);
	add_named(&out, _("    log: "), plan->log);
	buf_addc(&out, '\n');
	add_late(&out, plan);
	add_companions(&out, plan, COMPANION_BEFORE, _("Beside QEMU, as you, from its start:"));
	add_companions(&out, plan, COMPANION_RUNNING,
		       _("Beside QEMU, as you, when the guest runs:"));
	return buf_steal(&out);
}

/* JSON is UTF-8; a file name need not be. What is not is shown as U+FFFD, and "exact" says so. */
static json_object *json_text(const char *s, bool *exact)
{
	size_t len = strlen(s);

	*exact = *exact && text_utf8(s, len) == len;
	return json_object_new_string(s);
}

static void add_text(json_object *o, const char *key, const char *s, bool *exact)
{
	json_object_object_add(o, key, s ? json_text(s, exact) : NULL);
}

static json_object *arguments_json(const struct plan *plan, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < plan->arguments; i++) {
		const struct argument *a = &plan->argument[i];
		json_object *o = json_object_new_object();

		add_text(o, "option", a->option, exact);
		add_text(o, "value", a->value, exact);
		add_text(o, "key", a->cause.key, exact);
		add_text(o, "at", a->cause.at, exact);
		add_text(o, "why", a->cause.why, exact);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *prepares_json(const struct plan *plan, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < plan->prepares; i++) {
		const struct prepare *p = &plan->prepare[i];
		json_object *o = json_object_new_object();

		add_text(o, "kind", PREPARE[p->kind].word, exact);
		add_text(o, "path", p->path, exact);
		add_text(o, p->kind == PREPARE_RECORD ? "text" : "source", p->source, exact);
		if (p->store)
			add_text(o, "store", p->store, exact);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *texts_json(const char *const *v, size_t n, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_text(v[i], exact));
	return list;
}

static json_object *steps_json(const struct plan *plan, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < plan->steps; i++) {
		const struct plan_step *step = &plan->step[i];
		json_object *o = json_object_new_object();

		add_text(o, "kind", STEP[step->intent.kind], exact);
		json_object_object_add(
			o, "lines",
			texts_json((const char *const *)step->line, step->lines, exact));
		json_add_bool(o, "optional", step->optional);
		add_text(o, "key", step->cause.key, exact);
		add_text(o, "at", step->cause.at, exact);
		add_text(o, "why", step->cause.why, exact);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *fds_json(const struct plan *plan, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < plan->fds; i++) {
		json_object *o = json_object_new_object();

		json_add_number(o, "number", plan->fd[i].number);
		add_text(o, "role", ROLE[plan->fd[i].role], exact);
		add_text(o, "path", plan->fd[i].path, exact);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *companions_json(const struct plan *plan, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < plan->companions; i++) {
		const struct plan_companion *companion = &plan->companion[i];
		json_object *o = json_object_new_object();

		add_text(o, "name", companion->name, exact);
		json_object_object_add(
			o, "argv",
			texts_json((const char *const *)companion->argv, companion->args, exact));
		add_text(o, "when", WHEN[companion->when], exact);
		add_text(o, "end", END[companion->end], exact);
		add_text(o, "loss", companion->loss, exact);
		add_text(o, "join", JOIN[companion->join], exact);
		if (companion->join == JOIN_PAIR)
			json_add_number(o, "number", companion->number);
		if (companion->socket)
			add_text(o, "socket", companion->socket, exact);
		add_text(o, "log", companion->log, exact);
		add_text(o, "key", companion->cause.key, exact);
		add_text(o, "at", companion->cause.at, exact);
		add_text(o, "why", companion->cause.why, exact);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *usbs_json(const struct plan *plan, bool *exact)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < plan->usbs; i++) {
		json_object *o = json_object_new_object();

		add_text(o, "section", plan->usb[i].title, exact);
		add_text(o, "id", plan->usb[i].id, exact);
		add_text(o, "device", plan->usb[i].device, exact);
		json_add_number(o, "port", (int)plan->usb[i].port);
		json_add_bool(o, "there", plan->usb[i].given);
		json_object_array_add(list, o);
	}
	return list;
}

char *plan_json(const struct plan *plan)
{
	json_object *top = json_object_new_object();
	bool exact = true;
	size_t n;
	const char **argv = plan_argv(plan, &n);
	char *text;

	json_add_number(top, "version", 1);
	add_text(top, "name", plan->name, &exact);
	add_text(top, "profile", plan->profile_path, &exact);
	add_text(top, "accel", plan->kvm ? "kvm" : "tcg", &exact);
	add_text(top, "qemu", plan->qemu_version, &exact);
	json_object_object_add(
		top, "warnings",
		texts_json((const char *const *)plan->warning, plan->warnings, &exact));
	json_object_object_add(top, "notes",
			       texts_json((const char *const *)plan->note, plan->notes, &exact));
	json_object_object_add(top, "prepare", prepares_json(plan, &exact));
	json_object_object_add(top, "host", steps_json(plan, &exact));
	json_object_object_add(top, "placement", placement_object(&plan->placement));
	add_text(top, "host-sleep", plan_sleep_word(plan->sleep), &exact);
	json_object_object_add(top, "idle", plan_idle_json(&plan->idle));
	json_object_object_add(top, "argv", texts_json(argv, n, &exact));
	json_object_object_add(top, "arguments", arguments_json(plan, &exact));
	json_object_object_add(top, "environment",
			       texts_json((const char *const *)plan->env, plan->envs, &exact));
	json_object_object_add(top, "descriptors", fds_json(plan, &exact));
	json_object_object_add(top, "usb", usbs_json(plan, &exact));
	add_text(top, "log", plan->log, &exact);
	json_object_object_add(top, "companions", companions_json(plan, &exact));
	json_add_bool(top, "exact", exact);
	text = json_document(top);
	json_object_put(top);
	free(argv);
	return text;
}
