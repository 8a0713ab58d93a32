/* What a machine's record takes over from its plan. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "record.h"

static void add_placement(struct run_record *record, const struct placement *from)
{
	struct placement *p = &record->placement;

	if (!from->pinned)
		return;
	*p = (struct placement){.pinned = true,
				.vcpus = from->vcpus,
				.emulator = from->emulator,
				.iothread = from->iothread};
	for (size_t i = 0; i < from->n; i++)
		*xappend(p->vcpu, p->n) = from->vcpu[i];
}

static void add_claim(struct run_record *record, const struct intent *intent)
{
	for (uint32_t i = 0; i < intent->claim.functions; i++) {
		const struct step_function *f = &intent->claim.function[i];

		*xappend(record->function, record->functions) = (struct run_function){
			.address = xasprintf("%04x:%02x:%02x.%u", f->domain, f->bus, f->slot,
					     f->function),
			.driver = xstrndup(f->driver, sizeof(f->driver)),
		};
	}
}

static void add_shared(struct run_record *record, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		record->shared = (struct run_file){xstrdup(path), st.st_dev, st.st_ino};
}

static void add_companion(struct run_record *record, const struct plan_companion *companion)
{
	struct plan_companion copy = {.when = companion->when, .closed = companion->closed};

	copy.name = xstrdup(companion->name);
	copy.log = xstrdup(companion->log);
	copy.loss = xstrdup(companion->loss);
	for (size_t i = 0; i < companion->args; i++)
		*xappend(copy.argv, copy.args) = xstrdup(companion->argv[i]);
	run_record_add_companion(record, copy, (struct process){0});
}

void run_record_plan(struct run_record *record, const struct plan *plan)
{
	record->name = xstrdup(plan->name);
	record->profile = realpath(plan->profile_path, NULL);
	if (!record->profile)
		record->profile = xstrdup(plan->profile_path);
	record->log = xstrdup(plan->log);
	record->times = plan->times;
	add_placement(record, &plan->placement);
	record->sleep = plan->sleep;
	record->idle = plan->idle;
	record->idle.range = NULL;
	record->idle.ranges = 0;
	for (size_t i = 0; i < plan->idle.ranges; i++)
		*xappend(record->idle.range, record->idle.ranges) = plan->idle.range[i];
	for (size_t i = 0; i < plan->forwards && i < RECORD_FORWARDS; i++)
		*xappend(record->forward, record->forwards) = plan->forward[i];
	record->quiet = plan->isolate || plan->realtime;
	for (size_t i = 0; i < plan->fds; i++)
		if (plan->fd[i].role == FD_SERIAL || plan->fd[i].role == FD_DEBUG)
			record->terminal = true;
	for (size_t i = 0; i < plan->steps; i++)
		if (plan->step[i].intent.kind == STEP_CLAIM)
			add_claim(record, &plan->step[i].intent);
	for (size_t i = 0; i < plan->companions; i++)
		add_companion(record, &plan->companion[i]);
	for (size_t i = 0; i < plan->usbs; i++)
		*xappend(record->usb, record->usbs) = (struct plan_usb){
			.title = xstrdup(plan->usb[i].title),
			.id = xstrdup(plan->usb[i].id),
			.device = xstrdup(plan->usb[i].device),
			.port = plan->usb[i].port,
			.bootindex = plan->usb[i].bootindex,
		};
	for (size_t i = 0; i < plan->prepares; i++)
		if (plan->prepare[i].kind == PREPARE_SHARED ||
		    plan->prepare[i].kind == PREPARE_DEVICE)
			add_shared(record, plan->prepare[i].path);
}
