// A cost that exists on real hardware and not in one process: paid by keeping the payer busy, never by sleeping,
// because a sleep of microseconds comes back far too late.

using System.Diagnostics;

namespace VmBus.Hosting;

internal sealed class ModelledCost
{
    private readonly TimeSpan _cost;
    private readonly Action<TimeSpan>? _spend;

    public ModelledCost(TimeSpan cost, Action<TimeSpan>? spend)
    {
        _cost = cost;
        _spend = spend;
    }

    public static ModelledCost None { get; } = new(TimeSpan.Zero, null);

    public void Pay()
    {
        if (_cost > TimeSpan.Zero)
            PaySome();
    }

    private void PaySome()
    {
        if (_spend is not null)
        {
            _spend(_cost);
            return;
        }
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < _cost)
            Thread.SpinWait(4);
    }
}
