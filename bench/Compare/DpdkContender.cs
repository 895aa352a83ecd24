using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Peers;

namespace VmBus.Compare;

/// <summary>DPDK's compiled library, called from C.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class DpdkContender : NativeContender
{
    private readonly byte* _monitorPage;
    private readonly DpdkChannel _firstEnd;
    private readonly DpdkChannel _secondEnd;
    private readonly DpdkCalls* _calls;

    public DpdkContender(Case @case, NativeLoops loops, DpdkLibrary library, byte[] payload)
        : base(@case, loops, payload)
    {
        _monitorPage = (byte*)NativeMemory.AlignedAlloc(RingMemory.PageSize, RingMemory.PageSize);
        NativeMemory.Clear(_monitorPage, RingMemory.PageSize);
        DpdkRing there = new(Rings.There.ControlAddress, Rings.There.DataSize);
        DpdkRing back = new(Rings.Back.ControlAddress, Rings.Back.DataSize);
        _firstEnd = new DpdkChannel(library, receive: back, send: there, (nint)_monitorPage, monitorId: 1);
        _secondEnd = new DpdkChannel(library, receive: there, send: back, (nint)_monitorPage, monitorId: 2);
        _calls = (DpdkCalls*)NativeMemory.AlignedAlloc((nuint)(3 * sizeof(DpdkCalls)), 128);
        SetUp(First_, library, _firstEnd.Address, _firstEnd.Address);
        SetUp(Second_, library, _secondEnd.Address, _secondEnd.Address);
        SetUp(Alone_, library, _firstEnd.Address, _secondEnd.Address);
    }

    private DpdkCalls* First_ => _calls;

    private DpdkCalls* Second_ => _calls + 1;

    private DpdkCalls* Alone_ => _calls + 2;

    public override long Alone(int count) => Case.Shape == Shape.Batch
        ? Loops.DpdkBatches(Alone_, Payload, (uint)Case.Payload, count, Case.Batch)
        : Loops.DpdkPairs(Alone_, Payload, (uint)Case.Payload, count);

    public override long First(int count) => Case.Shape == Shape.PingPong
        ? Loops.DpdkPingPong(First_, Payload, (uint)Case.Payload, count, 1)
        : Loops.DpdkProduce(First_, Payload, (uint)Case.Payload, count, Case.Batch);

    public override long Second(int count) => Case.Shape == Shape.PingPong
        ? Loops.DpdkPingPong(Second_, Payload, (uint)Case.Payload, count, 0)
        : Loops.DpdkConsume(Second_, count, Case.Batch);

    public override void Dispose()
    {
        foreach (nint calls in (ReadOnlySpan<nint>)[(nint)First_, (nint)Second_, (nint)Alone_])
            NativeMemory.AlignedFree((void*)((DpdkCalls*)calls)->Buffer);
        NativeMemory.AlignedFree(_calls);
        _firstEnd.Dispose();
        _secondEnd.Dispose();
        NativeMemory.AlignedFree(_monitorPage);
        base.Dispose();
    }

    private void SetUp(DpdkCalls* calls, DpdkLibrary library, nint sender, nint receiver)
    {
        int capacity = Case.Payload + 64;
        *calls = new DpdkCalls
        {
            Send = library.Send,
            Receive = library.Receive,
            ReceiveRaw = library.ReceiveRaw,
            SignalSend = library.SignalSend,
            SignalRead = library.SignalRead,
            Out = sender,
            In = receiver,
            Buffer = (nint)NativeMemory.AlignedAlloc((nuint)capacity, 64),
            Capacity = (uint)capacity,
        };
    }
}
