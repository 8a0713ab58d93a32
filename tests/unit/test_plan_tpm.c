/* The emulated TPM: where there is one, where its state is, and what is said where there is none.
 */
#include "plan_world.h"

#define DIR "/home/u/.local/state/vmlaunch/p/tpm"
#define SCRATCH "/run/user/1/vmlaunch/p/tpm"

static const struct plan_program programs[] = {{"swtpm", S("/usr/bin/swtpm")},
					       {"swtpm_setup", S("/usr/bin/swtpm_setup")}};
static char *const devices[] = {S("tpm-crb")};

static struct world equipped(void)
{
	struct world w = world();

	w.in.program = programs;
	w.in.programs = ARRAY_SIZE(programs);
	w.facts.distribution = DISTRIBUTION_ARCH;
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)devices, 1};
	return w;
}

static const struct prepare *state_of(const struct plan *plan)
{
	for (size_t i = 0; i < plan->prepares; i++)
		if (plan->prepare[i].kind == PREPARE_TPM ||
		    plan->prepare[i].kind == PREPARE_TPM_SCRATCH)
			return &plan->prepare[i];
	return NULL;
}

static void tpm_is(const struct plan *plan, enum prepare_kind kind, const char *dir,
		   const char *source)
{
	const struct plan_companion *companion = plan->companion;
	own_free char *state = xasprintf("dir=%s", dir);
	own_free char *fd = NULL;

	assert_int_equal(plan->companions, 1);
	assert_string_equal(companion->argv[6], state);
	assert_int_equal(companion->when, COMPANION_BEFORE);
	assert_int_equal(companion->join, JOIN_PAIR);
	fd = xasprintf("socket,id=tpm,fd=%d", companion->number);
	has(plan, "-chardev", fd);
	has(plan, "-tpmdev", "emulator,id=tpm,chardev=tpm");
	has(plan, "-device", "tpm-crb,tpmdev=tpm");
	assert_int_equal(state_of(plan)->kind, kind);
	assert_string_equal(state_of(plan)->path, dir);
	assert_string_equal(state_of(plan)->source, source);
	assert_string_equal(state_of(plan)->program, "/usr/bin/swtpm");
}

static void none(const struct plan *plan)
{
	assert_int_equal(plan->companions, 0);
	lacks(plan, "-tpmdev", NULL);
	assert_null(state_of(plan));
}

static void where_there_is_one(void **state)
{
	static const struct {
		const char *text;
		bool wanted;
	} row[] = {
		{"", false},
		{"[vm]\nguest = linux\n", false},
		{"[vm]\nguest = windows\n", true},
		{"[vm]\nguest = windows\n[tpm]\ntype = none\n", false},
		{"[tpm]\ntype = emulated\n", true},
	};
	struct world w = equipped();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_plan struct plan *plan = planned(&w, row[i].text);

		notes_are(plan, "");
		if (row[i].wanted)
			tpm_is(plan, PREPARE_TPM, DIR, "/usr/bin/swtpm_setup");
		else
			none(plan);
	}
}

static void whose_state_it_has(void **state)
{
	struct world w = equipped();
	own_plan struct plan *own = NULL, *thrown = NULL, *probe = NULL;

	(void)state;
	/* swtpm makes one by itself. */
	w.in.programs = 1;
	own = planned(&w, "[tpm]\ntype = emulated\n");
	tpm_is(own, PREPARE_TPM, DIR, "/usr/bin/swtpm");
	w.in.ephemeral = true;
	thrown = planned(&w, "[tpm]\ntype = emulated\n");
	tpm_is(thrown, PREPARE_TPM_SCRATCH, SCRATCH, DIR);
	w.in.ephemeral = false;
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/usr/lib/probe.efi";
	w.in.probe_parameters = "";
	probe = planned(&w, "[tpm]\ntype = emulated\n");
	tpm_is(probe, PREPARE_TPM_SCRATCH, "/run/user/1/vmlaunch/p.probe/tpm", DIR);
}

#define WINDOWS "[vm]\nguest = windows\n"
#define EMULATED "[tpm]\ntype = emulated\n"

static void lacks_it(struct world *w, const char *words)
{
	own_free char *note = xasprintf("the guest has no TPM, which Windows 11 asks for: %s; "
					"tpm.type = none goes without and says nothing\n",
					words);
	own_free char *refusal = xasprintf("p.ini:2:8: tpm.type = emulated: %s\n", words);
	own_plan struct plan *plan = planned(w, WINDOWS);

	notes_are(plan, note);
	none(plan);
	refused(w, EMULATED, ERROR_HOST, refusal);
}

static void what_is_missing(void **state)
{
	static char *const others[] = {S("tpm-tis")};
	struct world w = equipped();

	(void)state;
	w.in.programs = 0;
	lacks_it(&w, "there is no program swtpm: install swtpm (sudo pacman -S swtpm)");
	w = equipped();
	w.facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)others, 1};
	lacks_it(&w, "QEMU 7.2.22 is built without it");
	w = equipped();
	w.dirs.state = S("/home/u/a,b");
	lacks_it(&w, "swtpm cannot have its state in a directory with a comma in its name, "
		     "/home/u/a,b/p/tpm");
}

static void the_host_s_own(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL, *probe = NULL;
	static const struct plan_node open[] = {{HOST_TPM, true}};
	own_plan struct plan *mine = NULL;

	(void)state;
	w.facts.tpm = 2;
	w.in.programs = 0;
	plan = planned(&w, "[tpm]\ntype = host\n");
	has(plan, "-add-fd", "fd=5,set=5");
	has(plan, "-tpmdev", "passthrough,id=tpm,path=/dev/fdset/5,cancel-path=/dev/null");
	has(plan, "-device", "tpm-crb,tpmdev=tpm");
	assert_int_equal(plan->fd[2].role, FD_TPM);
	assert_int_equal(plan->steps, 1);
	assert_int_equal(plan->step[0].intent.grant.node, NODE_TPM);
	assert_int_equal(plan->companions, 0);
	w.in.node = open;
	w.in.nodes = 1;
	mine = planned(&w, "[tpm]\ntype = host\n");
	assert_int_equal(mine->steps, 0);
	w.in.purpose = PURPOSE_PROBE;
	w.in.probe_program = "/usr/lib/probe.efi";
	w.in.probe_parameters = "";
	probe = planned(&w, "[tpm]\ntype = host\n");
	lacks(probe, "-tpmdev", NULL);
	w.in.purpose = PURPOSE_RUN;
	w.facts.tpm = 1;
	refusal_says(&w, "[tpm]\ntype = host\n",
		     "p.ini:2:8: tpm.type = host: this host's TPM is none of version 2");
	w.facts.tpm = 0;
	refusal_says(&w, "[tpm]\ntype = host\n",
		     "p.ini:2:8: tpm.type = host: this host has no TPM");
	w.facts.tpm = 2;
	w.in.ephemeral = true;
	refused(&w, "[tpm]\ntype = host\n", ERROR_USAGE,
		"p.ini:2:8: tpm.type = host keeps what the guest writes, in a throw-away start "
		"too: --set tpm.type=emulated gives this start a TPM of its own, "
		"--set tpm.type=none none\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_there_is_one),
		cmocka_unit_test(whose_state_it_has),
		cmocka_unit_test(what_is_missing),
		cmocka_unit_test(the_host_s_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
