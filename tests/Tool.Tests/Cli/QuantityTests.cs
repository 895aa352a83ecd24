namespace VmBus.Tool.Tests.Cli;

public class QuantityTests
{
    private static readonly TimeSpan Least = TimeSpan.FromTicks(1);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("100", 1000)]
    [InlineData("100us", 1000)]
    [InlineData("100µs", 1000)]
    [InlineData("0.1", 1)]
    [InlineData("1.5ms", 15_000)]
    [InlineData("500 ns", 5)]
    [InlineData("2s", 20_000_000)]
    public void A_duration_is_in_microseconds_unless_it_says_otherwise(string text, long ticks) =>
        Assert.Equal(ticks, Quantity.Duration("--window", text, Least, Most).Ticks);

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1h")]
    [InlineData("1e3")]
    [InlineData("1,5")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    public void What_is_no_duration_is_refused(string text)
    {
        UsageException error = Assert.Throws<UsageException>(() => Quantity.Duration("--window", text, Least, Most));
        Assert.Equal($"--window {text}: not a duration; give microseconds, or a number with ns, us, ms or s", error.Message);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("11s")]
    public void A_duration_outside_its_limits_is_refused_with_the_limits(string text)
    {
        UsageException error = Assert.Throws<UsageException>(() => Quantity.Duration("--window", text, Least, Most));
        Assert.Equal($"--window {text}: must be between 100 ns and 10 s", error.Message);
    }

    [Theory]
    [InlineData("65536", 65536)]
    [InlineData("64K", 65536)]
    [InlineData("64k", 65536)]
    [InlineData("64KiB", 65536)]
    [InlineData("1M", 1 << 20)]
    [InlineData("1G", 1 << 30)]
    [InlineData("512B", 512)]
    public void Sizes_have_binary_prefixes(string text, int bytes) => Assert.Equal(bytes, Quantity.Bytes("--size", text, 1, 1 << 30));

    [Theory]
    [InlineData("9999999999G")]
    [InlineData("2G")]
    [InlineData("0")]
    public void A_size_outside_its_limits_is_refused_with_the_limits(string text)
    {
        UsageException error = Assert.Throws<UsageException>(() => Quantity.Bytes("--size", text, 1, 1 << 30));
        Assert.Equal($"--size {text}: must be between 1 byte and 1G", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("K")]
    [InlineData("-5")]
    [InlineData("1.5K")]
    [InlineData("12Q")]
    public void What_is_no_size_is_refused(string text)
    {
        UsageException error = Assert.Throws<UsageException>(() => Quantity.Bytes("--size", text, 1, 1 << 30));
        Assert.Equal($"--size {text}: not a number of bytes; give bytes, or a number with K, M or G", error.Message);
    }

    [Fact]
    public void Seconds_beyond_all_bounds_are_refused_with_the_limits() =>
        Assert.Equal("--seconds 1e99: must be between 0.01 and 3600 seconds", Assert.Throws<UsageException>(() => Quantity.Seconds("--seconds", "1e99", 0.01, 3600)).Message);

    [Theory]
    [InlineData("2G", 2L << 30)]
    [InlineData("1.9G", 2040107008)]
    [InlineData("512M", 512L << 20)]
    [InlineData("67108865", 64L << 20)]
    public void Memory_is_whole_pages_of_what_is_typed(string text, long bytes) => Assert.Equal(bytes, Quantity.Memory("--memory", text, 64L << 20, 2L << 30));

    [Fact]
    public void A_ring_is_whole_pages()
    {
        Assert.Equal(8192, Quantity.RingBytes("--ring", "8K"));
        Assert.Equal("--ring 5000: must be a multiple of 4K", Assert.Throws<UsageException>(() => Quantity.RingBytes("--ring", "5000")).Message);
    }

    [Fact]
    public void Names_come_in_their_own_order_whatever_the_case()
    {
        string[] all = ["one", "two", "three"];
        Assert.Equal(["one", "three"], Quantity.Names("--modes", "Three, one", all, name => name));
        Assert.Equal("--modes one,four: 'four' is not one of one, two, three", Assert.Throws<UsageException>(() => Quantity.Names("--modes", "one,four", all, name => name)).Message);
        Assert.Equal("--modes one,ONE: 'ONE' is named twice", Assert.Throws<UsageException>(() => Quantity.Names("--modes", "one,ONE", all, name => name)).Message);
    }
}
