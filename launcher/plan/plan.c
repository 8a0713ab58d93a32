#include "plan.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/tongue.h"
#include "compose.h"

/* ------------------------------------------------------------------ the frame of the command line
 */

static void add_prepare(struct composer *c, enum prepare_kind kind, const char *file,
			const char *source)
{
	struct prepare *prepare = xappend(c->plan->prepare, c->plan->prepares);

	prepare->kind = kind;
	prepare->path = path_join(c->plan->state_dir, file);
	prepare->source = xstrdup(source);
}

static void compose_frame(struct composer *c)
{
	struct option o = option_new(NULL);

	option_text(&o, "guest", c->plan->name);
	/* Newer ones name their threads always. */
	if (qemu_offers(&c->facts->qemu, QEMU_OPTIONS, "name.debug-threads"))
		option_on(&o, "debug-threads", true);
	compose_argument(c, "-name", option_done(&o), &c->p->vm.name.at,
			 "threads get names, for top and perf");
	compose_fixed(c, "-nodefaults", NULL, "no device that the plan does not name");
	compose_fixed(c, "-no-user-config", NULL, "no file that the plan does not name");
	compose_fixed(c, "-S", NULL, "stopped until the supervisor says cont");
	if (c->in->purpose == PURPOSE_PROBE)
		compose_fixed(c, "-no-reboot", NULL, "a reboot ends the probe");
	o = option_new("on");
	option_text(&o, "obsolete", "deny");
	option_text(&o, "elevateprivileges", "deny");
	option_text(&o, "spawn", "deny");
	option_text(&o, "resourcecontrol", "deny");
	compose_fixed(c, "-sandbox", option_done(&o), "QEMU's own system call filter");
	o = option_new(NULL);
	option_on(&o, "timestamp", true);
	compose_fixed(c, "-msg", option_done(&o), "times in the log");
	if (!compose_has_window(c) || c->in->purpose == PURPOSE_PROBE)
		compose_fixed(c, "-display", xstrdup("none"), "no window");
}

/* Directories and names, all derived. */
static void compose_places(struct composer *c)
{
	struct plan *plan = c->plan;
	bool probe = c->in->purpose == PURPOSE_PROBE;
	own_free char *log = NULL;

	plan->name = xstrdup(c->p->vm.name.v);
	plan->instance = xasprintf("%s%s", plan->name, probe ? PROBE_SUFFIX : "");
	plan->profile_path = xstrdup(c->p->path);
	plan->binary = xstrdup(c->facts->qemu.path);
	plan->qemu_version = xstrdup(c->facts->qemu.version);
	plan->state_dir = path_join(c->in->dirs->state, plan->name);
	plan->runtime_dir = path_join(c->in->dirs->runtime, plan->instance);
	log = xasprintf("%s.log", probe ? "probe" : "qemu");
	plan->log = path_join(plan->state_dir, log);
}

static void compose_times(struct composer *c)
{
	const struct shutdown_section *s = &c->p->shutdown;

	c->plan->times = (struct shutdown_times){
		.again = (unsigned)s->again.v,
		.force_within = (unsigned)s->force_within.v,
		.quit = (unsigned)s->quit.v,
		.terminate = (unsigned)s->terminate.v,
		.kill = (unsigned)s->kill.v,
	};
}

/* Who speaks QMP on a character device: an object where QEMU has such, which deprecates -mon. */
static void compose_control(struct composer *c, const char *id)
{
	bool object = qemu_offers(&c->facts->qemu, QEMU_OBJECTS, "monitor-qmp");
	struct option o = option_new(object ? "monitor-qmp" : NULL);

	if (object)
		option_text(&o, "id", id);
	option_text(&o, "chardev", id);
	if (!object)
		option_text(&o, "mode", "control");
	compose_fixed(c, object ? "-object" : "-mon", option_done(&o), NULL);
}

/* One monitor: a listening socket that vmlaunch binds and QEMU inherits. */
static void compose_monitor(struct composer *c, enum plan_fd_role role, const char *id,
			    const char *file, const char *why)
{
	own_free char *path = path_join(c->plan->runtime_dir, file);
	struct option o = option_new("socket");

	if (strlen(path) > SOCKET_PATH_LIMIT)
		compose_refuse(
			c, c->p->vm.name.at,
			"the socket's path %s has %zu bytes, of which a socket may have %d: choose a shorter %s, or set XDG_RUNTIME_DIR to a shorter directory of yours",
			path, strlen(path), SOCKET_PATH_LIMIT, compose_key(c, &c->p->vm.name.at));
	option_text(&o, "id", id);
	option_number(&o, "fd", (uint64_t)compose_fd(c, role, steal(&path)));
	option_on(&o, "server", true);
	option_on(&o, "wait", false);
	compose_fixed(c, "-chardev", option_done(&o), why);
	compose_control(c, id);
}

void compose_monitors(struct composer *c)
{
	compose_monitor(c, FD_MONITOR, "monitor", "monitor.sock", N_("the supervisor's monitor"));
	compose_monitor(c, FD_TOOLS, "tools", "qmp.sock", N_("the monitor of `vmlaunch qmp`"));
}

/* What is not said where it is composed. */
static void compose_guest(struct composer *c)
{
	struct guest_view *guest = &c->plan->guest;
	const struct cpu_flags *flags = &c->p->cpu.flags;

	guest->devices = c->claimed.n > 0;
	guest->width = c->facts->devices.iommu.width;
	guest->laptop = compose_is_laptop(c);
	guest->chassis =
		c->p->smbios.chassis_type.automatic ? 0 : (unsigned)c->p->smbios.chassis_type.v;
	guest->hypervisor_bit = c->p->cpu.hypervisor_bit.v;
	guest->nests = true;
	for (size_t i = 0; i < flags->n; i++)
		if (!flags->v[i].is_on &&
		    (strcmp(flags->v[i].name, "vmx") == 0 || strcmp(flags->v[i].name, "svm") == 0))
			guest->nests = false;
	guest->secure_boot = c->p->firmware.secure_boot.v;
}

static void compose_record(struct composer *c)
{
	/* What is thrown away is nobody's first start. */
	if (c->in->purpose == PURPOSE_RUN && c->machine && !c->in->recorded_machine &&
	    !c->in->ephemeral)
		add_prepare(c, PREPARE_RECORD, MACHINE_RECORD, c->machine);
}

static void strings_free(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

/* The order of composing. It is the order of the command line, and of what must be known first:
 *
 *  1. Places, times, the frame and the monitors hang on nothing but the profile and the
 * directories.
 *  2. Claims: which functions of the host are wanted, and what stands against them. Before the
 *     machine, as a missing KVM is a refusal where a device is passed and a note where none is.
 *  3. Version, then firmware, then machine: firmware is chosen by the machine's version and by
 *     Secure Boot, and the machine's argument names the firmware's block nodes and says whether SMM
 *     is on.
 *  4. Placement before processors, which are as many as it has found places for, and before memory,
 *     which is prepared by those processors and lies on their node.
 *  5. Devices before all that has a root port of the common kind: GPUs have the first buses.
 *     ACPI after them, as its paths name their ports. Disks, networks, console, display as they
 *     come; what is thrown away is told behind the disks.
 *  6. Looking Glass behind the display, which it makes SPICE of, and viewers behind both. The
 *     source of randomness, which has no port, where it moves nothing.
 *  7. What sums up: whether the host can spare the memory (with Looking Glass' share of it), and
 * the window for large BARs, of which each port that was handed out takes a part.
 *  8. The profile's own arguments behind all of ours, so that they can override them.
 *     Then what QEMU may open, which is read from the whole of them.
 *  9. What the guest should see and what is recorded: both read what was decided above. The
 *     keeper's steps are last, as any of the others may have asked for one.
 *
 * A function that cannot do its part refuses with words and leaves it out; the others go on, so
 * that all that is wrong is told at once.
 */
struct plan *plan_compose(const struct plan_input *in, struct error **err)
{
	struct compose_names names = {0};
	struct composer c = {
		.in = in,
		.p = in->profile,
		.facts = in->facts,
		.plan = xcalloc(1, sizeof(*c.plan)),
		.err = err,
		.good = true,
		.names = &names,
	};
	own_plan struct plan *plan = c.plan;

	compose_places(&c);
	compose_times(&c);
	compose_frame(&c);
	compose_monitors(&c);
	compose_claims(&c);
	compose_version(&c);
	compose_firmware(&c);
	compose_machine(&c);
	compose_placement(&c);
	compose_cpu(&c);
	compose_memory(&c);
	compose_smbios(&c);
	compose_fw_cfg(&c);
	compose_boot(&c);
	compose_devices(&c);
	compose_acpi(&c);
	compose_disks(&c);
	compose_ephemeral(&c);
	compose_networks(&c);
	if (in->purpose == PURPOSE_RUN)
		plan_forwards(c.p, &plan->forward, &plan->forwards);
	compose_shares(&c);
	compose_tpm(&c);
	compose_console(&c);
	compose_display(&c);
	compose_sound(&c);
	compose_inputs(&c);
	compose_usb_devices(&c);
	compose_usb(&c);
	compose_glass(&c);
	compose_rng(&c);
	compose_viewers(&c);
	compose_spare(&c);
	compose_window(&c);
	compose_raw(&c);
	compose_reach(&c);
	compose_guest(&c);
	compose_sleep(&c);
	compose_idle(&c);
	compose_record(&c);
	compose_steps(&c);
	if (plan->fds > PLAN_FDS)
		compose_wrong(
			&c, (struct origin){0},
			"more descriptors for QEMU than there may be (%d): fewer queues or disks",
			PLAN_FDS);
	strings_free(names.v, names.n);
	pci_set_free(&c.claimed);
	return c.good ? steal(&plan) : NULL;
}

struct plan *plan_place(const struct plan_input *in, struct error **err)
{
	struct compose_names names = {0};
	struct error *elsewhere = NULL;
	struct composer c = {
		.in = in,
		.p = in->profile,
		.facts = in->facts,
		.plan = xcalloc(1, sizeof(*c.plan)),
		.err = &elsewhere,
		.names = &names,
	};
	own_plan struct plan *plan = c.plan;

	/* Devices count for whether and near what to place, not for whether they can be had. */
	compose_claims(&c);
	error_free(elsewhere);
	c.err = err;
	c.good = true;
	compose_placement(&c);
	strings_free(names.v, names.n);
	pci_set_free(&c.claimed);
	return c.good ? steal(&plan) : NULL;
}

static void cause_free(struct cause *cause)
{
	free(cause->key);
	free(cause->at);
	free(cause->why);
}

static void arguments_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->arguments; i++) {
		struct argument *a = &plan->argument[i];

		free(a->option);
		free(a->value);
		cause_free(&a->cause);
	}
	free(plan->argument);
}

static void companions_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->companions; i++) {
		cause_free(&plan->companion[i].cause);
		strings_free(plan->companion[i].argv, plan->companion[i].args);
		free(plan->companion[i].name);
		free(plan->companion[i].log);
		free(plan->companion[i].loss);
		free(plan->companion[i].socket);
	}
	free(plan->companion);
}

static void prepares_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->prepares; i++) {
		free(plan->prepare[i].path);
		free(plan->prepare[i].source);
		free(plan->prepare[i].bytes);
		free(plan->prepare[i].told);
		free(plan->prepare[i].store);
		free(plan->prepare[i].program);
	}
	free(plan->prepare);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	arguments_free(plan);
	for (size_t i = 0; i < plan->fds; i++)
		free(plan->fd[i].path);
	free(plan->fd);
	for (size_t i = 0; i < plan->steps; i++) {
		cause_free(&plan->step[i].cause);
		strings_free(plan->step[i].line, plan->step[i].lines);
	}
	free(plan->step);
	companions_free(plan);
	for (size_t i = 0; i < plan->usbs; i++) {
		free(plan->usb[i].title);
		free(plan->usb[i].id);
		free(plan->usb[i].device);
	}
	free(plan->usb);
	free(plan->idle.range);
	free(plan->forward);
	for (size_t i = 0; i < plan->guest.functions; i++)
		free(plan->guest.function[i].section);
	free(plan->guest.function);
	prepares_free(plan);
	for (size_t i = 0; i < plan->reaches; i++)
		free(plan->reach[i].path);
	free(plan->reach);
	strings_free(plan->env, plan->envs);
	strings_free(plan->note, plan->notes);
	strings_free(plan->warning, plan->warnings);
	free(plan->name);
	free(plan->instance);
	free(plan->profile_path);
	free(plan->binary);
	free(plan->state_dir);
	free(plan->runtime_dir);
	free(plan->log);
	free(plan->qemu_version);
	free(plan->placement.vcpu);
	free(plan->placement.words);
	free(plan);
}

const char **plan_argv(const struct plan *plan, size_t *n)
{
	const char **argv = xcalloc(plan->arguments * 2 + 2, sizeof(*argv));
	size_t count = 0;

	argv[count++] = plan->binary;
	for (size_t i = 0; i < plan->arguments; i++) {
		argv[count++] = plan->argument[i].option;
		if (plan->argument[i].value)
			argv[count++] = plan->argument[i].value;
	}
	if (n)
		*n = count;
	return argv;
}
