// How a host bus behaves.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>How a <see cref="HostBus"/> behaves.</summary>
public sealed record HostBusOptions
{
    /// <summary>The newest version that is accepted; every known one up to it is.</summary>
    public ProtocolVersion MaxVersion
    {
        get => Protocol.MaxVersion;
        init => Protocol = Protocol with { MaxVersion = value };
    }

    /// <summary>The features that are accepted from 6.0 on; by default every one that needs nothing but the protocol.</summary>
    public FeatureFlags Features
    {
        get => Protocol.Features;
        init => Protocol = Protocol with { Features = value };
    }

    /// <summary>The most channels, including those revoked and not yet released: up to 2047.</summary>
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

    /// <summary>How many monitor ids the host gives out, from 0 on: up to 128.</summary>
    public int MonitorIds
    {
        get => Protocol.MonitorIds;
        init => Protocol = Protocol with { MonitorIds = value };
    }

    /// <summary>Whether a guest's own monitor pages are of no use to this host; its channels get no monitors then.</summary>
    public bool OnlyServerMonitorPages
    {
        get => Protocol.OnlyServerMonitorPages;
        init => Protocol = Protocol with { OnlyServerMonitorPages = value };
    }

    /// <summary>How many GPADLs the guest may have, incomplete ones included.</summary>
    public int MaxGpadls
    {
        get => Protocol.MaxGpadls;
        init => Protocol = Protocol with { MaxGpadls = value };
    }

    /// <summary>
    /// The most pages of all the guest's GPADLs; 4 GiB by default, which 64 devices of Linux's <c>uio_hv_generic</c> take. Each page
    /// costs the host up to 72 bytes.
    /// </summary>
    public long MaxGpadlPages
    {
        get => Protocol.MaxGpadlPages;
        init => Protocol = Protocol with { MaxGpadlPages = value };
    }

    /// <summary>
    /// The most mappings of this process that the guest's rings may take; an open beyond it is refused. A ring takes three where its
    /// pages lie one behind the other, and up to two for each page where they do not; a closed one takes three until nothing refers
    /// to it, and before an open is refused for these the host collects them. A Linux process has 65,530 in all
    /// (<c>vm.max_map_count</c>).
    /// </summary>
    public int MaxRingMappings { get; init; } = 16_384;

    /// <summary>
    /// How many abandoned calls of devices and of <see cref="TransportConnect"/> may still run: calls whose guest has left, or
    /// whose time was over. While there are as many, opens and socket channels are refused.
    /// </summary>
    public int MaxAbandonedCalls { get; init; } = 64;

    /// <summary>How many answers may be queued; while as many are, the bus takes no more messages.</summary>
    public int MaxWaitingAnswers
    {
        get => Protocol.MaxWaitingAnswers;
        init => Protocol = Protocol with { MaxWaitingAnswers = value };
    }

    /// <summary>How many requests for socket channels may wait for their answer; more are refused.</summary>
    public int MaxTransportConnects
    {
        get => Protocol.MaxTransportConnects;
        init => Protocol = Protocol with { MaxTransportConnects = value };
    }

    /// <summary>The connection that a guest of 5.0 or newer posts its messages to.</summary>
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
    /// How long after an open result the host signals once more if the guest should have been signalled: some guests drop
    /// a signal that comes before the result. <see cref="TimeSpan.Zero"/> for never.
    /// </summary>
    public TimeSpan UnstickDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The clock of retries, of the delay above and of the limits below.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Runs the devices and <see cref="TransportConnect"/>.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>
    /// How long <see cref="IChannelDevice.AcceptsAsync"/> and <see cref="TransportConnect"/> may take before the answer is no;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// </summary>
    public TimeSpan DeviceAnswerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a service may run after its token was cancelled before it loses its channel.
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit; a guest's close or unload then waits as long.
    /// </summary>
    public TimeSpan DeviceCloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Asked for a socket channel: offers it and says yes, or says no. <see langword="null"/> where there are none. What throws,
    /// or takes longer than <see cref="DeviceAnswerTimeout"/>, has said no. The token is cancelled when the answer is no longer
    /// waited for: the guest has gone, or the bus is saved (and asks again after the restore) or disposed.
    /// </summary>
    public Func<TransportRequest, CancellationToken, ValueTask<bool>>? TransportConnect { get; init; }

    /// <summary>
    /// Sees every message, both ways. Called in order, on the guest's time: it must not block. One that throws is not called
    /// again.
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
                throw new ArgumentOutOfRangeException(name, limit, "A limit is not negative.");
        }
    }
}
