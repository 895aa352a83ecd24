namespace VmBus.Core.Tests.Channels;

/// <summary>The system's clock, and something that happens when it is asked for the nth time.</summary>
internal sealed class HookedClock(int nth, Action hook) : TimeProvider
{
    private int _asked;

    public override long GetTimestamp()
    {
        if (Interlocked.Increment(ref _asked) == nth)
            hook();
        return base.GetTimestamp();
    }
}
