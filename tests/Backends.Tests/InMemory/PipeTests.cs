using System.IO.Pipelines;
using VmBus.Layout;
using VmBus.Pipes;
using VmBus.Testing;

namespace VmBus.Backends.Tests.InMemory;

/// <summary>Pipes whose ends are woken by the hypervisor: monitor page, hypercalls and event flags in between.</summary>
public class PipeTests
{
    private static readonly byte[] There = Bytes(1_300_007, 1), Back = Bytes(1_100_003, 2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    [InlineData(SignalMode.Adaptive)]
    public void A_megabyte_goes_each_way_through_rings_of_one_page(SignalMode mode)
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel memory = bus.CreateChannel(new() { GuestToHostSize = 4096, HostToGuestSize = 4096 });
        using PipeStream guest = Open(memory.Guest, mode, PeerTrust.Trusted), host = Open(memory.Host, mode, PeerTrust.Untrusted);

        Background[] all =
        [
            Background.Run(() => Write(guest, There)),
            Background.Run(() => Write(host, Back)),
            Background.Run(() => Read(host, There)),
            Background.Run(() => Read(guest, Back)),
        ];
        foreach (Background one in all)
            one.Join();
    }

    [Fact]
    public async Task A_transport_carries_a_megabyte_each_way_and_the_ends()
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel memory = bus.CreateChannel(new() { GuestToHostSize = 8192, HostToGuestSize = 8192 });
        await using var guest = new PipeTransport(Open(memory.Guest, SignalMode.Monitored, PeerTrust.Trusted));
        await using var host = new PipeTransport(Open(memory.Host, SignalMode.LowLatency, PeerTrust.Untrusted));
        await Task.WhenAll(Write(guest.Output, There), Write(host.Output, Back), Read(host.Input, There), Read(guest.Input, Back))
            .WaitAsync(2 * Patience.Limit, Token);
    }

    [Fact]
    public void A_pipe_ends_when_its_gate_is_closed()
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel memory = bus.CreateChannel();
        using var guest = new PipeStream(memory.Guest.Open(), PipeMode.Message);
        Background reading = Background.Run(() => Assert.Equal(-1, guest.ReadMessage(new byte[8])));
        memory.Guest.Gate.Close("The host is gone.");
        reading.Join();
        Assert.True(guest.IsEndOfStream);
        Assert.False(guest.PeerCompletedWriting);
    }

    private static PipeStream Open(InMemoryChannelEnd end, SignalMode mode, PeerTrust trust)
    {
        var stream = new PipeStream(end.Open(trust)) { ReadTimeout = (int)Patience.Limit.TotalMilliseconds, WriteTimeout = (int)Patience.Limit.TotalMilliseconds };
        stream.Channel.SignalMode = mode;
        return stream;
    }

    private static void Write(PipeStream stream, byte[] data)
    {
        for (int at = 0, size; at < data.Length; at += size)
        {
            size = Math.Min(1 + at % 7001, data.Length - at);
            stream.Write(data, at, size);
        }

        stream.CompleteWriting();
    }

    private static void Read(PipeStream stream, byte[] expected)
    {
        byte[] received = new byte[expected.Length];
        stream.ReadExactly(received);
        Assert.True(expected.AsSpan().SequenceEqual(received));
        Assert.Equal(-1, stream.ReadByte());
        Assert.True(stream.PeerCompletedWriting);
    }

    private static async Task Write(PipeWriter output, byte[] data)
    {
        await Task.Yield();
        await output.WriteAsync(data, Token);
        await output.CompleteAsync();
    }

    private static async Task Read(PipeReader input, byte[] expected)
    {
        await Task.Yield();
        using var received = new MemoryStream();
        await input.CopyToAsync(received, Token);
        Assert.True(expected.AsSpan().SequenceEqual(received.ToArray()));
    }

    private static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
