using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace VmBus.Tool.Tests.Latency;

public class UnitsTests
{
    [Theory]
    [InlineData(0, "0 ns")]
    [InlineData(21.4, "21 ns")]
    [InlineData(999.4, "999 ns")]
    [InlineData(999.6, "1.00 µs")]
    [InlineData(9_994, "9.99 µs")]
    [InlineData(9_996, "10.0 µs")]
    [InlineData(52_340, "52.3 µs")]
    [InlineData(99_960, "100 µs")]
    [InlineData(999_600, "1.00 ms")]
    [InlineData(1_200_000, "1.20 ms")]
    [InlineData(2e9, "2.00 s")]
    public void A_duration_has_three_digits_and_the_unit_that_fits(double nanoseconds, string text) =>
        Assert.Equal(text, Units.Duration(nanoseconds));

    [Theory]
    [InlineData(1000, "100 µs")]
    [InlineData(15, "1.5 µs")]
    [InlineData(0, "0 ns")]
    [InlineData(1, "100 ns")]
    [InlineData(20_000_000, "2 s")]
    public void A_duration_a_person_chose_has_no_digits_more_than_chosen(long ticks, string text) =>
        Assert.Equal(text, Units.Duration(TimeSpan.FromTicks(ticks)));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(9999, "9999")]
    [InlineData(10_000, "10.0 k")]
    [InlineData(999_600, "1.00 M")]
    [InlineData(4_321_000, "4.32 M")]
    public void A_count_is_whole_until_it_needs_a_prefix(double count, string text) => Assert.Equal(text, Units.Count(count));

    [Theory]
    [InlineData(64, "64 B")]
    [InlineData(1_000, "1.00 kB")]
    [InlineData(1_073_741_824, "1.07 GB")]
    public void Bytes_have_decimal_prefixes(double bytes, string text) => Assert.Equal(text, Units.Bytes(bytes));

    [Fact]
    public void A_ratio_of_nothing_is_a_dash() => Assert.Equal("-", Units.Ratio(null));

    [Property]
    public Property No_number_is_wider_than_its_column() => Prop.ForAll(
        Gen.Choose(0, 119).Select(tenth => Math.Pow(10, tenth / 10.0)).ToArbitrary(),
        value => Units.Duration(value).Length <= 7 && Units.Count(value).Length <= 6 && Units.Bytes(value).Length <= 7 && Units.Ratio(value).Length <= 6);
}
