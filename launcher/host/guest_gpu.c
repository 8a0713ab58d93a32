#include "guest_gpu.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static uint64_t largest_bar(const struct pci_function *f)
{
	uint64_t size = 0;

	for (size_t i = 0; i < f->bars; i++)
		if (f->bar[i].size > size)
			size = f->bar[i].size;
	return size;
}

/* A program that has it open, or a picture on a screen that is plugged into it. */
static bool comes_and_goes(enum obstacle_kind kind)
{
	return obstacle_weight(kind) != WEIGHT_REFUSED || kind == OBSTACLE_SCREEN;
}

static bool is_only(const struct pci_list *list, const struct pci_set *board)
{
	for (size_t i = 0; i < list->n; i++)
		if (pci_is_display(&list->v[i]) && !list->v[i].is_vf &&
		    !pci_set_has(board, &list->v[i]))
			return false;
	return true;
}

static bool is_better(const struct guest_gpu *gpu, const struct guest_gpu *best)
{
	uint64_t mine = largest_bar(gpu->function), its;

	if (!best->function || gpu->may != best->may)
		return !best->function || gpu->may;
	its = largest_bar(best->function);
	return mine > its || (mine == its && gpu->obstacles.n < best->obstacles.n);
}

static void consider_gpu(struct guest_gpu *best, const struct scene *scene,
			 const struct pci_function *f)
{
	struct guest_gpu gpu = {.function = f, .may = true};

	pci_board(&gpu.board, &scene->pci, f);
	obstacles_of(&gpu.obstacles, scene, &gpu.board);
	for (size_t i = 0; i < gpu.obstacles.n; i++)
		gpu.may &= comes_and_goes(gpu.obstacles.v[i].kind);
	gpu.only = is_only(&scene->pci, &gpu.board);
	gpu.may &= !gpu.only;
	if (is_better(&gpu, best)) {
		guest_gpu_free(best);
		*best = gpu;
		return;
	}
	guest_gpu_free(&gpu);
}

void guest_gpu_find(struct guest_gpu *gpu, const struct scene *scene)
{
	*gpu = (struct guest_gpu){0};
	for (size_t i = 0; i < scene->pci.n; i++)
		if (pci_is_guest_gpu(&scene->pci, &scene->pci.v[i]))
			consider_gpu(gpu, scene, &scene->pci.v[i]);
}

void guest_gpu_free(struct guest_gpu *gpu)
{
	pci_set_free(&gpu->board);
	obstacles_free(&gpu->obstacles);
	*gpu = (struct guest_gpu){0};
}

void guest_gpu_look(struct scene *scene, const struct root *root)
{
	own_pci_set struct pci_set all = {0};

	scene_read(scene, root);
	for (size_t i = 0; i < scene->pci.n; i++) {
		own_pci_set struct pci_set board = {0};

		if (pci_is_display(&scene->pci.v[i]))
			pci_board(&board, &scene->pci, &scene->pci.v[i]);
		for (size_t k = 0; k < board.n; k++)
			if (!pci_set_has(&all, board.v[k]))
				pci_set_add(&all, board.v[k]);
	}
	scene_look(scene, root, all.v, all.n);
	if (scene->nodes.n)
		holders_scan(&scene->holders, root, &scene->nodes);
}

/* ------------------------------------------------------------------ the panel */

/* "2560x1440"; the kernel puts an i behind interlaced ones, which no panel has. */
static bool read_mode(const char *mode, unsigned *width, unsigned *height)
{
	own_free char *copy = xstrdup(mode);
	char *x = strchr(copy, 'x');
	uint64_t w, h;

	if (!x)
		return false;
	*x = '\0';
	if (!text_u64(copy, 10, &w) || !text_u64(x + 1, 10, &h) || !w || !h || w > 16384 ||
	    h > 16384)
		return false;
	*width = (unsigned)w;
	*height = (unsigned)h;
	return true;
}

bool panel_size(const struct root *root, unsigned *width, unsigned *height)
{
	size_t n;
	char **name = root_list(root, &n, "/sys/class/drm");
	bool found = false, built_in = false;

	for (size_t i = 0; i < n && !built_in; i++) {
		own_free char *status = root_line(root, "/sys/class/drm/%s/status", name[i]);
		own_free char *mode = root_line(root, "/sys/class/drm/%s/modes", name[i]);

		if (!status || strcmp(status, "connected") != 0 || !mode ||
		    (found && !connector_is_built_in(name[i])) || !read_mode(mode, width, height))
			continue;
		found = true;
		built_in = connector_is_built_in(name[i]);
	}
	names_free(name, n);
	return found;
}
