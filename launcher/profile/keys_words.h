/* Private to keys.c: the words of keys that offer a choice, each at its number. */
#ifndef PROFILE_KEYS_WORDS_H
#define PROFILE_KEYS_WORDS_H

#include "profile.h"

static const char *const GUEST[] = {
	[GUEST_OTHER] = "other", [GUEST_LINUX] = "linux", [GUEST_WINDOWS] = "windows", NULL};
static const char *const ACCEL[] = {
	[ACCEL_AUTO] = "auto", [ACCEL_KVM] = "kvm", [ACCEL_TCG] = "tcg", NULL};
static const char *const PLACEMENT[] = {"performance", "efficiency", "any", "none", NULL};
static const char *const FORMAT[] = {
	[DISK_AUTO] = "auto", [DISK_RAW] = "raw",   [DISK_QCOW2] = "qcow2",
	[DISK_VMDK] = "vmdk", [DISK_VHDX] = "vhdx", NULL};
static const char *const MEDIA[] = {[MEDIA_DISK] = "disk", [MEDIA_CDROM] = "cdrom", NULL};
static const char *const BUS[] = {[BUS_AUTO] = "auto",
				  [BUS_VIRTIO_BLK] = "virtio-blk",
				  [BUS_VIRTIO_SCSI] = "virtio-scsi",
				  [BUS_NVME] = "nvme",
				  [BUS_SATA] = "sata",
				  [BUS_USB] = "usb",
				  NULL};
static const char *const ROTATION[] = {
	[ROTATION_AUTO] = "auto", [ROTATION_SSD] = "ssd", [ROTATION_HDD] = "hdd", NULL};
static const char *const TOGGLE[] = {[TOGGLE_CTRL_CTRL] = "ctrl-ctrl",
				     [TOGGLE_ALT_ALT] = "alt-alt",
				     [TOGGLE_SHIFT_SHIFT] = "shift-shift",
				     [TOGGLE_META_META] = "meta-meta",
				     [TOGGLE_SCROLLLOCK] = "scrolllock",
				     [TOGGLE_CTRL_SCROLLLOCK] = "ctrl-scrolllock",
				     NULL};
static const char *const SOUND[] = {[SOUND_AUTO] = "auto",	   [SOUND_NONE] = "none",
				    [SOUND_SPICE] = "spice",	   [SOUND_DBUS] = "dbus",
				    [SOUND_PIPEWIRE] = "pipewire", [SOUND_PULSE] = "pulse",
				    [SOUND_ALSA] = "alsa",	   NULL};
static const char *const SOUND_MODEL[] = {
	[SOUND_HDA] = "hda", [SOUND_USB] = "usb", [SOUND_VIRTIO] = "virtio", NULL};
static const char *const CACHE[] = {[CACHE_WRITEBACK] = "writeback",
				    [CACHE_NONE] = "none",
				    [CACHE_WRITETHROUGH] = "writethrough",
				    [CACHE_DIRECTSYNC] = "directsync",
				    [CACHE_UNSAFE] = "unsafe",
				    NULL};
static const char *const IO[] = {[IO_AUTO] = "auto",
				 [IO_THREADS] = "threads",
				 [IO_NATIVE] = "native",
				 [IO_URING] = "io_uring",
				 NULL};
static const char *const DISPLAY[] = {
	[DISPLAY_AUTO] = "auto", [DISPLAY_NONE] = "none",	 [DISPLAY_SPICE] = "spice",
	[DISPLAY_VNC] = "vnc",	 [DISPLAY_GTK] = "gtk",		 [DISPLAY_SDL] = "sdl",
	[DISPLAY_DBUS] = "dbus", [DISPLAY_EGL] = "egl-headless", NULL};
static const char *const VIEWER[] = {[VIEWER_AUTO] = "auto", [VIEWER_RDP] = "rdp", NULL};
static const char *const GLASS[] = {
	[GLASS_AUTO] = "auto", [GLASS_KVMFR] = "kvmfr", [GLASS_SHM] = "shm", NULL};
static const char *const WHEN[] = {
	[WHEN_AUTO] = "auto", [WHEN_YES] = "yes", [WHEN_NO] = "no", NULL};
static const char *const ON_OFF[] = {
	[ONOFF_AUTO] = "auto", [ONOFF_ON] = "on", [ONOFF_OFF] = "off", NULL};
static const char *const LAYOUT[] = {
	[LAYOUT_ONE_SLOT] = "one-slot", [LAYOUT_SEPARATE] = "separate", NULL};
static const char *const HUGEPAGES[] = {[HUGEPAGES_AUTO] = "auto",
					[HUGEPAGES_OFF] = "off",
					[HUGEPAGES_2M] = "2M",
					[HUGEPAGES_1G] = "1G",
					NULL};
static const char *const IOMMU[] = {
	[IOMMU_AUTO] = "auto", [IOMMU_GROUP] = "group", [IOMMU_IOMMUFD] = "iommufd", NULL};
static const char *const IRQCHIP[] = {[IRQCHIP_AUTO] = "auto",
				      [IRQCHIP_KERNEL] = "kernel",
				      [IRQCHIP_SPLIT] = "split",
				      [IRQCHIP_OFF] = "off",
				      NULL};
static const char *const RTC[] = {
	[RTC_AUTO] = "auto", [RTC_UTC] = "utc", [RTC_LOCALTIME] = "localtime", NULL};
static const char *const TICKS[] = {
	[TICKS_AUTO] = "auto", [TICKS_DELAY] = "delay", [TICKS_DISCARD] = "discard", NULL};
static const char *const WATCHDOG[] = {[WATCHDOG_NONE] = "none",
				       [WATCHDOG_RESET] = "reset",
				       [WATCHDOG_POWEROFF] = "poweroff",
				       NULL};
static const char *const SHARE_TYPE[] = {
	[SHARE_AUTO] = "auto", [SHARE_VIRTIOFS] = "virtiofs", [SHARE_9P] = "9p", NULL};
static const char *const TPM[] = {[TPM_AUTO] = "auto",
				  [TPM_EMULATED] = "emulated",
				  [TPM_HOST] = "host",
				  [TPM_NONE] = "none",
				  NULL};
static const char *const MODE[] = {[NETWORK_AUTO] = "auto",	  [NETWORK_USER] = "user",
				   [NETWORK_PASST] = "passt",	  [NETWORK_BRIDGE] = "bridge",
				   [NETWORK_MACVTAP] = "macvtap", [NETWORK_TAP] = "tap",
				   [NETWORK_NONE] = "none",	  NULL};
static const char *const MODEL[] = {[MODEL_VIRTIO] = "virtio", [MODEL_E1000E] = "e1000e", NULL};
static const char *const SLEEP[] = {[SLEEP_AUTO] = "auto",
				    [SLEEP_BLOCK] = "block",
				    [SLEEP_PAUSE] = "pause",
				    [SLEEP_SHUTDOWN] = "shutdown",
				    [SLEEP_QUIT] = "quit",
				    [SLEEP_IGNORE] = "ignore",
				    NULL};

static const char *const IDLE[] = {
	[IDLE_NONE] = "none", [IDLE_PAUSE] = "pause", [IDLE_SHUTDOWN] = "shutdown", NULL};

#endif
