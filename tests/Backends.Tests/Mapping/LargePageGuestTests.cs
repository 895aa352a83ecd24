using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Mapping;

// A host whose kernel has larger pages: frames of a GPADL are 4096 bytes all the same. The rings carry packets across their end,
// mapped twice or once.
public sealed class LargePageGuestTests
{
    private const int Page = GuestMemory.PageSize;

    public static TheoryData<int> Sizes => OperatingSystem.IsLinux() ? [.. new[] { 4096, 16384, 65536 }.Where(size => size % Environment.SystemPageSize == 0)] : [];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_ring_of_frames_one_behind_the_other_carries_packets(int kernelPage)
    {
        using var memory = new GuestMemory(256 * Page, shared: true, kernelPage);
        int together = kernelPage / Page;
        for (ulong control = 1; control <= 2 * (ulong)together; control++)
        {
            ulong[] frames = [.. Enumerable.Range((int)control, 1 + 2 * together).Select(frame => (ulong)frame)];
            bool twice = (control + 1) % (ulong)together == 0;
            AssertCarries(memory, frames, twice);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_ring_of_a_guest_with_pages_as_large_carries_packets(int kernelPage)
    {
        using var memory = new GuestMemory(256 * Page, shared: true, kernelPage);
        ulong together = (ulong)(kernelPage / Page);
        ulong[] frames = [6 * together, .. Pages(together, 3), .. Pages(together, 5), .. Pages(together, 1)];
        AssertCarries(memory, frames, twice: true);
        AssertCarries(memory, [together, .. Pages(together, 2), .. Pages(together, 3)], twice: true);

        static IEnumerable<ulong> Pages(ulong together, ulong first) => Enumerable.Range(0, (int)together).Select(page => first * together + (ulong)page);
    }

    [Fact]
    public void Frames_that_the_kernel_cannot_put_in_order_are_no_ring()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has memfd.");
        using var memory = new GuestMemory(64 * Page, shared: true, kernelPage: 65536);
        Assert.Null(memory.TryMapRing([40, 4, 3]));
        Assert.Null(memory.TryMapRing([40, 3, 5, 6]));
        Assert.Equal(0, memory.MappedRings);
    }

    private static void AssertCarries(GuestMemory memory, ulong[] frames, bool twice)
    {
        using var ring = (RingMapping)memory.TryMapRing(frames)!;
        Assert.Equal(twice, ring.IsDoubleMapped);
        Assert.Equal((frames.Length - 1) * Page, ring.DataSize);
        foreach (ulong frame in frames)
            memory.Bytes(frame * Page, Page).Clear();
        using var again = (RingMapping)memory.TryMapRing(frames)!;
        var writer = new OutgoingRing(ring.Memory);
        var reader = new IncomingRing(again.Memory, new IncomingRingOptions { Trust = PeerTrust.Untrusted });
        byte[] payload = new byte[1000];
        long bytes = 0;
        for (int number = 0; bytes < 3L * ring.DataSize; number++)
        {
            payload.AsSpan().Fill((byte)number);
            Assert.True(writer.TryWrite(payload, (ulong)number, PacketFlags.None, out _));
            // Where the guest finds the index: in its frame.
            Assert.Equal((number + 1) * 1024 % ring.DataSize, BitConverter.ToInt32(memory.Bytes(frames[0] * Page, 4)));
            using IncomingBatch batch = reader.ReadBatch();
            Assert.True(batch.TryNext(out RingPacket packet));
            Assert.Equal((ulong)number, packet.TransactionId);
            Assert.Equal(-1, packet.Payload.IndexOfAnyExcept((byte)number));
            batch.Commit();
            bytes += payload.Length;
        }
    }
}
