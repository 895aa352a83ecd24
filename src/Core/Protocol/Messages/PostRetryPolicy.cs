// How often and how soon a message is posted again that the other side had no room for. Facts: hv_post_message's caller
// vmbus_post_msg (Linux drivers/hv/connection.c), vmbus_msghc_exec_noresult (FreeBSD sys/dev/hyperv/vmbus/vmbus.c).

namespace VmBus.Protocol;

/// <summary>How posts are repeated: at once doubling delays, up to a longest one.</summary>
internal sealed record PostRetryPolicy
{
    /// <summary>How many times a message is posted at most before it is given up.</summary>
    public int MaxTries { get; init; } = 100;

    /// <summary>The time before the second try.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMicroseconds(1);

    /// <summary>The longest time between two tries.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest time between two tries while the other side's SynIC is off; at least that with it on.</summary>
    public TimeSpan MaxDelayWhileOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the other side's SynIC may be off before what waits for it is given up; infinite for as long as there are tries.</summary>
    public TimeSpan PatienceWhileOff { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>What a guest does, by default: Linux's hundred tries from 1 µs on, each after twice the time, up to 2 s.</summary>
    public static PostRetryPolicy Guest { get; } = new();

    /// <summary>
    /// What a host does, by default: from 100 µs to 10 ms, for as long as the guest is there. It reads its messages when
    /// its VP runs, and a host has no say in when that is. One that has turned its SynIC off is asked once a second in the end,
    /// and for at most a minute: it makes contact again when it goes on.
    /// </summary>
    public static PostRetryPolicy Host { get; } = new()
    {
        MaxTries = int.MaxValue,
        FirstDelay = TimeSpan.FromMicroseconds(100),
        MaxDelay = TimeSpan.FromMilliseconds(10),
        MaxDelayWhileOff = TimeSpan.FromSeconds(1),
        PatienceWhileOff = TimeSpan.FromMinutes(1),
    };

    /// <summary>The time after a failed try.</summary>
    /// <param name="tries">How many tries there were, at least 1.</param>
    /// <param name="isOff">Whether the other side's SynIC is off.</param>
    internal TimeSpan DelayAfter(int tries, bool isOff)
    {
        int doublings = Math.Min(tries - 1, 40);
        TimeSpan most = isOff ? MaxDelayWhileOff : MaxDelay;
        return FirstDelay.Ticks > most.Ticks >> doublings ? most : TimeSpan.FromTicks(FirstDelay.Ticks << doublings);
    }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTries, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(FirstDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDelay, FirstDelay);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDelayWhileOff, FirstDelay);
        ArgumentOutOfRangeException.ThrowIfLessThan(PatienceWhileOff, Timeout.InfiniteTimeSpan);
    }
}
