// How a host bus behaves.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>Options of a <see cref="HostBus"/>.</summary>
public sealed record HostBusOptions
{
    /// <summary>The newest accepted version; every known version up to it is accepted.</summary>
    public ProtocolVersion MaxVersion
    {
        get => Protocol.MaxVersion;
        init => Protocol = Protocol with { MaxVersion = value };
    }

    /// <summary>The features that are accepted from 6.0 on; by default all that need only the protocol.</summary>
    public FeatureFlags Features
    {
        get => Protocol.Features;
        init => Protocol = Protocol with { Features = value };
    }

    /// <summary>The maximum number of channels, including revoked ones that are not yet released; up to 2047.</summary>
    public int MaxChannels
    {
        get => Protocol.MaxChannels;
        init => Protocol = Protocol with { MaxChannels = value };
    }

    /// <summary>The lowest relid, at least 1.</summary>
    public uint RelidBase
    {
        get => Protocol.RelidBase;
        init => Protocol = Protocol with { RelidBase = value };
    }

    /// <summary>How many monitor ids the host assigns, from 0 on; up to 128.</summary>
    public int MonitorIds
    {
        get => Protocol.MonitorIds;
        init => Protocol = Protocol with { MonitorIds = value };
    }

    /// <summary>Whether this host cannot use a guest's own monitor pages; the guest's channels then get no monitors.</summary>
    public bool OnlyServerMonitorPages
    {
        get => Protocol.OnlyServerMonitorPages;
        init => Protocol = Protocol with { OnlyServerMonitorPages = value };
    }

    /// <summary>The maximum number of GPADLs of the guest, including incomplete ones.</summary>
    public int MaxGpadls
    {
        get => Protocol.MaxGpadls;
        init => Protocol = Protocol with { MaxGpadls = value };
    }

    /// <summary>
    /// The maximum number of pages in all GPADLs of the guest; 4 GiB by default, enough for 64 devices of Linux's
    /// <c>uio_hv_generic</c>. Each page costs the host up to 72 bytes.
    /// </summary>
    public long MaxGpadlPages
    {
        get => Protocol.MaxGpadlPages;
        init => Protocol = Protocol with { MaxGpadlPages = value };
    }

    /// <summary>
    /// The maximum number of memory mappings of this process for the guest's rings; an open beyond it is refused. A ring needs
    /// three if its pages are contiguous, otherwise up to two for each page. A closed ring keeps three until nothing refers to
    /// it; before the host refuses an open because of these, it collects them. A Linux process has 65,530 in total
    /// (<c>vm.max_map_count</c>).
    /// </summary>
    public int MaxRingMappings { get; init; } = 16_384;

    /// <summary>
    /// How many abandoned calls of devices and of <see cref="TransportConnect"/> can still run: calls whose guest is gone, or
    /// that timed out. At this limit, opens and socket channels are refused.
    /// </summary>
    public int MaxAbandonedCalls { get; init; } = 64;

    /// <summary>How many answers can be queued; at this limit, the bus accepts no more messages.</summary>
    public int MaxWaitingAnswers
    {
        get => Protocol.MaxWaitingAnswers;
        init => Protocol = Protocol with { MaxWaitingAnswers = value };
    }

    /// <summary>How many requests for socket channels can be pending; more are refused.</summary>
    public int MaxTransportConnects
    {
        get => Protocol.MaxTransportConnects;
        init => Protocol = Protocol with { MaxTransportConnects = value };
    }

    /// <summary>The connection to which a guest of version 5.0 or newer posts its messages.</summary>
    public uint MessageConnectionId
    {
        get => Protocol.MessageConnectionId;
        init => Protocol = Protocol with { MessageConnectionId = value };
    }

    /// <summary>The SINT of the guest's messages and channels, 0 to 15.</summary>
    public byte Sint
    {
        get => Protocol.Sint;
        init => Protocol = Protocol with { Sint = value };
    }

    /// <summary>The guest's virtual trust level, 0 to 2.</summary>
    public byte Vtl
    {
        get => Protocol.Vtl;
        init => Protocol = Protocol with { Vtl = value };
    }

    /// <summary>
    /// How long after an open result the host repeats a signal that the guest should have received: some guests drop
    /// a signal that arrives before the result. <see cref="TimeSpan.Zero"/> disables this.
    /// </summary>
    public TimeSpan UnstickDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The clock for retries, for <see cref="UnstickDelay"/> and for the timeouts.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Runs the devices and <see cref="TransportConnect"/>.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>
    /// How long <see cref="IChannelDevice.AcceptsAsync"/> and <see cref="TransportConnect"/> can take before the answer is no;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan DeviceAnswerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a service can run after its token is cancelled before it loses its channel.
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit; a guest's close or unload then waits for the service.
    /// </summary>
    public TimeSpan DeviceCloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Called for a request for a socket channel: offers the channel and returns <see langword="true"/>, or refuses it.
    /// <see langword="null"/> if there are no socket channels. A call that throws, or takes longer than
    /// <see cref="DeviceAnswerTimeout"/>, counts as a refusal. The token is cancelled when the answer is no longer needed: the
    /// guest is gone, or the bus is saved (and calls again after the restore) or disposed.
    /// </summary>
    public Func<TransportRequest, CancellationToken, ValueTask<bool>>? TransportConnect { get; init; }

    /// <summary>
    /// Receives every message in both directions, in order. The guest waits for it, so it must not block. If it throws, it is
    /// not called again.
    /// </summary>
    public VmBus.Protocol.IMessageObserver? Observer { get; init; }

    /// <summary>What it speaks, and how much a guest may have. The number of VPs is the partition's.</summary>
    internal HostProtocolOptions Protocol { get; init; } = new();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRingMappings);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAbandonedCalls, 1);
        Check(DeviceAnswerTimeout, nameof(DeviceAnswerTimeout));
        Check(DeviceCloseTimeout, nameof(DeviceCloseTimeout));

        static void Check(TimeSpan limit, string name)
        {
            if (limit < TimeSpan.Zero && limit != Timeout.InfiniteTimeSpan)
                throw new ArgumentOutOfRangeException(name, limit, "A limit must not be negative.");
        }
    }
}
