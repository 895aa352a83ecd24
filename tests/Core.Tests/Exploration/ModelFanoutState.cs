namespace VmBus.Core.Tests.Exploration;

/// <summary>What the production rules are given in place of a fan-out's own fields.</summary>
internal readonly struct ModelFanoutState(ModelFanout fanout) : IFanoutState
{
    public long LoadSignals() => fanout.LoadSignals();

    public void StoreSignals(long value) => fanout.StoreSignals((uint)value);

    public bool LoadLed() => fanout.LoadLed();

    public void StoreLed(bool value) => fanout.StoreLed(value);

    public void WakeFollowers() => fanout.WakeFollowers();
}
