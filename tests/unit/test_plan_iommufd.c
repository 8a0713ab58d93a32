/* Devices by VFIO's groups or as descriptors: which, and what QEMU, the keeper and a person are
 * told. */
#include "unit.h"

#include "plan_world.h"

#define GPU "[gpu]\ndevice = 10de:2820\n"
#define ASKED GPU "[memory]\niommu = iommufd\n"

static char *const OBJECTS[] = {(char *)"iommufd", (char *)"rng-random"};

/* A kernel with both interfaces, and a QEMU that knows both. */
static struct world both(void)
{
	struct world w = world();

	w.facts.devices.iommu.iommufd = true;
	w.facts.devices.iommu.containers = true;
	w.facts.qemu.offers[QEMU_OBJECTS] = (struct qemu_names){(char **)OBJECTS, 2};
	return w;
}

static void groups_unless_asked(void **state)
{
	struct world w = both();
	own_plan struct plan *plan = planned(&w, GPU);

	(void)state;
	lacks(plan, "-object", "iommufd");
	assert_non_null(find(plan, "-device", "vfio-pci,host=0000:01:00.0,"));
	assert_int_equal(step(plan, STEP_CLAIM)->intent.claim.iommufd, 0);
}

static void as_descriptors(void **state)
{
	struct world w = both();
	own_plan struct plan *asked = planned(&w, ASKED), *alone = NULL;
	const struct plan_step *claim = step(asked, STEP_CLAIM);
	const struct plan_fd *fd = asked->fd;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < asked->fds; i++)
		n += fd[i].role == FD_IOMMU || fd[i].role == FD_VFIO;
	assert_int_equal(n, 3);
	while (fd->role != FD_IOMMU)
		fd++;
	assert_int_equal(fd[0].role, FD_IOMMU);
	assert_string_equal(fd[0].path, "/dev/iommu");
	assert_string_equal(fd[1].path, "0000:01:00.0");
	assert_string_equal(fd[2].path, "0000:01:00.1");
	own_free char *object = xasprintf("iommufd,id=iommufd0,fd=%d", fd[0].number);
	own_free char *video = xasprintf("vfio-pci,iommufd=iommufd0,fd=%d,", fd[1].number);
	own_free char *audio = xasprintf("vfio-pci,iommufd=iommufd0,fd=%d,", fd[2].number);

	has(asked, "-object", object);
	assert_non_null(find(asked, "-device", video));
	assert_non_null(find(asked, "-device", audio));
	lacks(asked, "-device", "vfio-pci,host=");
	/* The object stands before what names it. */
	assert_true(find(asked, "-object", object) < find(asked, "-device", video));
	assert_int_equal(claim->intent.claim.iommufd, 1);
	assert_string_equal(
		claim->line[claim->lines - 2],
		"setfacl -m u:$USER:rw /dev/vfio/devices/$(ls /sys/bus/pci/devices/0000:01:00.1/vfio-dev)");
	assert_string_equal(claim->line[claim->lines - 3], "setfacl -m u:$USER:rw /dev/iommu");
	/* Also unasked, where the kernel has nothing else. */
	w.facts.devices.iommu.containers = false;
	alone = planned(&w, GPU);
	has(alone, "-object", object);
}

static void refusals(void **state)
{
	struct world w = both();

	(void)state;
	w.facts.qemu.offers[QEMU_OBJECTS] = (struct qemu_names){(char **)OBJECTS + 1, 1};
	refusal_says(&w, ASKED, "takes no devices by iommufd (9.0 and newer do)");
	w.facts.devices.iommu.containers = false;
	refusal_says(&w, GPU, "and this kernel has no groups of VFIO's (CONFIG_VFIO_CONTAINER)");
	refusal_says(&w, GPU "[memory]\niommu = group\n",
		     "memory.iommu = group: this kernel has no groups of VFIO's");
	w = both();
	w.facts.devices.iommu.iommufd = false;
	refusal_says(&w, ASKED,
		     "memory.iommu = iommufd: this kernel has no /dev/iommu (CONFIG_IOMMUFD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_unless_asked),
		cmocka_unit_test(as_descriptors),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("plan_iommufd", tests, NULL, NULL);
}
