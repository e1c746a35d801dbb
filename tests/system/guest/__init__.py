"""A whole machine: Debian with systemd under QEMU, the package installed, its sound captured, a USB stick to plug in.

Not part of the normal suite: see README.md for its commands and how long they take.
"""
