/* Judging what the guest's-eye program saw: for each known cause of "Code 43" (a driver finds that
 * it is in a virtual machine, or a laptop's GPU outside of its laptop, or lacks what it needs; most
 * are NVIDIA's) whether it is present, and the key of the profile that mends it. A pure function of
 * the plan's guest and the report, whose words are the guest's and believed no further than that.
 */
#ifndef PLAN_JUDGE_H
#define PLAN_JUDGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/own.h"
#include "firmware/report.h"
#include "guest.h"

/* In the order of weight: of several findings on one cause the heaviest counts. */
enum judgement {
	JUDGED_NOTHING, /* does not apply to this machine */
	JUDGED_OK,
	JUDGED_UNKNOWN,
	JUDGED_PROBLEM,
	JUDGEMENTS
};

enum cause_of_43 {
	CAUSE_IDS,	   /* ids and subsystem ids */
	CAUSE_FUNCTIONS,   /* the board's functions and where they sit */
	CAUSE_ROM,	   /* the option ROM */
	CAUSE_ROM_ACPI,	   /* the option ROM by _ROM */
	CAUSE_BATTERY,	   /* and AC adapter */
	CAUSE_CHASSIS,	   /* the kind of case */
	CAUSE_HYPERVISOR,  /* what CPUID says of the hypervisor */
	CAUSE_BARS,	   /* addresses for all BARs */
	CAUSE_WIDTH,	   /* BARs below what the IOMMU translates */
	CAUSE_SECURE_BOOT, /* which keeps drivers out that are changed to load */
	CAUSE_INTEL_VF,	   /* what Intel's driver of a virtual function stumbles over */
	CAUSE_AMD_ROM,	   /* the GOP driver of a processor's graphics by AMD */
	CAUSES_OF_43
};

struct verdict {
	enum judgement judgement;
	struct buf words; /* printable */
	char *key;	  /* of the profile, that mends or decides it; NULL: none */
};

struct verdicts {
	struct verdict v[CAUSES_OF_43];
};

/* *verdicts is the caller's; nothing of it points elsewhere. */
void judge(struct verdicts *verdicts, const struct guest_view *guest, const struct report *report);
void verdicts_free(struct verdicts *verdicts);
#define own_verdicts own_with(verdicts_free)

/* "ids", "rom-acpi"; "problem", "does-not-apply". */
const char *cause_name(enum cause_of_43 cause);
const char *judgement_name(enum judgement judgement);

/* Private to the files of the judge. */
struct judging {
	struct verdicts *verdicts;
	const struct guest_view *guest;
	const struct report *report;
};

/* A finding. It takes the place of lighter ones and stands beside those of its weight. section
 * (NULL for "") and key name the profile's key: "gpu", "ids".
 */
void judge_finds(struct judging *j, enum cause_of_43 cause, enum judgement judgement,
		 const char *section, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void judge_gpus(struct judging *j);
void judge_machine(struct judging *j);
void judge_makers(struct judging *j);

#endif
