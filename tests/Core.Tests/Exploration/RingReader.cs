// The reading end, as Channel.WaitToRead and a batch walk it, in segments.

using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>Reads packets; sleeps when there are none, with its interrupt unmasked and after a second look.</summary>
/// <param name="ring">The ring, or a mutant of it.</param>
/// <param name="plan">How many packets, how long.</param>
internal sealed class RingReader(Func<RingEnd, ModelRing> ring, RingPlan plan) : Actor("reader")
{
    private enum At : byte { Look, Unmask, Sleep, Mask, Read, SignalRoom }

    private ModelRing? _ring;

    private ModelRing Ring => _ring ??= ring(new RingEnd(Thread, plan.Size));

    public override bool Run(Span<byte> locals)
    {
        ref byte at = ref locals[0];
        ref byte taken = ref locals[1];
        ref byte next = ref locals[2];
        ref byte write = ref locals[3];     // the write index as last seen
        ref byte masked = ref locals[4];
        switch ((At)at)
        {
            case At.Look:
                if (taken == plan.Packets)
                    return false;
                write = (byte)Ring.LoadWriteIndex();
                at = (byte)(write == next ? At.Unmask : masked != 0 ? At.Read : At.Mask);
                return true;

            case At.Unmask:
                masked = 0;
                write = (byte)Ring.UnmaskInterrupt(next);
                at = (byte)(write == next ? At.Sleep : At.Mask);
                return true;

            case At.Sleep:
                Thread.Take(RingCells.PacketsEvent);
                at = (byte)At.Look;
                return true;

            case At.Mask:
                Ring.MaskInterrupt();
                Thread.Note(SignalWatch.Masked, 1);
                masked = 1;
                at = (byte)At.Read;
                return true;

            case At.Read:
                if (RingHandshake.Distance(next, write, Ring.Size) % plan.Length != 0 || taken >= plan.Packets)
                {
                    Thread.Fail("takes a packet that was never sent");
                    return false;
                }

                uint to = plan.CommitsEach ? Ring.After(next, plan.Length) : write;
                bool room = Ring.Receive(next, to, plan.Length, (uint)taken + 1);
                Thread.Note(SignalWatch.Room, room ? 1u : 0u);
                taken += (byte)(RingHandshake.Distance(next, to, Ring.Size) / plan.Length);
                next = (byte)to;
                at = (byte)(room ? At.SignalRoom : next == write ? At.Look : At.Read);
                return true;

            default:
                Thread.Or(RingCells.RoomEvent, 1);
                at = (byte)(next == write ? At.Look : At.Read);
                return true;
        }
    }
}
