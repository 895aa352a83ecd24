// How a guest's end of the bus behaves.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>Options of a <see cref="GuestBus"/>.</summary>
public sealed record GuestBusOptions
{
    /// <summary>The versions to propose, in this order; by default all known versions, newest first.</summary>
    public IReadOnlyList<ProtocolVersion> Versions
    {
        get => Protocol.Versions;
        init => Protocol = Protocol with { Versions = value };
    }

    /// <summary>The features to propose, from 6.0 on.</summary>
    public FeatureFlags Features
    {
        get => Protocol.Features;
        init => Protocol = Protocol with { Features = value };
    }

    /// <summary>The index of the VP that receives the host's messages.</summary>
    public uint MessageVp
    {
        get => Protocol.MessageVp;
        init => Protocol = Protocol with { MessageVp = value };
    }

    /// <summary>The SINT that receives the host's messages, 0 to 15; hosts before 5.0 use 2.</summary>
    public byte MessageSint
    {
        get => Protocol.MessageSint;
        init => Protocol = Protocol with { MessageSint = value };
    }

    /// <summary>The guest's virtual trust level, 0 to 2.</summary>
    public byte MessageVtl
    {
        get => Protocol.MessageVtl;
        init => Protocol = Protocol with { MessageVtl = value };
    }

    /// <summary>Whether to try the first contact on the connection for guests in VTL 2 before the usual connection.</summary>
    public bool TryRedirect
    {
        get => Protocol.TryRedirect;
        init => Protocol = Protocol with { TryRedirect = value };
    }

    /// <summary>The guest's identity, sent to the host with <see cref="FeatureFlags.ClientId"/>.</summary>
    public Guid ClientId
    {
        get => Protocol.ClientId;
        init => Protocol = Protocol with { ClientId = value };
    }

    /// <summary>How long to wait for an answer of the host, without the time of a pause.</summary>
    public TimeSpan ResponseTimeout
    {
        get => Protocol.ResponseTimeout;
        init => Protocol = Protocol with { ResponseTimeout = value };
    }

    /// <summary>
    /// How long <see cref="GuestBus.WaitForOfferAsync"/> waits for a channel that the host has not offered yet, by
    /// <see cref="Clock"/>. <see cref="Timeout.InfiniteTimeSpan"/> waits until it is offered, for devices that are added later.
    /// </summary>
    public TimeSpan OfferTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The maximum number of channels on offer, including rescinded ones until they are released; 1 to 2048.</summary>
    public int MaxOffers
    {
        get => Protocol.MaxOffers;
        init => Protocol = Protocol with { MaxOffers = value };
    }

    /// <summary>Whether the host cannot access the guest's memory; if so, no version before 5.2 is proposed.</summary>
    public bool IsIsolated
    {
        get => Protocol.IsIsolated;
        init => Protocol = Protocol with { IsIsolated = value };
    }

    /// <summary>Whether the guest shares monitor pages with the host; without them no channel has a monitor.</summary>
    public bool HasMonitorPages { get; init; } = true;

    /// <summary>The clock for timeouts and retries.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Receives every message in both directions, in order. It must not block. An exception from it ends the connection.
    /// </summary>
    public IMessageObserver? Observer { get; init; }

    /// <summary>What it proposes, and how long it waits for answers.</summary>
    internal GuestProtocolOptions Protocol { get; init; } = new();
}
