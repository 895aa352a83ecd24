using VmBus.Guests;
using VmBus.Layout;
using VmBus.Protocol;
using static VmBus.Backends.Tests.Bus.SavedChannels;

namespace VmBus.Backends.Tests.Bus;

/// <summary>Saved states that were damaged, or forged: refused as documented, and nothing is lost by the attempt.</summary>
public sealed class DamagedStateTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Damaged_states_are_refused_and_the_sound_one_still_restores()
    {
        await using var fixture = new BusFixture();
        var device = new CountingDevice();
        await OfferAllAsync(fixture.Host, device);
        GuestBus bus = await fixture.ConnectAsync();
        await OpenAllAsync(bus);
        byte[] guest = await bus.SaveAsync(Token);
        byte[] host = await fixture.Machine.SaveHostAsync();
        int mapped = fixture.Machine.GuestPartition.Memory.MappedRings;
        for (int at = 0; at < guest.Length; at += 7)
        {
            byte[] bad = [.. guest];
            bad[at] ^= 0x10;
            await Assert.ThrowsAsync<SavedStateException>(() => GuestBus.RestoreAsync(fixture.Machine.Platform, bad, BusFixture.Patient));
            await Assert.ThrowsAsync<SavedStateException>(() => GuestBus.RestoreAsync(fixture.Machine.Platform, guest.AsMemory(0, at)));
        }
        for (int at = 0; at < host.Length; at += 7)
        {
            byte[] bad = [.. host];
            bad[at] ^= 0x10;
            Assert.Throws<SavedStateException>(() => fixture.Machine.RestoreHost(bad));
            Assert.Throws<SavedStateException>(() => fixture.Machine.RestoreHost(host.AsSpan(0, at)));
        }

        Assert.Equal(mapped, fixture.Machine.GuestPartition.Memory.MappedRings);
        fixture.Machine.RestoreHost(host);
        await OfferAllAsync(fixture.Host, device);
        await fixture.Host.CompleteRestoreAsync();
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, guest, BusFixture.Patient);
        await BusFixture.PingAsync((await next.GetOpenChannelsAsync())[0].Channel, 3);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public async Task A_saved_host_holds_no_more_messages_than_one_that_runs(int messages, bool fits)
    {
        await using var fixture = new BusFixture();
        byte[] state = await fixture.Machine.SaveHostAsync(), forged = WithMessages(state, messages);
        if (fits)
        {
            fixture.Machine.RestoreHost(forged);
        }
        else
        {
            Assert.Contains("65 messages are queued", Assert.Throws<SavedStateException>(() => fixture.Machine.RestoreHost(forged)).Message, StringComparison.Ordinal);
            fixture.Machine.RestoreHost(state);
        }

        await fixture.Host.CompleteRestoreAsync();
        Assert.Equal(fits ? messages : 0, (await fixture.Host.GetStatisticsAsync()).Faults);

        static byte[] WithMessages(byte[] state, int messages)
        {
            var reader = new SavedStateReader(state, SavedStateKind.HostBus);
            reader.Enter(SavedStateRecord.Protocol);
            byte[] protocol = reader.Bytes().ToArray();
            var writer = new SavedStateWriter(SavedStateKind.HostBus);
            writer.Begin(SavedStateRecord.Protocol);
            writer.Bytes(protocol);
            writer.Begin(SavedStateRecord.Inbox);
            writer.Count(messages);
            for (int message = 0; message < messages; message++)
                writer.Bytes(new byte[8]);
            return writer.ToBytes();
        }
    }

    // Law: bytes under a right checksum restore a guest's connection or are refused; whichever, what was taken is left as it was.
    [Fact]
    public async Task A_forged_guest_is_refused_or_restored_and_takes_no_memory_that_is_not_its_own()
    {
        await using var fixture = new BusFixture();
        await OfferAllAsync(fixture.Host, new CountingDevice());
        GuestBus bus = await fixture.ConnectAsync();
        await OpenAllAsync(bus);
        byte[] guest = await bus.SaveAsync(Token);
        int pages = fixture.Machine.GuestPartition.Memory.AllocatedPages;
        int restored = 0;
        for (int at = SavedStateFormat.HeadSize; at < guest.Length; at += 3)
        {
            byte[] bad = [.. guest];
            bad[at] ^= (byte)(1 << at % 8);
            BitConverter.TryWriteBytes(bad.AsSpan(16), SavedStateFormat.ChecksumOf(bad));
            try
            {
                bus = await GuestBus.RestoreAsync(fixture.Machine.Platform, bad, BusFixture.Patient);
                restored++;
                await bus.SaveAsync(Token).WaitAsync(Patience.Limit, Token);
            }
            catch (SavedStateException)
            {
                // As documented.
            }
            Assert.Equal((pages, 0), (fixture.Machine.GuestPartition.Memory.AllocatedPages, fixture.Machine.GuestPartition.Memory.MappedRings - 2 * 4));
        }

        Assert.NotEqual(0, restored);
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, guest, BusFixture.Patient);
        await BusFixture.PingAsync((await next.GetOpenChannelsAsync())[0].Channel, 3);
    }

    [Fact]
    public async Task A_forged_guest_whose_rings_lie_in_each_other_is_refused()
    {
        await using var fixture = new BusFixture();
        await OfferAllAsync(fixture.Host, new CountingDevice());
        GuestBus bus = await fixture.ConnectAsync();
        await OpenAllAsync(bus);
        byte[] state = await bus.SaveAsync(Token);

        // Five frames each, one behind the other.
        int[] rings = [.. Enumerable.Range(SavedStateFormat.HeadSize, state.Length - SavedStateFormat.HeadSize - 40).Where(at =>
            BitConverter.ToUInt64(state, at) is > 0 and < 4096 && Enumerable.Range(1, 4).All(page => BitConverter.ToUInt64(state, at + 8 * page) == BitConverter.ToUInt64(state, at) + (uint)page))];
        Assert.Equal(4, rings.Length);
        byte[] bad = [.. state];
        state.AsSpan(rings[0], 8).CopyTo(bad.AsSpan(rings[2]));
        BitConverter.TryWriteBytes(bad.AsSpan(16), SavedStateFormat.ChecksumOf(bad));
        SavedStateException refused = await Assert.ThrowsAsync<SavedStateException>(() => GuestBus.RestoreAsync(fixture.Machine.Platform, bad, BusFixture.Patient));
        Assert.Equal(SavedStateFault.ImpossibleValue, refused.Fault);
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, state, BusFixture.Patient);
    }

    [Fact]
    public async Task A_forged_guest_whose_channel_is_open_as_its_version_has_it_not_is_refused()
    {
        await using var fixture = new BusFixture();
        await OfferAllAsync(fixture.Host, new CountingDevice());
        GuestBusOptions plain = BusFixture.Patient with { Features = FeatureFlags.None };
        GuestBus bus = await GuestBus.ConnectAsync(fixture.Machine.Platform, plain, Token);
        await OpenAllAsync(bus);
        byte[] state = await bus.SaveAsync(Token);

        // The last byte before the last record, which is empty: the last channel's interrupts are redirected.
        byte[] bad = [.. state];
        bad[^13] = 1;
        BitConverter.TryWriteBytes(bad.AsSpan(16), SavedStateFormat.ChecksumOf(bad));
        SavedStateException refused = await Assert.ThrowsAsync<SavedStateException>(() => GuestBus.RestoreAsync(fixture.Machine.Platform, bad, plain));
        Assert.Equal(SavedStateFault.ImpossibleValue, refused.Fault);
        Assert.Contains("redirected", refused.Reason, StringComparison.Ordinal);
        await using GuestBus next = await GuestBus.RestoreAsync(fixture.Machine.Platform, state, plain);
    }
}
