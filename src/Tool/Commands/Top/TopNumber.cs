using System.Globalization;

namespace VmBus.Tool;

/// <summary>Numbers as cells: a dash for what is not known, and never a 0 for what is a little more.</summary>
internal static class TopNumber
{
    /// <summary>What stands where nothing is known.</summary>
    public const string Unknown = "-";

    private const double LeastShown = 0.05;
    private const double MostWithDecimal = 99.95;

    /// <summary>A measured number: a rate, a percentage, a count of microseconds.</summary>
    /// <param name="value">The number, not negative.</param>
    /// <returns>At most six characters below 10^15.</returns>
    public static string Text(double? value) => value switch
    {
        null => Unknown,
        > 0 and < LeastShown => "<0.1",
        < MostWithDecimal => value.Value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => Units.Count(value.Value),
    };

    /// <summary>A whole number as it is: an id.</summary>
    public static string Id(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? Unknown;
}
