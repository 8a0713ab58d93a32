/* QEMU's own arguments and variables, as the profile gives them: passed on, but for the few that
 * this plan makes dangerous or void. All else is QEMU's to judge, in its own words.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "compose.h"

/* What one argument must not be: an option alone, or with a value that begins so. How vmlaunch
 * starts QEMU: held by -S and let go by cont, its standard input empty, its output the log, no
 * descriptor but the plan's, and its process is what is waited for.
 */
static const struct refusal {
	const char *option, *value; /* NULL: whatever follows */
	const char *words;
	bool serial; /* the profile has a way to show that port */
} REFUSAL[] = {
	{"snapshot", NULL,
	 "protects no disk of this profile: QEMU applies it to -drive alone, and the guest would write the images; 'vmlaunch PROFILE --ephemeral' is a throw-away start"},
	{"daemonize", NULL,
	 "would end the process that vmlaunch watches; the machine outlives its terminal anyway if vmlaunch is started by setsid or systemd-run"},
	{"S", NULL,
	 "has no effect: vmlaunch lets the guest go when all is ready; 'vmlaunch pause' holds it"},
	{"preconfig", NULL, "waits for commands before the machine is made, and nobody gives them"},
	{"no-shutdown", NULL,
	 "would keep QEMU after the guest has powered itself off, and the machine's devices with it"},
	{"action", "shutdown=pause",
	 "would keep QEMU after the guest has powered itself off, and the machine's devices with it"},
	{"add-fd", NULL,
	 "has nothing to add: QEMU inherits the descriptors of the plan and no others"},
	{"nographic", NULL, "wants a terminal, and QEMU has none", .serial = true},
	{"serial", "stdio", "wants a terminal, and QEMU has none", .serial = true},
	{"serial", "mon:stdio", "wants a terminal, and QEMU has none", .serial = true},
	{"monitor", "stdio",
	 "wants a terminal, and QEMU has none; 'vmlaunch qmp' gives it commands"},
	{"qmp", "stdio", "wants a terminal, and QEMU has none; 'vmlaunch qmp' gives it commands"},
	{"qmp-pretty", "stdio",
	 "wants a terminal, and QEMU has none; 'vmlaunch qmp' gives it commands"},
	{"chardev", "stdio", "wants a terminal, and QEMU has none: its output is the log"},
};

/* What a guest writes to by these is in no overlay of ours; where their value says one of the
 * words, it is nothing that stays.
 */
static const char *const KEEPER[] = {"drive",	 "blockdev", "hda",    "hdb",	"hdc",
				     "hdd",	 "sd",	     "fda",    "fdb",	"pflash",
				     "mtdblock", "fsdev",    "virtfs", "tpmdev"};
static const char *const HARMLESS[] = {"snapshot=on", "readonly=on", "read-only=on", "media=cdrom"};

/* The name of an option, which QEMU takes with one dash or two; NULL for what is none. */
static const char *option_name(const char *arg)
{
	return *arg != '-' || !arg[1] ? NULL : arg[1] == '-' ? arg + 2 : arg + 1;
}

/* Whether a value is this one, or begins with it and goes on with QEMU's comma. */
static bool begins_with(const char *value, const char *start)
{
	return text_starts(value, start) && (!value[strlen(start)] || value[strlen(start)] == ',');
}

static bool is_refused(const struct refusal *refusal, const char *name, const char *value)
{
	return strcmp(name, refusal->option) == 0 &&
	       (!refusal->value || (value && begins_with(value, refusal->value)));
}

/* Whether something stays of what a guest writes by this option. */
static bool keeps_option(const char *name, const char *value)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(KEEPER); i++)
		found = found || strcmp(name, KEEPER[i]) == 0;
	for (size_t i = 0; value && i < ARRAY_SIZE(HARMLESS); i++)
		found = found && !strstr(value, HARMLESS[i]);
	return found;
}

static void judge_argument(struct composer *c, size_t at)
{
	const struct strings *arg = &c->p->qemu.arg;
	const char *name = option_name(arg->v[at]);
	const char *value = at + 1 < arg->n ? arg->v[at + 1] : NULL;
	const char *serial = compose_key(c, &c->p->console.serial.at);

	for (size_t i = 0; name && i < ARRAY_SIZE(REFUSAL); i++)
		if (is_refused(&REFUSAL[i], name, value))
			compose_wrong(
				c, arg->at[at], "%s: -%s%s%s %s%s%s%s",
				compose_key(c, &arg->at[at]), name, REFUSAL[i].value ? " " : "",
				REFUSAL[i].value ? REFUSAL[i].value : "", REFUSAL[i].words,
				REFUSAL[i].serial ? "; " : "", REFUSAL[i].serial ? serial : "",
				REFUSAL[i].serial ? " = terminal shows the serial port in yours"
						  : "");
	if (c->in->ephemeral && name && keeps_option(name, value))
		compose_wrong(
			c, arg->at[at],
			"%s: -%s keeps what the guest writes, in a throw-away start too: leave it out, or make it read-only or a [disk]",
			compose_key(c, &arg->at[at]), name);
}

void compose_raw(struct composer *c)
{
	const struct strings *arg = &c->p->qemu.arg, *env = &c->p->qemu.env;

	for (size_t i = 0; i < arg->n; i++) {
		judge_argument(c, i);
		compose_argument(c, arg->v[i], NULL, &arg->at[i], "as it is");
	}
	for (size_t i = 0; i < env->n; i++)
		*xappend(c->plan->env, c->plan->envs) = xstrdup(env->v[i]);
}
