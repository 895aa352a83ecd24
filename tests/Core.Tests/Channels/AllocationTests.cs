using System.Diagnostics;
using System.Reflection;
using VmBus.Core.Tests.Rings;
using VmBus.Core.Tests.Signals;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>No message allocates, of whatever type, way and trust, once the private copies have grown to its size.</summary>
public class AllocationTests
{
    private const int Calls = 2000;

    private static readonly byte[] Payload = new byte[300];
    private static readonly ulong[] Pages = [1, 2, 3];
    private static readonly byte[] Buffer = new byte[512];

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Writing_and_reading_a_packet_allocates_nothing(RingForm form, PeerTrust trust)
    {
        using var pair = new ChannelPair(form, trust);
        AssertNothing("TrySend, ReadBatch", () =>
        {
            pair.Left.TrySend(Payload, 1);
            Read(pair.Right);
        });
        AssertNothing("TrySend, TryRead", () =>
        {
            pair.Left.TrySend(Payload, 1);
            pair.Right.Incoming.TryRead(Buffer, out _, out _, out _);
        });
        AssertNothing("completion", () =>
        {
            pair.Left.TrySend(OutgoingPacket.Completion(Payload, 2));
            Read(pair.Right);
        });
        AssertNothing("GPA-direct", () =>
        {
            var header = new GpaDirectHeaderWriter(stackalloc byte[128]);
            header.AddRange(10000, 0, Pages);
            header.AddRange(1, 0, Pages.AsSpan(0, 1));
            pair.Left.TrySend(OutgoingPacket.GpaDirect(header, Payload, 3));
            Read(pair.Right);
        });
        AssertNothing("transfer pages", () =>
        {
            var header = new TransferPageHeaderWriter(stackalloc byte[64], 3);
            header.AddRange(10000, 0);
            header.AddRange(1, 0);
            pair.Left.TrySend(OutgoingPacket.TransferPages(header, Payload, 3));
            Read(pair.Right);
        });
        AssertNothing("a batch", () =>
        {
            using (ChannelWriteBatch batch = pair.Left.BeginBatch())
            {
                batch.TryAdd(Payload);
                batch.TryReserve(200, out Span<byte> place);
                place.Fill(1);
                batch.TryAdd(OutgoingPacket.Completion(Payload, 1));
                batch.Revert();
                batch.TryReserve(300, out place);
                batch.TryAdd(Payload);
                batch.Commit();
            }

            Read(pair.Right);
        });
    }

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    [InlineData(SignalMode.Adaptive)]
    public void Signalling_masking_and_waking_allocates_nothing(SignalMode mode)
    {
        var pages = new SharedPages();
        foreach (bool multiProducer in (bool[])[false, true])
        {
            using var pair = new ChannelPair(multiProducer: multiProducer, pages: pages);
            pair.Left.SignalMode = mode;
            int count = 0;
            AssertNothing("send, promote, wait, drain", () =>
            {
                pair.Left.TrySend(Payload, 1, PacketFlags.None, (Urgency)(count++ % 3));
                pair.Left.TrySend(Payload, 1, PacketFlags.None, Urgency.Urgent);
                pair.Right.WaitToRead(TimeSpan.Zero, TestContext.Current.CancellationToken);
                Read(pair.Right);
                pair.Right.Incoming.UnmaskInterrupt();
                pair.Left.SignalMode = mode;
            });
            AssertNothing("full, ask for room, tell of room", () =>
            {
                while (pair.Left.TrySend(Payload))
                {
                }

                pair.Left.WaitToWrite(300, TimeSpan.Zero, TestContext.Current.CancellationToken);
                pair.Left.Outgoing.RequestRoom(300);
                Read(pair.Right);
                pair.Left.WaitToWrite(300, TimeSpan.Zero, TestContext.Current.CancellationToken);
            });
        }
    }

    [Fact]
    public void Transaction_ids_allocate_nothing()
    {
        var table = new TransactionTable<object>(16);
        object state = new();
        AssertNothing("ids", () =>
        {
            table.TryAdd(state, out ulong first);
            table.TryAdd(state, out ulong second);
            table.TryComplete(first, out _);
            table.TryComplete(first, out _);
            table.TryComplete(second, out _);
        });
    }

    [Fact]
    public void The_test_of_allocations_notices_one()
        => Assert.Throws<Xunit.Sdk.TrueException>(() => AssertNothing("one", () => GC.KeepAlive(new object())));

    private static void Read(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
            CorruptionTests.Touch(packet);
        batch.Commit();
    }

    internal static void AssertNothing(string what, Action action)
    {
        if (typeof(VmBusChannel).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
            Assert.Skip("A debug build allocates for its own sake.");

        // Once around the ring and more before it counts, so that wrapping packets have been met.
        long allocated = Allocations.Of(action, Calls);
        Assert.True(allocated == 0, $"{what}: {allocated / (double)Calls} bytes each");
    }
}
