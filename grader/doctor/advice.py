"""What to install or change so that this machine lets a mechanism work. Each line is a sentence or a command."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

# By the names that distributions give themselves and those they derive from (os-release).
_INSTALL = {
    "debian": "apt-get install bubblewrap",
    "ubuntu": "apt-get install bubblewrap",
    "fedora": "dnf install bubblewrap",
    "rhel": "dnf install bubblewrap",
    "centos": "dnf install bubblewrap",
    "arch": "pacman -S bubblewrap",
    "alpine": "apk add bubblewrap",
    "suse": "zypper install bubblewrap",
    "opensuse": "zypper install bubblewrap",
    "gentoo": "emerge sys-apps/bubblewrap",
    "void": "xbps-install bubblewrap",
    "nixos": "nix-env -iA nixos.bubblewrap",
}
LANDLOCK_SINCE = (5, 13)
# What a distribution sets when it does not switch them off; any number well above zero does.
_NAMESPACES = 15_000


@dataclass(frozen=True)
class Host:
    """What is known of a machine. `settings` are those of the kernel that may forbid namespaces, where they exist."""

    system: str = "Linux"
    kernel: tuple[int, ...] = ()
    distributions: tuple[str, ...] = ()
    settings: tuple[tuple[str, int], ...] = ()
    container: str = ""
    root: bool = False
    bubblewrap: str = "/usr/bin/bwrap"

    @classmethod
    def here(cls) -> Host:
        """This machine."""
        return cls(
            system=platform.system(),
            kernel=tuple(int(n) for n in re.findall(r"\d+", platform.release())[:2]),
            distributions=_distributions(),
            settings=tuple((name, value) for name in SETTINGS if (value := _setting(name)) is not None),
            container=_container(),
            root=hasattr(os, "geteuid") and os.geteuid() == 0,
            bubblewrap=shutil.which("bwrap") or "/usr/bin/bwrap",
        )

    def setting(self, name: str) -> int | None:
        """A setting of the kernel, or None where it does not have it."""
        return dict(self.settings).get(name)

    @property
    def sudo(self) -> str:
        """What makes a command one of root's."""
        return "" if self.root else "sudo "


CLONE, APPARMOR = "kernel.unprivileged_userns_clone", "kernel.apparmor_restrict_unprivileged_userns"
MAX_USER, MAX_PID = "user.max_user_namespaces", "user.max_pid_namespaces"
SETTINGS = (CLONE, APPARMOR, MAX_USER, MAX_PID)


def advice(layer: str, reason: str, host: Host) -> tuple[str, ...]:
    """How to get a layer that is not in force for that reason; empty when nothing is known."""
    if host.system != "Linux":
        return tuple(_elsewhere(host)) if layer == "bubblewrap" else ()
    known = {"bubblewrap": _bubblewrap, "namespaces": _namespaces, "landlock": _landlock, "seccomp": _seccomp}
    return tuple(known[layer](reason, host)) if layer in known else ()


def _elsewhere(host: Host) -> list[str]:
    if host.system == "Darwin":
        return ["The sandbox needs Linux: to grade code of others, run grade in a Linux virtual machine or container."]
    return ["The sandbox needs Linux: on Windows run grade in WSL 2 (wsl --install)."]


def _bubblewrap(reason: str, host: Host) -> list[str]:
    if "not installed" in reason:
        where = "In the image of this container: " if host.container else ""
        return [f"{where}{_install(host)}"]
    lines = []
    if "no other user" in reason:
        return ["Run grade as an ordinary user: this container gives root no other user to become."]
    if host.container:
        lines += _container_options(host)
    lines += _settings(host)
    if "loopback" in reason and not lines:
        lines.append("Something forbids a network of its own, such as a security module; see its log (dmesg).")
    by_hand = "bwrap --unshare-all --ro-bind / / --proc /proc true"
    return [*lines, f"Then, or to see what refuses it{', as an ordinary user' if host.root else ''}: {by_hand}"]


def _namespaces(reason: str, host: Host) -> list[str]:
    if host.container:
        return _container_options(host)
    if "no space" in reason.lower():
        return _settings(host) or [f"{host.sudo}sysctl -w {MAX_USER}={_NAMESPACES}"]
    return [
        "A security module takes from programs in bubblewrap the right to make namespaces. With AppArmor, "
        "its profile bwrap-userns-restrict does; switch that off, and use this one instead:",
        f"{host.sudo}apparmor_parser -R /etc/apparmor.d/bwrap-userns-restrict",
        *_profile(host),
    ]


def _landlock(reason: str, host: Host) -> list[str]:
    if host.kernel and host.kernel < LANDLOCK_SINCE:
        here = ".".join(map(str, host.kernel))
        return [f"This kernel is {here}; Linux 5.13 and newer have landlock. The level sandbox does not need it."]
    if "switched off" in reason:
        return [
            "Start the kernel with landlock in its list lsm= (what is in it now: cat /sys/kernel/security/lsm). "
            "The level sandbox does not need it."
        ]
    if host.container:
        return ["The container's filter of system calls may hide it: a newer Docker or Podman lets it through."]
    return ["This kernel was built without it (CONFIG_SECURITY_LANDLOCK). The level sandbox does not need it."]


def _seccomp(reason: str, host: Host) -> list[str]:
    if "no filter for" in reason:
        return ["There are filters for x86_64 and aarch64: for the sandbox, grade on one of these."]
    if "signal" in reason:
        return ["The filter forbids something that Python needs here. Please report it, with what this command says."]
    return ["This kernel was built without it (CONFIG_SECCOMP_FILTER), or the container forbids it."]


def _install(host: Host) -> str:
    for name in host.distributions:
        if name in _INSTALL:
            return host.sudo + _INSTALL[name]
    return "Install the package bubblewrap with the package manager of this system."


def _container_options(host: Host) -> list[str]:
    """What a container needs, beyond what it has by default, for namespaces inside.

    Its filter of system calls forbids making them, its AppArmor profile forbids mounts, and /proc can be mounted only
    where no part of the outer one is masked.
    """
    if host.container == "podman":
        lines = ["Start the container with: podman run --security-opt unmask=ALL"]
    else:
        lines = [
            "Start the container with: docker run --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined",
        ]
    if host.root:
        lines.append("In it, run grade as an ordinary user (USER in the Dockerfile), or add --cap-add SYS_ADMIN.")
    return lines


def _settings(host: Host) -> list[str]:
    """Commands for the settings of the kernel that forbid namespaces. In a container they are the host's."""
    where = "On the host of the container: " if host.container else ""
    changed = {CLONE: 1, MAX_USER: _NAMESPACES, MAX_PID: _NAMESPACES}
    lines = [
        f"{where}echo {name}={value} | {host.sudo}tee -a /etc/sysctl.d/60-grade.conf && {host.sudo}sysctl --system"
        for name, value in changed.items()
        if host.setting(name) == 0
    ]
    if host.setting(APPARMOR) == 1:
        if host.container:
            lines.append(f"{where}echo {APPARMOR}=0 | sudo tee -a /etc/sysctl.d/60-grade.conf && sudo sysctl --system")
        else:
            lines.append("AppArmor forbids namespaces to programs without a profile that names them; allow bubblewrap:")
            lines += _profile(host)
    return lines


def _profile(host: Host) -> list[str]:
    path = "/etc/apparmor.d/bwrap"
    allow = f"profile bwrap {host.bubblewrap} flags=(unconfined) {{ userns, }}"
    text = rf"abi <abi/4.0>,\ninclude <tunables/global>\n{allow}\n"
    return [f"printf '{text}' | {host.sudo}tee {path}", f"{host.sudo}apparmor_parser -r {path}"]


# ---- looking at this machine ----


def _distributions() -> tuple[str, ...]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ()
    return tuple(f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".lower().split())


def _setting(name: str) -> int | None:
    try:
        return int(Path("/proc/sys", *name.split(".")).read_text())
    except (OSError, ValueError):
        return None


def _container() -> str:
    """What kind of container this is, or nothing: "docker", "podman" or another."""
    if sys.platform != "linux":
        return ""
    for path, name in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker")):
        if Path(path).exists():
            return name
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    return os.environ.get("container", "")  # noqa: SIM112  systemd's name for it
