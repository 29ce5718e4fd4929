"""What is said about a mechanism that a machine refuses."""

from __future__ import annotations

import pytest

from grader.doctor.advice import APPARMOR, CLONE, MAX_USER, Host, advice
from grader.sandbox import LAYERS

NOT_INSTALLED = "not installed (the package is called bubblewrap)"
NO_PERMISSION = "setting up uid map: Permission denied"


@pytest.mark.parametrize(
    ("distributions", "command"),
    [
        (("debian",), "sudo apt-get install bubblewrap"),
        (("linuxmint", "ubuntu", "debian"), "sudo apt-get install bubblewrap"),
        (("rocky", "rhel", "centos", "fedora"), "sudo dnf install bubblewrap"),
        (("arch",), "sudo pacman -S bubblewrap"),
        (("alpine",), "sudo apk add bubblewrap"),
        (("opensuse-leap", "suse", "opensuse"), "sudo zypper install bubblewrap"),
        ((), "Install the package bubblewrap with the package manager of this system."),
    ],
)
def test_how_to_install_bubblewrap_is_said_in_the_distributions_words(
    distributions: tuple[str, ...], command: str
) -> None:
    assert advice("bubblewrap", NOT_INSTALLED, Host(distributions=distributions)) == (command,)


def test_root_needs_no_sudo_and_a_container_its_image() -> None:
    debian = Host(distributions=("debian",), root=True)
    assert advice("bubblewrap", NOT_INSTALLED, debian) == ("apt-get install bubblewrap",)
    inside = Host(distributions=("debian",), root=True, container="docker")
    assert advice("bubblewrap", NOT_INSTALLED, inside) == (
        "In the image of this container: apt-get install bubblewrap",
    )


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ((CLONE, 0), "kernel.unprivileged_userns_clone=1"),
        ((MAX_USER, 0), "user.max_user_namespaces=15000"),
        ((APPARMOR, 1), "profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }"),
    ],
)
def test_a_setting_that_forbids_namespaces_is_named_and_one_that_does_not_is_not(
    setting: tuple[str, int], words: str
) -> None:
    name, value = setting
    assert words in "\n".join(advice("bubblewrap", NO_PERMISSION, Host(settings=(setting,))))
    assert words not in "\n".join(advice("bubblewrap", NO_PERMISSION, Host(settings=((name, 1 - value),))))


def test_in_docker_the_options_of_the_container_are_named() -> None:
    host = Host(container="docker", root=True, settings=((APPARMOR, 1),))
    first, second, third, _ = advice("bubblewrap", NO_PERMISSION, host)
    for option in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"):
        assert f"--security-opt {option}" in first
    assert "SYS_ADMIN" in second
    assert third.startswith("On the host of the container: ")
    assert "unmask=ALL" in advice("bubblewrap", NO_PERMISSION, Host(container="podman"))[0]


@pytest.mark.parametrize(
    ("layer", "reason", "host", "words"),
    [
        ("bubblewrap", "root has no other user to become here", Host(container="docker"), "ordinary user"),
        ("bubblewrap", "there is none for this system", Host(system="Darwin"), "virtual machine"),
        ("bubblewrap", "there is none for this system", Host(system="Windows"), "WSL 2"),
        ("namespaces", "unshare: Operation not permitted", Host(), "bwrap-userns-restrict"),
        ("namespaces", "mount proc: Operation not permitted", Host(container="docker"), "systempaths"),
        ("namespaces", "unshare: No space left on device", Host(), MAX_USER),
        ("landlock", "this kernel has none", Host(kernel=(5, 10)), "This kernel is 5.10"),
        ("landlock", "switched off in this kernel", Host(kernel=(6, 1)), "lsm="),
        ("landlock", "this kernel has none", Host(kernel=(6, 1)), "CONFIG_SECURITY_LANDLOCK"),
        ("landlock", "this kernel has none", Host(kernel=(6, 1), container="docker"), "newer Docker"),
        ("seccomp", "there is no filter for riscv64 yet", Host(), "x86_64 and aarch64"),
        ("seccomp", "a process under it ended by signal 31", Host(), "report"),
        ("seccomp", "PR_SET_SECCOMP: Invalid argument", Host(), "CONFIG_SECCOMP_FILTER"),
    ],
)
def test_each_reason_has_its_advice(layer: str, reason: str, host: Host, words: str) -> None:
    assert words in "\n".join(advice(layer, reason, host))


@pytest.mark.parametrize("layer", LAYERS)
def test_any_reason_at_all_has_some(layer: str) -> None:
    lines = advice(layer, "", Host())
    assert lines
    assert all(line and "\n" not in line for line in lines)


def test_this_machine_can_be_looked_at() -> None:
    host = Host.here()
    assert host.system
    assert len(host.kernel) == 2
