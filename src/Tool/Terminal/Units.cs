// Numbers as people read them: three significant digits and a unit, never wider than a table's column.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Human units. Decimal prefixes: 1 kB is 1000 bytes, 1 k is a thousand.</summary>
internal static class Units
{
    /// <summary>A duration, as <c>870 ns</c>, <c>52.3 µs</c>, <c>1.20 ms</c> or <c>2.00 s</c>.</summary>
    /// <param name="nanoseconds">The duration in nanoseconds, not negative.</param>
    /// <returns>At most seven characters below 1000 s.</returns>
    public static string Duration(double nanoseconds)
    {
        if (nanoseconds < 999.5)
            return FormattableString.Invariant($"{nanoseconds:0} ns");
        if (nanoseconds < 999.5e3)
            return $"{Digits(nanoseconds / 1e3)} µs";
        if (nanoseconds < 999.5e6)
            return $"{Digits(nanoseconds / 1e6)} ms";
        return $"{Digits(nanoseconds / 1e9)} s";
    }

    /// <summary>A duration given as a time span; whole numbers without decimals, since a person chose them.</summary>
    /// <param name="duration">The duration, not negative.</param>
    /// <returns>For example <c>100 µs</c>.</returns>
    public static string Duration(TimeSpan duration)
    {
        double ns = duration.TotalNanoseconds;
        (double value, string unit) = ns switch
        {
            0 => (0, "ns"),
            < 1e3 => (ns, "ns"),
            < 1e6 => (ns / 1e3, "µs"),
            < 1e9 => (ns / 1e6, "ms"),
            _ => (ns / 1e9, "s"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.###} {unit}");
    }

    /// <summary>A count or a rate: <c>9876</c>, <c>45.1 k</c>, <c>1.23 M</c>.</summary>
    /// <param name="count">The number, not negative.</param>
    /// <returns>At most six characters below 10^15.</returns>
    public static string Count(double count)
    {
        if (count < 9999.5)
            return count.ToString("0", CultureInfo.InvariantCulture);
        if (count < 999.5e3)
            return $"{Digits(count / 1e3)} k";
        if (count < 999.5e6)
            return $"{Digits(count / 1e6)} M";
        if (count < 999.5e9)
            return $"{Digits(count / 1e9)} G";
        return $"{Digits(count / 1e12)} T";
    }

    /// <summary>An amount of bytes: <c>512 B</c>, <c>45.1 kB</c>, <c>1.07 GB</c>.</summary>
    /// <param name="bytes">The bytes, not negative.</param>
    /// <returns>At most seven characters below 10^15.</returns>
    public static string Bytes(double bytes)
    {
        if (bytes < 999.5)
            return FormattableString.Invariant($"{bytes:0} B");
        if (bytes < 999.5e3)
            return $"{Digits(bytes / 1e3)} kB";
        if (bytes < 999.5e6)
            return $"{Digits(bytes / 1e6)} MB";
        if (bytes < 999.5e9)
            return $"{Digits(bytes / 1e9)} GB";
        return $"{Digits(bytes / 1e12)} TB";
    }

    /// <summary>An amount of memory as it is typed: <c>4K</c>, <c>64M</c>, <c>2G</c>; bytes where it is no whole number of those.</summary>
    public static string BinarySize(long bytes) => bytes switch
    {
        > 0 when bytes % (1L << 30) == 0 => FormattableString.Invariant($"{bytes >> 30}G"),
        > 0 when bytes % (1L << 20) == 0 => FormattableString.Invariant($"{bytes >> 20}M"),
        > 0 when bytes % (1L << 10) == 0 => FormattableString.Invariant($"{bytes >> 10}K"),
        1 => "1 byte",
        _ => FormattableString.Invariant($"{bytes} bytes"),
    };

    /// <summary>A ratio or an average: <c>1.00</c>, <c>15.3</c>, <c>153</c>, <c>12.3 k</c>; a dash for none.</summary>
    /// <param name="ratio">The ratio, not negative, or <see langword="null"/> where nothing was divided by.</param>
    /// <returns>At most six characters.</returns>
    public static string Ratio(double? ratio) => ratio switch
    {
        null => "-",
        0 => "0",
        < 0.01 => ratio.Value.ToString("0.0000", CultureInfo.InvariantCulture),
        < 999.5 => Digits(ratio.Value),
        _ => Count(ratio.Value),
    };

    /// <summary>A share of one core: <c>97 %</c>.</summary>
    /// <param name="share">1 for one core's whole time.</param>
    public static string Percent(double share) => FormattableString.Invariant($"{share * 100:0} %");

    // The bounds are where rounding would add a digit: 9.996 is "10.0", not "10.00".
    private static string Digits(double value) => value switch
    {
        < 9.995 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 99.95 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };
}
