// Before an offer is taken back: a guest whose packets are all answered, and that sends no more. Linux's drivers wait without a limit for
// the answers they are owed (netvsc_device_idle, storvsc_wait_to_drain), and after a rescind there are none.

namespace VmBus.Devices;

/// <summary>How much a guest has sent on a channel, and whether it is owed an answer.</summary>
/// <param name="Batches">How many batches of packets were taken.</param>
/// <param name="IsOwing">Whether one of them is not answered.</param>
internal readonly record struct GuestTraffic(long Batches, bool IsOwing);

/// <summary>Waits for a guest to stop sending.</summary>
internal static class QuietGuest
{
    /// <summary>Waits until the traffic stands still for a time, with nothing owed.</summary>
    /// <param name="traffic">The traffic so far; <see langword="null"/> when no guest has the channel open.</param>
    /// <param name="quietTime">How long.</param>
    /// <param name="clock">The clock of that.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task WaitAsync(Func<GuestTraffic?> traffic, TimeSpan quietTime, TimeProvider clock, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        GuestTraffic? before = traffic();
        while (before is not null)
        {
            await Task.Delay(quietTime, clock, cancellationToken).ConfigureAwait(false);
            GuestTraffic? now = traffic();
            if (now == before && now is { IsOwing: false })
                return;
            before = now;
        }
    }
}
