using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Devices.Tests.Disk;

/// <summary>What guest and host say before the first command, and apart from commands.</summary>
public sealed class StorageProtocolTests
{
    [Fact]
    public void Layouts_have_the_sizes_of_the_protocol()
    {
        Assert.Equal(StoragePacketHeader.Size, Unsafe.SizeOf<StoragePacketHeader>());
        Assert.Equal(ScsiRequestBlock.Size, Unsafe.SizeOf<ScsiRequestBlock>());
        Assert.Equal(StorageChannelProperties.Size, Unsafe.SizeOf<StorageChannelProperties>());
        Assert.Equal(StorageProtocolVersion.Size, Unsafe.SizeOf<StorageProtocolVersion>());
        Assert.Equal(64, StoragePacketHeader.PacketSize);
        Assert.Equal(12, Marshal.OffsetOf<ScsiRequestBlock>(nameof(ScsiRequestBlock.DataTransferLength)));
        Assert.Equal(16, Marshal.OffsetOf<ScsiRequestBlock>(nameof(ScsiRequestBlock.Payload)));
        Assert.Equal(40, Marshal.OffsetOf<ScsiRequestBlock>(nameof(ScsiRequestBlock.SrbFlags)));
    }

    [Theory]
    [InlineData(0x0602)]
    [InlineData(0x0600)]
    [InlineData(0x0501)]
    public async Task Each_version_is_negotiated_after_others_were_refused(ushort version)
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(negotiates: false);
        StorageGuest guest = fixture.Guest;
        Assert.Equal(NtStatus.Success, (await guest.ControlAsync(StorageOperation.BeginInitialization)).Status);
        foreach (ushort unknown in new ushort[] { 0x0700, 0x0603, 0x0402, 0x0200, 0 })
            Assert.Equal(NtStatus.RevisionMismatch, (await guest.ControlAsync(StorageOperation.QueryProtocolVersion, unknown)).Status);
        Assert.Equal(NtStatus.Success, (await guest.ControlAsync(StorageOperation.QueryProtocolVersion, version)).Status);
        byte[] answer = await guest.AskAsync(StorageGuest.Packet(StorageOperation.QueryProperties));
        Assert.Equal(64, answer.Length);
        StorageChannelProperties properties = MemoryMarshal.Read<StorageChannelProperties>(answer.AsSpan(StoragePacketHeader.Size));
        Assert.Equal((512u << 10, (ushort)8, 1u), (properties.MaxTransferBytes, properties.MaxChannelCount, properties.Flags));
        Assert.Equal(NtStatus.Success, (await guest.ControlAsync(StorageOperation.EndInitialization)).Status);
        Assert.True((await guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
        Assert.Equal(version, fixture.Controller.Protocol.Version);
    }

    [Fact]
    public async Task Nothing_is_done_out_of_order()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync(negotiates: false);
        StorageGuest guest = fixture.Guest;
        StorageOperation[] order = [StorageOperation.BeginInitialization, StorageOperation.QueryProtocolVersion, StorageOperation.QueryProperties, StorageOperation.EndInitialization];
        foreach (StorageOperation next in order)
        {
            foreach (StorageOperation other in Enum.GetValues<StorageOperation>().Where(operation => operation != next))
                Assert.Equal(NtStatus.InvalidDeviceState, (await guest.ControlAsync(other, 0x0602)).Status);
            Assert.Equal(NtStatus.Success, (await guest.ControlAsync(next, 0x0602)).Status);
        }

        foreach (StorageOperation other in order)
            Assert.Equal(NtStatus.InvalidDeviceState, (await guest.ControlAsync(other, 0x0602)).Status);
        Assert.Equal(0, fixture.Controller.Statistics.FailedCommands);
    }

    [Fact]
    public async Task Resets_are_answered_and_harm_nothing_under_way()
    {
        var gate = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(64) { Gate = gate.Task });
        Task<(StorageResult Result, byte[] Data)> read = fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512);
        foreach (StorageOperation reset in new[] { StorageOperation.ResetLun, StorageOperation.ResetAdapter, StorageOperation.ResetBus })
            Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(reset)).Status);
        Assert.False(read.IsCompleted);
        gate.SetResult();
        Assert.True((await read).Result.IsGood);
    }

    [Fact]
    public async Task A_guest_is_told_to_look_again_when_disks_come_and_go()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        fixture.Controller.Attach(1, new MemoryDisk(8));
        await DiskFixture.UntilAsync(() => fixture.Guest.Unasked.Count == 1);
        Assert.Equal(StorageOperation.EnumerateBus, MemoryMarshal.Read<StoragePacketHeader>(fixture.Guest.Unasked.First()).Operation);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.TestUnitReady(), lun: 1)).IsGood);
        await fixture.Controller.DetachAsync(1);
        await DiskFixture.UntilAsync(() => fixture.Guest.Unasked.Count == 2);
        Assert.Equal(SrbStatus.InvalidLun, (await fixture.Guest.WriteAsync(Cdb.TestUnitReady(), lun: 1)).Block.SrbStatus);
    }

    [Fact]
    public async Task A_disk_is_detached_when_its_requests_have_ended()
    {
        var gate = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(64) { Gate = gate.Task });
        Task<(StorageResult Result, byte[] Data)> read = fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512);
        await DiskFixture.UntilAsync(() => fixture.Disk.Running == 1);
        Task detached = fixture.Controller.DetachAsync(0);
        Assert.Equal(SrbStatus.InvalidLun, (await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).Block.SrbStatus);
        Assert.False(detached.IsCompleted);
        gate.SetResult();
        await detached.WaitAsync(Patience.Limit);
        Assert.True((await read).Result.IsGood);
        await Assert.ThrowsAsync<ArgumentException>(() => fixture.Controller.DetachAsync(0));
        fixture.Controller.Attach(0, fixture.Disk);
        Assert.Throws<ArgumentException>(() => fixture.Controller.Attach(0, fixture.Disk));
    }

    [Fact]
    public async Task A_guest_that_opens_the_controller_again_negotiates_again()
    {
        await using DiskFixture fixture = await DiskFixture.MakeAsync();
        await fixture.Guest.DisposeAsync();
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine, negotiates: false);
        Assert.Equal(NtStatus.InvalidDeviceState, (await again.ControlAsync(StorageOperation.ExecuteSrb)).Status);
        await again.NegotiateAsync(StorageProtocolVersion.V5_1);
        Assert.True((await again.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    [Fact]
    public void Options_out_of_range_and_devices_without_whole_blocks_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScsiController(new ScsiControllerOptions { QueueDepth = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScsiController(new ScsiControllerOptions { MaxSubchannels = 257 }));
        var controller = new ScsiController();
        Assert.Throws<ArgumentOutOfRangeException>(() => controller.Attach(64, new MemoryDisk(1)));
        Assert.Throws<ArgumentException>(() => controller.Attach(0, new MemoryDisk(0)));
    }
}
