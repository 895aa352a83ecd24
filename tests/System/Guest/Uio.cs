using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VmBus.Channels;
using VmBus.Interop.Linux;
using VmBus.Layout;
using VmBus.Rings;
using VmBus.Signals;

namespace VmBus.SystemTest;

/// <summary>
/// A channel over a UIO device, with nothing but what this test needs: map 0 as two rings, signals by the control write.
/// </summary>
internal sealed partial class Uio : ISignalPath, ISignalWait, IDisposable
{
    private readonly SafeFileHandle _device;
    private readonly nint _rings;
    private readonly nuint _length;

    public Uio(string name)
    {
        _length = Number($"/sys/class/uio/{name}/maps/map0/size");
        _device = File.OpenHandle($"/dev/{name}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        _rings = Map(0, _length, protection: 3, flags: 1, _device, 0);
        if (_rings == -1)
            throw new IOException($"mmap of {_length} bytes of /dev/{name}: error {Marshal.GetLastPInvokeError()}");

        int half = (int)(_length / 2);
        var outgoing = new OutgoingRing(Ring(_rings, half));
        var incoming = new IncomingRing(Ring(_rings + half, half), new() { Trust = PeerTrust.Untrusted });
        var signaler = new ChannelSignaler(new SignalBinding { ChildRelid = 1, Path = this });
        Channel = new Channel(outgoing, incoming, signaler, this);
    }

    public Channel Channel { get; }

    public long RingBytes => (long)_length;

    /// <summary>Calls of the kernel that waited, and control writes.</summary>
    public long Waits { get; private set; }

    public long Signals { get; private set; }

    public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

    public HypercallStatus Signal()
    {
        Signals++;
        RandomAccess.Write(_device, [1, 0, 0, 0], 0);
        return HypercallStatus.Success;
    }

    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Waits++;
        if (Poll.Wait((int)_device.DangerousGetHandle(), PollEvents.In, timeout) == PollEvents.None)
            return false;
        try
        {
            Span<byte> count = stackalloc byte[4];
            RandomAccess.Read(_device, count, 0);
            return true;
        }
        catch (IOException error)
        {
            throw new PeerDisconnectedException($"the device is gone: {error.Message}");
        }
    }

    public ValueTask WaitAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("This test waits with a thread.");

    public void Dispose()
    {
        Channel.Dispose();
        _ = Unmap(_rings, _length);
        _device.Dispose();
    }

    public static nuint Number(string path)
    {
        string text = File.ReadAllText(path).Trim();
        return text.StartsWith("0x", StringComparison.Ordinal)
            ? nuint.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : nuint.Parse(text, CultureInfo.InvariantCulture);
    }

    private static RingMemory Ring(nint at, int length) =>
        RingMemory.FromAddress(at, at + RingMemory.PageSize, length - RingMemory.PageSize, isDoubleMapped: false);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}
