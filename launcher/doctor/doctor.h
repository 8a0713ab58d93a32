/* What `vmlaunch doctor` finds: one table of checks, each a function that judges facts. Nothing is
 * read here and nothing judged twice: what stands against giving a device away is asked of
 * host/obstacles.h, what QEMU and the firmware are good for of host/facts.h and firmware/find.h,
 * and what a profile cannot have of its plan.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/own.h"
#include "firmware/find.h"
#include "host/facts.h"
#include "host/setup.h"
#include "isolation/isolation.h"
#include "plan/plan.h"

/* In the order of weight. */
enum health {
	HEALTH_OK,
	HEALTH_NOTE,   /* well, and to be told all the same */
	HEALTH_ABSENT, /* not there, and only some profiles want it: of a look without a profile */
	HEALTH_UNKNOWN,
	HEALTH_PROBLEM,
	HEALTHS
};

enum check_group {
	GROUP_HOST,
	GROUP_GPU,
	GROUP_QEMU,
	GROUP_BESIDE, /* programs and modules beside QEMU */
	GROUP_PLAN,   /* what the profile's plan says */
	CHECK_GROUPS
};

struct finding {
	const char *check; /* the name of its row: "interrupt-remapping" */
	enum check_group group;
	enum health health;
	char *cause; /* what is so, with no full stop; printable */
	char *file;  /* where that was seen, and what was there; NULL: nowhere */
	char *value;
	char *remedy; /* NULL: none is needed, or we know none */
};

/* A GPU that a guest could get, or that the profile gives it. */
struct patient_gpu {
	const struct pci_function *f; /* of facts->devices */
	struct pci_set board;	      /* all that goes along */
	struct obstacles obstacles;
};

/* What is judged. Pointers are the caller's. */
struct patient {
	const struct facts *facts; /* devices are read */
	const struct setup_facts *setup;
	const struct firmware_list *firmware;
	const char *machine;	/* the QEMU machine type that counts, NULL: none is known */
	const char *missing;	/* of certificates, in the template or the machine's own store */
	const char *store;	/* that one's path, NULL: none could be read */
	const char *qemu_error; /* why no QEMU could be asked, NULL: one was */
	const char *qemu_binary;
	struct patient_gpu *gpu;
	size_t gpus;
	bool root;			    /* the process is root's, on the host that is judged */
	bool passt_asked, passt_vhost_user; /* what facts_passt_vhost_user() said of setup's */
	bool means_asked;		    /* of the kernel, which a recorded host is without: */
	struct sandbox_means means;
	/* With a profile: */
	const struct profile *profile; /* NULL: what any profile could want counts */
	const struct plan *plan;       /* NULL: there is none, or it was refused: */
	const struct error *refusals;
	const struct plan_input *input;
	const char *glass_release; /* of the client at the last start, by its log; NULL: not told */
};

struct findings {
	struct finding *v; /* in the order of the table */
	size_t n;
};

/* Judges all that the profile, or any, could want. */
void doctor_judge(struct findings *findings, const struct patient *patient);
void findings_free(struct findings *findings);
#define own_findings own_with(findings_free)

/* The GPUs of the host that are likely meant for a guest: those that are no part of the processor,
 * else those that the host does not show its picture on, else all. Adds them to the patient, whose
 * facts must be there; they are looked at closer (scene_look()) by the caller.
 */
void doctor_choose_gpus(struct pci_set *set, const struct scene *scene);

/* The heaviest; what is to be told or absent counts as HEALTH_OK. */
enum health findings_worst(const struct findings *findings);

/* "ok", "note", "absent", "unknown", "problem"; "host", "gpu", ... */
const char *health_word(enum health health);
const char *check_group_word(enum check_group group);

/* For people, at most 100 columns wide (all: with what is well); and for programs. The caller owns
 * them.
 */
char *findings_text(const struct findings *findings, bool all);
char *findings_json(const struct findings *findings, const struct patient *patient);

#endif
