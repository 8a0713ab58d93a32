/* Text for people on paper of a fixed width. This is the only place that knows how wide it is and
 * that lets no control byte through: names come from devices, processes and files that anybody may
 * have made.
 */
#ifndef BASE_PAPER_H
#define BASE_PAPER_H

#include "buf.h"

#define PAPER_COLUMNS 100

/* One paragraph: the first line indented by indent, further ones by hang. */
void paper_put(struct buf *out, int indent, int hang, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
