namespace VmBus.Peers.Tests;

/// <summary>
/// The same random history in four worlds: each of the two writers with each of the two readers. After every step the
/// rings are the same to the last byte, and so are the bits in the monitor pages: whoever DPDK signals, we signal, and
/// nobody else.
/// </summary>
public class DecisionTests
{
    private const int Steps = 100_000;

    [Theory]
    [InlineData(1, 4096, true, PeerTrust.Trusted)]
    [InlineData(2, 4096, false, PeerTrust.Untrusted)]
    [InlineData(3, 8192, true, PeerTrust.Untrusted)]
    [InlineData(4, 12288, false, PeerTrust.Trusted)]
    public void Every_step_leaves_the_same_bytes_and_the_same_signals(int seed, int dataSize, bool doubleMapped, PeerTrust trust)
    {
        DpdkLibrary library = Dpdk.Library;
        var random = new Random(seed);
        uint standAt = (uint)random.Next(dataSize / 8) * 8;
        World[] worlds = [.. from ourWriter in (bool[])[false, true]
                             from ourReader in (bool[])[false, true]
                             select new World(library, ourWriter, ourReader, new PeerRing(dataSize, doubleMapped, standAt), trust)];
        World dpdk = worlds[0];
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        try
        {
            for (int step = 0; step < Steps; step++)
            {
                (string what, Func<World, object?> command) = Choose(random, dataSize);
                bool readerRung = dpdk.ToReader.IsRung;
                bool writerRung = dpdk.ToWriter.IsRung;
                uint mask = dpdk.Ring.Control.InterruptMask;
                bool wasEmpty = dpdk.IsEmpty;
                object? expected = command(dpdk);
                foreach (World world in worlds.AsSpan(1))
                {
                    object? result = command(world);
                    if (Difference(dpdk, world, expected, result) is { } difference)
                        Assert.Fail($"Seed {seed}, step {step}, {what}, {world.Name}: {difference}. DPDK's ring: {dpdk.Ring}; this ring: {world.Ring}.");
                }

                string outcome = what.StartsWith("send", StringComparison.Ordinal) && expected is false or 0 ? "full"
                    : !readerRung && dpdk.ToReader.IsRung ? "signalled for packets"
                    : !writerRung && dpdk.ToWriter.IsRung ? "signalled for room"
                    : expected is true && wasEmpty && mask != 0 ? "masked"
                    : expected is true && !wasEmpty ? "not empty"
                    : "other";
                counts[outcome] = counts.GetValueOrDefault(outcome) + 1;
            }
        }
        finally
        {
            foreach (World world in worlds)
                world.Dispose();
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", counts.Select(pair => $"{pair.Key} {pair.Value:N0}")));

        // A history that never comes to a decision would prove nothing about it.
        Assert.All(["full", "signalled for packets", "signalled for room", "masked", "not empty"], outcome => Assert.InRange(counts.GetValueOrDefault(outcome), 200, Steps));
    }

    private static (string What, Func<World, object?> Command) Choose(Random random, int dataSize)
    {
        int roll = random.Next(100);
        ulong id = (ulong)random.NextInt64();
        if (roll < 28)
        {
            byte[] payload = Payload(random, dataSize - 32);
            bool completion = random.Next(8) == 0;
            bool wanted = !completion && random.Next(3) == 0;
            return ($"send {payload.Length} bytes", world => world.Send(completion ? (ushort)11 : (ushort)6, payload, id, wanted));
        }

        if (roll < 38)
        {
            byte[] payload = Payload(random, 600);
            int count = random.Next(1, 9);
            return ($"send {count} times {payload.Length} bytes", world => world.SendBurst(payload, count, id));
        }

        if (roll < 58)
        {
            int room = random.Next(4) == 0 ? random.Next(64) : dataSize - 32;
            return ($"receive into {room} bytes", world => world.Receive(room));
        }

        if (roll < 68)
        {
            int count = random.Next(10) == 0 ? int.MaxValue : random.Next(1, 9);
            return ($"receive {count} packets", world => world.ReceiveBurst(count));
        }

        if (roll < 73)
        {
            uint value = (uint)(random.Next(4) switch { 0 => 2, 1 => int.MinValue, 2 => -1, _ => 1 });
            return ($"mask with {value}", world => { world.Mask(value); return null; });
        }

        if (roll < 81)
            return ("unmask", world => world.Unmask());

        if (roll < 90)
        {
            // Any number, multiple of 8 or not, more than the ring holds too; hosts have been seen to write size - 1.
            uint pending = (uint)(random.Next(5) switch { 0 => 0, 1 => dataSize - 1, 2 => random.Next(16), _ => random.Next(dataSize + 64) });
            return ($"wait for {pending} bytes of room", world => { world.Ring.Control.PendingSendSize = pending; return null; });
        }

        if (roll < 92)
        {
            uint features = (uint)(random.Next(5) switch { 0 => 0, 1 => 2, 2 => -1, _ => 1 });
            return ($"feature bits {features}", world => { world.Ring.Control.FeatureBits = features; return null; });
        }

        return ("examine the monitor pages", world => world.ToReader.TryAnswer() | world.ToWriter.TryAnswer());
    }

    private static byte[] Payload(Random random, int most)
    {
        byte[] payload = new byte[random.Next(4) switch { 0 => random.Next(most + 1), 1 => random.Next(300), _ => random.Next(40) }];
        random.NextBytes(payload);
        return payload;
    }

    private static string? Difference(World dpdk, World world, object? expected, object? result)
    {
        if (!Equals(expected, result))
            return $"DPDK answers {expected}, this {result}";
        if (world.IsEmpty != dpdk.IsEmpty)
            return $"DPDK's ring is {(dpdk.IsEmpty ? "empty" : "not empty")}, this is not so";
        return DifferenceOf("the ring", dpdk.Ring.Bytes, world.Ring.Bytes)
            ?? DifferenceOf("the monitor page to the reader", dpdk.ToReader.Bytes, world.ToReader.Bytes)
            ?? DifferenceOf("the monitor page to the writer", dpdk.ToWriter.Bytes, world.ToWriter.Bytes)
            ?? DifferenceOf("what was taken", dpdk.Taken, world.Taken);
    }

    private static string? DifferenceOf(string what, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
        => expected.SequenceEqual(actual) ? null : $"{what} differs from byte {expected.CommonPrefixLength(actual)} on";
}
