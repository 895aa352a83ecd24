namespace VmBus.Core.Tests.Exploration;

/// <summary>What the production decision is given in place of a signaller's own words.</summary>
internal readonly struct ModelSignalControl(ModelSignal signal) : ISignalControl
{
    public bool HasMonitor => true;

    public bool CanCall => true;

    public bool IsConcurrent => signal.IsConcurrent;

    public bool JudgeDeferring() => signal.LoadDeferring();

    public bool LoadDeferring() => signal.LoadDeferring();

    public bool LoadDeferred() => signal.LoadDeferred();

    public void StoreDeferred(bool value) => signal.StoreDeferred(value);

    public bool TakeDeferred() => signal.TakeDeferred();

    public bool LoadUrgentWaits() => signal.LoadUrgentWaits();

    public void ClearUrgentWaits() => signal.ClearUrgentWaits();

    public void ExchangeUrgentWaits() => signal.ExchangeUrgentWaits();

    public bool LoadPending() => signal.LoadPending();

    public void OrInterruptPage() => signal.OrInterruptPage();

    public void OrPending() => signal.OrPending();

    public void Call() => signal.Call();
}
