// The test program started a second time, as the other end of a shared channel: it inherits one end of a socket pair,
// plays the role it is told before the test platform comes to life in it, and writes down what it has committed.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

// What the peer does: it sends this many numbered packets, then ends in that way.
public enum PeerEnd
{
    Waits = 0, // until it is killed
    Exits = 1, // without closing anything
    Closes = 2, // as a good program does
}

[SupportedOSPlatform("linux")]
internal sealed class PeerProcess : IDisposable
{
    public const int Endless = -1;

    private const string Role = "VMBUS_BACKENDS_TESTS_ROLE";

    private readonly Process _process;
    private readonly MappedMemory _progress;

    // The socket is ready for the other end of the channel: the peer offers or connects next.
    public PeerProcess(bool isHost, int count, PeerEnd end, SignalMode mode = SignalMode.Monitored)
    {
        (Socket, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
        using (theirs)
        using (MemfdHandle progress = MemfdHandle.Create("vmbus-progress", Environment.SystemPageSize))
        {
            _progress = MappedMemory.Map(progress, 0, progress.Size);
            theirs.MakeInheritable();
            string program = Environment.ProcessPath!;
            ProcessStartInfo start = Path.GetFileNameWithoutExtension(program) == "dotnet"
                ? new(program, [typeof(PeerProcess).Assembly.Location])
                : new(program);
            start.Environment[Role] = string.Create(CultureInfo.InvariantCulture, $"{theirs.Descriptor} {isHost} {count} {end} {mode}");
            _process = Process.Start(start)!;
            theirs.Dispose();
            Socket.Send([0], [progress.Descriptor]);
            Assert.NotEqual(PollEvents.None, Poll.Wait(Socket.Descriptor, PollEvents.In, Patience.Limit));
            Span<byte> ready = stackalloc byte[1];
            Assert.Equal(1, Socket.Receive(ready, [], out _));
        }
    }

    public UnixFdSocket Socket { get; }

    // How many packets the peer has certainly committed; at most one more is.
    public long Committed => Volatile.Read(ref Progress(_progress));

    public void Kill()
    {
        _process.Kill();
        Assert.True(_process.WaitForExit(Patience.Limit));
        Assert.Equal(128 + 9, _process.ExitCode);
    }

    public void WaitForExit()
    {
        Assert.True(_process.WaitForExit(Patience.Limit));
        Assert.Equal(0, _process.ExitCode);
    }

    // The channel has closed the socket, so a peer that was not killed ends.
    public void Dispose()
    {
        Socket.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        _progress.Dispose();
    }

    // Before Main, whenever the program starts: does nothing in the tests themselves.
#pragma warning disable CA2255 // This is the program, not a library.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Play()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Role)?.Split(' ') is not [var descriptor, var isHost, var count, var end, var mode])
            return;
        UnixFdSocket socket = UnixFdSocket.FromDescriptor(int.Parse(descriptor, CultureInfo.InvariantCulture));
        Span<int> memory = stackalloc int[1];
        socket.Receive(new byte[1], memory, out _);
        using MemfdHandle progress = MemfdHandle.Adopt(memory[0]);
        using MappedMemory mapped = MappedMemory.Map(progress, 0, progress.Size);
        socket.Send([1]);
        if (bool.Parse(isHost))
        {
            using SharedHost host = SharedHost.Offer(socket, new SharedChannelOptions { SpinBudget = TimeSpan.Zero });
            Play(host.Channel, int.Parse(count, CultureInfo.InvariantCulture), Enum.Parse<PeerEnd>(end), mapped, socket);
        }
        else
        {
            using SharedGuest guest = SharedGuest.Connect(socket);
            guest.Channel.SignalMode = Enum.Parse<SignalMode>(mode);
            Play(guest.Channel, int.Parse(count, CultureInfo.InvariantCulture), Enum.Parse<PeerEnd>(end), mapped, socket);
        }
        Environment.Exit(0);
    }

    private static ref long Progress(MappedMemory mapped) => ref MemoryMarshal.AsRef<long>(mapped.AsSpan());

    private static void Play(VmBusChannel channel, int count, PeerEnd end, MappedMemory progress, UnixFdSocket socket)
    {
        for (long number = 0; number != count; number++)
        {
            ReadOnlySpan<byte> payload = MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in number));
            while (!channel.TrySend(payload))
            {
                if (!channel.WaitToWrite(payload.Length, Timeout.InfiniteTimeSpan))
                    Environment.Exit(3); // The test ended before it killed this process.
            }
            Volatile.Write(ref Progress(progress), number + 1);
        }
        if (end == PeerEnd.Exits)
            Environment.Exit(0);
        if (end == PeerEnd.Waits)
            socket.Receive(new byte[1], [], out _);
    }
}
