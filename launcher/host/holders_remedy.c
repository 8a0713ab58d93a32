/* What to do about well-known programs. The kernel cuts a name to 15 bytes. */
#include "holders.h"

#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/text.h"
#include "base/tongue.h"

#define SOUND                                                                             \
	"the sound server lets go when its profile for this card is 'Off': pavucontrol, " \
	"Configuration"
#define MONITOR "close it: it reads the GPU's sensors"
#define GAME "close it: it draws with this GPU"
#define DESKTOP_X "keep X off this GPU, and log in again"
#define DESKTOP_WLR "log out, and keep it off this GPU with WLR_DRM_DEVICES or AQ_DRM_DEVICES"
#define APP "close it, or switch its hardware acceleration off"
#define BROWSER "close the browser, or switch its hardware acceleration off"

static const struct {
	const char *comm, *remedy;
} REMEDY[] = {
	{"nvidia-persiste", "systemctl stop nvidia-persistenced"},
	{"nvidia-powerd", "systemctl stop nvidia-powerd"},
	{"nvidia-smi", MONITOR},
	{"nvidia-settings", "close it"},
	{"nvtop", MONITOR},
	{"btop", MONITOR},
	{"radeontop", MONITOR},
	{"intel_gpu_top", MONITOR},
	{"conky", MONITOR},
	{"lact", "systemctl stop lactd"},
	{"supergfxd", "systemctl stop supergfxd"},
	{"switcheroo-cont", "systemctl stop switcheroo-control"},
	{"pipewire", SOUND},
	{"wireplumber", SOUND},
	{"pulseaudio", SOUND},
	{"Xorg", "set Option \"AutoAddGPU\" \"off\" in xorg.conf's ServerFlags, and log in again"},
	{"X", "set Option \"AutoAddGPU\" \"off\" in xorg.conf's ServerFlags, and log in again"},
	{"Xwayland", "close the X programs that use this GPU, or log out"},
	{"kwin_wayland", "keep it off this GPU with KWIN_DRM_DEVICES, and log in again"},
	{"kwin_x11", DESKTOP_X},
	{"plasmashell", "log out and in again, without GPU choices in its environment"},
	{"gnome-shell", "tag this GPU with mutter-device-ignore in a udev rule, and log in again"},
	{"cinnamon", DESKTOP_X},
	{"xfwm4", DESKTOP_X},
	{"marco", DESKTOP_X},
	{"budgie-wm", DESKTOP_X},
	{"picom", DESKTOP_X},
	{"sway", DESKTOP_WLR},
	{"Hyprland", DESKTOP_WLR},
	{"labwc", DESKTOP_WLR},
	{"river", DESKTOP_WLR},
	{"wayfire", DESKTOP_WLR},
	{"niri", "name the other GPU as render-drm-device in its configuration, and log in again"},
	{"cosmic-comp", "log out: it opens every GPU that it finds"},
	{"gamescope", GAME},
	{"steam", GAME},
	{"steamwebhelper", "close Steam"},
	{"obs", GAME},
	{"blender", GAME},
	{"ollama", "systemctl stop ollama"},
	{"sunshine", "systemctl --user stop sunshine"},
	{"coolercontrold", "systemctl stop coolercontrold"},
	{"ksystemstats", "systemctl --user stop plasma-ksystemstats"},
	{"amdgpu_top", MONITOR},
	{"corectrl", MONITOR},
	{"msedge", BROWSER},
	{"librewolf", BROWSER},
	{"zen-bin", BROWSER},
	{"opera", BROWSER},
	{"electron", APP},
	{"code", APP},
	{"Discord", APP},
	{"spotify", APP},
	{"slack", APP},
	{"thunderbird", APP},
	{"thunderbird-bin", APP},
	{"firefox", BROWSER},
	{"firefox-bin", BROWSER},
	{"chrome", BROWSER},
	{"chromium", BROWSER},
	{"brave", BROWSER},
	{"vivaldi-bin", BROWSER},
	{"systemd-logind", "it holds what the desktop opened: log out of the session that uses it"},
	{"seatd", "it holds what the desktop opened: log out of the session that uses it"},
	{"plymouthd", "wait for the boot screen to end, or 'plymouth quit'"},
	{"qemu-system-x86", "another virtual machine uses it: stop that first"},
	{"kvm", "another virtual machine uses it: stop that first"},
	{"fwupd", "systemctl stop fwupd"},
	{"colord", "systemctl stop colord"},
	{"ddcutil", "close it"},
	{"openrgb", "close it"},
	{"udisksd", "systemctl stop udisks2"},
	{"smartd", "systemctl stop smartmontools"},
};

const char *holder_remedy(const char *comm)
{
	for (size_t i = 0; i < ARRAY_SIZE(REMEDY); i++)
		if (strcmp(REMEDY[i].comm, comm) == 0)
			return REMEDY[i].remedy;
	return NULL;
}

char *holder_text(const struct holder *holder, const struct holder_node *node)
{
	own_free char *comm = text_quote(holder->comm, 32);

	return xasprintf(_("%s (pid %d, user %s, %s)"), comm, (int)holder->pid,
			 holder->user ? holder->user : "?", node->path);
}
