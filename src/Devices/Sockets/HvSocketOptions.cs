// How socket connections of a bus behave.

namespace VmBus.Devices;

/// <summary>How the socket connections of a bus behave.</summary>
public sealed record HvSocketOptions
{
    /// <summary>
    /// How long a guest may take to open the channel of a connection that the host makes. A guest in which nothing listens never opens
    /// it and never refuses. Windows and Linux hosts wait 2 s. Each open of a channel restarts the time of all that wait, up to ten
    /// times, so that a guest with many to open has the time.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a guest may take to open the channel of a connection that it asked for. It restarts as <see cref="ConnectTimeout"/>.
    /// </summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a disposed connection waits for the other end to close, before it is taken away. Data that arrives in this time is
    /// dropped. A Linux guest never closes first, and may lose what it has not read by then. Avoid 8 s, Linux's own limit
    /// (<c>HVS_CLOSE_TIMEOUT</c>): if the rescind arrives just as <c>hvs_close_timeout</c> starts, the guest leaks the socket and its
    /// device.
    /// </summary>
    public TimeSpan LingerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most connections of the bus, including those being opened or closed. A bus has 2047 channels in all.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>The latency of the channels' monitors; <see langword="null"/>: the guest signals by hypercall.</summary>
    public TimeSpan? MonitorLatency { get; init; }

    /// <summary>The clock of the limits above.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Called for each connect request of a guest to a service that no <see cref="HvSocketListener"/> listens on; <see langword="null"/>
    /// refuses them. <see cref="HvSocketRequest.AcceptAsync"/> gives the stream; the call lasts as long as its connection. Returning
    /// without accepting refuses the guest. Throwing refuses it or resets its connection, and
    /// <see cref="Hosting.HostBus.DeviceFailed"/> reports why, unless the connection has ended by then. A call that accepts nothing within
    /// <see cref="Hosting.HostBusOptions.DeviceAnswerTimeout"/> counts as a refusal, and goes on. The token is cancelled when the sockets
    /// are disposed.
    /// </summary>
    public Func<HvSocketRequest, CancellationToken, Task>? Requested { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero, nameof(ConnectTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(OpenTimeout, TimeSpan.Zero, nameof(OpenTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(LingerTimeout, TimeSpan.Zero, nameof(LingerTimeout));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxConnections, nameof(MaxConnections));
        ArgumentNullException.ThrowIfNull(Clock, nameof(Clock));
    }
}
