using System.Globalization;
using Xunit.v3;

namespace VmBus.Tests;

/// <summary>How many minutes a test may run on the slowest machine, where the watchdog's limit for all is too short.</summary>
/// <param name="minutes">At least one.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class TestLimitAttribute(int minutes) : Attribute, ITraitAttribute
{
    private const string Trait = "LimitMinutes";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new(Trait, minutes.ToString(CultureInfo.InvariantCulture))];

    /// <summary>What a test's traits say; null where they say nothing.</summary>
    public static TimeSpan? Of(IReadOnlyDictionary<string, IReadOnlyCollection<string>> traits)
        => traits.TryGetValue(Trait, out IReadOnlyCollection<string>? values)
            ? TimeSpan.FromMinutes(values.Max(value => int.Parse(value, CultureInfo.InvariantCulture)))
            : null;
}
