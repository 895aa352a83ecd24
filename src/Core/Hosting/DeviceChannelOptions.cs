// How a device's end of a channel is made.

namespace VmBus.Hosting;

/// <summary>How the host's end of an offered channel is created when a guest opens it.</summary>
public sealed record DeviceChannelOptions
{
    /// <summary>How far the guest is trusted. Trust it only if it is part of the same program.</summary>
    public PeerTrust Trust { get; init; } = PeerTrust.Untrusted;

    /// <summary>Whether several threads of the device can send at once.</summary>
    public bool MultiProducer { get; init; }

    /// <summary>
    /// How the host signals the guest. Every mode except <see cref="SignalMode.LowLatency"/> needs a monitor, and an
    /// examiner of the page from parent to child.
    /// </summary>
    public SignalMode SignalMode { get; init; } = SignalMode.LowLatency;

    /// <summary>When an adaptive channel switches; <see langword="null"/> for the defaults.</summary>
    public AdaptiveOptions? Adaptive { get; init; }
}
