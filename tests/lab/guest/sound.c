/* The sound card, through the kernel's own interface: alsa-lib is large and not static. */
#define _GNU_SOURCE
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sound/asound.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Since 6.4 the kernel gives up (EIO) when a drain takes longer than 1.1 times its buffer plays,
 * and not after ten seconds as before: for a buffer of 100 ms that is less than emulation within
 * emulation may need. So a little is played out of a long buffer, as many periods as the driver
 * takes: 3.5 s to fetch 200 ms and to say so twice.
 */
#define RATE 48000
#define PERIOD (RATE / 10)
#define PERIODS 32
#define FRAMES (2 * PERIOD)

static void choose(struct snd_pcm_hw_params *hw, int mask, unsigned value)
{
	struct snd_mask *bits = &hw->masks[mask - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(bits, 0, sizeof(*bits));
	bits->bits[value / 32] = 1u << value % 32;
}

static void set(struct snd_pcm_hw_params *hw, int interval, unsigned value)
{
	struct snd_interval *range = &hw->intervals[interval - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	range->min = range->max = value;
	range->integer = 1;
}

/* The last step, DRAIN, returns when the device has fetched all of it and has said so. */
static int play(int fd)
{
	static short silence[FRAMES * 2];
	struct snd_pcm_hw_params hw;
	struct snd_xferi piece = {.buf = silence, .frames = FRAMES};

	memset(&hw, 0, sizeof(hw));
	memset(hw.masks, 0xff, sizeof(hw.masks));
	for (size_t i = 0; i < sizeof(hw.intervals) / sizeof(hw.intervals[0]); i++)
		hw.intervals[i].max = UINT_MAX;
	hw.rmask = hw.info = UINT_MAX;
	choose(&hw, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	choose(&hw, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	choose(&hw, SNDRV_PCM_HW_PARAM_SUBFORMAT, SNDRV_PCM_SUBFORMAT_STD);
	set(&hw, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	set(&hw, SNDRV_PCM_HW_PARAM_RATE, RATE);
	set(&hw, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, PERIOD);
	set(&hw, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, PERIOD * PERIODS);
	return ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw) == 0 &&
	       ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) == 0 &&
	       ioctl(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &piece) == 0 &&
	       ioctl(fd, SNDRV_PCM_IOCTL_DRAIN) == 0;
}

void play_sound(void)
{
	struct dirent *entry;
	DIR *dir;

	if (access("/sys/bus/pci/drivers/snd_hda_intel/module", F_OK) == 0)
		wait_for_path("/dev/snd/pcm*p");
	dir = opendir("/dev/snd");
	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);
		double start = uptime();
		char path[300];
		int fd;

		if (strncmp(entry->d_name, "pcm", 3) != 0 || entry->d_name[length - 1] != 'p')
			continue;
		snprintf(path, sizeof(path), "/dev/snd/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		line_begin("sound");
		line_value("device", "%s", entry->d_name);
		if (fd >= 0 && play(fd))
			line_value("played", "%.3f", uptime() - start);
		else
			line_error();
		line_end();
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}
