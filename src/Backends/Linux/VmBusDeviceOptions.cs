namespace VmBus.Linux;

/// <summary>Options of a device of a Linux guest and of its channels.</summary>
public sealed record VmBusDeviceOptions
{
    /// <summary>
    /// Whether to unbind the device from its driver first, if it is not bound to <c>uio_hv_generic</c>. It is returned when the
    /// device is closed. Needs root.
    /// </summary>
    public bool Bind { get; init; }

    /// <summary>Where to find the bus; <see langword="null"/> for <c>/sys</c> and <c>/dev</c>.</summary>
    public VmBusSysfs? Sysfs { get; init; }

    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; }

    /// <summary>
    /// The longest accepted packet, in bytes; 0 accepts any packet that the ring can hold. See
    /// <see cref="IncomingRingOptions.MaxPacketLength"/>.
    /// </summary>
    public int MaxPacketLength { get; init; }

    /// <summary>Whether several threads can send at once on one channel.</summary>
    public bool MultiProducer { get; init; }

    /// <summary>When an adaptive channel switches; <see langword="null"/> for the defaults.</summary>
    public AdaptiveOptions? Adaptive { get; init; }

    /// <summary>
    /// How long closing waits for the host to read the data sent on the primary channel. <see cref="TimeSpan.Zero"/> closes at
    /// once; unread data is then lost, because the kernel releases the rings.
    /// </summary>
    /// <value>1 s by default.</value>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, but not <see cref="Timeout.InfiniteTimeSpan"/>.</exception>
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

    /// <summary>The clock for timeouts and for the adaptive policy; <see langword="null"/> for the system's.</summary>
    public TimeProvider? Clock { get; init; }
}
