/* One sample of a machine: what QEMU, the kernel and its supervisor say of it now. */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "host/answers.h"
#include "host/interrupts.h"
#include "top_private.h"

void samples_free(struct samples *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].state);
		free(s->v[i].held);
		free(s->v[i].power);
		free(s->v[i].vcpu);
		json_object_put(s->v[i].queues);
		threads_free(&s->v[i].threads);
	}
	free(s->v);
	*s = (struct samples){0};
}

/* QAPI: BlockStats, of devices. */
static void add_disks(struct sample *sample, json_object *list)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	sample->read = sample->written = 0;
	for (size_t i = 0; i < n; i++) {
		json_object *stats = NULL;

		json_object_object_get_ex(json_object_array_get_idx(list, i), "stats", &stats);
		sample->read += (int64_t)json_member_unsigned(stats, "rd_bytes");
		sample->written += (int64_t)json_member_unsigned(stats, "wr_bytes");
	}
}

static char *power_of(const struct run_record *record)
{
	struct root real = ROOT_REAL;
	struct buf power = {0};

	for (size_t i = 0; i < record->functions; i++) {
		own_free char *state = root_line(&real, "/sys/bus/pci/devices/%s/power_state",
						 record->function[i].address);

		if (pci_answer_of(&real, record->function[i].address) == PCI_SILENT) {
			free(state);
			state = xstrdup("off the bus");
		}
		buf_addf(&power, "%s%s %s", i ? ", " : "", record->function[i].address,
			 state ? state : "gone");
	}
	return record->functions ? buf_steal(&power) : NULL;
}

static int64_t interrupts_of(const struct run_record *record)
{
	struct root real = ROOT_REAL;
	int64_t sum = 0;

	for (size_t i = 0; i < record->functions; i++) {
		own_interrupt_list struct interrupt_list list = {0};

		interrupts_read(&list, &real, record->function[i].address);
		for (size_t k = 0; k < list.n; k++)
			sum += (int64_t)list.v[k].count;
	}
	return record->functions ? sum : -1;
}

static void take_sample(struct sample *sample, const char *name, const char *dir,
			const struct run_record *record)
{
	struct root real = ROOT_REAL;
	own_condition struct condition now = condition_of(dir, record, CONDITION_RATES);

	*sample = (struct sample){
		.name = xstrdup(name),
		.state = xstrdup(now.state),
		.power = power_of(record),
		.qemu = record->qemu,
		.read = -1,
		.written = -1,
	};
	sample->held = now.silent ? xstrdup(now.silent) : held_words(&now.held, name);
	while (condition_vcpu(now.cpus, sample->vcpus) >= 0) {
		pid_t vcpu = condition_vcpu(now.cpus, sample->vcpus);

		*xappend(sample->vcpu, sample->vcpus) = vcpu;
	}
	if (now.disks)
		add_disks(sample, now.disks);
	sample->queues = json_object_get(now.queues);
	sample->traffic = traffic_of(&real, record->qemu.pid);
	sample->interrupts = interrupts_of(record);
	sample->at = now_ms();
	process_use_read(&sample->use, &real, record->qemu.pid);
	threads_read(&sample->threads, &real, record->qemu.pid);
}

bool samples_take(struct samples *s, struct error **err)
{
	own_free char *base = NULL;
	struct error *problem = NULL;
	size_t n;
	char **names = instances(&n, &base, &problem);

	*s = (struct samples){0};
	for (size_t i = 0; i < n; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(base, names[i]);

		if (run_record_read(dir, &record) && run_record_alive(&record))
			take_sample(xappend(s->v, s->n), names[i], dir, &record);
	}
	names_free(names, n);
	if (problem)
		error_merge(err, &problem);
	return !*err;
}
