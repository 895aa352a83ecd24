using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>The libraries that <c>compare --peer</c> loads, by the example in bench/Peers/native/peer.</summary>
public sealed unsafe class PeerLibraryTests : IDisposable
{
    private const int Count = 10_000;
    private const uint Length = 64;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vmbus-peer-");
    private readonly byte* _payload = (byte*)NativeMemory.AllocZeroed(Length);

    public PeerLibraryTests() => _payload[Length - 1] = 7;

    private static long Sum => (long)Count * (Count - 1) / 2 + Count * 7L;

    public void Dispose()
    {
        NativeMemory.Free(_payload);
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void The_example_writes_and_reads_on_one_thread(int batch)
    {
        using var ends = new Ends(Example());
        Assert.Equal(Sum, ends.Library.Alone(ends.First, ends.Second, _payload, Length, Count, batch));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void The_example_writes_on_one_thread_and_reads_on_another(int batch)
    {
        using var ends = new Ends(Example());
        TwoSides.Run(
            _ => Assert.Equal(0, ends.Library.Produce(ends.First, _payload, Length, Count, batch)),
            _ => Assert.Equal(Sum, ends.Library.Consume(ends.Second, Count, batch)));
    }

    [Fact]
    public void The_example_plays_ping_pong()
    {
        using var ends = new Ends(Example());
        TwoSides.Run(
            _ => Assert.Equal(Sum, ends.Library.PingPong(ends.First, _payload, Length, Count, 1)),
            _ => Assert.Equal(Sum, ends.Library.PingPong(ends.Second, _payload, Length, Count, 0)));
    }

    /// <summary>The rings are those of everybody: what the example writes we read, and the other way round.</summary>
    [Fact]
    public void The_example_and_we_read_what_the_other_wrote()
    {
        using var ends = new Ends(Example());
        Assert.Equal(0, ends.Library.Produce(ends.First, _payload, Length, 20, 4));
        var reader = new IncomingRing(ends.There.Memory, new IncomingRingOptions { Trust = PeerTrust.Untrusted });
        using (IncomingBatch batch = reader.ReadBatch())
        {
            for (ulong i = 0; i < 20; i++)
            {
                Assert.True(batch.TryNext(out RingPacket packet));
                Assert.Equal((i, PacketType.DataInBand, (int)Length, (byte)7), (packet.TransactionId, packet.Type, packet.Payload.Length, packet.Payload[^1]));
            }

            batch.Commit();
        }

        var writer = new OutgoingRing(ends.Back.Memory);
        for (ulong i = 0; i < 20; i++)
            Assert.True(writer.TryWrite(new ReadOnlySpan<byte>(_payload, (int)Length), i, PacketFlags.None, out _));
        Assert.Equal(20 * 19 / 2 + 20 * 7, ends.Library.Consume(ends.First, 20, 4));
    }

    [Fact]
    public void A_library_that_cannot_take_part_is_refused_with_the_reason()
    {
        Assert.Contains("missing.so", Refused(Path.Combine(_folder.FullName, "missing.so")), StringComparison.Ordinal);
        Assert.Contains("vmbus_peer_abi", Refused(Build("int nothing(void) { return 0; }")), StringComparison.Ordinal);
        Assert.Contains("version 2", Refused(Build("unsigned vmbus_peer_abi(void) { return 2; }")), StringComparison.Ordinal);
        const string NoName = "unsigned vmbus_peer_abi(void) { return 1; } const char *vmbus_peer_name(void) { return 0; }";
        Assert.Contains("vmbus_peer_name", Refused(Build(NoName)), StringComparison.Ordinal);
        Assert.Contains("vmbus_peer_open", Refused(Build(NoName.Replace("return 0", "return \"half\"", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    private static string Refused(string path) => Assert.Throws<FormatException>(() => PeerLibrary.Load(path)).Message;

    private PeerLibrary Example()
    {
        PeerLibrary library = PeerLibrary.Load(Compiled(Path.Combine(AppContext.BaseDirectory, "native", "peer", "floor_peer.c")));
        Assert.Equal("floor, copied out", library.Name);
        return library;
    }

    private string Build(string code)
    {
        string source = Path.Combine(_folder.FullName, $"{Guid.NewGuid():N}.c");
        File.WriteAllText(source, code);
        return Compiled(source);
    }

    private string Compiled(string source)
    {
        string library = Path.Combine(_folder.FullName, $"lib{Guid.NewGuid():N}.so");
        if (!Gcc.TryRun([.. Gcc.LibraryFlags, "-Wall", "-Wextra", "-o", library, source], out _, out string whyNot))
        {
            Assert.False(Environment.GetEnvironmentVariable("VMBUS_PEERS") == "required", whyNot);
            Assert.Skip($"NO PEER CAN BE BUILT. {whyNot}");
        }

        return library;
    }

    private sealed class Ends : IDisposable
    {
        public Ends(PeerLibrary library)
        {
            Library = library;
            First = library.Open(View(There), View(Back));
            Second = library.Open(View(Back), View(There));
        }

        public PeerLibrary Library { get; }

        public PeerRing There { get; } = new(64 * 1024);

        public PeerRing Back { get; } = new(64 * 1024);

        public nint First { get; }

        public nint Second { get; }

        public void Dispose()
        {
            Library.Close(First);
            Library.Close(Second);
            There.Dispose();
            Back.Dispose();
        }

        private static PeerMemory View(PeerRing ring) => new(ring.Dpdk.Address, ring.Dpdk.Address + RingControlPage.Size, (uint)ring.DataSize);
    }
}
