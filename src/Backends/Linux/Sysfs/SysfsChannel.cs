// What sysfs shows of one channel. Mirrors the channel attributes of Linux drivers/hv/vmbus_drv.c.

using System.Globalization;

namespace VmBus.Linux;

/// <summary>
/// One channel of a device, as shown in <c>channels/&lt;relid&gt;</c>. Values that the kernel does not show are
/// <see langword="null"/>: most of them while the channel is not open, and the monitor if it has none.
/// </summary>
public sealed record SysfsChannel
{
    /// <summary>The relid: the folder's name.</summary>
    public required uint Relid { get; init; }

    /// <summary>The folder; <see langword="null"/> if the kernel is too old to have one folder per channel.</summary>
    public string? Path { get; init; }

    /// <summary><c>subchannel_id</c>: 0 for the primary channel.</summary>
    public uint? SubchannelIndex { get; init; }

    /// <summary><c>cpu</c>: the virtual processor that the host interrupts.</summary>
    public uint? VpIndex { get; init; }

    /// <summary><c>monitor_id</c>, 0 to 127.</summary>
    public int? MonitorId { get; init; }

    /// <summary><c>pending</c>: the whole word of the channel's trigger group in the guest-to-host page.</summary>
    public uint? Pending { get; init; }

    /// <summary><c>latency</c>: the hint in the guest-to-host page.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary><c>out_mask</c>: the interrupt mask of the ring the guest writes.</summary>
    public uint? OutgoingMask { get; init; }

    /// <summary><c>in_mask</c>: the interrupt mask of the ring the guest reads.</summary>
    public uint? IncomingMask { get; init; }

    /// <summary><c>read_avail</c>: bytes available for the guest to read.</summary>
    public uint? BytesToRead { get; init; }

    /// <summary><c>write_avail</c>: bytes the guest can write.</summary>
    public uint? BytesToWrite { get; init; }

    /// <summary><c>interrupts</c>: interrupts of the host.</summary>
    public ulong? Interrupts { get; init; }

    /// <summary><c>events</c>: signals by hypercall. The kernel does not count monitored signals.</summary>
    public ulong? Events { get; init; }

    /// <summary><c>intr_in_full</c>: times the guest signalled because it made room in a full ring.</summary>
    public ulong? InterruptsInFull { get; init; }

    /// <summary><c>intr_out_empty</c>: times the guest signalled because it wrote into an empty ring.</summary>
    public ulong? InterruptsOutEmpty { get; init; }

    /// <summary><c>out_full_first</c>: times the ring the guest writes became full.</summary>
    public ulong? OutgoingFullFirst { get; init; }

    /// <summary><c>out_full_total</c>: writes that found it full.</summary>
    public ulong? OutgoingFullTotal { get; init; }

    /// <summary>Bytes of <c>ring</c>, both rings together; only while bound to <c>uio_hv_generic</c>.</summary>
    public long? RingBytes { get; init; }

    /// <summary>The flag <c>low_latency</c>, which sysfs does not show: read through the module <c>vmbus_signal</c>.</summary>
    internal bool? IsLowLatency { get; init; }

    /// <summary>Reads a folder; <see langword="null"/> when its name is no relid.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="before">The same device as it was read before: what a channel keeps for its life is taken from it.</param>
    internal static SysfsChannel? Read(SysfsFolder folder, SysfsDevice? before = null)
    {
        if (!uint.TryParse(System.IO.Path.GetFileName(folder.Path), NumberStyles.None, CultureInfo.InvariantCulture, out uint relid))
            return null;
        SysfsChannel? known = before?.Channels.FirstOrDefault(channel => channel.Relid == relid && channel.Path is not null);
        return new SysfsChannel
        {
            Relid = relid,
            Path = folder.Path,
            SubchannelIndex = known is null ? folder.Word("subchannel_id") : known.SubchannelIndex,
            VpIndex = folder.Word("cpu"),
            MonitorId = known is null ? MonitorIn(folder) : known.MonitorId,
            Pending = known is { Pending: null } ? null : folder.Word("pending"),
            Latency = known is { Latency: null } ? null : SysfsMonitor.LatencyOf(folder, "latency"),
            OutgoingMask = folder.Word("out_mask"),
            IncomingMask = folder.Word("in_mask"),
            BytesToRead = folder.Word("read_avail"),
            BytesToWrite = folder.Word("write_avail"),
            Interrupts = folder.Number("interrupts"),
            Events = folder.Number("events"),
            InterruptsInFull = folder.Number("intr_in_full"),
            InterruptsOutEmpty = folder.Number("intr_out_empty"),
            OutgoingFullFirst = folder.Number("out_full_first"),
            OutgoingFullTotal = folder.Number("out_full_total"),
            RingBytes = LengthOf(folder, "ring"),
        };
    }

    // Kernels before 4.20 show the file always, with the offer's 255 when there is no monitor.
    internal static int? MonitorIn(SysfsFolder folder) => folder.Number("monitor_id") is { } id and < 128 ? (int)id : null;

    private static long? LengthOf(SysfsFolder folder, string name)
    {
        FileInfo file = new(System.IO.Path.Combine(folder.Path, name));
        try
        {
            return file.Exists ? file.Length : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
