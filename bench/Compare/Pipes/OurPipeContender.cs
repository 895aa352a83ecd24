using VmBus.Pipes;
using VmBus.Testing;

namespace VmBus.Compare;

/// <summary>Our pipe: both ends in this process, each woken by a call, as a channel without a monitor is.</summary>
internal sealed class OurPipeContender : StreamContender
{
    private readonly InMemoryVmBus _bus = new();
    private readonly InMemoryChannel _channel;
    private readonly PipeStream _writer;
    private readonly PipeStream _reader;

    public OurPipeContender(Case @case, byte[] payload, PeerTrust trust)
        : base(@case, payload)
    {
        _channel = _bus.CreateChannel(new() { GuestToHostSize = @case.RingSize, HostToGuestSize = RingMemory.PageSize, HasMonitor = false });
        _writer = new PipeStream(_channel.Guest.Open(trust));
        _reader = new PipeStream(_channel.Host.Open(trust));
    }

    public override void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
        _channel.Dispose();
        _bus.Dispose();
    }

    protected override void Write(ReadOnlySpan<byte> bytes) => _writer.Write(bytes);

    protected override int Read(Span<byte> buffer) => _reader.Read(buffer);
}
