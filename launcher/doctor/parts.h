/* What the checks share. Private to this room. */
#ifndef DOCTOR_PARTS_H
#define DOCTOR_PARTS_H

#include "doctor.h"

/* What a row of the table is for. A profile that has no use for it is not asked about it. */
enum need {
	NEED_NOTHING, /* always */
	NEED_DEVICES, /* devices of the host's */
	NEED_GPU,     /* a whole GPU of the host's */
	NEED_KEEPER,  /* a change of the host that takes root */
	NEED_UEFI,
	NEED_SECURE_BOOT,
	NEED_SPICE,
	NEED_VIEWER,
	NEED_GLASS,
	NEED_GLASS_CLIENT,
	NEED_IMAGES, /* what only qemu-img makes */
	NEED_TPM,
	NEED_SHARE,
	NEED_PASST,
	NEEDS
};

struct examination {
	struct findings *findings;
	const struct patient *patient;
	const struct check *check; /* whose turn it is */
};

struct check {
	const char *name;
	enum check_group group;
	enum need need;
	void (*judge)(struct examination *e);
};

extern const struct check CHECKS[]; /* ended by a row without a name */

/* A finding of the row whose turn it is. file and value may be NULL, remedy too, which is taken
 * over.
 */
void found(struct examination *e, enum health health, const char *file, const char *value,
	   char *remedy, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Something that is not there: a problem of a profile that wants it. */
enum health lacking(const struct examination *e);

/* What is done to boot options here. The caller owns it. */
char *add_boot_option(const struct examination *e, const char *option);

void judge_virtualisation(struct examination *e), judge_iommu(struct examination *e),
	judge_remapping(struct examination *e), judge_protection(struct examination *e),
	judge_vfio(struct examination *e), judge_processors(struct examination *e),
	judge_huge_pages(struct examination *e), judge_uring(struct examination *e),
	judge_memlock(struct examination *e), judge_secure_host(struct examination *e),
	judge_keeper(struct examination *e), judge_sandbox(struct examination *e);
void judge_gpu(struct examination *e), judge_mux(struct examination *e),
	judge_supergfxd(struct examination *e), judge_groups(struct examination *e),
	judge_bars(struct examination *e), judge_rom(struct examination *e),
	judge_display(struct examination *e), judge_holders(struct examination *e),
	judge_d3cold(struct examination *e), judge_reset(struct examination *e);
void judge_qemu(struct examination *e), judge_qemu_parts(struct examination *e),
	judge_firmware(struct examination *e), judge_secure_firmware(struct examination *e),
	judge_certificates(struct examination *e), judge_spice(struct examination *e);
void judge_kvmfr(struct examination *e), judge_kvmfr_rule(struct examination *e),
	judge_glass_client(struct examination *e), judge_viewer(struct examination *e),
	judge_images(struct examination *e), judge_swtpm(struct examination *e),
	judge_virtiofsd(struct examination *e), judge_passt(struct examination *e),
	judge_agent(struct examination *e);
void judge_plan(struct examination *e);

#endif
