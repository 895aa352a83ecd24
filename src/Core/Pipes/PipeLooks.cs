// What a pipe's reader does between finding the ring empty and asking for a signal.

namespace VmBus.Pipes;

/// <summary>Looks at the ring for some microseconds, with the interrupt masked, before a wait asks for a signal.</summary>
/// <remarks>
/// <para>A reader that keeps up with a writer of small pieces finds the ring empty after nearly each of them. If it asked for a
/// signal each time, each write would pay for one, which costs more than the write. While the interrupt is masked no write does.</para>
/// <para>In a stream, where this side sends nothing between two waits, the looks are a microsecond or two apart: meanwhile the
/// writer gets ahead, the next read takes several pieces, and the cache line with the write index moves once for all of them. In a
/// dialogue the looks follow each other at once.</para>
/// <para>Their number depends on how many helped so far: <see cref="AdaptiveSpin"/>, with steps of
/// <see cref="Thread.SpinWait"/> for its unit of time.</para>
/// </remarks>
/// <param name="channel">The channel that is read. One reader at a time.</param>
internal sealed class PipeLooks(VmBusChannel channel)
{
    // Measured over pieces of 16 to 4096 bytes: 16 steps apart, the reader takes too few at once; more than 64 gain nothing.
    private const int StreamSteps = 64;
    private const int DialogueSteps = 1;

    // About 20 microseconds: less than a sleep costs, more than the distance of two running threads.
    private const int MostSteps = 512;

    private readonly AdaptiveSpin _steps = new(MostSteps);
    private long _sent;
    private bool _isMasked;

    /// <summary>How many steps the waits so far suggest.</summary>
    public long Budget => _steps.Budget;

    /// <summary>Looks until a packet is there, or the budget is used up.</summary>
    /// <returns>Whether a packet waits.</returns>
    /// <exception cref="RingCorruptException">The other side wrote an impossible index.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public bool TryFind()
    {
        long budget = _steps.Begin();
        long sent = channel.Outgoing.PacketsPublished;
        int steps = sent == _sent ? StreamSteps : DialogueSteps;
        _sent = sent;
        if (budget < steps)
        {
            _steps.Signalled(long.MaxValue);
            return false;
        }

        Mask();
        for (long spun = steps; spun <= budget; spun += steps)
        {
            Thread.SpinWait(steps);
            if (channel.HasPackets)
            {
                _steps.Signalled(spun);
                return true;
            }
        }

        _steps.Signalled(long.MaxValue);
        return false;
    }

    /// <summary>A wait for a signal begins: it unmasks the interrupt, and leaves it masked only where it finds packets.</summary>
    public void Unmasked() => _isMasked = false;

    /// <summary>A wait found packets.</summary>
    public void Masked() => _isMasked = true;

    private void Mask()
    {
        if (_isMasked)
            return;
        channel.MaskIncoming();
        _isMasked = true;
    }
}
