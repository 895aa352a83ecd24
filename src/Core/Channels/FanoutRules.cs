// Who waits for a shared signal and who is woken by it, apart from where that is kept, so that the explorer of
// interleavings runs this very code.

namespace VmBus;

/// <summary>The rules of a <see cref="SignalFanout"/>. Pure over <see cref="IFanoutState"/>, under the fan-out's lock.</summary>
internal static class FanoutRules
{
    /// <summary>Says whether to wait at all, and on what.</summary>
    /// <param name="state">The fan-out.</param>
    /// <param name="ticket">The count of signals as of before the look that found nothing.</param>
    public static FanoutSeat Join<TState>(TState state, long ticket)
        where TState : struct, IFanoutState
    {
        if (ticket != state.LoadSignals())
            return FanoutSeat.None;
        if (state.LoadLed())
            return FanoutSeat.Follow;
        state.StoreLed(true);
        return FanoutSeat.Lead;
    }

    /// <summary>The one who led has stopped waiting, signalled or not.</summary>
    public static void StopLeading<TState>(TState state, bool signalled)
        where TState : struct, IFanoutState
    {
        if (signalled)
            state.StoreSignals(state.LoadSignals() + 1);
        state.StoreLed(false);

        // All of them: any may need the signal just taken, and one has to wait for the next.
        state.WakeFollowers();
    }
}
