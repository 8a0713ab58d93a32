/* Names for programs, words for people. */
#include "rom.h"

#include <assert.h>

static const char *const REFUSAL_NAMES[] = {
	[ROM_FINE] = "none",	       [ROM_EMPTY] = "empty",
	[ROM_TOO_SMALL] = "too-small", [ROM_TOO_LARGE] = "too-large",
	[ROM_ALL_FF] = "all-ff",       [ROM_ALL_00] = "all-00",
	[ROM_HTML] = "html",	       [ROM_TEXT] = "text",
	[ROM_GZIP] = "gzip",	       [ROM_ZIP] = "zip",
	[ROM_ARCHIVE] = "archive",     [ROM_EXE] = "exe",
	[ROM_NO_IMAGE] = "no-image",   [ROM_NO_PCI_DATA] = "no-pci-data",
};
static_assert(ARRAY_SIZE(REFUSAL_NAMES) == ROM_REFUSALS, "a name for each");

static const char *const REFUSAL_WORDS[] = {
	[ROM_FINE] = "is an option ROM",
	[ROM_EMPTY] = "is empty",
	[ROM_TOO_SMALL] = "is too small for an option ROM: the smallest one has 512 bytes",
	[ROM_TOO_LARGE] =
		"is too large for an option ROM, which has 16 MiB at most: a whole BIOS, perhaps, that the ROM has to be taken out of",
	[ROM_ALL_FF] =
		"holds nothing but FF bytes: the card was asleep, or its ROM was not switched on, when it was dumped",
	[ROM_ALL_00] = "holds nothing but zeros: it was never filled, or the dump failed",
	[ROM_HTML] =
		"is a web page (HTML or XML), not a ROM: the download gave the page around the file; follow its link again",
	[ROM_TEXT] = "is a text, not a ROM",
	[ROM_GZIP] = "is compressed by gzip: unpack it first (gunzip)",
	[ROM_ZIP] = "is a ZIP archive: unpack it first (unzip); the ROM is a file in it",
	[ROM_ARCHIVE] = "is an archive or compressed: unpack it first",
	[ROM_EXE] =
		"is a program for Windows or DOS, such as a BIOS update: the ROM is somewhere inside; take it out, or dump the card's own ('vmlaunch rom dump')",
	[ROM_NO_IMAGE] =
		"is no option ROM: no image header (55 AA that points to \"PCIR\") is anywhere in it",
	[ROM_NO_PCI_DATA] =
		"begins like an option ROM (55 AA), but has no PCI data structure (\"PCIR\") where its header points to: cut off, damaged, or older than PCI",
};
static_assert(ARRAY_SIZE(REFUSAL_WORDS) == ROM_REFUSALS, "words for each");

static const char *const LEAD_NAMES[] = {
	[ROM_LEAD_NONE] = "none",
	[ROM_LEAD_NVGI] = "nvgi",
	[ROM_LEAD_UNKNOWN] = "unknown",
};
static_assert(ARRAY_SIZE(LEAD_NAMES) == ROM_LEADS, "a name for each");

static const char *const END_NAMES[] = {
	[ROM_END_LAST] = "last",
	[ROM_END_UNMARKED] = "unmarked",
	[ROM_END_PRIVATE] = "private-missing",
	[ROM_END_CUT] = "cut",
	[ROM_END_BROKEN] = "broken",
	[ROM_END_MANY] = "too-many",
};
static_assert(ARRAY_SIZE(END_NAMES) == ROM_ENDS, "a name for each");

static const char *const KIND_NAMES[] = {
	[ROM_X86] = "x86",
	[ROM_OPEN_FIRMWARE] = "open-firmware",
	[ROM_PA_RISC] = "pa-risc",
	[ROM_EFI] = "efi",
	[ROM_NVIDIA_EXTENSION] = "nvidia-extension",
	[ROM_NBSI] = "nbsi",
	[ROM_OTHER] = "other",
};
static_assert(ARRAY_SIZE(KIND_NAMES) == ROM_KINDS, "a name for each");

static const char *const CHECKSUM_NAMES[] = {
	[ROM_SUM_NONE] = "none", [ROM_SUM_GOOD] = "good",     [ROM_SUM_BAD] = "bad",
	[ROM_SUM_OFF] = "off",	 [ROM_SUM_BEYOND] = "beyond",
};
static_assert(ARRAY_SIZE(CHECKSUM_NAMES) == ROM_SUMS, "a name for each");

static const char *const PROBLEM_NAMES[] = {
	[ROM_WRONG_DEVICE] = "wrong-device",	 [ROM_SOME_OTHER_DEVICE] = "other-device",
	[ROM_BAD_CHECKSUM] = "bad-checksum",	 [ROM_NO_GOP] = "no-gop",
	[ROM_PRIVATE_CUT] = "private-cut",	 [ROM_LEADING_BYTES] = "leading-bytes",
	[ROM_TRAILING_BYTES] = "trailing-bytes", [ROM_ODD_SIGNATURE] = "odd-signature",
	[ROM_BAD_CHAIN] = "bad-chain",		 [ROM_BAD_IMAGE] = "bad-image",
	[ROM_ROUNDED_UP] = "rounded-up",
};
static_assert(ARRAY_SIZE(PROBLEM_NAMES) == ROM_PROBLEM_KINDS, "a name for each");

static const char *const WEIGHT_NAMES[] = {
	[ROM_NOTE] = "note",
	[ROM_WARNING] = "warning",
	[ROM_PROBLEM] = "problem",
};
static_assert(ARRAY_SIZE(WEIGHT_NAMES) == ROM_WEIGHTS, "a name for each");

const char *rom_refusal_name(enum rom_refusal refusal)
{
	return REFUSAL_NAMES[refusal];
}

const char *rom_refusal_words(enum rom_refusal refusal)
{
	return REFUSAL_WORDS[refusal];
}

const char *rom_lead_name(enum rom_lead lead)
{
	return LEAD_NAMES[lead];
}

const char *rom_end_name(enum rom_end end)
{
	return END_NAMES[end];
}

const char *rom_kind_name(enum rom_kind kind)
{
	return KIND_NAMES[kind];
}

const char *rom_checksum_name(enum rom_checksum checksum)
{
	return CHECKSUM_NAMES[checksum];
}

const char *rom_problem_name(enum rom_problem_kind kind)
{
	return PROBLEM_NAMES[kind];
}

const char *rom_weight_name(enum rom_weight weight)
{
	return WEIGHT_NAMES[weight];
}
