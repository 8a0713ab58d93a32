/* What `vmlaunch doctor` looks at, which `report` does as well. */
#ifndef COMMANDS_DOCTOR_H
#define COMMANDS_DOCTOR_H

#include "common.h"
#include "doctor/doctor.h"

/* All that is looked at, and what the patient points into. */
struct doctor_look {
	struct gathered g;
	struct setup_facts setup;
	struct error *refusals; /* of the plan */
	struct error *qemu_error;
	char *store, *missing, *release;
	struct patient patient;
};

#define DOCTOR_LOOK_NONE ((struct doctor_look){.g = GATHERED_NONE})

/* Looks at the host, or at what the profile of the first word wants of it. A plan that is refused
 * is no failure: its reasons are in refusals.
 */
bool doctor_look(struct doctor_look *look, const struct arguments *args, struct error **err);
void doctor_look_free(struct doctor_look *look);
#define own_doctor_look own_with(doctor_look_free)

/* Exit statuses of doctor; wrong usage is 2, as everywhere. */
#define DOCTOR_PROBLEM 1
#define DOCTOR_UNKNOWN 3

#endif
