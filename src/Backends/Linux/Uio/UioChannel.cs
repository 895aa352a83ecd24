// A channel over uio_hv_generic. Mirrors struct vmbus_channel of DPDK (drivers/bus/vmbus/vmbus_channel.c): two rings, a
// monitor bit or the control write, an interrupt shared with the other channels of the device.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>One channel of a <see cref="UioDevice"/>, which closes it at the latest when it is closed itself.</summary>
/// <remarks>
/// Rings are mapped once, so packets at their end wrap. When the host rescinds the device, waits return
/// <see langword="false"/> once all that the host had committed was read.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class UioChannel : IChannelOwner, IDisposable
{
    private readonly MappedMemory _rings;
    private readonly UioSignalWait _wait;
    private readonly UioSignalPath _path;
    private int _closed;

    internal UioChannel(ChannelIdentity identity, int? monitorId, MappedMemory rings, int pageSize, (MonitorPageView View, MappedMemory Owner)? monitorPage, UioInterrupts interrupts, Func<ISignalFile?> openModule, VmBusDeviceOptions options)
    {
        Relid = identity.Relid;
        MonitorId = monitorId;
        _rings = rings;
        int half = checked((int)(rings.Length / 2));
        OutgoingRing outgoing = new(RingAt(rings, 0, half, pageSize), new OutgoingRingOptions { MultiProducer = options.MultiProducer });
        IncomingRing incoming = new(RingAt(rings, half, half, pageSize), new IncomingRingOptions { Trust = options.Trust, MaxPacketLength = options.MaxPacketLength });
        _path = new UioSignalPath(interrupts, monitorId is not null, openModule);
        try
        {
            ChannelSignaler signaler = new(
                new SignalBinding
                {
                    ChildRelid = identity.Relid,
                    Path = _path,
                    MonitorPage = monitorId is null ? null : monitorPage?.View,
                    PageOwner = monitorPage?.Owner,
                    MonitorId = monitorId ?? 0,
                    IsConcurrent = options.MultiProducer,
                },
                options.Clock, options.Adaptive);
            _wait = new UioSignalWait(interrupts);
            Channel = new VmBusChannel(outgoing, incoming, signaler, _wait, options.Clock) { Owner = this };
            Channel.Identify(identity);
        }
        catch
        {
            _path.Dispose();
            throw;
        }
    }

    /// <summary>The relid: the channel's number.</summary>
    public uint Relid { get; }

    /// <summary>Its monitor, 0 to 127; <see langword="null"/> when the host examines none for it and signals are calls.</summary>
    public int? MonitorId { get; }

    /// <summary>The guest's end.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>
    /// Ends the use of the channel and gives its rings back. To the host it stays open as long as the device is. Calls under
    /// way on other threads end; later ones throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        Channel.End();
        _wait.Dispose();
        _path.Dispose();
        _rings.Retire();
    }

    void IChannelOwner.OnDisposed() => Dispose();

    Task IChannelOwner.CloseAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    internal static void CheckRings(long length, int pageSize, string where)
    {
        if (length < 4L * pageSize || length % (2L * pageSize) != 0 || length / 2 - pageSize > RingMemory.MaxDataSize)
            throw new LinuxGuestException(LinuxGuestError.BadMap, $"{where} has {length} bytes, which is not two rings of equal size, each of at least two pages of {pageSize}.");
    }

    internal bool IsClosed => Volatile.Read(ref _closed) != 0;

    internal void Detach()
    {
        if (!IsClosed)
            _rings.Detach();
    }

    // Linux gives a ring's indices a page of its own (struct hv_ring_buffer), and keeps from the host what of it is behind the first 4096 bytes.
    private static RingMemory RingAt(MappedMemory rings, int offset, int length, int pageSize) => RingMemory.FromAddress(
        rings.Address + offset, rings.Address + offset + pageSize, length - pageSize, isDoubleMapped: false, rings);
}
