/* How a host is set up, beyond what a plan asks about: what `vmlaunch doctor` judges. Only files
 * that the kernel answers from memory are read, nothing is run and no device is opened.
 */
#ifndef HOST_SETUP_H
#define HOST_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/distribution.h"
#include "base/root.h"
#include "boot_loader.h"
#include "kmodule.h"

/* Of what may be unreadable. */
enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

/* Programs that a host may have. */
enum setup_program {
	SETUP_SUDO,
	SETUP_PKEXEC,
	SETUP_QEMU_IMG,
	SETUP_LOOKING_GLASS,
	SETUP_REMOTE_VIEWER,
	SETUP_SWTPM,
	SETUP_VIRTIOFSD,
	SETUP_PASST,
	SETUP_PROGRAMS
};

/* A laptop's switch between its GPUs, as its driver shows it. */
enum mux_state {
	MUX_NONE,     /* no such switch is to be seen */
	MUX_HYBRID,   /* the panel is the processor's GPU's */
	MUX_DISCRETE, /* the panel is the other one's */
	MUX_STATES
};

struct setup_facts {
	char *options; /* /proc/cmdline; "" when unreadable */
	char *lsm;     /* the kernel's list of security modules; NULL: unreadable */
	enum boot_loader loader;
	enum answer remapping;	 /* of interrupts by the IOMMU */
	enum answer protection;	 /* of memory from Thunderbolt devices since before the kernel */
	enum answer secure_boot; /* of the host */
	enum mux_state mux;
	char *mux_file;	    /* which said so; NULL: none */
	bool gpu_off;	    /* the firmware keeps the discrete GPU off */
	char *gpu_off_file; /* which said so; NULL: none */
	char *supergfxd;    /* the mode in its configuration; NULL: it is not there */
	bool has_memlock;   /* of this process, bytes: */
	uint64_t memlock;   /* UINT64_MAX: unlimited */
	bool has_reach;	    /* memory is to be seen by its pieces: */
	uint64_t reach;	    /* bytes of free pieces of 2 MiB and more */
	enum kmodule kvmfr; /* the module's file */
	bool kvmfr_loaded;
	char *kvmfr_rule;     /* a udev rule that gives its device to who sits here; NULL: none */
	bool kvmfr_rule_late; /* which is read after the one that does give devices */
	char *program[SETUP_PROGRAMS]; /* paths; NULL: not there */
	char *polkit_action;	       /* vmlaunch's own, its path; NULL: not installed */
	bool desktop;		       /* a graphical session runs */
	char *agent; /* what asks for passwords in it, by its name; NULL: none was seen */
};

/* Fills *setup, whatever was there before. On the machine's own root programs are looked for in
 * PATH as well.
 */
void setup_collect(struct setup_facts *setup, const struct root *root,
		   enum distribution distribution);
void setup_free(struct setup_facts *setup);
#define own_setup own_with(setup_free)

/* Whether a process of this name says something of the session: a compositor, or what asks for
 * passwords.
 */
bool setup_is_session(const char *comm);

/* "looking-glass-client" */
const char *setup_program_name(enum setup_program program);

#endif
