// ChannelPair opens both ends of a channel, BenchmarkDotNet does the rest.

using BenchmarkDotNet.Attributes;
using VmBus.Testing;

namespace VmBus.Samples;

/// <summary>A packet from the guest to the host.</summary>
[MemoryDiagnoser]
public class OneWay
{
    private ChannelPair _pair = null!;
    private byte[] _payload = [];

    /// <summary>The payload in bytes.</summary>
    [Params(16, 1024)]
    public int Size { get; set; }

    /// <summary>Opens the channel.</summary>
    [GlobalSetup]
    public async Task OpenAsync()
    {
        _pair = await ChannelPair.OpenAsync(new() { SignalMode = SignalMode.LowLatency });
        _payload = new byte[Size];
    }

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public async Task CloseAsync() => await _pair.DisposeAsync();

    /// <summary>One send with its signal, one read.</summary>
    [Benchmark]
    public int SendAndRead()
    {
        _pair.Guest.TrySend(_payload);
        using ChannelReadBatch batch = _pair.Host.ReadBatch();
        batch.TryNext(out RingPacket packet);
        batch.Commit();
        return packet.Payload.Length;
    }
}
