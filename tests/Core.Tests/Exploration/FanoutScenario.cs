using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>A channel's one signal, and several who wait for different things.</summary>
internal static class FanoutScenario
{
    public static Scenario Of(int waiters, Func<ModelThread, ModelFanout>? view = null)
    {
        view ??= thread => new ModelFanout(thread);
        return new Scenario($"one signal, {waiters} waiters", ModelFanout.Names,
        [
            .. Enumerable.Range(0, waiters).Select(w => new Waiter($"waiter for {ModelFanout.Names[ModelFanout.Awaited + w]}", w, view)),
            // The other side's reader and its writer: what is awaited comes first, then the signal.
            Peer("peer's writer", [0]),
            Peer("peer's reader", [.. Enumerable.Range(1, waiters - 1)]),
        ]);
    }

    private static Straight Peer(string name, int[] brings) => new(name, (t, _) =>
    {
        foreach (int waiter in brings)
        {
            t.Exchange(ModelFanout.Awaited + waiter, 1);
            t.Or(ModelFanout.Event, 1);
        }
    });
}
