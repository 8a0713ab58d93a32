#include "held.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tongue.h"

/* Bytes of a name of QEMU's that are shown. */
#define QUOTED 200

/* QAPI: RunState. Those that pass by themselves (a migration that goes on) hold nobody; nor does
 * prelaunch before the start's cont, which whoever asks has to know. In the words, %s is the
 * machine's name.
 */
static const struct state_words {
	const char *state, *why, *remedy;
	bool trouble;
} STATE[] = {
	{N_("paused"), N_("it was paused"), N_("'vmlaunch resume %s' lets it go on"), false},
	{N_("prelaunch"), N_("it was reset while it was held"),
	 N_("'vmlaunch resume %s' lets it go on"), false},
	{N_("suspended"), N_("it sleeps"), N_("'vmlaunch resume %s' wakes it"), false},
	{N_("io-error"), NULL, N_("then 'vmlaunch resume %s' lets it go on"), true},
	{N_("guest-panicked"), N_("its system crashed"), N_("'vmlaunch reset %s' starts it anew"),
	 true},
	{N_("watchdog"), N_("its watchdog found that it hangs"),
	 N_("'vmlaunch resume %s' lets it go on, and 'vmlaunch reset' starts it anew"), true},
	{N_("internal-error"),
	 N_("KVM or QEMU could not go on with it ('vmlaunch log' may tell why)"),
	 N_("'vmlaunch reset %s' starts it anew"), true},
	{N_("shutdown"), N_("it has powered itself off, and QEMU was told to stay"),
	 N_("'vmlaunch kill %s' ends it"), false},
	{N_("postmigrate"), N_("its state was written out or sent away"),
	 N_("'vmlaunch resume %s' lets it go on here"), false},
	{N_("debug"), N_("a debugger holds it"), N_("'vmlaunch resume %s' lets it go on"), false},
};

static const struct state_words *words_of(const char *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(STATE); i++)
		if (strcmp(STATE[i].state, state) == 0)
			return &STATE[i];
	return NULL;
}

bool held_is(const char *state)
{
	return words_of(state);
}

bool held_is_trouble(const char *state)
{
	const struct state_words *words = words_of(state);

	return words && words->trouble;
}

bool held_is_of_disks(const char *state)
{
	return strcmp(state, "io-error") == 0;
}

void held_free(struct held *held)
{
	for (size_t i = 0; i < held->disks; i++) {
		free(held->disk[i].node);
		free(held->disk[i].file);
	}
	*held = (struct held){0};
}

/* ------------------------------------------------------------------ the disks */

static struct held_disk *find_disk(struct held *held, const char *node)
{
	for (size_t i = 0; i < held->disks; i++)
		if (strcmp(held->disk[i].node, node) == 0)
			return &held->disk[i];
	return NULL;
}

/* The disk of that name, a new one if need be; NULL when there are too many. */
static struct held_disk *add_disk(struct held *held, const char *node)
{
	struct held_disk *disk = find_disk(held, node);

	if (disk || held->disks == HELD_DISKS)
		return disk;
	disk = &held->disk[held->disks++];
	*disk = (struct held_disk){.node = xstrdup(node)};
	return disk;
}

void held_add_event(struct held *held, json_object *data)
{
	const char *node = json_member_text(data, "node-name");
	json_object *no_space;
	struct held_disk *disk = add_disk(held, *node ? node : json_member_text(data, "device"));

	if (disk && json_object_object_get_ex(data, "nospace", &no_space))
		disk->no_space = json_object_get_boolean(no_space);
}

void held_add_blocks(struct held *held, json_object *blocks)
{
	size_t n =
		json_object_is_type(blocks, json_type_array) ? json_object_array_length(blocks) : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *block = json_object_array_get_idx(blocks, i), *inserted = NULL;
		const char *status = json_member_text(block, "io-status"), *node, *file;
		bool blamed = *status && strcmp(status, "ok") != 0;
		struct held_disk *disk;

		json_object_object_get_ex(block, "inserted", &inserted);
		node = json_member_text(inserted, "node-name");
		if (!*node)
			node = json_member_text(block, "device");
		disk = blamed ? add_disk(held, node) : find_disk(held, node);
		if (!disk)
			continue;
		if (blamed)
			disk->no_space = strcmp(status, "nospace") == 0;
		file = json_member_text(inserted, "file");
		if (*file && !disk->file)
			disk->file = xstrdup(file);
	}
}

char *held_disk_name(const char *node)
{
	own_free char *shown = text_quote(node, QUOTED);

	if (!*shown)
		return xstrdup(_("a disk"));
	/* As compose_id() makes it. */
	return text_starts(shown, "disk-") ? xasprintf("disk %s", shown + 5) : steal(&shown);
}

/* "disk system (/home/me/system.qcow2) and disk data", of those with that kind of fault; false when
 * there are none.
 */
static bool name_disks(struct buf *out, const struct held *held, bool no_space)
{
	size_t named = 0;

	for (size_t i = 0; i < held->disks; i++) {
		const struct held_disk *disk = &held->disk[i];
		own_free char *name = held_disk_name(disk->node);
		own_free char *file = disk->file ? text_word(disk->file) : NULL;

		if (disk->no_space != no_space)
			continue;
		buf_addf(out, "%s%s%s%s%s", named++ ? _(" and ") : "", name, file ? " (" : "",
			 file ? file : "", file ? ")" : "");
	}
	return named;
}

static char *disks_words(const struct held *held)
{
	own_buf struct buf full = {0}, failed = {0};
	bool is_full = name_disks(&full, held, true), has_failed = name_disks(&failed, held, false);
	own_free char *full_text = buf_steal(&full);
	own_free char *failed_text = has_failed ? buf_steal(&failed) : xstrdup(_("a disk"));

	if (!is_full)
		return xasprintf(
			_("an I/O error of the host on %s, of which its kernel's log (dmesg) tells more: mend it"),
			failed_text);
	return xasprintf(_("no space is left on the host for %s%s%s: free some%s"), full_text,
			 has_failed ? _(", and an I/O error on ") : "",
			 has_failed ? failed_text : "", has_failed ? _(" and mend the other") : "");
}

/* ------------------------------------------------------------------ the sentence */

char *held_words(const struct held *held, const char *name)
{
	const struct state_words *words = words_of(held->state);
	own_free char *why = NULL;
	const char *remedy, *at;

	if (!words)
		return NULL;
	why = words->why ? xstrdup(tongue(words->why)) : disks_words(held);
	remedy = tongue(words->remedy);
	at = strstr(remedy, "%s");
	return xasprintf("%s%s%.*s%s%s", why, words->why ? ": " : ", ", (int)(at ? at - remedy : 0),
			 remedy, at ? name : "", at ? at + 2 : remedy);
}

/* ------------------------------------------------------------------ other sentences */

/* The first parameter that Windows gives: the code of its bug check (Microsoft, Bug Check Code
 * Reference). Those that a machine with a host's device meets, with what that means there.
 */
static const struct stop_code {
	uint64_t code;
	const char *name, *meaning;
} STOP_CODE[] = {
	{0x0a, "IRQL_NOT_LESS_OR_EQUAL", "a driver of the guest's"},
	{0x1a, "MEMORY_MANAGEMENT", "its memory, or a driver that writes over it"},
	{0x1e, "KMODE_EXCEPTION_NOT_HANDLED", "a driver, or an MSR that KVM does not have"},
	{0x3b, "SYSTEM_SERVICE_EXCEPTION", "a driver of the guest's"},
	{0x50, "PAGE_FAULT_IN_NONPAGED_AREA", "a driver of the guest's"},
	{0x7a, "KERNEL_DATA_INPAGE_ERROR", "its disk did not give back what was paged out"},
	{0x7b, "INACCESSIBLE_BOOT_DEVICE",
	 "it has no driver for the disk that it starts from: its bus has changed, or viostor is missing"},
	{0x7e, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED",
	 "a driver, or a processor model that it does not know"},
	{0x80, "NMI_HARDWARE_FAILURE", "an NMI, which inject-nmi sends as well"},
	{0x9f, "DRIVER_POWER_STATE_FAILURE", "a device that did not wake up or go to sleep"},
	{0xd1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL", "a driver of the guest's"},
	{0xe2, "MANUALLY_INITIATED_CRASH", "it was asked to, by the keyboard or an NMI"},
	{0xef, "CRITICAL_PROCESS_DIED", "its own files, or its disk"},
	{0x101, "CLOCK_WATCHDOG_TIMEOUT",
	 "one of its processors stood still: the host gave it no time"},
	{0x113, "VIDEO_DXGKRNL_FATAL_ERROR", "the GPU's driver"},
	{0x116, "VIDEO_TDR_FAILURE",
	 "the GPU does not answer, and its driver's reset did not help"},
	{0x117, "VIDEO_TDR_TIMEOUT_DETECTED", "the GPU does not answer in time"},
	{0x119, "VIDEO_SCHEDULER_INTERNAL_ERROR", "the GPU, or its driver"},
	{0x124, "WHEA_UNCORRECTABLE_ERROR",
	 "an error of the hardware, of a passed device's as well"},
	{0x133, "DPC_WATCHDOG_VIOLATION",
	 "a driver that took too long, or a processor that the host gave no time"},
	{0x139, "KERNEL_SECURITY_CHECK_FAILURE", "a driver of the guest's, or its memory"},
};

/* Linux gives its id as the second one, whose upper bits are an open source system's that is Linux
 * (hv_common.c, hyperv_report_panic(); asm-generic/hyperv-tlfs.h, HV_LINUX_VENDOR_ID).
 */
#define LINUX_ID 0x8100U

static void add_stop_code(struct buf *words, uint64_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(STOP_CODE); i++)
		if (STOP_CODE[i].code == code) {
			buf_addf(words, ": Windows' %s (%s)", STOP_CODE[i].name,
				 STOP_CODE[i].meaning);
			return;
		}
	buf_addf(words, ": 0x%llx is Windows' stop code", (unsigned long long)code);
}

char *held_crash_words(json_object *data)
{
	json_object *info = NULL, *value;
	own_buf struct buf words = {0};
	uint64_t parameter[5] = {0};
	size_t n = 0;

	buf_adds(&words, HELD_CRASH);
	json_object_object_get_ex(data, "info", &info);
	if (strcmp(json_member_text(info, "type"), "hyper-v") != 0)
		return buf_steal(&words);
	for (; n < ARRAY_SIZE(parameter); n++) {
		own_free char *name = xasprintf("arg%zu", n + 1);

		if (!json_object_object_get_ex(info, name, &value))
			break;
		parameter[n] = json_object_get_uint64(value);
		buf_addf(&words, "%s0x%llx", n ? ", " : " with the parameters ",
			 (unsigned long long)parameter[n]);
	}
	if (n && parameter[1] >> 48 != LINUX_ID)
		add_stop_code(&words, parameter[0]);
	return buf_steal(&words);
}

/* QAPI: MemoryFailureAction. */
static const struct {
	const char *action, *words;
} MEMORY_ACTION[] = {
	{"ignore", N_("nobody has used what stood there")},
	{"inject", N_("the guest was told, and does without it if it can")},
	{"reset", N_("the guest cannot be told, and is reset")},
	{"fatal", N_("QEMU cannot go on, and ends")},
};

char *held_memory_words(json_object *data)
{
	const char *action = json_member_text(data, "action"), *known = NULL;
	bool guests = strcmp(json_member_text(data, "recipient"), "guest") == 0;
	own_free char *other = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(MEMORY_ACTION); i++)
		if (strcmp(MEMORY_ACTION[i].action, action) == 0)
			known = tongue(MEMORY_ACTION[i].words);
	if (!known) {
		own_free char *shown = text_quote(action, QUOTED);

		other = xasprintf(_("QEMU's action is '%s'"), shown);
	}
	return xasprintf(
		guests ? _("the host's memory is damaged where the guest has its own: %s; 'journalctl -k' tells where, and a test of the host's memory is due")
		       : _("the host's memory is damaged where QEMU has its own: %s; 'journalctl -k' tells where, and a test of the host's memory is due"),
		known ? known : other);
}

char *held_event_words(const char *event, json_object *data)
{
	if (strcmp(event, "GUEST_PANICKED") == 0)
		return held_crash_words(data);
	if (strcmp(event, "GUEST_CRASHLOADED") == 0)
		return xstrdup(HELD_CRASH_LOADED);
	return strcmp(event, "MEMORY_FAILURE") == 0 ? held_memory_words(data) : NULL;
}

char *held_silence_words(enum held_silence why, const char *name, pid_t qemu, const char *client)
{
	own_free char *maybe = NULL;

	switch (why) {
	case SILENT_STOPPED:
		return xasprintf("QEMU is stopped: 'kill -CONT %d' lets it go on", (int)qemu);
	case SILENT_BUSY:
		maybe = xasprintf("'vmlaunch qmp %s' on another terminal?", name);
		return xasprintf(
			"QEMU serves another client of the tools' monitor (%s), and nobody else until that ends",
			client ? client : maybe);
	default:
		return xasprintf(
			"QEMU does not answer: 'vmlaunch log %s' may tell why, 'vmlaunch kill %s' ends it",
			name, name);
	}
}
