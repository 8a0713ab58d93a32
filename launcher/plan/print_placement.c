/* Where threads run, in the plan as it is printed. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/tongue.h"
#include "print.h"

/* In the guest's order, runs folded: "0-3,8,20". */
static char *vcpu_list(const struct placement *p)
{
	struct buf out = {0};

	buf_adds(&out, "");
	for (size_t i = 0, end; i < p->n; i = end + 1) {
		for (end = i; end + 1 < p->n && p->vcpu[end + 1] == p->vcpu[end] + 1;)
			end++;
		buf_addf(&out, "%s%d", i ? "," : "", p->vcpu[i]);
		if (end > i)
			buf_addf(&out, "-%d", p->vcpu[end]);
	}
	return buf_steal(&out);
}

void placement_print(struct buf *out, const struct placement *p)
{
	own_free char *vcpus = NULL, *emulator = NULL, *iothread = NULL;

	if (!p->pinned)
		return;
	vcpus = vcpu_list(p);
	emulator = cpu_set_text(&p->emulator);
	iothread = cpu_set_text(&p->iothread);
	buf_addf(out,
		 _("\nThe host's processors, before the guest's first instruction:\n"
		   "    %s: the guest's %s%zu, one each in this order\n"
		   "    %s: QEMU's own threads\n"),
		 vcpus, p->n > 1 ? "0-" : "", p->n - 1, emulator);
	if (p->iothreads)
		buf_addf(out, _("    %s: threads of disks\n"), iothread);
}

json_object *placement_object(const struct placement *p)
{
	json_object *o = json_object_new_object(), *vcpus = json_object_new_array();

	for (size_t i = 0; p->pinned && i < p->n; i++)
		json_object_array_add(vcpus, json_object_new_int(p->vcpu[i]));
	json_add_bool(o, "pinned", p->pinned);
	json_add_number(o, "cores", (int)p->cores);
	json_add_number(o, "threads", (int)p->threads);
	json_object_object_add(o, "vcpus", vcpus);
	json_add_cpus(o, "emulator", &p->emulator);
	json_add_cpus(o, "iothread", &p->iothread);
	json_object_object_add(o, "node", p->node < 0 ? NULL : json_object_new_int(p->node));
	return o;
}
