namespace VmBus.Tool.Tests.Top.Processes;

/// <summary>From measurements, as the runtime publishes them, to rows.</summary>
public sealed class ProcessMetersTests
{
    private const string Guest = "vmbus.channel.relid=7,vmbus.channel.subchannel=2,vmbus.device.class=network,vmbus.device.instance=aa,vmbus.end=guest";
    private static readonly DateTime Start = new(2026, 11, 30, 12, 0, 0, DateTimeKind.Utc);

    private readonly ProcessMeters _meters = new();

    [Fact]
    public void A_channel_is_one_row_with_its_name_and_totals()
    {
        _meters.Add("vmbus.channel.packets", Guest + ",vmbus.direction=sent", 40);
        _meters.Add("vmbus.channel.packets", Guest + ",vmbus.direction=received", 39);
        _meters.Add("vmbus.channel.signals", Guest + ",vmbus.signal=monitor", 5);
        _meters.Add("vmbus.channel.signals", Guest + ",vmbus.signal=hypercall", 6);
        _meters.Add("vmbus.channel.publications", Guest + ",vmbus.outcome=not_empty", 20);
        _meters.Add("vmbus.channel.publications", Guest + ",vmbus.outcome=reader_masked", 9);
        _meters.Add("vmbus.channel.wakeups", Guest, 3);
        _meters.Add("vmbus.channel.ring.used", Guest + ",vmbus.direction=sent", 1024);
        _meters.Add("vmbus.channel.ring.size", Guest + ",vmbus.direction=sent", 4096);

        ProcessReading reading = _meters.Finish(Start);

        ProcessChannel channel = Assert.Single(reading.Channels);
        Assert.Equal(new ProcessChannelName("guest", "network", "aa", 7, 2), channel.Name);
        Assert.Equal(new ProcessCounts(40, 39, null, null, 5, 6, 20, 9, 3, null), channel.Totals);
        Assert.Equal(25, channel.Outgoing.FillPercent);
        Assert.Null(channel.Incoming.FillPercent);
        Assert.Null(channel.Rates);
        Assert.Null(reading.Seconds);
    }

    [Fact]
    public void Rates_are_by_the_process_own_clock_and_a_counter_begun_anew_has_none()
    {
        _meters.Add("vmbus.channel.wakeups", Guest, 3);
        _meters.Add("vmbus.channel.sends.refused", Guest, 9);
        _meters.Finish(Start);
        _meters.Add("vmbus.channel.wakeups", Guest, 13);
        _meters.Add("vmbus.channel.sends.refused", Guest, 1);

        ProcessReading reading = _meters.Finish(Start.AddSeconds(4));

        Assert.Equal(4, reading.Seconds);
        Assert.Equal(2.5, reading.Channels[0].Rates!.Wakeups);
        Assert.Null(reading.Channels[0].Rates!.Refused);
    }

    [Fact]
    public void A_channel_that_has_ended_is_no_row_any_more_and_a_new_one_has_no_rate()
    {
        _meters.Add("vmbus.channel.wakeups", Guest, 3);
        _meters.Finish(Start);
        _meters.Add("vmbus.channel.wakeups", Guest.Replace("relid=7", "relid=8", StringComparison.Ordinal), 5);

        ProcessChannel channel = Assert.Single(_meters.Finish(Start.AddSeconds(1)).Channels);

        Assert.Equal(8u, channel.Name.Relid);
        Assert.Null(channel.Rates);
    }

    [Fact]
    public void What_no_channel_owns_is_told_beside_them()
    {
        _meters.Add("vmbus.host.refusals", "", 2);
        _meters.Add("vmbus.channel.faults", "vmbus.device.class=network", 1);
        _meters.Add("vmbus.channel.faults", "vmbus.device.class=scsi", 3);

        ProcessReading reading = _meters.Finish(Start);

        Assert.Empty(reading.Channels);
        Assert.Equal(2, reading.Totals["vmbus.host.refusals"]);
        Assert.Equal(4, reading.Totals["vmbus.channel.faults"]);
        Assert.Equal(
            ["channel.faults 4, host.refusals 2", "no channel is open in this process"],
            ProcessTopTable.Lines(1, reading, totals: true).Skip(1).Select(line => line.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("vmbus.end=guest")]
    [InlineData("vmbus.end=guest,vmbus.channel.relid=-1,vmbus.channel.subchannel=0")]
    [InlineData("=,=x,vmbus.end")]
    public void Attributes_that_name_no_channel_make_no_row(string tags)
    {
        _meters.Add("vmbus.channel.wakeups", tags, 3);
        Assert.Empty(_meters.Finish(Start).Channels);
    }
}
