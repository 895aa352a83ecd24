// A request that the host has not answered.

namespace VmBus.Protocol;

/// <summary>A request that was made and not answered.</summary>
/// <param name="kind">What is waited for.</param>
/// <param name="id">The relid or GPADL it is about; 0 when there is but one of the kind.</param>
internal sealed class GuestRequest(RequestKind kind, uint id)
{
    public RequestKind Kind { get; } = kind;

    public uint Id { get; } = id;

    /// <summary>The two ends of a transport connect.</summary>
    public (Guid Endpoint, Guid Service) Transport { get; init; }

    /// <summary>When the wait began, as a timestamp; later when there was a pause.</summary>
    public long StartedAt { get; set; }
}

/// <summary>What a guest can wait for.</summary>
internal enum RequestKind
{
    Contact,
    Drain,
    Offers,
    CreateGpadl,
    TeardownGpadl,
    Open,
    ModifyChannel,
    CloseReserved,
    ConnectTransport,
    ModifyConnection,
    Pause,
    Unload,
}
