# vmlaunch: one Makefile, no configure step.
#
#   make            build ./vmlaunch (and the guest's-eye program where gnu-efi is installed)
#   make demo       install what is missing, build, boot profiles/demo.ini
#   make check      before each commit: unit, golden and fake tests, lint of what changed (T="golden/ fake/test_lock")
#   make test       install what is missing, build with sanitizers, run all tests
#   make roots      the README's commands in fresh roots of Debian 12, 13 and testing (as root; ROOTS="trixie forky")
#   make lint       compilers' warnings (gcc and clang), clang-tidy, cppcheck, format, shellcheck
#   make matrix     the guest tests with QEMU and firmware of four Debian suites, fetched and unpacked (3 x 100 MB)
#   make bench      what vmlaunch costs beside bare QEMU and libvirt; ROUNDS=3 is quick, SHORT=1 takes three
#                   minutes at most, JSON=FILE
#   make keys       profiles/KEYS.md anew, from the table of keys
#   make pot        the sentences of the source into the catalogues of launcher/po
#   make deb        a Debian package, in build/deb
#   make fuzz       libFuzzer on every parser, FUZZ_SECONDS each
#   make install    PREFIX=/usr/local, DESTDIR=
#   make clean
#
# V=1 shows the commands. CC=clang builds with clang.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

SHELL := /bin/bash
CC := gcc
AR := ar
OBJCOPY := objcopy
LD := ld
PKG_CONFIG := pkg-config
BUILD := build
PREFIX := /usr/local
DESTDIR :=
FUZZ_SECONDS := 60

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
else
Q :=
say = @:
endif

VERSION := 0.1
LIBS := json-c libcap-ng

# Warnings end a build where we look at them (lint, tests); a newer compiler must not stop a user.
WERROR :=
WARN := $(WERROR) -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wno-missing-field-initializers -Wvla -Wundef -Wformat=2
CPPFLAGS := -D_GNU_SOURCE -Ilauncher -I. -DVMLAUNCH_VERSION='"$(VERSION)"' \
	-DVMLAUNCH_LIBDIR='"$(PREFIX)/lib/vmlaunch"'
CFLAGS := -std=gnu17 -O2 -g -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
SAN := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# Asked only when something is compiled: "make demo" comes here before pkg-config is installed.
lib_cflags = $(eval lib_cflags := $$(shell $(PKG_CONFIG) --cflags $(LIBS)))$(lib_cflags)
lib_libs = $(eval lib_libs := $$(shell $(PKG_CONFIG) --libs $(LIBS)))$(lib_libs)

import_sources := $(sort $(wildcard launcher/import/*.c))
sources := $(filter-out $(import_sources),$(sort $(wildcard launcher/*/*.c qmp/*.c firmware/*.c firmware/acpi/*.c)))
library_objects = $(sources:%.c=$(1)/%.o) $(1)/filters.o
unit_tests := $(sort $(wildcard tests/unit/test_*.c))
unit_programs := $(unit_tests:tests/unit/%.c=$(BUILD)/san/tests/unit/%)
fuzzers := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzz_programs := $(fuzzers:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: all import locale pot deb man demo check test keys lint bench fuzz soak matrix roots install uninstall clean unit san probe warnings
all: vmlaunch

-include firmware/probe/probe.mk

# A launcher without the guest's-eye program is still a launcher: what goes wrong there (a linker or a gnu-efi
# that is newer than this) is shown and ends nothing. vmlaunch says by itself when it wants the program.
ifeq ($(HAVE_GNU_EFI),1)
all: probe
probe:
	@$(MAKE) --no-print-directory $(BUILD)/probe.efi || { rm -f $(BUILD)/probe.efi; \
		echo "The guest's-eye program could not be built, see above: vmlaunch goes without it."; }
endif

# ------------------------------------------------------------------ the program

vmlaunch: $(BUILD)/obj/launcher/main.o $(BUILD)/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(lib_libs)

# Other languages. Without msgfmt (gettext) all is said in English.
LANGUAGES := $(patsubst launcher/po/%.po,%,$(wildcard launcher/po/*.po))
catalogues := $(LANGUAGES:%=$(BUILD)/locale/%/LC_MESSAGES/vmlaunch.mo)
all: locale
locale:
	@if command -v msgfmt >/dev/null; then $(MAKE) --no-print-directory $(catalogues); else \
		echo "msgfmt is not here (package gettext): vmlaunch speaks English alone."; fi
$(BUILD)/locale/%/LC_MESSAGES/vmlaunch.mo: launcher/po/%.po
	$(call say,MSGFMT,$@)
	$(Q)mkdir -p $(@D) && msgfmt -c -o $@ $<

# A program of its own, for libxml2; a launcher without it is still a launcher.
xml_cflags = $(eval xml_cflags := $$(shell $(PKG_CONFIG) --cflags libxml-2.0))$(xml_cflags)
xml_libs = $(eval xml_libs := $$(shell $(PKG_CONFIG) --libs libxml-2.0))$(xml_libs)
import_cflags = $(if $(filter launcher/import/% tests/fuzz/fuzz_import.c,$(1)),$(xml_cflags))

all: import
import: vmlaunch
	@if $(PKG_CONFIG) --exists libxml-2.0; then $(MAKE) --no-print-directory $(BUILD)/vmlaunch-import; else \
		rm -f $(BUILD)/vmlaunch-import; \
		echo "libxml2 is not here to build with (libxml2-dev): 'vmlaunch import' will say so."; fi

$(BUILD)/vmlaunch-import: $(import_sources:%.c=$(BUILD)/obj/%.o) $(BUILD)/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(xml_libs) $(lib_libs)

$(BUILD)/san/vmlaunch-import: $(import_sources:%.c=$(BUILD)/san/%.o) $(BUILD)/san/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN) -o $@ $^ $(xml_libs) $(lib_libs)

$(BUILD)/libvmlaunch.a: $(call library_objects,$(BUILD)/obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) $(lib_cflags) $(call import_cflags,$<) -MMD -MP -c -o $@ $<

# Filters for system calls, out of what the sources say of themselves; only this program needs libseccomp.
$(BUILD)/filters: launcher/isolation/compiler/filters.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O1 $(WARN) $$($(PKG_CONFIG) --cflags libseccomp) -o $@ $< \
		$$($(PKG_CONFIG) --libs libseccomp)

# The file changes only when a filter does.
define filters_of
$(BUILD)/$(1)/filters.made: $(BUILD)/filters $(sources)
	$(Q)mkdir -p $$(@D)
	$(Q)$$< $(2) $$@ $(sources)
	$(Q)cmp -s $$@ $(BUILD)/$(1)/filters.c || cp $$@ $(BUILD)/$(1)/filters.c
$(BUILD)/$(1)/filters.c: $(BUILD)/$(1)/filters.made ;
$(BUILD)/$(1)/filters.o: $(BUILD)/$(1)/filters.c
	$$(call say,CC.$(1),$$<)
	$(Q)$(3) $(CPPFLAGS) $(WARN) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call filters_of,obj,,$(CC) $(CFLAGS)))
$(eval $(call filters_of,san,$(if $(findstring -fsanitize,$(SAN)),--sanitizer),$(CC) -std=gnu17 $(SAN)))
$(eval $(call filters_of,fuzz,--sanitizer,clang -std=gnu17 -O1 -g))

# Texts that are part of an object.
$(foreach kind,obj san fuzz,$(BUILD)/$(kind)/launcher/commands/help.o): launcher/commands/help.txt
$(foreach kind,obj san fuzz,$(BUILD)/$(kind)/launcher/plan/page.o): launcher/plan/page.css
$(foreach kind,obj san fuzz,$(BUILD)/$(kind)/launcher/commands/kit_image.o): $(wildcard launcher/commands/kit/*.cmd)

# The same with AddressSanitizer and UndefinedBehaviorSanitizer: what the tests run.
san: $(BUILD)/san/vmlaunch
	@if $(PKG_CONFIG) --exists libxml-2.0; then $(MAKE) --no-print-directory $(BUILD)/san/vmlaunch-import; fi
$(BUILD)/san/vmlaunch: $(BUILD)/san/launcher/main.o $(BUILD)/san/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN) -o $@ $^ $(lib_libs)

$(BUILD)/san/libvmlaunch.a: $(call library_objects,$(BUILD)/san)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Kept, or each unit test would be compiled anew for every change of the library.
.PRECIOUS: $(BUILD)/san/%.o
$(BUILD)/san/%.o: %.c
	$(call say,CC.san,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(NAMED) -std=gnu17 $(SAN) $(WARN) $(lib_cflags) $(call import_cflags,$<) -MMD -MP -c -o $@ $<

$(BUILD)/san/tests/unit/test_%: $(BUILD)/san/tests/unit/test_%.o $(BUILD)/san/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN) -o $@ $^ $(lib_libs) -lcmocka

# A QEMU that is none, for tests of the whole launcher; libc and json-c are all it has.
fakes := $(sort $(wildcard tests/fake/*.c))
$(BUILD)/san/fake-qemu: $(fakes:%.c=$(BUILD)/san/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN) -o $@ $^ $(lib_libs)

# All fuzzers in one, for a moment of each with every change; that of import wants libxml2, and has make fuzz alone.
replayed := $(filter-out import,$(fuzzers:tests/fuzz/fuzz_%.c=%))
$(BUILD)/san/tests/fuzz/fuzz_%.o: NAMED = -DLLVMFuzzerTestOneInput=$(notdir $*)_one -DLLVMFuzzerInitialize=$(notdir $*)_begin
$(BUILD)/san/tests/fuzz/replay.o: NAMED = -DFUZZERS='$(foreach name,$(replayed),X($(name)))'
$(BUILD)/san/fuzz-replay: $(replayed:%=$(BUILD)/san/tests/fuzz/fuzz_%.o) $(BUILD)/san/tests/fuzz/replay.o \
	$(BUILD)/san/tests/fuzz/whole.o $(BUILD)/san/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN) -o $@ $^ $(lib_libs)

unit: $(unit_programs)
	$(Q)for t in $^; do $$t || exit 1; done

# ------------------------------------------------------------------ fuzzing (clang's libFuzzer)

FUZZ := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
.PRECIOUS: $(BUILD)/fuzz/%.o

# The program itself, for those that look at what a command prints.
$(BUILD)/fuzz/fuzz_complete $(BUILD)/fuzz/fuzz_host: $(BUILD)/fuzz/tests/fuzz/whole.o
$(BUILD)/fuzz/fuzz_import: $(patsubst %.c,$(BUILD)/fuzz/%.o,$(filter-out launcher/import/main.c,$(import_sources)))
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/libvmlaunch.a
	$(call say,LINK,$@)
	$(Q)clang $(FUZZ) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(if $(filter %/fuzz_import,$@),$(xml_libs)) $(lib_libs)

$(BUILD)/fuzz/libvmlaunch.a: $(call library_objects,$(BUILD)/fuzz)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/fuzz/%.o: %.c
	$(call say,CC.fuzz,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) -std=gnu17 $(FUZZ) $(lib_cflags) $(call import_cflags,$<) -MMD -MP -c -o $@ $<

fuzz:
	@tests/packages build fuzz
	@$(MAKE) --no-print-directory -j$$(nproc) all $(fuzz_programs)
	@tests/fuzz/run $(FUZZ_SECONDS) $(fuzz_programs)

# ------------------------------------------------------------------ the two commands of the README

demo:
	@tests/packages build run
	@$(MAKE) --no-print-directory -j$$(nproc) all
	./vmlaunch profiles/demo.ini

test:
	@tests/run --about $(T)
	@tests/packages build run test 'more?'
	@$(MAKE) --no-print-directory -j$$(nproc) WERROR=-Werror all
	@tests/run --build $(T)

# The whole launcher without sanitizers here: make test has them. Most of the fake tests' time is waiting.
check:
	@tests/packages build run test lint
	@$(MAKE) --no-print-directory -j$$(nproc) WERROR=-Werror all
	@VMLAUNCH=$(CURDIR)/vmlaunch tests/run --build --lanes $$((2 * $$(nproc))) $(or $(T),unit/ golden/ fake/ \
		check/test_style check/test_includes check/test_keys check/test_help)
	@tests/check/lint --changed

keys: vmlaunch
	$(call say,KEYS,profiles/KEYS.md)
	$(Q)./vmlaunch keys --format markdown >$(BUILD)/KEYS.md
	$(Q)mv $(BUILD)/KEYS.md profiles/KEYS.md

pot:
	@launcher/po/update

deb:
	@tests/packages build deb 'lintian?'
	@launcher/debian/build $(BUILD)/deb

# What tests/check/lint asks for.
warnings:
	@echo '$(WARN)'

lint:
	@tests/packages build lint
	@tests/check/lint

bench:
	@tests/packages build run test 'more?'
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BUILD)/san/fake-qemu
	@tests/bench/run $(if $(SHORT),--short) $(if $(JSON),--json $(JSON))

soak:
	@tests/packages build run test 'more?'
	@$(MAKE) --no-print-directory -j$$(nproc) WERROR=-Werror all san $(unit_programs) $(BUILD)/san/fake-qemu $(BUILD)/san/fuzz-replay
	@SOAK=1 TEST_TIMEOUT=7200 tests/run $(T)

matrix:
	@tests/packages build run test 'more?'
	@$(MAKE) --no-print-directory -j$$(nproc) WERROR=-Werror all san $(unit_programs) $(BUILD)/san/fake-qemu
	@MATRIX=1 TEST_TIMEOUT=3600 tests/run matrix/

ROOTS := bookworm trixie trixie-backports forky
roots:
	@tests/packages roots
	@tests/roots $(ROOTS)

# polkit looks for actions in /usr/share alone, whatever the prefix is.
POLKIT_ACTIONS := /usr/share/polkit-1/actions

# The icon of desktop entries (freedesktop.org's Icon Theme Specification).
ICONS := scalable/apps/org.vmlaunch.svg symbolic/apps/org.vmlaunch-symbolic.svg

# Whether a program and each directory and link on the way to it are root's and nobody else's to write: the rule of
# launcher/base/trusted.h without its exception. Prints what is not so.
roots_alone = namei -l $(1) | awk '/^f:/ { next } \
	{ n++; if ($$2 != "root" || ($$1 !~ /^l/ && substr($$1, 6, 1) substr($$1, 9, 1) ~ /w/)) { print; bad = 1 } } \
	END { exit bad || !n }'

# Manual pages: two of them have a part that the program writes of its own tables.
MAN := vmlaunch.1 vmlaunch-qmp.1 vmlaunch.ini.5 vmlaunch-guide.7 vmlaunch-keeper.8
man: $(MAN:%=$(BUILD)/man/%)
$(BUILD)/man/%: launcher/man/%.in vmlaunch
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)./vmlaunch help --format man >$(BUILD)/man/commands
	$(Q)./vmlaunch keys --format man >$(BUILD)/man/keys
	$(Q)sed -e '/^@COMMANDS@$$/{r $(BUILD)/man/commands' -e 'd}' -e '/^@KEYS@$$/{r $(BUILD)/man/keys' -e 'd}' $< >$@
$(BUILD)/man/%: launcher/man/%
	$(Q)mkdir -p $(@D) && cp $< $@

# What is installed beside the program and polkit's action: its mode is 644, and its place is below PREFIX.
shared_files := $(foreach icon,$(ICONS),launcher/desktop/$(notdir $(icon)):share/icons/hicolor/$(icon)) \
	$(foreach page,$(MAN),$(BUILD)/man/$(page):share/man/man$(subst .,,$(suffix $(page)))/$(page)) \
	launcher/completions/vmlaunch.bash:share/bash-completion/completions/vmlaunch \
	launcher/completions/_vmlaunch:share/zsh/site-functions/_vmlaunch \
	launcher/completions/vmlaunch.fish:share/fish/vendor_completions.d/vmlaunch.fish \
	launcher/desktop/70-vmlaunch-kvmfr.rules:lib/udev/rules.d/70-vmlaunch-kvmfr.rules \
	launcher/desktop/org.vmlaunch.vmlaunch.metainfo.xml:share/metainfo/org.vmlaunch.vmlaunch.metainfo.xml \
	$(foreach profile,$(wildcard profiles/*),$(profile):share/doc/vmlaunch/profiles/$(notdir $(profile)))

install: all man
	install -D -m 755 vmlaunch $(DESTDIR)$(PREFIX)/bin/vmlaunch
	if [ -e $(BUILD)/probe.efi ]; then \
		install -D -m 644 $(BUILD)/probe.efi $(DESTDIR)$(PREFIX)/lib/vmlaunch/probe.efi; fi
	if [ -e $(BUILD)/vmlaunch-import ]; then \
		install -D -m 755 $(BUILD)/vmlaunch-import $(DESTDIR)$(PREFIX)/lib/vmlaunch/vmlaunch-import; fi
	for file in $(shared_files); do \
		install -D -m 644 "$${file%%:*}" "$(DESTDIR)$(PREFIX)/$${file#*:}" || exit 1; done
	for language in $(LANGUAGES); do \
		[ ! -e $(BUILD)/locale/$$language/LC_MESSAGES/vmlaunch.mo ] || install -D -m 644 \
			$(BUILD)/locale/$$language/LC_MESSAGES/vmlaunch.mo \
			"$(DESTDIR)$(PREFIX)/share/locale/$$language/LC_MESSAGES/vmlaunch.mo" || exit 1; done
	mkdir -p $(BUILD)
	@# Root's, where root has installed before.
	@rm -f $(BUILD)/org.vmlaunch.policy
	sed 's|@PROGRAM@|$(PREFIX)/bin/vmlaunch|' launcher/desktop/vmlaunch.policy.in \
		>$(BUILD)/org.vmlaunch.policy
	@# An action for a program that a user could replace would make that user root.
	@if [ -n "$(DESTDIR)" ] || $(call roots_alone,$(PREFIX)/bin/vmlaunch); then \
		echo "install -D -m 644 $(BUILD)/org.vmlaunch.policy $(DESTDIR)$(POLKIT_ACTIONS)/org.vmlaunch.policy"; \
		install -D -m 644 $(BUILD)/org.vmlaunch.policy \
			$(DESTDIR)$(POLKIT_ACTIONS)/org.vmlaunch.policy; \
	else echo "polkit's action is left out: others than root can replace $(PREFIX)/bin/vmlaunch"; fi

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vmlaunch $(DESTDIR)$(PREFIX)/lib/vmlaunch/probe.efi \
		$(DESTDIR)$(PREFIX)/lib/vmlaunch/vmlaunch-import \
		$(DESTDIR)$(POLKIT_ACTIONS)/org.vmlaunch.policy \
		$(LANGUAGES:%=$(DESTDIR)$(PREFIX)/share/locale/%/LC_MESSAGES/vmlaunch.mo) \
		$(foreach file,$(shared_files),$(DESTDIR)$(PREFIX)/$(lastword $(subst :, ,$(file))))
	rmdir $(DESTDIR)$(PREFIX)/lib/vmlaunch $(DESTDIR)$(PREFIX)/share/doc/vmlaunch/profiles \
		$(DESTDIR)$(PREFIX)/share/doc/vmlaunch 2>/dev/null || true

clean:
	rm -rf $(BUILD) vmlaunch

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
