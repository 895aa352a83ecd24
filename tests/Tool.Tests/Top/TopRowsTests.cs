using FsCheck.Xunit;
using VmBus.Linux;

namespace VmBus.Tool.Tests.Top;

public sealed class TopRowsTests
{
    [Fact]
    public void Rates_are_what_counters_rose_by_over_the_time_between()
    {
        SysfsDevice before = Guests.Network();
        SysfsDevice now = before.With(channel => channel with { Interrupts = 1500, Events = 10, InterruptsInFull = 2, InterruptsOutEmpty = 501, OutgoingFullFirst = 4, OutgoingFullTotal = 120 });

        TopRow row = Assert.Single(TopRows.From(Guests.Reading(12.5, now), Guests.Reading(10, before)));

        Assert.Equal(new TopCounts<double>(200, 4, 0.4, 0.4, 0.8, 40), row.Rates);
        Assert.Equal(new TopCounts<ulong>(1500, 10, 2, 501, 4, 120), row.Totals);
    }

    [Fact]
    public void Without_a_reading_before_there_are_no_rates() =>
        Assert.Equal(TopCounts<double>.Unknown, Assert.Single(TopRows.From(Guests.Reading(1, Guests.Network()), null)).Rates);

    [Fact]
    public void A_counter_that_fell_was_begun_anew_and_has_no_rate()
    {
        SysfsDevice now = Guests.Network().With(channel => channel with { Interrupts = 5 });

        TopRow row = Assert.Single(TopRows.From(Guests.Reading(2, now), Guests.Reading(1, Guests.Network())));

        Assert.Equal((null, 0.0), (row.Rates.Interrupts, row.Rates.Events));
    }

    [Fact]
    public void A_counter_that_is_told_only_once_has_no_rate()
    {
        SysfsDevice silent = Guests.Network().With(channel => channel with { Interrupts = null });

        Assert.Null(TopRows.From(Guests.Reading(2, silent), Guests.Reading(1, Guests.Network()))[0].Rates.Interrupts);
        Assert.Null(TopRows.From(Guests.Reading(2, Guests.Network()), Guests.Reading(1, silent))[0].Rates.Interrupts);
    }

    [Fact]
    public void Another_device_under_the_same_name_has_no_rates_from_the_first()
    {
        SysfsDevice other = Guests.Network() with { InstanceId = Guid.Empty };

        Assert.Equal(TopCounts<double>.Unknown, TopRows.From(Guests.Reading(2, other), Guests.Reading(1, Guests.Network()))[0].Rates);
    }

    [Fact]
    public void Two_readings_at_one_moment_give_no_rates() =>
        Assert.Equal(TopCounts<double>.Unknown, TopRows.From(Guests.Reading(1, Guests.Network()), Guests.Reading(1, Guests.Network()))[0].Rates);

    [Fact]
    public void Devices_come_by_relid_and_their_channels_as_the_device_lists_them()
    {
        SysfsDevice network = Guests.Network(14, Guests.Channel(9) with { SubchannelIndex = 2 }, Guests.Channel(30) with { SubchannelIndex = 1 });

        IReadOnlyList<TopRow> rows = TopRows.From(Guests.Reading(1, network, Guests.Shutdown), null);

        Assert.Equal(["shutdown 2", "network 14", "network/2 9", "network/1 30"], rows.Select(row => $"{row.Name} {row.Relid}"));
    }

    [Fact]
    public void A_ring_is_as_full_as_its_words_say()
    {
        TopRow row = TopRows.From(Guests.Reading(1, Guests.Network()), null)[0];

        Assert.Equal((31744L, 126976L, 25.0), (row.Outgoing.UsedBytes, row.Outgoing.SizeBytes, row.Outgoing.FillPercent));
        Assert.Equal((0L, 126976L, 0.0), (row.Incoming.UsedBytes, row.Incoming.SizeBytes, row.Incoming.FillPercent));
    }

    [Fact]
    public void A_subchannel_shows_its_fill_where_the_size_of_its_rings_is_told()
    {
        int page = Environment.SystemPageSize, data = 7 * page;
        SysfsChannel told = Guests.Channel(20) with { BytesToWrite = (uint)(data - 100), BytesToRead = 50, RingBytes = 16L * page };
        SysfsChannel untold = told with { Relid = 21, RingBytes = null };

        IReadOnlyList<TopRow> rows = TopRows.From(Guests.Reading(1, Guests.Network(14, told, untold)), null);

        Assert.Equal((new TopRing(100, data), new TopRing(50, data)), (rows[1].Outgoing, rows[1].Incoming));
        Assert.Equal((new TopRing(null, null), new TopRing(50, null)), (rows[2].Outgoing, rows[2].Incoming));
        Assert.Null(rows[2].Incoming.FillPercent);
    }

    [Fact]
    public void More_room_than_a_ring_has_is_nonsense_and_not_shown()
    {
        SysfsChannel odd = Guests.Channel(20) with { BytesToWrite = uint.MaxValue, RingBytes = 4L * Environment.SystemPageSize };

        Assert.Null(TopRows.From(Guests.Reading(1, Guests.Network(14, odd)), null)[1].Outgoing.UsedBytes);
    }

    [Theory]
    [InlineData(0, 0), InlineData(9, 9), InlineData(31, 31), InlineData(32, 0), InlineData(41, 9), InlineData(63, 31), InlineData(127, 31)]
    public void Pending_is_the_monitors_own_bit_of_its_groups_word(int monitor, int bit)
    {
        Assert.True(Row(1u << bit).IsPending);
        Assert.False(Row(~(1u << bit)).IsPending);
        Assert.Null(Row(null).IsPending);

        TopRow Row(uint? word)
        {
            SysfsDevice device = Guests.Network().With(channel => channel with { MonitorId = monitor, Pending = word });
            return TopRows.From(Guests.Reading(1, device), null)[0];
        }
    }

    [Fact]
    public void A_channel_whose_kernel_shows_no_folder_of_it_may_be_signalled_either_way()
    {
        SysfsDevice old = Guests.Shutdown with { Channels = [new SysfsChannel { Relid = 2 }, new SysfsChannel { Relid = 3 }] };

        Assert.Equal([(bool?)null, null], TopRows.From(Guests.Reading(1, old), null).Select(row => row.IsMonitored));
        Assert.Equal([(bool?)true, null], TopRows.From(Guests.Reading(1, old with { MonitorId = 3 }), null).Select(row => row.IsMonitored));
        Assert.False(TopRows.From(Guests.Reading(1, Guests.Shutdown), null)[0].IsMonitored);
    }

    [Fact]
    public void A_device_whose_channels_cannot_be_seen_still_has_a_line()
    {
        SysfsDevice bare = new() { Name = "odd", Path = "/nowhere" };

        TopRow row = Assert.Single(TopRows.From(Guests.Reading(1, bare), null));

        Assert.Equal(("unknown", null, null, TopCounts<ulong>.Unknown), (row.Name, row.Relid, row.IsMonitored, row.Totals));
        Assert.All(TopColumns.All.Where(column => column.Name != "device"), column => Assert.Equal("-", column.Text(row, totals: true)));
    }

    // The law: sorting loses no channel, and what is unknown comes last whichever way.
    [Property]
    public void Sorting_keeps_every_channel_and_puts_the_unknown_last(int column, bool reverse, bool totals, ulong?[] interrupts)
    {
        SysfsDevice[] devices = [.. interrupts.Select((count, i) => new SysfsDevice
        {
            Name = $"{i}", Path = "/nowhere", Relid = (uint)i, Driver = i % 3 == 0 ? null : $"driver{i % 5}",
            Channels = [new SysfsChannel { Relid = (uint)i, Path = "/nowhere", Interrupts = count, MonitorId = i % 2 == 0 ? i % 128 : null, Events = count / 2 }],
        })];
        IReadOnlyList<TopRow> rows = TopRows.From(Guests.Reading(2, devices), Guests.Reading(1, devices));
        TopColumn by = TopColumns.All[(int)((uint)column % TopColumns.All.Count)];

        IReadOnlyList<TopRow> sorted = by.Sort(rows, reverse, totals);

        Assert.Equal(rows.Select(row => row.Relid).Order(), sorted.Select(row => row.Relid).Order());
        Assert.DoesNotContain(false, sorted.SkipWhile(row => by.Text(row, totals) != "-").Select(row => by.Text(row, totals) == "-"));
    }
}
