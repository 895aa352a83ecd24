namespace VmBus.Linux;

/// <summary>How a device of a Linux guest is opened, and how its channels are used.</summary>
public sealed record VmBusDeviceOptions
{
    /// <summary>
    /// Whether to take the device from its driver first, when it is not bound to <c>uio_hv_generic</c>. It goes back when the
    /// device is closed. Needs root.
    /// </summary>
    public bool Bind { get; init; }

    /// <summary>Where the bus is; <see langword="null"/> for <c>/sys</c> and <c>/dev</c>.</summary>
    public VmBusSysfs? Sysfs { get; init; }

    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; }

    /// <summary>The longest packet accepted, in bytes; 0 accepts what the ring can hold. See <see cref="IncomingRingOptions.MaxPacketLength"/>.</summary>
    public int MaxPacketLength { get; init; }

    /// <summary>Whether several threads send at once on one channel.</summary>
    public bool MultiProducer { get; init; }

    /// <summary>When an adaptive channel changes; <see langword="null"/> for the defaults.</summary>
    public AdaptiveOptions? Adaptive { get; init; }

    /// <summary>
    /// How long closing waits for the host to read what was sent on the primary channel. <see cref="TimeSpan.Zero"/> closes at
    /// once; then what is unread is lost, as the kernel takes the rings back.
    /// </summary>
    /// <value>1 s by default.</value>
    /// <exception cref="ArgumentOutOfRangeException">Negative, and not <see cref="Timeout.InfiniteTimeSpan"/>.</exception>
    public TimeSpan FlushTimeout
    {
        get;
        init
        {
            if (value != Timeout.InfiniteTimeSpan)
                ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(1);

    /// <summary>The clock of timeouts and of the adaptive policy; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}
