/* Which of the firmware builds that were found a machine gets. The order of the descriptors is the
 * administrator's word and counts first; our own taste decides only among those that stand equal.
 */
#include "find.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"

#define FOUR_MIB (4U << 20)
#define SKIPS_TOLD 3

static bool firmware_fits(const struct firmware *fw, bool secure_boot)
{
	if (secure_boot)
		return fw->secure_boot;
	return !fw->secure_boot && !fw->enrolled && !fw->needs_smm;
}

/* Raw files can be compared, patched and backed up by anything, and the 4 MiB layout has the room
 * that today's key databases need.
 */
static bool is_raw_4m(const struct firmware *fw)
{
	return fw->code_format == FIRMWARE_RAW && fw->vars_format == FIRMWARE_RAW &&
	       fw->code_size + fw->vars_size == FOUR_MIB;
}

/* Whether two descriptors stand equal: in one directory, with the same number before the name
 * ("60-edk2-x86_64.json"), which is how descriptors are put in order by those who write them.
 */
static bool stand_equal(const struct firmware *a, const struct firmware *b)
{
	const char *a_base = path_base(a->descriptor), *b_base = path_base(b->descriptor);
	size_t a_dir = (size_t)(a_base - a->descriptor), b_dir = (size_t)(b_base - b->descriptor);
	size_t digits = strspn(a_base, "0123456789");

	return a_dir == b_dir && strncmp(a->descriptor, b->descriptor, a_dir) == 0 &&
	       digits == strspn(b_base, "0123456789") && strncmp(a_base, b_base, digits) == 0;
}

/* Whether b, which comes later, is to be taken instead of a. */
static bool is_better(const struct firmware *a, const struct firmware *b, bool secure_boot)
{
	if (secure_boot && a->enrolled != b->enrolled)
		return b->enrolled;
	return stand_equal(a, b) && is_raw_4m(b) && !is_raw_4m(a);
}

static void list_found(struct buf *text, const struct firmware_list *list, const char *machine)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct firmware *fw = &list->item[i];

		buf_addf(text, "; found %s (%s%s%s%s)", fw->descriptor,
			 fw->secure_boot ? "with Secure Boot" : "without Secure Boot",
			 fw->needs_smm ? ", needs SMM" : "",
			 firmware_fits_machine(fw, machine) ? "" : ", not for ",
			 firmware_fits_machine(fw, machine) ? "" : machine);
	}
	for (size_t i = 0; i < list->skips && i < SKIPS_TOLD; i++)
		buf_addf(text, "; passed over %s", list->skipped[i]);
	if (list->skips > SKIPS_TOLD)
		buf_addf(text, " and %zu more", list->skips - SKIPS_TOLD);
	buf_adds(text, "");
}

const struct firmware *firmware_choose(const struct firmware_list *list, const char *machine,
				       bool secure_boot, struct error **err)
{
	const struct firmware *best = NULL;
	own_free char *install = NULL;
	own_buf struct buf found = {0};

	for (size_t i = 0; i < list->n; i++) {
		const struct firmware *fw = &list->item[i];

		if (firmware_fits(fw, secure_boot) && firmware_fits_machine(fw, machine) &&
		    (!best || is_better(best, fw, secure_boot)))
			best = fw;
	}
	if (best)
		return best;
	list_found(&found, list, machine);
	install = distribution_install(list->distribution, PACKAGE_FIRMWARE);
	error_add(
		err, ERROR_HOST,
		"no UEFI firmware %s Secure Boot is installed: %s, or name the files with firmware.code and firmware.vars%s",
		secure_boot ? "with" : "without", install, found.data);
	return NULL;
}

/* How near a build is to another: the same CODE file, else one of the same kind, else of the same
 * layout; 0: its template does not fit.
 */
static unsigned firmware_nearness(const struct firmware *fw, const struct firmware *like)
{
	if (fw->enrolled)
		return 0;
	if (strcmp(fw->code, like->code) == 0)
		return 3;
	if (!fw->code_size || fw->code_size != like->code_size || !fw->vars_size ||
	    fw->vars_size != like->vars_size)
		return 0;
	return fw->secure_boot == like->secure_boot ? 2 : 1;
}

const struct firmware *firmware_unenrolled(const struct firmware_list *list,
					   const struct firmware *like)
{
	const struct firmware *best = NULL;
	unsigned best_nearness = 0;

	for (size_t i = 0; i < list->n; i++) {
		unsigned now = firmware_nearness(&list->item[i], like);

		if (now > best_nearness) {
			best = &list->item[i];
			best_nearness = now;
		}
	}
	return best;
}
