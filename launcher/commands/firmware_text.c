/* Firmware for people. What comes from files and from a guest's store is quoted: it is printed to a
 * terminal.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "firmware.h"

#define NAME_SHOWN 200

static const char *format_word(enum firmware_format format)
{
	return format == FIRMWARE_QCOW2 ? "qcow2" : "raw";
}

static void add_image(struct buf *out, const char *label, const char *path,
		      enum firmware_format format, uint64_t size)
{
	own_free char *shown = text_quote(path, 4096);

	buf_addf(out, "    %-10s %s (%s", label, shown, format_word(format));
	if (size)
		buf_addf(out, ", %" PRIu64 " bytes", size);
	buf_adds(out, ")\n");
}

static void add_found(struct buf *out, const struct firmware *fw)
{
	own_free char *shown = text_quote(fw->descriptor, 4096);

	buf_addf(out, "  %s\n", shown);
	add_image(out, "code", fw->code, fw->code_format, fw->code_size);
	add_image(out, "variables", fw->vars, fw->vars_format, fw->vars_size);
	buf_adds(out, "    features  ");
	for (size_t i = 0; i < fw->features; i++) {
		own_free char *feature = text_quote(fw->feature[i], 64);

		buf_addf(out, " %s", feature);
	}
	buf_adds(out, fw->features ? "\n    machines  " : " none\n    machines  ");
	for (size_t i = 0; i < fw->machines; i++) {
		own_free char *glob = text_quote(fw->machine[i], 64);

		buf_addf(out, " %s", glob);
	}
	buf_addc(out, '\n');
}

static void add_choice(struct buf *out, const struct choice_view *choice)
{
	const struct firmware *fw = choice->firmware;
	own_free char *shown = NULL;

	if (fw)
		shown = text_quote(fw->descriptor ? fw->descriptor : fw->code, 4096);
	buf_addf(out, "  firmware.secure-boot = %s: %s\n    %s\n",
		 choice->secure_boot ? "yes" : "no", shown ? shown : "none", choice->why);
}

static void add_firmware(struct buf *out, const struct firmware_view *view)
{
	own_free char *machine = text_quote(view->machine, 64);

	buf_addf(out, "found for %s of QEMU %s (%s), in order of preference:\n", machine,
		 view->qemu_version, view->qemu);
	for (size_t i = 0; i < view->list->n; i++)
		add_found(out, &view->list->item[i]);
	if (!view->list->n)
		buf_adds(out, "  nothing\n");
	if (view->list->skips)
		buf_adds(out, "passed over:\n");
	for (size_t i = 0; i < view->list->skips; i++) {
		own_free char *shown = text_quote(view->list->skipped[i], 4096);

		buf_addf(out, "  %s\n", shown);
	}
	if (view->choices)
		buf_adds(out, "chosen:\n");
	else
		buf_adds(out, "chosen: none, as firmware.uefi = no\n");
	for (size_t i = 0; i < view->choices; i++)
		add_choice(out, &view->choice[i]);
}

/* "2026-10-19" in UTC. */
static char *date_words(int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm))
		return xstrdup("?");
	return xasprintf("%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static void add_keys(struct buf *out, const struct key_list *list, const char *word, int64_t now)
{
	size_t lines = 0;

	for (size_t i = 0; i < list->certificates; i++) {
		const struct certificate *c = &list->certificate[i];
		own_free char *name = text_quote(*c->name ? c->name : "(no name)", NAME_SHOWN);
		own_free char *date = date_words(c->not_after);

		buf_addf(out, "  %-12s %s, %s %s\n", lines++ ? "" : word, name,
			 c->not_after < now ? "ended" : "until", date);
	}
	if (list->hashes)
		buf_addf(out, "  %-12s %zu program%s by hash\n", lines++ ? "" : word, list->hashes,
			 list->hashes == 1 ? "" : "s");
	if (list->others)
		buf_addf(out, "  %-12s %zu of a kind that is not read here\n", lines++ ? "" : word,
			 list->others);
	if (!lines)
		buf_addf(out, "  %-12s none\n", word);
}

static void add_entries(struct buf *out, const struct store_view *s)
{
	for (size_t i = 0; i < s->entries; i++) {
		const struct boot_entry *e = &s->entry[i];
		own_free char *name = text_quote(e->name, NAME_SHOWN);
		own_free char *file = text_quote(e->file, NAME_SHOWN);

		buf_addf(out, "  %-12s %04X %s%s%s%s%s\n", i ? "" : "boot order", e->number, name,
			 *file ? ", " : "", file, e->active ? "" : ", off",
			 e->ordered ? "" : ", in no order");
	}
	if (!s->entries)
		buf_adds(out, "  boot order   none: the firmware makes its own\n");
}

/* Microsoft's owner GUID, as it stands beside these certificates in every store. */
#define MICROSOFT "77fa9abd-0359-4d32-bd60-28f4e78f784b"

/* What can be done, none of it by us: a store is the guest's, and the old one stays. */
static void add_ways_out(struct buf *out, const char *path)
{
	own_free char *word = text_word(path);

	buf_addf(
		out,
		"Ways out. Each changes what BitLocker is sealed to: suspend it first, or have its recovery key at\n"
		"hand.\n"
		"- Windows Update, in the guest, can add those of db.\n"
		"- virt-fw-vars (of Python's virt-firmware, which brings them as .pem files), with the machine\n"
		"  off, on a copy; the KEK by --add-kek, each of the others by --add-db. Keep the old file, and put\n"
		"  the copy in its place:\n"
		"    cp %s vars.new\n"
		"    virt-fw-vars --inplace vars.new --add-kek " MICROSOFT " FILE \\\n"
		"      --add-db " MICROSOFT " FILE\n"
		"- firmware.reset-vars = yes for one start, where a newer package's template has them ('vmlaunch\n"
		"  firmware' tells). The old store stays beside the new one, with .old behind its name.\n",
		word);
}

static void add_missing(struct buf *out, const struct store_view *s)
{
	own_free char *words = secure_boot_missing_words(s->missing, s->missings, s->ended);

	buf_addf(out, "warning: %s.\n", words);
	buf_adds(
		out,
		"What was signed before still starts. A boot manager, shim or option ROM that is signed with the new\nones alone does not; and without the new KEK, db and dbx get no more updates.\n");
	if (s->whose)
		add_ways_out(out, s->path);
	else
		buf_adds(out, "This is the template of a package: a newer one may have them.\n");
}

static void add_store(struct buf *out, const struct firmware_view *view)
{
	static const char *const state[] = {
		[SECURE_BOOT_SETUP] = "off: setup mode, no platform key is enrolled",
		[SECURE_BOOT_OFF] = "off: keys are enrolled, and it is switched off in the menu",
		[SECURE_BOOT_ON] = "on",
	};
	const struct store_view *s = &view->store;
	own_free char *path = text_quote(s->path, 4096);

	if (s->whose)
		buf_addf(out, "variables of %s: %s\n", s->whose, path);
	else
		buf_addf(out, "variables that a new machine gets: %s\n", path);
	if (s->why) {
		buf_addf(out, "  cannot be read: %s\n", s->why);
		return;
	}
	buf_addf(out, "  %-12s %s\n", "Secure Boot", state[s->secure_boot.state]);
	for (size_t i = 0; i < KEY_LISTS; i++)
		add_keys(out, &s->secure_boot.list[i], key_list_word[i], view->now);
	add_entries(out, s);
	if (s->missings)
		add_missing(out, s);
}

char *firmware_text(const struct firmware_view *view)
{
	struct buf out = {0};

	if (view->found)
		add_firmware(&out, view);
	if (view->has_store)
		add_store(&out, view);
	return buf_steal(&out);
}
