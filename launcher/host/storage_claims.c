/* From a device to all that would suffer with it: down to its partitions, up to what is built upon
 * them.
 */
#include "storage.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "storage_parts.h"

struct walk {
	const struct storage *storage;
	struct storage_claims *claims;
	bool *done; /* for each block: its own uses are in the list */
	bool *gone; /* ... and it was followed on */
};

static size_t index_of(const struct walk *w, const struct block *b)
{
	return (size_t)(b - w->storage->v);
}

static void claim_block(struct walk *w, const struct block *b)
{
	if (w->done[index_of(w, b)])
		return;
	w->done[index_of(w, b)] = true;
	for (size_t i = 0; i < b->uses; i++)
		*xappend(w->claims->v, w->claims->n) = (struct storage_claim){b, &b->use[i]};
}

static void follow_block(struct walk *w, const struct block *b)
{
	if (w->gone[index_of(w, b)])
		return;
	w->gone[index_of(w, b)] = true;
	claim_block(w, b);
	for (size_t i = 0; i < w->storage->n; i++) {
		const struct block *part = &w->storage->v[i];

		if (part->disk && strcmp(part->disk, b->name) == 0)
			follow_block(w, part);
	}
	for (size_t i = 0; i < b->holders; i++) {
		const struct block *upper = storage_by_name(w->storage, b->holder[i]);

		if (upper)
			follow_block(w, upper);
	}
}

/* What is done with the disk as a whole is done with the partition too, but not what is done with
 * its neighbours.
 */
static void follow_from(struct walk *w, const struct block *b)
{
	const struct block *disk = b->disk ? storage_by_name(w->storage, b->disk) : NULL;

	follow_block(w, b);
	if (!disk)
		return;
	claim_block(w, disk);
	for (size_t i = 0; i < disk->holders; i++) {
		const struct block *upper = storage_by_name(w->storage, disk->holder[i]);

		if (upper)
			follow_block(w, upper);
	}
}

static const struct storage_use FOR_LOADERS = {.why = STORAGE_LOADERS, .what = (char *)""};

static struct walk walk_start(struct storage_claims *claims, const struct storage *storage)
{
	return (struct walk){
		.storage = storage,
		.claims = claims,
		.done = xcalloc(storage->n + 1, sizeof(bool)),
		.gone = xcalloc(storage->n + 1, sizeof(bool)),
	};
}

static void walk_end(struct walk *w)
{
	free(w->done);
	free(w->gone);
}

void storage_claims_of(struct storage_claims *claims, const struct storage *storage,
		       const struct block *block)
{
	struct walk w = walk_start(claims, storage);

	follow_from(&w, block);
	if (block->loaders)
		*xappend(claims->v, claims->n) = (struct storage_claim){block, &FOR_LOADERS};
	walk_end(&w);
}

void storage_claims_below(struct storage_claims *claims, const struct storage *storage,
			  const struct pci_address *function)
{
	struct walk w = walk_start(claims, storage);

	for (size_t i = 0; i < storage->n; i++)
		if (storage_is_below(&storage->v[i], function))
			follow_from(&w, &storage->v[i]);
	walk_end(&w);
}

void storage_claims_free(struct storage_claims *claims)
{
	free(claims->v);
	*claims = (struct storage_claims){0};
}

static const struct {
	const char *word, *before, *after;
} WHY[] = {
	[STORAGE_MOUNTED] = {"mounted", N_("is mounted at "), ""},
	[STORAGE_SWAP] = {"swap", N_("is swap space"), ""},
	[STORAGE_MAPPED] = {"mapped", N_("is part of "), ""},
	[STORAGE_BTRFS] = {"btrfs", N_("is part of the mounted btrfs "), ""},
	[STORAGE_FSTAB] = {"fstab", N_("stands in /etc/fstab ("), ")"},
	[STORAGE_CRYPTTAB] = {"crypttab", N_("stands in /etc/crypttab ("), ")"},
	[STORAGE_BOOT] = {"boot", N_("is named by the boot option "), ""},
	[STORAGE_LOADER] = {"loader", N_("is what the firmware started this host from"), ""},
	[STORAGE_LOADERS] = {"loaders", N_("is a partition that firmware starts a host from"), ""},
	[STORAGE_HELD] = {"held", N_("is in use: the kernel does not open it for one user alone"),
			  ""},
	[STORAGE_MEMBER] = {"member", N_("bears the mark of "), ""},
	[STORAGE_UNKNOWN] = {"unknown", N_("may be mounted: cannot read "), ""},
};
_Static_assert(ARRAY_SIZE(WHY) == STORAGE_WHYS, "each reason has words");

const char *storage_why_word(enum storage_why why)
{
	return (unsigned)why < STORAGE_WHYS ? WHY[why].word : "?";
}

char *storage_claim_text(const struct storage_claim *claim)
{
	return xasprintf("%s %s%s%s", claim->block->name, tongue(WHY[claim->use->why].before),
			 claim->use->what, WHY[claim->use->why].after);
}
