/* Members of a mapping, and what they are made of: json-c's objects, whoever made them. */
#include "json.h"

#include "alloc.h"

/* ------------------------------------------------------------------ read */

json_object *json_member(json_object *object, const char *key, enum json_type type)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type)
		       ? value
		       : NULL;
}

const char *json_member_text(json_object *object, const char *key)
{
	json_object *value = json_member(object, key, json_type_string);

	return value ? json_object_get_string(value) : "";
}

bool json_member_number(json_object *object, const char *key, int64_t min, int64_t max,
			int64_t *value)
{
	json_object *member;

	*value = 0;
	if (!json_object_object_get_ex(object, key, &member))
		return true;
	*value = json_object_get_int64(member);
	return json_object_is_type(member, json_type_int) && *value >= min && *value <= max;
}

uint64_t json_member_unsigned(json_object *object, const char *key)
{
	json_object *value = json_member(object, key, json_type_int);

	return value ? json_object_get_uint64(value) : 0;
}

bool json_member_process(json_object *object, const char *key, struct process *process)
{
	json_object *value = json_member(object, key, json_type_object);
	int64_t pid, start;

	*process = (struct process){0};
	if (!value || !json_member_number(value, "pid", 0, INT32_MAX, &pid) ||
	    !json_member_number(value, "start", 0, INT64_MAX, &start))
		return false;
	*process = (struct process){.pid = (pid_t)pid, .start = (uint64_t)start};
	return true;
}

/* ------------------------------------------------------------------ written */

void json_add_text(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

void json_add_number(json_object *object, const char *key, int64_t number)
{
	json_object_object_add(object, key, json_object_new_int64(number));
}

void json_add_unsigned(json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

void json_add_bool(json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void json_add_hex(json_object *object, const char *key, unsigned value, int digits)
{
	own_free char *text = xasprintf("%0*x", digits, value);

	json_add_text(object, key, text);
}

void json_add_cpus(json_object *object, const char *key, const struct cpu_set *cpus)
{
	own_free char *list = cpu_set_text(cpus);

	json_add_text(object, key, list);
}

json_object *json_add_list(json_object *object, const char *key)
{
	json_object *list = json_object_new_array();

	json_object_object_add(object, key, list);
	return list;
}

json_object *json_list_mapping(json_object *list)
{
	json_object *o = json_object_new_object();

	json_object_array_add(list, o);
	return o;
}

json_object *json_process(struct process process)
{
	json_object *o = json_object_new_object();

	json_add_number(o, "pid", process.pid);
	json_add_unsigned(o, "start", process.start);
	return o;
}
