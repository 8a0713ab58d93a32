/* What a record has of ports of the host's that lead into the guest. What makes no sense there is
 * passed over.
 */
#ifndef RUN_RECORD_PORTS_H
#define RUN_RECORD_PORTS_H

#include "record.h"

struct json_object;

/* The rule for a guest that nobody uses, with the ports that show who does. */
void record_read_idle(struct json_object *top, struct plan_idle *idle);

/* Adds what leads to which port of the guest's, RECORD_FORWARDS at most. */
void record_read_forwards(struct json_object *top, struct run_record *record);

#endif
