// How socket connections of a bus behave.

namespace VmBus.Devices;

/// <summary>How the socket connections of a bus behave.</summary>
public sealed record HvSocketOptions
{
    /// <summary>
    /// How long a guest may take to open the channel of a connection that the host makes. A guest in which nothing listens never
    /// does, and does not say so. Windows and Linux hosts wait 2 s. The time of all begins anew when the guest opens one, up to ten
    /// times: a guest that has many to open is not at fault.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a guest may take to open the channel of a connection that it asked for; as for <see cref="ConnectTimeout"/>.
    /// </summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a connection that is disposed here waits for the other end to close it, before it is taken away. What comes
    /// meanwhile is dropped. A Linux guest never closes it and may lose what it has not read by then. Stay away from 8 s, Linux's own
    /// limit (<c>HVS_CLOSE_TIMEOUT</c>): a rescind in the moment in which that ends finds <c>hvs_close_timeout</c> begun, and the
    /// guest keeps the socket and its device for ever.
    /// </summary>
    public TimeSpan LingerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most connections of the bus, those among them that are being made or ended. A bus has 2047 channels in all.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>The latency of the channels' monitors; <see langword="null"/> where the guest shall signal by hypercall.</summary>
    public TimeSpan? MonitorLatency { get; init; }

    /// <summary>The clock of the limits above.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Asked for each connect of a guest to a service that no <see cref="HvSocketListener"/> listens on; <see langword="null"/>
    /// refuses them. It runs as long as its connection: <see cref="HvSocketRequest.AcceptAsync"/> gives the stream. When it returns
    /// without that, the guest is refused. When it throws, the guest is refused or its connection reset, and
    /// <see cref="Hosting.HostBus.DeviceFailed"/> tells why, unless the connection is gone by then. One that accepts nothing within
    /// <see cref="Hosting.HostBusOptions.DeviceAnswerTimeout"/> has refused; it is not ended. The token is cancelled when the sockets are
    /// disposed.
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
