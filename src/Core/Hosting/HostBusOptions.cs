// How a host bus behaves.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>How a <see cref="HostBus"/> behaves.</summary>
public sealed record HostBusOptions
{
    /// <summary>What it speaks, and how much a guest may have. The number of VPs is the partition's.</summary>
    public HostProtocolOptions Protocol { get; init; } = new();

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
    /// How long a service may go on after its token was cancelled before it loses its channel;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for ever, and a guest's close or unload with it.
    /// </summary>
    public TimeSpan DeviceCloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Asked for a socket channel: offers it and says yes, or says no. <see langword="null"/> where there are none. What throws,
    /// or takes longer than <see cref="DeviceAnswerTimeout"/>, has said no. The token is cancelled when the answer is no longer
    /// waited for: the guest has gone, or the bus is saved (and asks again after the restore) or disposed.
    /// </summary>
    public Func<TransportRequest, CancellationToken, ValueTask<bool>>? TransportConnect { get; init; }

    /// <summary>
    /// Sees every message, both ways. Called in order, on the guest's time: it must not block. One that throws has missed a
    /// message, and is called no more.
    /// </summary>
    public VmBus.Protocol.IMessageObserver? Observer { get; init; }

    internal void Validate()
    {
        Check(DeviceAnswerTimeout, nameof(DeviceAnswerTimeout));
        Check(DeviceCloseTimeout, nameof(DeviceCloseTimeout));

        static void Check(TimeSpan limit, string name)
        {
            if (limit < TimeSpan.Zero && limit != Timeout.InfiniteTimeSpan)
                throw new ArgumentOutOfRangeException(name, limit, "A limit is not negative.");
        }
    }
}
