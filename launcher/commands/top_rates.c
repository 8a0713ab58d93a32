/* The difference of two samples, as JSON. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "top_private.h"

static const struct sample *find_sample(const struct samples *s, const struct sample *of)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].qemu.pid == of->qemu.pid && s->v[i].qemu.start == of->qemu.start)
			return &s->v[i];
	return NULL;
}

/* Of 100 for one processor, to a tenth. */
static json_object *percent_json(uint64_t before, uint64_t after, int64_t ms)
{
	double percent = ms > 0 && after > before ? (double)(after - before) * 100 / (double)ms : 0;
	own_free char *text = xasprintf("%.1f", percent);

	return json_object_new_double_s(percent, text);
}

static int64_t per_second(int64_t before, int64_t after, int64_t ms)
{
	return before < 0 || after < before || ms <= 0 ? -1 : (after - before) * 1000 / ms;
}

static json_object *thread_json(const struct sample *before, const struct sample *now, size_t vcpu)
{
	const struct thread *thread = threads_find(&now->threads, now->vcpu[vcpu]);
	const struct thread *was = before ? threads_find(&before->threads, now->vcpu[vcpu]) : NULL;
	int64_t ms = before ? now->at - before->at : 0;
	json_object *o = json_object_new_object();
	bool known = thread && was;

	json_add_unsigned(o, "vcpu", vcpu);
	json_add_number(o, "thread", now->vcpu[vcpu]);
	json_object_object_add(o, "percent",
			       known ? percent_json(was->used_ms, thread->used_ms, ms) : NULL);
	json_object_object_add(
		o, "waited-percent",
		known && was->waited_ms >= 0
			? percent_json((uint64_t)was->waited_ms, (uint64_t)thread->waited_ms, ms)
			: NULL);
	json_object_object_add(o, "processor",
			       thread ? json_object_new_int(thread->processor) : NULL);
	return o;
}

static json_object *rate_json(int64_t before, int64_t after, int64_t ms)
{
	int64_t rate = per_second(before, after, ms);

	return rate < 0 ? NULL : json_object_new_int64(rate);
}

/* Packets since before, of each card's queue 0 (in) or 1 (out); -1: not known. */
static int64_t packet_rate(const struct sample *before, const struct sample *now, size_t which)
{
	size_t n = now->queues ? json_object_array_length(now->queues) : 0;
	int64_t sum = -1;

	if (!before->queues || json_object_array_length(before->queues) != n)
		return -1;
	for (size_t i = which; i < n; i += 2) {
		json_object *was = json_object_array_get_idx(before->queues, i);
		json_object *is = json_object_array_get_idx(now->queues, i);

		if (!was || !is)
			continue;
		sum = (sum < 0 ? 0 : sum) +
		      (uint16_t)(json_object_get_int64(is) - json_object_get_int64(was));
	}
	return sum;
}

static void add_network(json_object *o, const struct sample *before, const struct sample *now)
{
	int64_t ms = before ? now->at - before->at : 0;
	const struct {
		const char *bytes, *packets;
		int64_t was, is;
	} way[] = {{"received-per-second", "received-packets-per-second",
		    before ? before->traffic.to_guest : -1, now->traffic.to_guest},
		   {"sent-per-second", "sent-packets-per-second",
		    before ? before->traffic.from_guest : -1, now->traffic.from_guest}};

	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		int64_t n = before ? packet_rate(before, now, i) : -1;

		json_object_object_add(o, way[i].bytes, rate_json(way[i].was, way[i].is, ms));
		json_object_object_add(o, way[i].packets, n < 0 ? NULL : rate_json(0, n, ms));
	}
}

static json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static json_object *machine_json(const struct sample *before, const struct sample *now)
{
	int64_t ms = before ? now->at - before->at : 0;
	json_object *o = json_object_new_object(), *vcpus = json_object_new_array();

	json_add_text(o, "name", now->name);
	json_add_text(o, "state", now->state);
	json_object_object_add(o, "why", text_or_null(now->held));
	json_add_number(o, "qemu", now->qemu.pid);
	json_object_object_add(o, "percent",
			       before ? percent_json(before->use.used_ms, now->use.used_ms, ms)
				      : NULL);
	json_add_unsigned(o, "resident-bytes", now->use.resident_kb << 10);
	json_add_unsigned(o, "huge-bytes", now->use.huge_kb << 10);
	json_object_object_add(o, "read-per-second",
			       before ? rate_json(before->read, now->read, ms) : NULL);
	json_object_object_add(o, "written-per-second",
			       before ? rate_json(before->written, now->written, ms) : NULL);
	add_network(o, before, now);
	json_object_object_add(o, "interrupts-per-second",
			       before ? rate_json(before->interrupts, now->interrupts, ms) : NULL);
	json_object_object_add(o, "power", text_or_null(now->power));
	for (size_t i = 0; i < now->vcpus; i++)
		json_object_array_add(vcpus, thread_json(before, now, i));
	json_object_object_add(o, "vcpus", vcpus);
	return o;
}

json_object *samples_json(const struct samples *before, const struct samples *now)
{
	json_object *top = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < now->n; i++)
		json_object_array_add(list,
				      machine_json(find_sample(before, &now->v[i]), &now->v[i]));
	json_add_number(top, "version", 1);
	json_object_object_add(top, "machines", list);
	return top;
}
