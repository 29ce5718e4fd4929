"""The system calls that a worker may make, as a filter that the kernel runs before each of them.

`python -m grader.sandbox.policy` compiles the lists below with libseccomp (through pyseccomp, needed only for this)
into filters/ARCHITECTURE.bpf. Workers load these bytes; nothing of this is compiled on the machine of a user.

A call of `ALLOWED` goes through. One of `REFUSED` fails with EPERM, which Python shows as a PermissionError that names
it. Any other fails with ENOSYS, as on a kernel that does not have it: libraries try something else then. Entry
points of other architectures (i386, x32) end the process.
"""

from __future__ import annotations

import errno
import struct
import tempfile
from typing import Any

from grader.sandbox.seccomp import file_of
from grader.worker.confine import SELF

ARCHITECTURES = {"x86_64": "X86_64", "aarch64": "AARCH64"}

ALLOWED = {
    "descriptors": """
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile copy_file_range
        close close_range dup dup2 dup3 fsync fdatasync ftruncate fallocate fadvise64 readahead
    """,
    "files, as far as the mounts and landlock leave any": """
        open openat creat stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink
        readlinkat getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat
        renameat2 symlink symlinkat truncate chmod fchmod fchmodat utime utimes utimensat futimesat umask
    """,
    "memory": """
        brk mmap munmap mprotect mremap madvise mincore msync membarrier mlock munlock
    """,
    "itself": """
        exit exit_group getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp
        getpgid getsid getrusage times getrlimit setrlimit capget uname sysinfo getrandom getcpu getpriority
        sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max
        sched_get_priority_min wait4 waitid
    """,
    "threads": """
        arch_prctl set_tid_address set_robust_list get_robust_list rseq futex futex_waitv restart_syscall
    """,
    "its own signals": """
        rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause alarm
        setitimer getitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete
    """,
    "clocks": """
        clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time timerfd_create timerfd_settime
        timerfd_gettime
    """,
    "waiting": """
        poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd
        eventfd2 pipe pipe2
    """,
    "connected sockets": """
        recvfrom shutdown getsockopt setsockopt getsockname getpeername
    """,
}

REFUSED = {
    "processes and programs": """
        fork vfork execve execveat
    """,
    "other processes": """
        ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open pidfd_getfd
        pidfd_send_signal tkill rt_sigqueueinfo rt_tgsigqueueinfo setpgid setsid setpriority ioprio_set
        sched_setscheduler sched_setparam sched_setattr
    """,
    "sockets": """
        socket connect bind listen accept accept4 sendmsg recvmsg sendmmsg recvmmsg
    """,
    "namespaces and mounts": """
        unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsmount fsconfig fspick
        mount_setattr
    """,
    "credentials": """
        setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset personality seccomp
        landlock_create_ruleset landlock_add_rule landlock_restrict_self keyctl add_key request_key
    """,
    "kernel": """
        bpf perf_event_open userfaultfd init_module finit_module delete_module kexec_load reboot swapon swapoff
        sethostname setdomainname quotactl acct syslog vmsplice splice tee
    """,
    "files without a path, owners, devices, watches, locks": """
        name_to_handle_at open_by_handle_at memfd_create memfd_secret chown fchown lchown fchownat mknod mknodat
        link linkat inotify_init inotify_init1 fanotify_init flock
    """,
    "memory and queues that others can open": """
        shmget shmat shmctl shmdt semget semop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink
    """,
}

_CLONE_THREAD = 0x10000
_AF_UNIX, _SOCK_STREAM, _SOCKET_TYPES = 1, 1, 0xF
# F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL, F_GETOWN, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS. Not
# F_SETOWN and F_SETSIG, which signal others, nor leases, notices and locks, which others can see.
_FCNTL = (0, 1, 2, 3, 4, 9, 1030, 1032, 1033, 1034)
# TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX. Not TIOCSTI, which types for others, nor FIOSETOWN.
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_SET_NAME PR_GET_NAME PR_GET_DUMPABLE PR_SET_VMA
_PRCTL = (15, 16, 3, 0x53564D41)


def compile_filter(architecture: str) -> tuple[bytes, list[str]]:
    """The filter for an architecture, and the names that do not exist there. Needs pyseccomp."""
    import pyseccomp as seccomp  # type: ignore[import-untyped]

    program = seccomp.SyscallFilter(seccomp.ERRNO(errno.ENOSYS))
    wanted = getattr(seccomp.Arch, ARCHITECTURES[architecture])
    if seccomp.system_arch() != wanted:
        program.add_arch(wanted)
        program.remove_arch(seccomp.Arch.NATIVE)
    program.set_attr(seccomp.Attr.CTL_NNP, 0)
    program.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    allow, refuse, missing = seccomp.ALLOW, seccomp.ERRNO(errno.EPERM), []

    def rule(action: Any, name: str, *conditions: Any) -> None:
        number = seccomp.resolve_syscall(wanted, name)
        # Negative numbers stand for calls that only other architectures have.
        if number is None or (isinstance(number, int) and number < 0):
            missing.append(name)
        else:
            program.add_rule(action, name, *conditions)

    def equal(position: int, value: int) -> Any:
        return seccomp.Arg(position, seccomp.EQ, value)

    for names in ALLOWED.values():
        for name in names.split():
            rule(allow, name)
    for names in REFUSED.values():
        for name in names.split():
            rule(refuse, name)
    # Threads, no processes. The flags of clone3 lie in memory, where no filter sees them; glibc then uses clone.
    rule(allow, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
    # Signals to itself only: abort() and raise() need them.
    own = int.from_bytes(SELF, "little")
    for name in ("kill", "tgkill"):
        rule(allow, name, equal(0, own))
        rule(refuse, name, seccomp.Arg(0, seccomp.NE, own))
    for name, position, values in (("fcntl", 1, _FCNTL), ("ioctl", 1, _IOCTL), ("prctl", 0, _PRCTL)):
        for value in values:
            rule(allow, name, equal(position, value))
    # Connected pairs, which asyncio wakes itself with. A datagram socket could name a receiver, hence also no address.
    rule(allow, "socketpair", equal(0, _AF_UNIX), seccomp.Arg(1, seccomp.MASKED_EQ, _SOCKET_TYPES, _SOCK_STREAM))
    rule(allow, "sendto", equal(4, 0))
    # Of itself. Its limits it may only lower: the hard ones hold.
    rule(allow, "prlimit64", equal(0, 0))
    rule(allow, "sched_setaffinity", equal(0, 0))
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read(), missing


def main() -> None:
    """Compile the filter of every architecture."""
    for architecture in ARCHITECTURES:
        program, missing = compile_filter(architecture)
        assert len(program) % struct.calcsize("<HBBI") == 0
        file_of(architecture).write_bytes(program)
        print(f"{architecture}: {len(program) // 8} instructions; not there: {' '.join(missing) or 'none'}")


if __name__ == "__main__":
    main()
