using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Peers;

namespace VmBus.Compare;

/// <summary>The floor: bench/Peers/native/floor.h.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class FloorContender : NativeContender
{
    private readonly FloorRing* _rings;

    public FloorContender(Case @case, NativeLoops loops, byte[] payload)
        : base(@case, loops, payload)
    {
        // Each apart from the others, by the two lines the prefetcher takes together: they are used by two threads.
        _rings = (FloorRing*)NativeMemory.AlignedAlloc((nuint)(4 * sizeof(FloorRing)), 128);
        SetUp(ThereOut, Rings.There, (uint)@case.RingSize - 8);
        SetUp(ThereIn, Rings.There, 0);
        SetUp(BackOut, Rings.Back, (uint)@case.RingSize - 8);
        SetUp(BackIn, Rings.Back, 0);
    }

    private FloorRing* ThereOut => _rings;

    private FloorRing* ThereIn => _rings + 1;

    private FloorRing* BackOut => _rings + 2;

    private FloorRing* BackIn => _rings + 3;

    public override long Alone(int count) => Case.Shape == Shape.Batch
        ? Loops.FloorBatches(ThereOut, ThereIn, Payload, (uint)Case.Payload, count, Case.Batch)
        : Loops.FloorPairs(ThereOut, ThereIn, Payload, (uint)Case.Payload, count);

    public override long First(int count) => Case.Shape == Shape.PingPong
        ? Loops.FloorPingPong(ThereOut, BackIn, Payload, (uint)Case.Payload, count, 1)
        : Loops.FloorProduce(ThereOut, Payload, (uint)Case.Payload, count, Case.Batch);

    public override long Second(int count) => Case.Shape == Shape.PingPong
        ? Loops.FloorPingPong(BackOut, ThereIn, Payload, (uint)Case.Payload, count, 0)
        : Loops.FloorConsume(ThereIn, count, Case.Batch);

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_rings);
        base.Dispose();
    }

    private static void SetUp(FloorRing* ring, MappedRing memory, uint room) => *ring = new FloorRing
    {
        Control = memory.ControlAddress,
        Data = memory.DataAddress,
        Size = (uint)memory.DataSize,
        Room = room,
        MaxLength = OutgoingRing.MaxPacketLength,
    };
}
