using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;
using VmBus.InMemory;

namespace VmBus.Devices.Tests.Disk;

/// <summary>Disks and offers of subchannels that throw, never end, call what calls them, or end it.</summary>
public sealed class HostileDiskTests
{
    public static TheoryData<string> Names => ScriptedDisk.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_disk_that_throws_at_once_or_later_fails_that_command_alone(string name)
    {
        var disk = new ScriptedDisk { Name = name };
        await using HostileFixture fixture = await HostileFixture.MakeAsync(disk);
        disk.Play = static () => throw new InvalidTimeZoneException("Nobody expects this.");
        Assert.Equal((4, 0x4400), (await ScriptedDisk.AskAsync(fixture.Guest, name)).Failure);
        disk.Play = static async () =>
        {
            await Task.Yield();
            throw new OperationCanceledException("Nobody cancelled.");
        };
        Assert.Equal((4, 0x4400), (await ScriptedDisk.AskAsync(fixture.Guest, name)).Failure);
        Assert.Equal(2, fixture.Controller.Statistics.FailedCommands);
        disk.Play = static () => default;
        Assert.True((await ScriptedDisk.AskAsync(fixture.Guest, name)).IsGood);
        await fixture.AssertClosesAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_disk_whose_call_never_ends_costs_the_channel_and_harms_no_later_open(string name)
    {
        var hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var disk = new ScriptedDisk { Name = name, Play = () => new ValueTask(hang.Task) };
        await using HostileFixture fixture = await HostileFixture.MakeAsync(disk);
        ulong page = fixture.Guest.Allocate(512);
        Task asked = name == "read"
            ? fixture.Guest.ExecuteAsync(Cdb.Read16(0, 1), ScsiRequestBlock.DataIn, page, 512, 512)
            : ScriptedDisk.AskAsync(fixture.Guest, name);
        _ = asked.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        await DiskFixture.UntilAsync(() => disk.Calls == 1);
        Task closing = fixture.Guest.Channel.CloseAsync();
        await fixture.PassUntilAsync(() => closing.IsCompleted);
        await closing;
        HostBusStatistics lost = await fixture.Machine.Host.GetStatisticsAsync();
        Assert.Equal((1, 0, 0), (lost.LostServices, lost.Gpadls, lost.OpenChannels));

        // The guest opens it again, and the call ends at last.
        disk.Play = static () => default;
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        Assert.True((await ScriptedDisk.AskAsync(again, name)).IsGood);
        hang.SetResult();
        while ((await fixture.Machine.Host.GetStatisticsAsync()).LostServices != 0)
            await Task.Delay(1);
        // Its pages were the guest's again.
        byte[] bytes = new byte[512];
        Assert.True(fixture.Machine.GuestPartition.Memory.TryRead(page + 8, bytes));
        Assert.DoesNotContain((byte)0xAB, bytes);
        Assert.True((await ScriptedDisk.AskAsync(again, name)).IsGood);
        fixture.Controller.Attach(1, new ScriptedDisk());
        await DiskFixture.UntilAsync(() => again.Unasked.Count == 1);
        Assert.Equal(NtStatus.Success, (await again.ControlAsync(StorageOperation.ResetBus)).Status);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_disk_may_call_its_controller_from_within_a_call(string name)
    {
        var disk = new ScriptedDisk { Name = name };
        await using HostileFixture fixture = await HostileFixture.MakeAsync(disk);
        Task? detached = null;
        disk.Play = async () =>
        {
            _ = fixture.Controller.Statistics;
            Assert.Throws<InvalidOperationException>(() => fixture.Controller.SaveState());
            fixture.Controller.Attach(5, new ScriptedDisk());
            await fixture.Controller.DetachAsync(5);
            // Its own end comes when it has returned.
            detached = fixture.Controller.DetachAsync(0);
            await Task.Yield();
            Assert.False(detached.IsCompleted);
        };
        Assert.True((await ScriptedDisk.AskAsync(fixture.Guest, name)).IsGood);
        await detached!.WaitAsync(Patience.Limit);
        Assert.Throws<ArgumentException>(() => { _ = fixture.Controller.DetachAsync(0); });
        await fixture.AssertClosesAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_disk_may_end_its_machine_from_within_a_call(string name)
    {
        var disk = new ScriptedDisk { Name = name };
        await using HostileFixture fixture = await HostileFixture.MakeAsync(disk);
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        disk.Play = async () =>
        {
            // The clock stands still: a service that were waited for here would be waited for without end.
            await fixture.Machine.DisposeAsync();
            returned.SetResult();
        };
        Task asked = ScriptedDisk.AskAsync(fixture.Guest, name);
        _ = asked.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        await returned.Task.WaitAsync(Patience.Limit);
        await fixture.Machine.DisposeAsync().AsTask().WaitAsync(Patience.Limit);
        HostBusStatistics statistics = await fixture.Machine.Host.GetStatisticsAsync();
        Assert.Equal((0, 0), (statistics.LostServices, statistics.OpenChannels));
        Assert.Null(fixture.Machine.Host.Failure);
    }

    [Theory]
    [InlineData("throws at once")]
    [InlineData("throws later")]
    [InlineData("throws at the second")]
    public async Task An_offer_of_a_subchannel_that_throws_leaves_the_guest_the_channels_it_has(string how)
    {
        int offers = 0;
        await using HostileFixture fixture = await HostileFixture.MakeAsync(new ScriptedDisk(), machine => (offer, device) => how switch
        {
            "throws at once" => throw new InvalidTimeZoneException("Nobody expects this."),
            "throws later" => ThrowAsync(),
            _ when ++offers == 1 => machine().Host.OfferAsync(offer, device),
            _ => ThrowAsync(),
        });
        int before = (await fixture.Machine.Host.GetStatisticsAsync()).Relids;
        Assert.Equal(NtStatus.InvalidParameter, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 2)).Status);
        Assert.True((await ScriptedDisk.AskAsync(fixture.Guest, "read")).IsGood);
        while ((await fixture.Machine.Host.GetStatisticsAsync()).Relids != before)
            await Task.Delay(1);
        await fixture.AssertClosesAsync();

        static async Task<OfferedChannel> ThrowAsync()
        {
            await Task.Yield();
            throw new InvalidTimeZoneException("Nobody expects this.");
        }
    }

    [Fact]
    public async Task An_offer_of_a_subchannel_that_never_ends_holds_up_no_close_and_is_taken_back_when_it_comes()
    {
        var asked = new TaskCompletionSource<(HostOffer Offer, IChannelDevice Device)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource<OfferedChannel>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HostileFixture fixture = await HostileFixture.MakeAsync(new ScriptedDisk(), _ => (offer, device) =>
        {
            asked.SetResult((offer, device));
            return answer.Task;
        });
        Task wanted = fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1);
        _ = wanted.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        (HostOffer offer, IChannelDevice device) = await asked.Task.WaitAsync(Patience.Limit);
        Assert.True((await ScriptedDisk.AskAsync(fixture.Guest, "read")).IsGood);
        // The clock stands still: no time runs out.
        await fixture.AssertClosesAsync();
        OfferedChannel late = await fixture.Machine.Host.OfferAsync(offer, device);
        answer.SetResult(late);
        await DiskFixture.UntilAsync(() => late.IsRevoked);
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        Assert.True((await ScriptedDisk.AskAsync(again, "read")).IsGood);
    }

    [Fact]
    public async Task An_offer_of_a_subchannel_may_call_its_controller()
    {
        HostileFixture? made = null;
        await using HostileFixture fixture = await HostileFixture.MakeAsync(new ScriptedDisk(), machine => async (offer, device) =>
        {
            Assert.Throws<InvalidOperationException>(() => made!.Controller.SaveState());
            made!.Controller.Attach(7, new ScriptedDisk());
            await made.Controller.DetachAsync(7);
            return await machine().Host.OfferAsync(offer, device);
        });
        made = fixture;
        Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 2)).Status);
        await fixture.AssertClosesAsync();
    }

    [Fact]
    public async Task An_offer_of_a_subchannel_may_end_its_machine()
    {
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HostileFixture fixture = await HostileFixture.MakeAsync(new ScriptedDisk(), machine => async (offer, device) =>
        {
            await machine().DisposeAsync();
            returned.SetResult();
            return await machine().Host.OfferAsync(offer, device);
        });
        Task wanted = fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1);
        _ = wanted.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        await returned.Task.WaitAsync(Patience.Limit);
        await fixture.Machine.DisposeAsync().AsTask().WaitAsync(Patience.Limit);
        HostBusStatistics statistics = await fixture.Machine.Host.GetStatisticsAsync();
        Assert.Equal((0, 0), (statistics.LostServices, statistics.OpenChannels));
    }

    // It waits for the services of the subchannels of before.
    [Fact]
    public async Task An_accept_that_is_given_up_opens_nothing_and_the_next_open_does()
    {
        await using HostileFixture fixture = await HostileFixture.MakeAsync(new ScriptedDisk(), machine => (offer, device) => machine().Host.OfferAsync(offer, device));
        int before = (await fixture.Machine.Host.GetStatisticsAsync()).Relids;
        Assert.Equal(NtStatus.Success, (await fixture.Guest.ControlAsync(StorageOperation.CreateSubchannels, 1)).Status);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        ValueTask<bool> accepting = fixture.Controller.AcceptsAsync(default!, cancelled.Token);
        await Record.ExceptionAsync(() => accepting.AsTask());
        // What it had begun goes on without it.
        while ((await fixture.Machine.Host.GetStatisticsAsync()).Relids != before)
            await Task.Delay(1);
        await fixture.AssertClosesAsync();
        await using StorageGuest again = await StorageGuest.OpenAsync(fixture.Machine);
        Assert.True((await ScriptedDisk.AskAsync(again, "read")).IsGood);
    }

    /// <summary>A machine whose clock a test moves, with a controller and a guest that has it open.</summary>
    private sealed class HostileFixture : IAsyncDisposable
    {
        public FakeTimeProvider Clock { get; } = new();

        public InMemoryMachine Machine { get; private set; } = null!;

        public ScsiController Controller { get; private set; } = null!;

        public StorageGuest Guest { get; private set; } = null!;

        public static async Task<HostileFixture> MakeAsync(
            IBlockDevice disk, Func<Func<InMemoryMachine>, Func<HostOffer, IChannelDevice, Task<OfferedChannel>>>? offers = null)
        {
            var fixture = new HostileFixture();
            fixture.Machine = new InMemoryMachine(new InMemoryMachineOptions { Clock = fixture.Clock });
            fixture.Controller = new ScsiController(new ScsiControllerOptions { OfferSubchannel = offers?.Invoke(() => fixture.Machine) });
            fixture.Controller.Attach(0, disk);
            await fixture.Machine.Host.OfferAsync(ScsiController.Offer(), fixture.Controller);
            fixture.Guest = await StorageGuest.OpenAsync(fixture.Machine);
            return fixture;
        }

        /// <summary>A timer begins when the code under test gets there: the clock goes on until the condition holds.</summary>
        public async Task PassUntilAsync(Func<bool> condition)
        {
            await DiskFixture.UntilAsync(() =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return condition();
            });
        }

        /// <summary>The service ends with the channel, and leaves nothing.</summary>
        public async Task AssertClosesAsync()
        {
            await Guest.Channel.CloseAsync().WaitAsync(Patience.Limit);
            HostBusStatistics statistics;
            do
                statistics = await Machine.Host.GetStatisticsAsync();
            while (statistics.OpenChannels != 0 || statistics.Gpadls != 0);
            Assert.Equal((0, 0, 0), (statistics.LostServices, statistics.AbandonedCalls, statistics.RingMappings));
        }

        public async ValueTask DisposeAsync()
        {
            await Guest.DisposeAsync();
            await Machine.DisposeAsync();
        }
    }
}
