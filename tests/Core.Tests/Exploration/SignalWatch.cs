using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>
/// No wrong signal: who signals must have been right to at some moment between its publication and its decision. For
/// packets, the mask was clear at one moment, and not because the store of a mask already promised was late, and the
/// reader had caught up at one. For room, the commit made just the room that the writer had asked for.
/// </summary>
/// <param name="size">Bytes in the ring's data area.</param>
internal sealed class SignalWatch(uint size) : Watch
{
    /// <summary>How many cells it keeps.</summary>
    public const int Cells = 9;

    // What the ends tell it.
    public const int Packets = 0;
    public const int Room = 1;
    public const int Masked = 2;
    public const int Urgent = 3;

    private const int Published = RingCells.Watched;        // the write index published last
    private const int Began = RingCells.Watched + 1;        // the one before
    private const int Unmasked = RingCells.Watched + 2;     // seen clear since
    private const int CaughtUp = RingCells.Watched + 3;     // seen caught up since
    private const int Promised = RingCells.Watched + 4;     // the reader has been told that it is masked
    private const int Committed = RingCells.Watched + 5;    // the read index given back last
    private const int Before = RingCells.Watched + 6;       // the one before
    private const int Asked = RingCells.Watched + 7;        // pending sizes seen since, a bit each
    private const int Crossed = RingCells.Watched + 8;      // seen since: that commit made the room asked for

    public override string? Passed(Span<byte> memory, int thread, in Access access)
    {
        bool store = access.IsStore || access.Kind == AccessKind.Exchange;
        if (access.Kind == AccessKind.Note)
            return Decided(memory, access);
        if (store && access.Cell == RingCells.WriteIndex)
        {
            (memory[Began], memory[Published]) = (memory[Published], access.Value);
            memory[Unmasked] = memory[CaughtUp] = 0;
            Changed(memory);
        }
        else if (store && access.Cell == RingCells.ReadIndex)
        {
            (memory[Before], memory[Committed]) = (memory[Committed], access.Value);
            memory[Asked] = memory[Crossed] = 0;
            Changed(memory);
        }
        else if (store && access is { Cell: RingCells.Mask, Value: 0 })
        {
            memory[Promised] = 0;
            Changed(memory);
        }

        return null;
    }

    public override void Changed(Span<byte> memory)
    {
        if (memory[RingCells.Mask] == 0 && memory[Promised] == 0)
            memory[Unmasked] = 1;
        if (memory[RingCells.ReadIndex] == memory[Began])
            memory[CaughtUp] = 1;

        // The writer's request is looked at before its write index, so any request seen until now goes with this one.
        memory[Asked] |= (byte)(1 << (memory[RingCells.PendingSendSize] / 8));
        uint room = size - RingHandshake.Distance(memory[Committed], memory[RingCells.WriteIndex], size);
        uint freed = RingHandshake.Distance(memory[Before], memory[Committed], size);
        for (uint pending = 8; pending < 64; pending += 8)
        {
            if ((memory[Asked] >> (int)(pending / 8) & 1) != 0 && room > pending && room - freed <= pending)
                memory[Crossed] = 1;
        }
    }

    public override string Describe(in Access note) => note.Cell switch
    {
        Packets => $"decides: {(SignalNeed)note.Value}",
        Urgent => $"packet {note.Value} is urgent",
        Masked => "is told that it is masked",
        _ => note.Value == 0 ? "decides: no signal for room" : "decides: a signal for room",
    };

    /// <summary>Whatever the examiner does, the reader has come past the last urgent packet.</summary>
    public override string? Ended(Span<byte> memory)
        => memory[RingCells.ReadIndex] < memory[RingCells.Urgent] * 8 ? "an urgent packet waits for the examiner" : null;

    private static string? Decided(Span<byte> memory, in Access note)
    {
        switch (note.Cell)
        {
            case Masked:
                memory[Promised] = 1;
                return null;
            case Urgent:
                memory[RingCells.Urgent] = Math.Max(memory[RingCells.Urgent], note.Value);
                return null;
            case Packets when note.Value == (byte)SignalNeed.Required:
                return memory[Unmasked] == 0 ? "signals a reader that has its interrupt masked"
                    : memory[CaughtUp] == 0 ? "signals though the ring was not empty"
                    : null;
            case Room when note.Value != 0 && memory[Crossed] == 0:
                return "signals room that the writer did not wait for";
            default:
                return null;
        }
    }
}
