// The pools by name and by number. Mirrors hv_kvp_exchg_pool (Linux include/uapi/linux/hyperv.h).

using System.Globalization;
using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>Names of pools: one spelling everywhere.</summary>
internal static class KvpPools
{
    /// <summary>Every pool, in the order of its number.</summary>
    public static IReadOnlyList<IcKvpPool> All { get; } =
        [IcKvpPool.External, IcKvpPool.Guest, IcKvpPool.Auto, IcKvpPool.AutoExternal, IcKvpPool.AutoInternal];

    /// <summary>The name of a pool.</summary>
    public static string Name(this IcKvpPool pool) => pool switch
    {
        IcKvpPool.External => "external",
        IcKvpPool.Guest => "guest",
        IcKvpPool.Auto => "auto",
        IcKvpPool.AutoExternal => "auto-external",
        IcKvpPool.AutoInternal => "auto-internal",
        _ => throw new ArgumentOutOfRangeException(nameof(pool), pool, "Not a pool."),
    };

    /// <summary>Its number, as in the name of its file.</summary>
    public static string Number(this IcKvpPool pool) => ((byte)pool).ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads a name or a number.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static IcKvpPool Parse(string option, string text)
    {
        foreach (IcKvpPool pool in All)
        {
            if (text.Equals(pool.Name(), StringComparison.OrdinalIgnoreCase) || text == pool.Number())
                return pool;
        }

        throw new UsageException($"{option} {text}: must be {string.Join(", ", All.Select(Name))}, or a number from 0 to 4");
    }
}
