using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Peers;

namespace VmBus.Compare;

/// <summary>A library given with <c>--peer</c>, over our rings.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class PeerContender : IContender
{
    private readonly PeerLibrary _library;
    private readonly Case _case;
    private readonly RingPair _rings;
    private readonly byte* _payload;
    private readonly nint _first;
    private readonly nint _second;

    public PeerContender(Case @case, PeerLibrary library, byte[] payload)
    {
        _case = @case;
        _library = library;
        _rings = new RingPair(@case.RingSize);
        _payload = (byte*)NativeMemory.AlignedAlloc((nuint)payload.Length, 64);
        payload.CopyTo(new Span<byte>(_payload, payload.Length));
        _first = library.Open(View(_rings.There), View(_rings.Back));
        _second = library.Open(View(_rings.Back), View(_rings.There));
    }

    private uint Length => (uint)_case.Payload;

    public long Alone(int count) => _library.Alone(_first, _second, _payload, Length, count, _case.Batch);

    public long First(int count) => _case.Shape == Shape.PingPong
        ? _library.PingPong(_first, _payload, Length, count, 1)
        : _library.Produce(_first, _payload, Length, count, _case.Batch);

    public long Second(int count) => _case.Shape == Shape.PingPong
        ? _library.PingPong(_second, _payload, Length, count, 0)
        : _library.Consume(_second, count, _case.Batch);

    public void Dispose()
    {
        _library.Close(_first);
        _library.Close(_second);
        NativeMemory.AlignedFree(_payload);
        _rings.Dispose();
    }

    private static PeerMemory View(MappedRing ring) => new(ring.ControlAddress, ring.DataAddress, (uint)ring.DataSize);
}
