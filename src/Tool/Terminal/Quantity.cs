// Numbers with units as a person types them: 100, 100us, 1.5ms; 65536, 64K, 1MiB.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Reads option values. Every error is a <see cref="UsageException"/> that names the option and the limits.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, double Nanoseconds)[] TimeUnits =
        [("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("", 1e3)];

    private static readonly (string Suffix, long Bytes)[] SizeUnits =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("B", 1), ("", 1)];

    /// <summary>Reads a duration: a number of microseconds, or a number with <c>ns</c>, <c>us</c>, <c>ms</c> or <c>s</c>.</summary>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="least">The least allowed.</param>
    /// <param name="most">The most allowed.</param>
    /// <returns>The duration, a whole number of 100 ns.</returns>
    /// <exception cref="UsageException">It is no duration or outside the limits.</exception>
    public static TimeSpan Duration(string option, string text, TimeSpan least, TimeSpan most) => Duration(option, text, least, most, "microseconds");

    private static TimeSpan Duration(string option, string text, TimeSpan least, TimeSpan most, string bare)
    {
        foreach ((string suffix, double unit) in TimeUnits)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            if (!double.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number))
                break;
            double ticks = number * unit / TimeSpan.NanosecondsPerTick;
            if (ticks < least.Ticks || ticks > most.Ticks)
                throw new UsageException($"{option} {text}: must be between {VmBus.Tool.Units.Duration(least)} and {VmBus.Tool.Units.Duration(most)}");
            return TimeSpan.FromTicks((long)Math.Round(ticks));
        }

        throw new UsageException($"{option} {text}: not a duration; give {bare}, or a number with ns, us, ms or s");
    }

    /// <summary>Reads the time between two looks: a number of seconds, or a duration with its unit.</summary>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="least">The least allowed.</param>
    /// <param name="most">The most allowed.</param>
    /// <exception cref="UsageException">It is no duration or outside the limits.</exception>
    public static TimeSpan Interval(string option, string text, TimeSpan least, TimeSpan most) =>
        Duration(option, text.Length > 0 && char.IsAsciiDigit(text[^1]) ? text + "s" : text, least, most, "seconds");

    /// <summary>Reads a number of seconds.</summary>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="least">The least allowed.</param>
    /// <param name="most">The most allowed.</param>
    /// <exception cref="UsageException">It is no number or outside the limits.</exception>
    public static TimeSpan Seconds(string option, string text, double least, double most)
    {
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double seconds) || !double.IsFinite(seconds))
            throw new UsageException($"{option} {text}: not a number of seconds");
        if (seconds < least || seconds > most)
            throw new UsageException(FormattableString.Invariant($"{option} {text}: must be between {least} and {most} seconds"));
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>Reads a number of bytes, or a number with K, M or G (1024, 1024², 1024³).</summary>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="least">The least allowed.</param>
    /// <param name="most">The most allowed.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="UsageException">It is no number or outside the limits.</exception>
    public static int Bytes(string option, string text, int least, int most) => (int)LongBytes(option, text, least, most);

    /// <summary>Reads a number of bytes as <see cref="Bytes"/> does, for files.</summary>
    /// <inheritdoc cref="Bytes"/>
    public static long LongBytes(string option, string text, long least, long most)
    {
        foreach ((string suffix, long unit) in SizeUnits)
        {
            if (!text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                continue;
            if (!long.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                break;
            if (number > most / unit || number * unit < least)
                throw new UsageException($"{option} {text}: must be between {Limits(least, most)}");
            return number * unit;
        }

        throw new UsageException($"{option} {text}: not a number of bytes; give bytes, or a number with K, M or G");
    }

    /// <summary>Reads an amount of memory: a number with K, M or G, which may have a point, or bytes; rounded down to whole pages.</summary>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="least">The least allowed.</param>
    /// <param name="most">The most allowed.</param>
    /// <exception cref="UsageException">It is no number or outside the limits.</exception>
    public static long Memory(string option, string text, long least, long most)
    {
        const long Page = 4096;
        foreach ((string suffix, long unit) in SizeUnits)
        {
            if (!text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                continue;
            if (!double.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number))
                break;
            double bytes = number * unit;
            if (bytes < least || bytes > most)
                throw new UsageException($"{option} {text}: must be between {Limits(least, most)}");
            return (long)bytes / Page * Page;
        }

        throw new UsageException($"{option} {text}: not an amount of memory; give 512M, 1.5G, or bytes, between {Limits(least, most)}");
    }

    // "64M and 2G", "16 and 524264 bytes".
    private static string Limits(long least, long most)
    {
        const string Bytes = " bytes";
        string from = VmBus.Tool.Units.BinarySize(least), to = VmBus.Tool.Units.BinarySize(most);
        return $"{(from.EndsWith(Bytes, StringComparison.Ordinal) && to.EndsWith(Bytes, StringComparison.Ordinal) ? from[..^Bytes.Length] : from)} and {to}";
    }

    /// <summary>Reads the data size of a ring: bytes as <see cref="Bytes"/>, a multiple of a page.</summary>
    /// <returns>The bytes: 4 KiB to 1 GiB.</returns>
    /// <exception cref="UsageException">It is no number, outside the limits, or no multiple of 4096.</exception>
    public static int RingBytes(string option, string text)
    {
        const int Page = 4096;
        int bytes = Bytes(option, text, Page, 1 << 30);
        return bytes % Page == 0 ? bytes : throw new UsageException($"{option} {text}: must be a multiple of {VmBus.Tool.Units.BinarySize(Page)}");
    }

    /// <summary>Reads a comma-separated list of names.</summary>
    /// <typeparam name="T">What the names stand for.</typeparam>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="all">All that may be named, in order.</param>
    /// <param name="name">The name of one.</param>
    /// <returns>Those named, in the order of <paramref name="all"/>.</returns>
    /// <exception cref="UsageException">A name is unknown, named twice, or none is given.</exception>
    public static IReadOnlyList<T> Names<T>(string option, string text, IReadOnlyList<T> all, Func<T, string> name)
    {
        HashSet<string> wanted = new(StringComparer.OrdinalIgnoreCase);
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!all.Any(one => name(one).Equals(part, StringComparison.OrdinalIgnoreCase)))
                throw new UsageException($"{option} {text}: '{part}' is not one of {string.Join(", ", all.Select(name))}");
            if (!wanted.Add(part))
                throw new UsageException($"{option} {text}: '{part}' is named twice");
        }

        return [.. all.Where(one => wanted.Contains(name(one)))];
    }

    /// <summary>Reads a number of processes.</summary>
    /// <returns>1 or 2.</returns>
    /// <exception cref="UsageException">It is neither.</exception>
    public static int Processes(string option, string text) => text switch
    {
        "1" => 1,
        "2" => 2,
        _ => throw new UsageException($"{option} {text}: must be 1 (guest and host in one process) or 2 (a process each)"),
    };
}
