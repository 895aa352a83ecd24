// The hypervisor's part, as MonitorExaminer plays it: takes the bits, then signals for each.


using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Examines the trigger group.</summary>
/// <param name="sharesInterrupt">Whether the receiver looks for its relid's bit in the interrupt page.</param>
/// <param name="looks">
/// How often it looks, whenever it likes, and then never more; negative: as often as a bit is pending, for ever.
/// </param>
internal sealed class Examiner(bool sharesInterrupt, int looks) : Actor("examiner")
{
    public override bool Run(Span<byte> locals)
    {
        ref byte taken = ref locals[0];
        ref byte looked = ref locals[1];
        if (taken == 0)
        {
            if (looked == looks)
                return false;
            taken = (byte)(looks < 0 ? Thread.Take(RingCells.Pending) : Thread.Exchange(RingCells.Pending, 0));
            looked += (byte)(looks < 0 ? 0 : 1);
            return true;
        }

        if ((taken & ModelSignal.Bit) != 0)
        {
            taken = (byte)(taken & ~ModelSignal.Bit);
            uint relids = sharesInterrupt ? Thread.Exchange(RingCells.InterruptPage, 0) : ModelSignal.Bit;
            if (relids != 0)
                Thread.Or(RingCells.PacketsEvent, 1);
        }
        else
        {
            taken = 0;
            Thread.Or(RingCells.NeighbourEvent, 1);
        }

        return true;
    }
}
