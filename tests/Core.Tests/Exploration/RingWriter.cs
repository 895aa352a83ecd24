// The writing end, as Channel.TrySend and Channel.WaitToWrite walk it, in segments.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Sends packets one by one; waits for room when there is none.</summary>
/// <param name="ring">The ring, or a mutant of it.</param>
/// <param name="plan">How many packets, how long.</param>
internal sealed class RingWriter(Func<RingEnd, ModelRing> ring, RingPlan plan) : Actor("writer")
{
    private enum At : byte { Room, Ask, Sleep, Send, Signal }

    private ModelRing? _ring;

    private ModelRing Ring => _ring ??= ring(new RingEnd(Thread, plan.Size));

    public override bool Run(Span<byte> locals)
    {
        ref byte at = ref locals[0];
        ref byte sent = ref locals[1];
        ref byte next = ref locals[2];
        ref byte read = ref locals[3];      // the read index as last seen
        ref byte asked = ref locals[4];
        if (at == 0 && sent == 0 && plan.Prefilled != 0)
        {
            sent = (byte)plan.Prefilled;
            next = (byte)(plan.Prefilled * plan.Length % Ring.Size);
        }

        switch ((At)at)
        {
            case At.Room:
                if (sent == plan.Packets)
                    return false;
                if (Free(read, next) < plan.Length)
                    read = (byte)Ring.LoadReadIndex();
                at = (byte)(Free(read, next) >= plan.Length ? At.Send : At.Ask);
                return true;

            case At.Ask when !plan.WaitsForRoom:
                read = (byte)Thread.Until(RingCells.ReadIndex, read);
                at = (byte)At.Room;
                return true;

            case At.Ask:
                asked = 1;
                read = (byte)Ring.RequestRoom(Math.Max(plan.Length, Ring.Size / 4), read);
                at = (byte)(Free(read, next) >= plan.Length ? At.Send : At.Sleep);
                return true;

            case At.Sleep:
                Thread.Take(RingCells.RoomEvent);
                read = (byte)Ring.LoadReadIndex();
                at = (byte)(Free(read, next) >= plan.Length ? At.Send : At.Ask);
                return true;

            case At.Send:
                if (asked != 0)
                    Ring.StorePendingSendSize(0);
                asked = 0;
                SignalNeed need = Ring.Send(next, plan.Length, (uint)sent + 1);
                Thread.Note(SignalWatch.Packets, (uint)need);
                at = (byte)(need == SignalNeed.Required ? At.Signal : At.Room);
                next = (byte)Ring.After(next, plan.Length);
                sent++;
                return true;

            default:
                Thread.Or(RingCells.PacketsEvent, 1);
                at = (byte)At.Room;
                return true;
        }
    }

    private uint Free(uint read, uint next) => Ring.Size - RingHandshake.Distance(read, next, Ring.Size) - 8;
}
