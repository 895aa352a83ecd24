namespace VmBus.Devices.Tests.Disk;

/// <summary>A controller is taken from its guest when that has stopped asking: a Linux guest waits without a limit for what it is owed.</summary>
public sealed class DiskUnplugTests
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task An_unplug_takes_the_disks_away_and_waits_until_the_guest_asks_no_more()
    {
        var clock = new CountedClock();
        var gate = new TaskCompletionSource();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(new MemoryDisk(64) { Gate = gate.Task }, clock: clock);
        fixture.Controller.Attach(9, new MemoryDisk(8));
        Task<(StorageResult Result, byte[] Data)> read = fixture.Guest.ReadAsync(Cdb.Read16(0, 1), 512);
        await DiskFixture.UntilAsync(() => fixture.Disk.Running == 1);
        Task unplugged = fixture.Controller.UnplugAsync();
        Assert.Equal(SrbStatus.InvalidLun, (await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).Block.SrbStatus);
        Assert.Equal(SrbStatus.InvalidLun, (await fixture.Guest.WriteAsync(Cdb.TestUnitReady(), lun: 9)).Block.SrbStatus);
        // Told: once for the disk that was attached, once for those that went.
        await DiskFixture.UntilAsync(() => fixture.Guest.Unasked.Count == 2);
        Assert.Equal(0, clock.Waits);
        gate.SetResult();
        Assert.True((await read).Result.IsGood);
        await DiskFixture.UntilAsync(() => clock.Waits == 1 || unplugged.IsCompleted);
        Assert.False((await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
        clock.Advance(Quiet);
        await DiskFixture.UntilAsync(() => clock.Waits == 2 || unplugged.IsCompleted);
        Assert.False(unplugged.IsCompleted);
        await DiskFixture.UntilAsync(() =>
        {
            clock.Advance(Quiet);
            return unplugged.IsCompleted;
        });
        await unplugged;
    }

    [Fact]
    public async Task An_unplug_that_is_given_up_leaves_the_guest_served()
    {
        var clock = new CountedClock();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(clock: clock);
        using var ending = new CancellationTokenSource();
        Task unplugged = fixture.Controller.UnplugAsync(ending.Token);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unplugged);
        fixture.Controller.Attach(0, fixture.Disk);
        Assert.True((await fixture.Guest.WriteAsync(Cdb.TestUnitReady())).IsGood);
    }

    [Fact]
    public async Task An_unplug_of_a_controller_that_is_not_open_waits_for_nothing()
    {
        var clock = new CountedClock();
        await using DiskFixture fixture = await DiskFixture.MakeAsync(clock: clock);
        await fixture.Guest.DisposeAsync();
        await DiskFixture.UntilAsync(() => fixture.Controller.UnplugAsync().IsCompletedSuccessfully);
    }
}
