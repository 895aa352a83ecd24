// How socket connections of a bus behave.

namespace VmBus.Devices;

/// <summary>Options of the socket connections of a bus.</summary>
public sealed record HvSocketOptions
{
    /// <summary>
    /// The time limit for a guest to open the channel of a connection that the host makes. A guest without a listener never
    /// opens it and never refuses it. Windows and Linux hosts wait 2 s. Each open of a channel restarts the time limit of all
    /// pending connections, up to ten times, so that a guest has enough time to open many.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The time limit for a guest to open the channel of a connection that it requested. It restarts like
    /// <see cref="ConnectTimeout"/>.
    /// </summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a disposed connection waits for the other end to close before it is revoked. Data that arrives in this time is
    /// dropped. A Linux guest never closes first, and can lose data that it has not read by then. Avoid 8 s, Linux's own limit
    /// (<c>HVS_CLOSE_TIMEOUT</c>): if the rescind arrives just as <c>hvs_close_timeout</c> starts, the guest leaks the socket
    /// and its device.
    /// </summary>
    public TimeSpan LingerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The maximum number of connections of the bus, including those being opened or closed. A bus has 2047 channels in total.
    /// </summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>The latency of the channels' monitors; if <see langword="null"/>, the guest signals by hypercall.</summary>
    public TimeSpan? MonitorLatency { get; init; }

    /// <summary>The clock for the timeouts.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Called for each connect request of a guest to a service that no <see cref="HvSocketListener"/> listens on;
    /// <see langword="null"/> refuses them. <see cref="HvSocketRequest.AcceptAsync"/> returns the stream; the call lasts as
    /// long as its connection. Returning without accepting refuses the request. Throwing refuses it or resets its connection,
    /// and <see cref="Hosting.HostBus.DeviceFailed"/> reports the reason, unless the connection has already ended. A call that
    /// does not accept within <see cref="Hosting.HostBusOptions.DeviceAnswerTimeout"/> counts as a refusal, and continues to
    /// run. The token is cancelled when the sockets are disposed.
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
