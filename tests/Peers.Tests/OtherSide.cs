using System.Diagnostics;

namespace VmBus.Peers.Tests;

/// <summary>Waits for the other side in small steps; ends when that side failed, or when it has stood still too long.</summary>
internal struct OtherSide(CancellationToken otherFailed)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private SpinWait _spin;

    public void Wait(Func<string> state)
    {
        // Sleeping once it lasts: on a machine with more to do than cores, the one waited for then gets its turn.
        _spin.SpinOnce();
        if (!_spin.NextSpinWillYield)
            return;
        otherFailed.ThrowIfCancellationRequested();
        if (Stopwatch.GetElapsedTime(_start) > Patience.Limit)
            throw new TimeoutException($"The other side did nothing within {Patience.Limit}: {state()}");
    }
}
