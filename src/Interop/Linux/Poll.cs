// Waits on several descriptors at once. Mirrors ppoll(2), whose timeout has the resolution of the timer slack,
// where poll(2) has whole milliseconds.

using System.Diagnostics;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>Waits on descriptors. Allocates nothing; safe to call from any thread.</summary>
[SupportedOSPlatform("linux")]
internal static class Poll
{
    /// <summary>Waits until something is found on one of the descriptors, or the time is up.</summary>
    /// <param name="descriptors">The descriptors; <see cref="PollFd.Returned"/> of each is set.</param>
    /// <param name="timeout">
    /// The longest time to wait, in steps of 100 ns; <see cref="TimeSpan.Zero"/> to look only,
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit. A caught signal does not lengthen it.
    /// </param>
    /// <returns>On how many descriptors something was found; 0 when the time was up.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is negative and not infinite.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe int Wait(Span<PollFd> descriptors, TimeSpan timeout)
    {
        Timespec.CheckTimeout(timeout, nameof(timeout));
        bool infinite = timeout == Timeout.InfiniteTimeSpan;
        long started = infinite ? 0 : Stopwatch.GetTimestamp();
        TimeSpan left = timeout;
        fixed (PollFd* first = descriptors)
        {
            while (true)
            {
                Timespec time = Timespec.From(left);
                int found = Libc.Poll(first, (nuint)descriptors.Length, infinite ? null : &time, null);
                if (found >= 0)
                    return found;
                Errno error = Libc.LastError;
                if (error != Errno.Interrupted)
                    throw new ErrnoException($"ppoll on {descriptors.Length} descriptors", error);
                if (!infinite)
                {
                    left = timeout - Stopwatch.GetElapsedTime(started);
                    if (left < TimeSpan.Zero)
                        left = TimeSpan.Zero;
                }
            }
        }
    }

    /// <summary>Waits until something is found on one descriptor, or the time is up.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="events">What to wait for.</param>
    /// <param name="timeout">The longest time to wait, as for <see cref="Wait(Span{PollFd}, TimeSpan)"/>.</param>
    /// <returns>What was found; <see cref="PollEvents.None"/> when the time was up.</returns>
    /// <inheritdoc cref="Wait(Span{PollFd}, TimeSpan)" path="/exception"/>
    public static PollEvents Wait(int descriptor, PollEvents events, TimeSpan timeout)
    {
        var one = new PollFd(descriptor, events);
        Wait(new Span<PollFd>(ref one), timeout);
        return one.Returned;
    }
}
