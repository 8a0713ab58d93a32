/* Fuzzes what the ends of a disk image say: memory errors, words that a terminal could take for an
 * order, and kinds that have no words.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "host/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* The first byte says how long the file is that has these ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image = xcalloc(1, sizeof(*image));
	own_free uint8_t *head = NULL, *tail = NULL;
	size_t len = size > 1 ? size - 1 : 0, tail_len = len < IMAGE_TAIL ? len : IMAGE_TAIL;
	uint64_t whole = size ? (uint64_t)len << (data[0] % 40) : 0;

	/* Copies that end where they end, so that one byte too much is seen. */
	head = xmalloc(len ? len : 1);
	tail = xmalloc(tail_len ? tail_len : 1);
	if (len) {
		memcpy(head, data + 1, len);
		memcpy(tail, data + size - tail_len, tail_len);
	}
	image_read(image, head, len, tail, tail_len, whole);
	must(image->kind < IMAGE_KINDS && *image_words(image->kind));
	must(!image->qcow2.unknown || text_is_printable(image->qcow2.unknown));
	must(!image->qcow2.doubt || text_is_printable(image->qcow2.doubt));
	if (image->kind != IMAGE_QCOW2)
		must(!image->qcow2.damage && !image->qcow2.backing.name);
	image_free(image);
	return 0;
}
