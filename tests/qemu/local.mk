# SPDX-License-Identifier: GPL-2.0-or-later
# Other kernels than this machine's: "make check-kernels", or with KERNELS="linux-image-....deb VMLINUZ:MODULES". Not a part of
# "make check", since it takes minutes for each.

TEST_EXTENSIONS += .qemu
QEMU_LOG_DRIVER = $(LOG_DRIVER)
# The first case takes a download and a boot, which have bounds of their own.
QEMU_LOG_COMPILER = $(watchdog) --times 3
AM_QEMU_LOG_DRIVER_FLAGS = --comments

EXTRA_DIST += tests/qemu/boot tests/qemu/guest tests/qemu/kernel.bats tests/qemu/kernels.qemu

.PHONY: check-kernels
check-kernels:
	KERNELS='$(KERNELS)' $(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/qemu/kernels.qemu

clean-local:
	rm -rf kernels
