// Which pages of the guest are rings of an open channel now. A page that is two rings, or two pages of one, lets a guest
// feed a device its own output for ever.

namespace VmBus.Hosting;

/// <summary>The page frames of all rings that are open. The bus's loop's alone.</summary>
internal sealed class RingFrames
{
    private readonly HashSet<ulong> _taken = [];

    /// <summary>How many pages are rings.</summary>
    public int Count => _taken.Count;

    /// <summary>Takes the pages of an open's rings.</summary>
    /// <param name="frames">Their frames, both rings'.</param>
    /// <returns>Disposed to give them back.</returns>
    /// <exception cref="RefusedException">A frame occurs twice, or is a ring already. Nothing is taken then.</exception>
    public IDisposable Take(ReadOnlyMemory<ulong> frames)
    {
        int taken = 0;
        foreach (ulong frame in frames.Span)
        {
            if (!_taken.Add(frame))
            {
                Return(frames[..taken]);
                throw new RefusedException($"Page frame 0x{frame:x} is already in a ring: a page can be used only once, in one ring.");
            }
            taken++;
        }
        return new Held(() => Return(frames));
    }

    private void Return(ReadOnlyMemory<ulong> frames)
    {
        foreach (ulong frame in frames.Span)
            _taken.Remove(frame);
    }
}
