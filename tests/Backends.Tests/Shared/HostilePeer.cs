// The test program started a second time, as a peer that does to the descriptors of a channel what it can: it makes them
// block, fills them, and either stays or is killed.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
internal sealed class HostilePeer : IDisposable
{
    private const string Role = "VMBUS_BACKENDS_TESTS_HOSTILE";

    private readonly Process _process;

    public HostilePeer(bool isHost)
    {
        (Socket, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
        (Control, UnixFdSocket control) = UnixFdSocket.CreatePair();
        using (theirs)
        using (control)
        {
            theirs.MakeInheritable();
            control.MakeInheritable();
            string program = Environment.ProcessPath!;
            ProcessStartInfo start = Path.GetFileNameWithoutExtension(program) == "dotnet"
                ? new(program, [typeof(HostilePeer).Assembly.Location])
                : new(program);
            start.Environment[Role] = string.Create(CultureInfo.InvariantCulture, $"{theirs.Descriptor} {control.Descriptor} {isHost}");
            _process = Process.Start(start)!;
        }
    }

    // Where the channel is offered, by this side or the peer.
    public UnixFdSocket Socket { get; }

    private UnixFdSocket Control { get; }

    // Returns when the peer has done it all, to both events.
    public void WaitUntilHostile()
    {
        Assert.NotEqual(PollEvents.None, Poll.Wait(Control.Descriptor, PollEvents.In, Patience.Limit));
        Assert.Equal(1, Control.Receive(new byte[1], [], out _));
    }

    public void Kill()
    {
        _process.Kill();
        Assert.True(_process.WaitForExit(Patience.Limit));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
        Control.Dispose();
        Socket.Dispose();
    }

    // Before Main, whenever the program starts: does nothing in the tests themselves.
#pragma warning disable CA2255 // This is the program, not a library.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Play()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Role)?.Split(' ') is not [var descriptor, var controlDescriptor, var isHost])
            return;
        using UnixFdSocket socket = UnixFdSocket.FromDescriptor(int.Parse(descriptor, CultureInfo.InvariantCulture));
        using UnixFdSocket control = UnixFdSocket.FromDescriptor(int.Parse(controlDescriptor, CultureInfo.InvariantCulture));
        int[] descriptors = bool.Parse(isHost) ? Offer(socket) : Take(socket);
        foreach (int one in descriptors[1..])
            Spoil(one);
        control.Send([1]);
        control.Receive(new byte[1], [], out _);
        Environment.Exit(0);
    }

    private static int[] Take(UnixFdSocket socket)
    {
        int[] descriptors = new int[SharedChannelPlan.DescriptorCount];
        socket.Receive(new byte[SharedChannelPlan.MessageLength], descriptors, out _);
        return descriptors;
    }

    // What it sends it keeps.
    private static int[] Offer(UnixFdSocket socket)
    {
        SharedChannelPlan plan = new(0, 4096, 1, 0, 0, AdaptiveSpin: true);
        int[] descriptors = [MemfdHandle.Create("vmbus-hostile", plan.Length).Descriptor, SignalPipe.Create().Descriptor, SignalPipe.Create().Descriptor];
        byte[] message = new byte[SharedChannelPlan.MessageLength];
        plan.WriteTo(message);
        socket.Send(message, descriptors);
        return descriptors;
    }

    // Full to the last, then blocking: one more byte waits for a reader. One that reads meanwhile is not raced without end.
    private static unsafe void Spoil(int descriptor)
    {
        using SafeFileHandle handle = new(descriptor, ownsHandle: false);
        int flags = Libc.Fcntl(handle, Libc.FcntlGetStatusFlags, 0);
        Libc.Fcntl(handle, Libc.FcntlSetStatusFlags, flags | Libc.OpenNonBlocking);
        Libc.Fcntl(handle, Libc.FcntlSetPipeSize, 1 << 20);
        byte* some = stackalloc byte[4096];
        for (int writes = 0; writes < 1024 && Libc.Write(handle, some, 4096) > 0; writes++)
        {
        }
        if (Libc.Fcntl(handle, Libc.FcntlSetStatusFlags, flags & ~Libc.OpenNonBlocking) < 0)
            Environment.FailFast($"The descriptor could not be made to block: {Libc.LastError}.");
    }
}
