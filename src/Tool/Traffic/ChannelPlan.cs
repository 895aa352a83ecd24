namespace VmBus.Tool;

/// <summary>The channel a run asks for.</summary>
/// <param name="Mode">How the guest signals.</param>
/// <param name="RingSize">Data bytes of each ring.</param>
/// <param name="Window">The monitor's latency.</param>
/// <param name="Spin">How long a waiting end spins before it sleeps.</param>
/// <param name="HypercallCost">The modelled cost of a hypercall.</param>
/// <param name="WakeCost">The modelled cost of a wake.</param>
internal sealed record ChannelPlan(SignalMode Mode, int RingSize, TimeSpan Window, TimeSpan Spin, TimeSpan HypercallCost = default, TimeSpan WakeCost = default);
