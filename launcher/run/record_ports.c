#include "record_ports.h"

#include <json-c/json.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"

#define IDLE_LIMIT 604800000 /* the longest of idle.after */
#define RANGES_LIMIT 256

static bool are_ports(uint64_t first, uint64_t n)
{
	return first && n && n <= UINT16_MAX && first <= UINT16_MAX && first + n <= 65536;
}

/* A range that makes no sense is none of ours. */
void record_read_idle(json_object *top, struct plan_idle *idle)
{
	json_object *o = json_member(top, "idle", json_type_object);
	json_object *list = o ? json_member(o, "tcp", json_type_array) : NULL;
	own_free char *action = o ? xstrdup(json_member_text(o, "action")) : NULL;
	own_free char *picture = o ? xstrdup(json_member_text(o, "picture")) : NULL;
	uint64_t after = o ? json_member_unsigned(o, "after-ms") : 0;

	if (!after || after > IDLE_LIMIT)
		return;
	idle->after = (unsigned)after;
	for (int i = 0; i < IDLE_ACTIONS; i++)
		if (strcmp(plan_idle_word((enum idle_action)i), action) == 0)
			idle->action = (enum idle_action)i;
	for (int i = 0; i < PICTURES; i++)
		if (strcmp(plan_picture_word((enum idle_picture)i), picture) == 0)
			idle->picture = (enum idle_picture)i;
	for (size_t i = 0; list && i < json_object_array_length(list) && i < RANGES_LIMIT; i++) {
		json_object *range = json_object_array_get_idx(list, i);
		uint64_t address = json_member_unsigned(range, "address");
		uint64_t first = json_member_unsigned(range, "first"),
			 n = json_member_unsigned(range, "ports");

		if (address <= UINT32_MAX && are_ports(first, n))
			*xappend(idle->range, idle->ranges) = (struct idle_ports){
				(uint32_t)address, (uint16_t)first, (uint16_t)n};
	}
}

/* One that makes no sense is none of ours. */
void record_read_forwards(json_object *top, struct run_record *record)
{
	json_object *list = json_member(top, "forward", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < RECORD_FORWARDS; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		uint64_t address = json_member_unsigned(o, "address");
		uint64_t host = json_member_unsigned(o, "host");
		uint64_t guest = json_member_unsigned(o, "guest");
		uint64_t ports = json_member_unsigned(o, "ports");

		if (address <= UINT32_MAX && are_ports(host, ports) && are_ports(guest, ports))
			*xappend(record->forward, record->forwards) =
				(struct plan_forward){(uint32_t)address, (uint16_t)host,
						      (uint16_t)guest, (uint16_t)ports};
	}
}
