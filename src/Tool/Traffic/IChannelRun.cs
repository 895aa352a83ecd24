// Where the two ends of a channel run: on two threads, or in two processes.

namespace VmBus.Tool;

/// <summary>Opens a channel, runs a guest at one end and a host's job at the other, and closes it.</summary>
internal interface IChannelRun
{
    /// <summary>Runs both ends until both are done.</summary>
    /// <typeparam name="TGuest">What the guest returns.</typeparam>
    /// <typeparam name="THost">What the host returns.</typeparam>
    /// <param name="plan">The channel.</param>
    /// <param name="guest">The guest, on a thread of its own in this process.</param>
    /// <param name="host">The host's job.</param>
    /// <param name="tick">Called a few times a second while they run.</param>
    /// <param name="cancellationToken">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Both results.</returns>
    /// <exception cref="ToolException">Either end failed.</exception>
    /// <exception cref="VmBusException">The channel failed.</exception>
    (TGuest Guest, THost Host) Run<TGuest, THost>(
        ChannelPlan plan, Func<VmBusChannel, CancellationToken, TGuest> guest, IHostJob<THost> host, Action tick, CancellationToken cancellationToken);
}
