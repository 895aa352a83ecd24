namespace VmBus.Tool.Tests.Top;

public sealed class TopColumnTests
{
    [Fact]
    public void Names_and_keys_are_unique_and_no_key_means_two_things()
    {
        char[] keys = [.. TopColumns.All.Select(column => column.Key).OfType<char>()];

        Assert.Equal(TopColumns.All.Count, TopColumns.All.Select(column => column.Name).Distinct().Count());
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Empty(keys.Intersect("qQptrh? <>,.0"));
    }

    [Theory]
    [InlineData(null, "-")]
    [InlineData(0.0, "0")]
    [InlineData(0.001, "<0.1")]
    [InlineData(0.05, "0.1")]
    [InlineData(4.94, "4.9")]
    [InlineData(99.94, "99.9")]
    [InlineData(99.96, "100")]
    [InlineData(9999.0, "9999")]
    [InlineData(111_000_000_123.0, "111 G")]
    public void A_number_fits_its_cell_and_is_0_only_when_it_is_0(double? number, string text) => Assert.Equal(text, TopNumber.Text(number));

    [Fact]
    public void A_columns_own_direction_puts_first_what_one_looks_for()
    {
        IReadOnlyList<TopRow> rows = TopRows.From(Guests.Reading(1, Guests.Shutdown, Guests.Network(14, Guests.Channel(20, 5000))), null);

        Assert.Equal([20u, 14u, 2u], Sorted("interrupts", false));
        Assert.Equal([2u, 14u, 20u], Sorted("interrupts", true));
        Assert.Equal([14u, 20u, 2u], Sorted("device", false));
        Assert.Equal([20u, 14u, 2u], Sorted("channel", true));

        IEnumerable<uint?> Sorted(string name, bool reverse) =>
            TopColumns.All.Single(column => column.Name == name).Sort(rows, reverse, totals: true).Select(row => row.Relid);
    }
}
