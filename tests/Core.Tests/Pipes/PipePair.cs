using System.Runtime.InteropServices;
using VmBus.Core.Tests.Channels;
using VmBus.Core.Tests.Rings;
using VmBus.Layout;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>Both ends of a pipe in this process.</summary>
internal sealed class PipePair : IDisposable
{
    // A pipe that stands still fails its test instead of hanging it.
    private const int Patience = 30_000;

    private readonly ChannelPair _channels;

    public PipePair(PipeMode mode = PipeMode.Byte, RingForm form = RingForm.Pinned, PeerTrust trust = PeerTrust.Trusted, int dataSize = 4096)
    {
        _channels = new ChannelPair(form, trust, dataSize);
        Left = Open(_channels.Left);
        Right = Open(_channels.Right);

        PipeStream Open(VmBusChannel channel) => new(channel, mode) { ReadTimeout = Patience, WriteTimeout = Patience };
    }

    public PipeStream Left { get; }

    public PipeStream Right { get; }

    /// <summary>The ring that the left end writes.</summary>
    public RingFixture ToRight => _channels.ToRight;

    /// <summary>Signals that the left end sent.</summary>
    public long SignalsToRight => _channels.RightGate.Signals;

    /// <summary>The left end goes away.</summary>
    public void CloseLeft() => _channels.RightGate.Disconnect("The left end was closed.");

    /// <summary>A packet as the left end's ring carries it, whatever a pipe would say to it.</summary>
    public void SendRaw(uint type, uint length, int room)
    {
        byte[] payload = new byte[8 + room];
        MemoryMarshal.Write(payload, type);
        MemoryMarshal.Write(payload.AsSpan(4), length);
        Assert.True(Left.Channel.TrySend(payload));
    }

    /// <summary>Data that does not look like itself one byte further on.</summary>
    public static byte[] Bytes(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public string Describe() => TrafficTests.Describe(_channels);

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        _channels.Dispose();
    }
}
