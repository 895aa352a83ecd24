using System.Diagnostics;
using System.Text;

namespace VmBus.Interop.Tests.Linux;

// Every struct and constant that crosses into the C library, against what the machine's own C compiler says.
public unsafe class LayoutTests
{
    private static readonly string[] Compilers = ["gcc", "cc", "clang"];

    private const string Headers = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <linux/futex.h>
        #include <linux/fs.h>
        #include <linux/memfd.h>
        #include <linux/openat2.h>
        #include <linux/prctl.h>
        #include <sys/socket.h>
        #include <linux/netlink.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/eventfd.h>
        #include <sys/file.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <sys/uio.h>
        #include <sys/un.h>
        #include <time.h>

        """;

    [Fact]
    public void Structs_and_constants_are_those_of_the_C_library()
    {
        (string Expression, long Value)[] ours = [.. Structs(), .. Constants(), .. Errors(), .. Events()];

        string[] theirs = Evaluate([.. ours.Select(one => one.Expression)]);

        Assert.Equal(
            ours.Select(one => $"{one.Expression} = {one.Value}"),
            ours.Zip(theirs, (one, value) => $"{one.Expression} = {value}"));
    }

    [Fact]
    public void The_comparison_sees_what_the_compiler_says()
    {
        Assert.Equal(["8", "12", "-3"], Evaluate(["sizeof(long)", "offsetof(struct { long a; int b; int c; }, c)", "-3"]));
    }

    private static List<(string, long)> Structs()
    {
        var all = new List<(string, long)>();

        MessageHeader message;
        Add("struct msghdr", sizeof(MessageHeader), &message,
            Field("msg_name", (nint*)&message.Name), Field("msg_namelen", &message.NameLength), Field("msg_iov", (nint*)&message.Vectors),
            Field("msg_iovlen", &message.VectorCount), Field("msg_control", (nint*)&message.Control),
            Field("msg_controllen", &message.ControlLength), Field("msg_flags", &message.Flags));

        OpenHow how;
        Add("struct open_how", sizeof(OpenHow), &how,
            Field("flags", &how.Flags), Field("mode", &how.Mode), Field("resolve", &how.Resolve));

        IoVector vector;
        Add("struct iovec", sizeof(IoVector), &vector, Field("iov_base", (nint*)&vector.Base), Field("iov_len", &vector.Length));

        ControlMessageHeader control;
        Add("struct cmsghdr", sizeof(ControlMessageHeader), &control,
            Field("cmsg_len", &control.Length), Field("cmsg_level", &control.Level), Field("cmsg_type", &control.Type));
        foreach (int count in new[] { 1, 2, 3, UnixFdSocket.MaxDescriptors })
        {
            all.Add(($"CMSG_LEN({count} * sizeof(int))", ControlMessageHeader.LengthOf(count)));
            all.Add(($"CMSG_SPACE({count} * sizeof(int))", ControlMessageHeader.SpaceOf(count)));
        }

        UnixSocketAddress address;
        Add("struct sockaddr_un", sizeof(UnixSocketAddress), &address, Field("sun_family", &address.Family), Field("sun_path", &address.Path));

        NetlinkAddress netlink;
        Add("struct sockaddr_nl", sizeof(NetlinkAddress), &netlink,
            Field("nl_family", &netlink.Family), Field("nl_pid", &netlink.PortId), Field("nl_groups", &netlink.Groups));

        PollFd poll;
        Add("struct pollfd", sizeof(PollFd), &poll, Field("fd", &poll.Descriptor), Field("events", &poll.Events), Field("revents", &poll.Returned));

        Timespec timespec;
        Add("struct timespec", sizeof(Timespec), &timespec, Field("tv_sec", &timespec.Seconds), Field("tv_nsec", &timespec.Nanoseconds));

        Timeval timeval;
        Add("struct timeval", sizeof(Timeval), &timeval, Field("tv_sec", &timeval.Seconds), Field("tv_usec", &timeval.Microseconds));

        NativeResourceUsage usage;
        Add("struct rusage", sizeof(NativeResourceUsage), &usage,
            Field("ru_utime", &usage.UserTime), Field("ru_stime", &usage.SystemTime), Field("ru_maxrss", &usage.MaxResidentKibibytes),
            Field("ru_ixrss", &usage.SharedTextSize), Field("ru_idrss", &usage.UnsharedDataSize), Field("ru_isrss", &usage.UnsharedStackSize),
            Field("ru_minflt", &usage.MinorFaults), Field("ru_majflt", &usage.MajorFaults), Field("ru_nswap", &usage.Swaps),
            Field("ru_inblock", &usage.BlockInputs), Field("ru_oublock", &usage.BlockOutputs), Field("ru_msgsnd", &usage.MessagesSent),
            Field("ru_msgrcv", &usage.MessagesReceived), Field("ru_nsignals", &usage.SignalsReceived),
            Field("ru_nvcsw", &usage.VoluntaryContextSwitches), Field("ru_nivcsw", &usage.InvoluntaryContextSwitches));

        StatxBuffer status;
        Add("struct statx", sizeof(StatxBuffer), &status,
            Field("stx_mask", &status.Mask), Field("stx_mode", &status.Mode), Field("stx_size", &status.Size));
        return all;

        void Add(string name, int size, void* start, params (string Name, nint At, int Size)[] fields)
        {
            all.Add(($"sizeof({name})", size));
            foreach ((string field, nint at, int fieldSize) in fields)
            {
                all.Add(($"offsetof({name}, {field})", at - (nint)start));
                all.Add(($"sizeof((({name} *)0)->{field})", fieldSize));
            }
        }

        static (string, nint, int) Field<T>(string name, T* at) where T : unmanaged => (name, (nint)at, sizeof(T));
    }

    private static (string, long)[] Constants() =>
    [
        ("F_GETFD", Libc.FcntlGetDescriptorFlags),
        ("F_SETFD", Libc.FcntlSetDescriptorFlags),
        ("F_GETFL", Libc.FcntlGetStatusFlags),
        ("F_SETFL", Libc.FcntlSetStatusFlags),
        ("F_DUPFD_CLOEXEC", Libc.FcntlDuplicateCloseOnExec),
        ("F_ADD_SEALS", Libc.FcntlAddSeals),
        ("F_GET_SEALS", Libc.FcntlGetSeals),
        ("F_SETPIPE_SZ", Libc.FcntlSetPipeSize),
        ("FD_CLOEXEC", Libc.CloseOnExec),
        ("O_NONBLOCK", Libc.OpenNonBlocking),
        ("O_RDONLY", Libc.OpenReadOnly),
        ("O_WRONLY", Libc.OpenWriteOnly),
        ("O_RDWR", Libc.OpenReadWrite),
        ("O_CLOEXEC", Libc.OpenCloseOnExec),
        ("O_CREAT", Libc.OpenCreate),
        ("O_EXCL", Libc.OpenExclusive),
        ("O_DIRECTORY", Libc.OpenFolder),
        ("O_NOFOLLOW", Libc.OpenNoFollow),
        ("O_TMPFILE", Libc.OpenUnnamed),
        ("AT_FDCWD", Libc.CurrentFolder),
        ("AT_SYMLINK_NOFOLLOW", Libc.NoFollow),
        ("AT_SYMLINK_FOLLOW", Libc.FollowLink),
        ("RENAME_NOREPLACE", Libc.RenameNoReplace),
        ("RESOLVE_NO_MAGICLINKS", (long)Libc.ResolveNoMagicLinks),
        ("RESOLVE_BENEATH", (long)Libc.ResolveBeneath),
        ("RESOLVE_IN_ROOT", (long)Libc.ResolveInRoot),
        ("__NR_openat2", Libc.OpenAt2Number),
        ("__NR_renameat2", Libc.RenameAt2Number),
        ("LOCK_SH", Libc.LockShared),
        ("LOCK_EX", Libc.LockExclusive),
        ("F_OFD_SETLK", Libc.FcntlSetDescriptionLock),
        ("F_RDLCK", Libc.LockRead),
        ("F_WRLCK", Libc.LockWrite),
        ("LOCK_NB", Libc.LockNonBlocking),
        ("_IOW(0xB8, 0x22, char[8])", MshvControl.SignalEventNumber),
        ("_IOW(0xB8, 0x23, char[24])", MshvControl.PostMessageNumber),
        ("_IOW(0xB8, 0x24, char[8])", MshvControl.SetEventFdNumber),
        ("_IOW(0xB8, 0x25, char[8])", MshvControl.PauseMessagesNumber),
        ("_IOWR(0xB8, 0x07, char[32])", MshvControl.RootHypercallNumber),
        ("_IOWR('X', 119, int)", VolumeFile.FreezeNumber),
        ("_IOWR('X', 120, int)", VolumeFile.ThawNumber),
        ("MFD_CLOEXEC", Libc.MemfdCloseOnExec),
        ("MFD_ALLOW_SEALING", Libc.MemfdAllowSealing),
        ("F_SEAL_SEAL", Libc.SealSeal),
        ("F_SEAL_SHRINK", Libc.SealShrink),
        ("F_SEAL_GROW", Libc.SealGrow),
        ("MAP_SHARED", Libc.MapShared),
        ("MAP_PRIVATE", Libc.MapPrivate),
        ("MAP_FIXED", Libc.MapFixed),
        ("MAP_ANONYMOUS", Libc.MapAnonymous),
        ("MAP_NORESERVE", Libc.MapNoReserve),
        ("MAP_FAILED", Libc.MapFailed),
        ("PROT_NONE", (long)MemoryProtection.None),
        ("PROT_READ", (long)MemoryProtection.Read),
        ("PROT_WRITE", (long)MemoryProtection.Write),
        ("EFD_CLOEXEC", Libc.EventFdCloseOnExec),
        ("EFD_NONBLOCK", Libc.EventFdNonBlocking),
        ("AT_EMPTY_PATH", Libc.StatxEmptyPath),
        ("STATX_SIZE", Libc.StatxSize),
        ("STATX_TYPE", Libc.StatxType),
        ("S_IFMT", Libc.TypeMask),
        ("S_IFSOCK", Libc.SocketFile),
        ("AF_UNIX", Libc.FamilyUnix),
        ("AF_NETLINK", Libc.FamilyNetlink),
        ("NETLINK_KOBJECT_UEVENT", Libc.NetlinkKernelEvents),
        ("SOCK_DGRAM", Libc.SocketDatagram),
        ("SOCK_NONBLOCK", Libc.SocketNonBlocking),
        ("SOCK_STREAM", Libc.SocketStream),
        ("SOCK_CLOEXEC", Libc.SocketCloseOnExec),
        ("SOL_SOCKET", Libc.LevelSocket),
        ("SO_TYPE", Libc.OptionType),
        ("SO_DOMAIN", Libc.OptionDomain),
        ("SCM_RIGHTS", Libc.ControlRights),
        ("MSG_CTRUNC", Libc.MessageControlTruncated),
        ("MSG_NOSIGNAL", Libc.MessageNoSignal),
        ("MSG_CMSG_CLOEXEC", Libc.MessageCloseOnExec),
        ("CLOCK_MONOTONIC", Libc.ClockMonotonic),
        ("CLOCK_PROCESS_CPUTIME_ID", Libc.ClockProcessCpuTime),
        ("CLOCK_THREAD_CPUTIME_ID", Libc.ClockThreadCpuTime),
        ("TIMER_ABSTIME", Libc.TimerAbsolute),
        ("PR_SET_PDEATHSIG", Libc.ControlSetParentDeathSignal),
        ("PR_GET_PDEATHSIG", Libc.ControlGetParentDeathSignal),
        ("PR_SET_TIMERSLACK", Libc.ControlSetTimerSlack),
        ("PR_GET_TIMERSLACK", Libc.ControlGetTimerSlack),
        ("RUSAGE_SELF", Libc.UsageSelf),
        ("RUSAGE_THREAD", Libc.UsageThread),
        ("FUTEX_WAIT", Libc.FutexWait),
        ("FUTEX_WAKE", Libc.FutexWake),
        ("FUTEX_PRIVATE_FLAG", Libc.FutexPrivate),
        ("SYS_futex", Futex.Number),
        ("SIGWINCH", TestLibc.SignalWindowChange),
    ];

    private static (string, long)[] Errors() =>
    [
        ("EPERM", (long)Errno.OperationNotPermitted),
        ("ENOENT", (long)Errno.NoSuchFile),
        ("ESRCH", (long)Errno.NoSuchProcess),
        ("EINTR", (long)Errno.Interrupted),
        ("EIO", (long)Errno.InputOutput),
        ("ENXIO", (long)Errno.NoSuchAddress),
        ("EBADF", (long)Errno.BadDescriptor),
        ("EAGAIN", (long)Errno.TryAgain),
        ("EWOULDBLOCK", (long)Errno.TryAgain),
        ("ENOMEM", (long)Errno.OutOfMemory),
        ("EACCES", (long)Errno.AccessDenied),
        ("EFAULT", (long)Errno.BadAddress),
        ("EBUSY", (long)Errno.Busy),
        ("EEXIST", (long)Errno.AlreadyExists),
        ("ENODEV", (long)Errno.NoSuchDevice),
        ("EINVAL", (long)Errno.InvalidArgument),
        ("EXDEV", (long)Errno.CrossDevice),
        ("ENOTDIR", (long)Errno.NotFolder),
        ("EISDIR", (long)Errno.IsFolder),
        ("EFBIG", (long)Errno.FileTooLarge),
        ("ENOSPC", (long)Errno.NoSpace),
        ("ELOOP", (long)Errno.SymbolicLink),
        ("EDQUOT", (long)Errno.QuotaExceeded),
        ("ENOTTY", (long)Errno.NoSuchControl),
        ("EMFILE", (long)Errno.TooManyDescriptors),
        ("EPIPE", (long)Errno.BrokenPipe),
        ("ENOSYS", (long)Errno.NoSuchCall),
        ("EBADFD", (long)Errno.BadState),
        ("ENOTCONN", (long)Errno.NotConnected),
        ("EOPNOTSUPP", (long)Errno.NotSupported),
        ("EADDRINUSE", (long)Errno.AddressInUse),
        ("ECONNRESET", (long)Errno.ConnectionReset),
        ("ENOBUFS", (long)Errno.NoBuffers),
        ("ETIMEDOUT", (long)Errno.TimedOut),
        ("ECONNREFUSED", (long)Errno.ConnectionRefused),
    ];

    private static (string, long)[] Events() =>
    [
        ("POLLIN", (long)PollEvents.In),
        ("POLLPRI", (long)PollEvents.Priority),
        ("POLLOUT", (long)PollEvents.Out),
        ("POLLERR", (long)PollEvents.Error),
        ("POLLHUP", (long)PollEvents.HangUp),
        ("POLLNVAL", (long)PollEvents.Invalid),
        ("POLLRDHUP", (long)PollEvents.ReadHangUp),
    ];

    private static string[] Evaluate(string[] expressions)
    {
        string? compiler = Compilers
            .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        if (compiler is null)
            Assert.Skip($"No C compiler ({string.Join(", ", Compilers)}) on PATH: the layouts are not compared with the C library's.");

        DirectoryInfo folder = Directory.CreateTempSubdirectory("vmbus-layout");
        try
        {
            var source = new StringBuilder(Headers).AppendLine("int main(void) {");
            foreach (string expression in expressions)
                source.AppendLine($"  printf(\"%lld\\n\", (long long)({expression}));");
            string file = Path.Combine(folder.FullName, "layout.c"), program = Path.Combine(folder.FullName, "layout");
            File.WriteAllText(file, source.AppendLine("  return 0;\n}").ToString());
            Run(compiler, "-o", program, file);
            return Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
