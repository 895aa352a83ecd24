namespace VmBus.Core.Tests.Exploration;

/// <summary>A ring of several producers: its lock is a compare-exchange to enter and a <c>Volatile.Write</c> to leave.</summary>
internal class LockedRing(RingEnd end) : ModelRing(end)
{
    public virtual void Enter() => Thread.Lock(RingCells.Lock);

    public virtual void Exit() => Thread.Release(RingCells.Lock, 0);
}
